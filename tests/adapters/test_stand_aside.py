"""A history that the provider keeps or edits itself is not rewritten."""

from __future__ import annotations

from typing import Any

import pydantic_ai.messages as messages_module
import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart

from compactor import Compactor
from compactor.adapters.pydantic_ai.messages import SERVER_SETTINGS
from compactor.telemetry.events import Compacted, RequestChecked, StoodAside
from tests.adapters.driver import (
    MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Way,
    by_run,
    call,
    drive,
    reading_agent,
    rounds,
    say,
    small,
)

CompactionPart: Any = getattr(messages_module, 'CompactionPart', None)
every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))


@every_mode
@pytest.mark.parametrize('setting', SERVER_SETTINGS)
def test_server_side_state_in_the_settings(mode: Mode, setting: str) -> None:
    """Where a setting says that the provider keeps the history, nothing is rewritten, and events say why."""
    log, script, bare = Log(), Script(rounds(20)), Script(rounds(20))
    settings: Any = {setting: 'auto'}
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log)))
    drive(by_run, agent, 'Go.', model_settings=settings)
    drive(by_run, reading_agent(bare), 'Go.')
    assert script.shapes == bare.shapes
    assert not log.of(Compacted)
    assert len(log.of(StoodAside)) == 20
    assert {event.reason for event in log.of(StoodAside)} == {setting}
    assert {event.outcome for event in log.of(RequestChecked)} == {'stood_aside'}


@pytest.mark.parametrize('setting', SERVER_SETTINGS)
def test_a_setting_that_is_off_is_none(setting: str) -> None:
    """The same setting, empty, changes nothing."""
    log = Log()
    settings: Any = {setting: None}
    agent = reading_agent(Script(rounds(12)), **MODES[0](Compactor(small(), on_event=log)))
    drive(by_run, agent, 'Go.', model_settings=settings)
    assert log.of(Compacted)
    assert not log.of(StoodAside)


@pytest.mark.skipif(CompactionPart is None, reason='this version has no CompactionPart')
@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
@every_mode
def test_a_compaction_by_the_provider_in_the_history(mode: Mode, way: Way) -> None:
    """From the response that holds a compaction of the provider's on, the history is left alone."""
    history: list[ModelMessage] = [
        *messages_module.ModelMessagesTypeAdapter.validate_python(
            [{'kind': 'request', 'parts': [{'part_kind': 'user-prompt', 'content': 'earlier'}]}]
        ),
        ModelResponse(parts=[CompactionPart(content='what was said so far'), TextPart('ok')]),
    ]
    log, script = Log(), Script(rounds(12))
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log)))
    drive(way, agent, 'Go.', message_history=history)
    assert not log.of(Compacted)
    assert len(log.of(StoodAside)) == 12
    assert [len(messages) for messages in script.seen] == [3 + 2 * k for k in range(12)]


@pytest.mark.skipif(CompactionPart is None, reason='this version has no CompactionPart')
def test_a_compaction_by_the_provider_in_mid_run() -> None:
    """A compaction part in an answer of this run makes the next request stand aside."""

    def decide(k: int, messages: list[ModelMessage], info: object) -> ModelResponse:
        if k == 8:
            return say('done')
        answer = call(k)
        return ModelResponse(parts=[CompactionPart(content='gist'), *answer.parts]) if k == 2 else answer

    log = Log()
    agent = reading_agent(Script(decide), words=900, **MODES[0](Compactor(small(), on_event=log)))
    drive(by_run, agent, 'Go.')
    assert [event.outcome for event in log.of(RequestChecked)] == ['below'] * 2 + ['stood_aside'] * 6
