"""`archive.secrets = 'keep'`: what was redacted in vain can be had again, by a program and not by a model."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import ArchivePolicy, Compactor, MemoryArchive, OutputsPolicy, Policy, Store
from tests.adapters.driver import by_run, drive, new_agent
from tests.secrets.samples import made
from tests.secrets.test_sent import shown

TOKEN = 'gh' + 'p_' + made(36, seed='kept')
OUTPUT = f'the first line holds {TOKEN}\n' + '\n'.join(f'line {n} of what it printed' for n in range(900))
HANDLE = re.compile(r'recall ([0-9a-f]{16})')


def lived(compactor: Compactor[None]) -> tuple[list[list[ModelMessage]], str]:
    """A run whose tool prints too much, and which then asks for the whole; what was sent, and the output's handle."""
    sent: list[list[ModelMessage]] = []

    def decide(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        sent.append(messages)
        if len(sent) == 1:
            return ModelResponse(parts=[ToolCallPart('look', {})])
        if len(sent) == 2:
            [handle] = HANDLE.findall(shown(messages))
            return ModelResponse(parts=[ToolCallPart('recall', {'output': handle})])
        return ModelResponse(parts=[TextPart('done')])

    agent: Any = new_agent(FunctionModel(decide), capabilities=[compactor])

    @agent.tool_plain  # type: ignore[untyped-decorator]
    def look() -> str:
        return OUTPUT

    drive(by_run, agent, 'Look.')
    return sent, HANDLE.findall(shown(sent[1]))[0]


@pytest.mark.parametrize('secrets', ['keep', 'redact'])
def test_the_program_gets_it_and_no_model(secrets: Any) -> None:
    """The archive gives the very output back where it was told to; what is sent, `recall` included, holds no secret."""
    archive = MemoryArchive()
    policy = Policy(outputs=OutputsPolicy(tools={'look': 300}), archive=ArchivePolicy(secrets=secrets))
    sent, handle = lived(Compactor(policy, archive=archive))
    assert TOKEN not in ''.join(map(shown, sent))
    assert 'the first line holds [REDACTED-' in shown(sent[-1][-1:])
    data = archive.get(handle)
    assert data is not None
    assert (data.decode() == OUTPUT) == (secrets == 'keep')
    assert (TOKEN in data.decode()) == (secrets == 'keep')


@pytest.mark.parametrize(('secrets', 'told'), [('keep', True), ('redact', False)])
def test_a_store_that_is_not_encrypted_is_warned_of(
    secrets: Any, told: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Once, when the compactor is made."""
    with caplog.at_level(logging.WARNING, 'compactor'), Store.open(tmp_path / 's.db') as store:
        Compactor(Policy(archive=ArchivePolicy(secrets=secrets)), store=store)
    assert [("archive.secrets = 'keep'" in text) for text in caplog.messages] == [True] * told
