"""Where a key comes from: what is named, the environment, a store, a file that only its user can read, or chance."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel

from compactor import Compactor, Store
from compactor.history.seal import Key
from compactor.run.keys import key_for, key_of, process_key
from compactor.store.archive import StoreArchive
from compactor.store.secret import secret_of
from compactor.telemetry import events
from tests.adapters.driver import by_run, drive


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's home, and no key in the environment."""
    monkeypatch.delenv('COMPACTOR_KEY')
    for name in ('XDG_STATE_HOME', 'HOME', 'LOCALAPPDATA'):
        monkeypatch.setenv(name, str(tmp_path / 'home'))
    return tmp_path / 'home'


def test_what_is_named_comes_first(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`key=`, then the variable, which is looked at anew each time."""
    monkeypatch.setenv('COMPACTOR_KEY', 'new , old')
    assert key_of('mine') == Key((b'mine',))
    assert key_of() == Key((b'new', b'old'))
    monkeypatch.setenv('COMPACTOR_KEY', 'other')
    assert key_of() == Key((b'other',))
    assert not home.exists()


def test_the_file_is_the_user_s(home: Path) -> None:
    """It is made once, with mode 0600, and read by whoever comes later."""
    first = process_key()
    assert not first.trouble
    [file] = [one for one in home.rglob('key') if one.is_file()]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 or os.name != 'posix'
    assert first.key == Key((file.read_bytes(),))
    assert [one.name for one in file.parent.iterdir()] == ['key']


@pytest.mark.skipif(os.name != 'posix', reason='modes are those of POSIX')
def test_a_file_that_others_can_read_is_no_secret(home: Path) -> None:
    """A random key takes its place, and one event says why."""
    folder = home / 'compactor'
    folder.mkdir(parents=True)
    (folder / 'key').write_text('x' * 64)
    (folder / 'key').chmod(0o644)
    assert 'chmod 600' in process_key().trouble
    log: list[events.Event] = []
    agent = Agent(TestModel(), capabilities=[Compactor(on_event=log.append)])
    drive(by_run, agent, 'hi')
    drive(by_run, agent, 'ho')
    assert len([event for event in log if isinstance(event, events.KeyMissing)]) == 1


def test_a_store_has_a_secret_of_its_own(home: Path, tmp_path: Path) -> None:
    """It writes; the user's is read beside it, so that a pin made without the store holds."""
    store = Store(tmp_path / 'a.db')
    assert secret_of(store) == secret_of(Store(tmp_path / 'a.db')) != secret_of(Store(tmp_path / 'b.db'))
    found = key_for(None, StoreArchive(store))
    assert found.ring == (secret_of(store), *process_key().key.ring)
    compactor: Compactor[None] = Compactor(store=store)
    drive(by_run, Agent(TestModel(), capabilities=[compactor]), 'hi')
    assert compactor.key == found
    assert key_for('named', StoreArchive(store)) == Key((b'named',))
