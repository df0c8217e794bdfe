"""The summariser's request is its own: another model is asked, and its instructions never reach the run."""

from __future__ import annotations

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Compactor
from compactor.telemetry.events import SummaryWritten
from tests.adapters.driver import MODES, Log, Mode, Script, by_run, drive, reading_agent, rounds, say, small, texts

STORY = 'Goal: read every file\nNext step: read on'


@pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
def test_the_run_knows_nothing_of_the_summarisers_instructions(mode: Mode) -> None:
    """The model of the agent gets none of them, and neither does its record; the summariser gets no request of its."""
    asked: list[str] = []

    def write(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append('\n'.join(texts(messages)))
        return say(STORY)

    log, script = Log(), Script(rounds(12))
    policy = small(strategies=('exchanges', 'digest', 'clamp'))
    compactor: Compactor[None] = Compactor(policy, summariser=FunctionModel(write), on_event=log)
    result = drive(by_run, reading_agent(script, **mode(compactor)), 'Read all files.')
    assert len(asked) == len(log.of(SummaryWritten)) >= 1
    first = asked[0].splitlines()[0]
    assert first
    for messages in (*script.seen, result.all_messages(), result.new_messages()):
        assert first not in '\n'.join(texts(messages))
    assert len(script.seen) == 12
