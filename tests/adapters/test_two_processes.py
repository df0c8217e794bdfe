"""What one process has taken out of a history, another gives back, byte for byte."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic_ai.messages import ModelMessagesTypeAdapter

from compactor import Compactor, Policy, Store, counter_for, restore
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.archive.recall import recall
from tests.adapters.driver import output, small

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import sys
from pydantic_ai.messages import ModelMessagesTypeAdapter
from compactor import Compactor, Policy, Store
from tests.adapters.driver import Script, as_capability, by_run, drive, reading_agent, rounds, small

policy = small().model_copy(update={'archive': Policy().archive})
with Store.open(sys.argv[1]) as store:
    agent = reading_agent(Script(rounds(12)), **as_capability(Compactor(policy, store=store, persist=True)))
    messages = drive(by_run, agent, 'Go.').all_messages()
sys.stdout.buffer.write(ModelMessagesTypeAdapter.dump_json(messages))
"""


@pytest.fixture
def history(tmp_path: Path) -> bytes:
    """A compacted history, as another process has saved it; what it took out is in the store."""
    command = [sys.executable, '-c', RUN, str(tmp_path / 'store.db')]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_after_a_restart_everything_is_there(tmp_path: Path, history: bytes) -> None:
    """Recalled page by page and restored as a whole; nobody but the owner can read the file."""
    path = tmp_path / 'store.db'
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    messages = ModelMessagesTypeAdapter.validate_json(history)
    policy = small().model_copy(update={'archive': Policy().archive})
    with Store.open(path) as store:
        archive = Compactor[None](policy, store=store).archive
        assert archive is not None
        whole = restore(messages, archive)
        handle = newest_handle(messages)
        assert f'--- result of read\n{output(2, 450)}' in recall(archive, handle, 1, fit=counter_for(None).fit)
    returned = [
        part['content']
        for message in json.loads(ModelMessagesTypeAdapter.dump_json(whole))
        for part in message['parts']
        if part['part_kind'] == 'tool-return'
    ]
    assert returned == [output(n, 450) for n in range(2, 24)]
