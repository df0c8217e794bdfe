"""A history that the provider keeps or edits itself is not rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pydantic_ai.messages as messages_module
import pytest
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

from compactor import Compactor, compact
from compactor.adapters.pydantic_ai.settings import SERVER_SETTINGS
from compactor.telemetry.events import Compacted, LimitNotHeld, RequestChecked, StoodAside
from compactor.telemetry.records import RECORDS, WARN
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
    texts,
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


@dataclass(init=False)
class AnthropicModel(FunctionModel):
    """Stands in for the framework's model of that name: it goes on from Anthropic's compactions."""

    _honors_compaction_boundaries = True
    compaction_requires_encrypted_content = False

    @property
    def system(self) -> str:
        """The provider."""
        return 'anthropic'


def history_with(*parts: Any, provider: str | None = 'anthropic', words: int = 900) -> list[ModelMessage]:
    """A long talk, a response that holds these parts and some more talk."""
    talk: list[ModelMessage] = []
    for k in range(6):
        talk += [ModelRequest([UserPromptPart(f'Question {k}: ' + 'why ' * words)]), say(f'Answer {k}.')]
    return [
        *talk[:8],
        ModelRequest([UserPromptPart('Sum up.')]),
        ModelResponse([*parts], provider_name=provider),
        *talk[8:],
    ]


needs_compactions = pytest.mark.skipif(CompactionPart is None, reason='this version has no CompactionPart')
SEALED = {'encrypted_content': 'c2VhbGVk'}


@needs_compactions
@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
@every_mode
def test_a_compaction_that_the_provider_goes_on_from(mode: Mode, way: Way) -> None:
    """Where the model about to answer takes up a provider's compaction, the history is left alone."""
    history = history_with(CompactionPart('what was said', provider_name='anthropic'), TextPart('ok'), words=300)
    log, script = Log(), Script(rounds(3))
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log)))
    with agent.override(model=AnthropicModel(script._answer, stream_function=script._stream)):
        drive(way, agent, 'Go.', message_history=history)
    assert not log.of(Compacted)
    assert len(log.of(StoodAside)) == 3
    assert [len(messages) for messages in script.seen] == [len(history) + 1 + 2 * k for k in range(3)]


@needs_compactions
@pytest.mark.parametrize(
    'part',
    [
        {'content': 'what was said so far'},
        {'content': 'what was said so far', 'provider_name': 'openai'},
        {'content': None, 'provider_name': 'openai', 'provider_details': SEALED, 'id': 'cmp_1'},
        {'content': None, 'provider_name': 'anthropic'},
        {'content': '', 'provider_name': 'anthropic'},
    ],
    ids=['nobody names itself', 'of another provider', 'sealed by another provider', 'failed', 'empty'],
)
def test_a_compaction_that_nobody_goes_on_from(part: dict[str, Any]) -> None:
    """Any other compaction in a response is no reason to stand aside; what it says stands in the digest."""
    history = history_with(CompactionPart(**part), TextPart('ok'))
    log, script = Log(), Script(rounds(6))
    agent = reading_agent(script, **MODES[0](Compactor(small(max_input_tokens=15_000), on_event=log)))
    with agent.override(model=AnthropicModel(script._answer)):
        drive(by_run, agent, 'Go.', message_history=history)
    assert log.of(Compacted)
    assert not log.of(StoodAside)
    told = part['content'] or ''
    assert any(told in text for text in texts(script.seen[-1]))


@needs_compactions
def test_the_hard_limit_holds_over_a_compaction() -> None:
    """What follows a compaction is more than the hard limit lets through: then it goes, and its words are folded."""
    history = history_with(CompactionPart('They agreed on 42.', provider_name='anthropic'), TextPart('ok'), words=300)
    log, script = Log(), Script(rounds(12))
    agent = reading_agent(script, words=900, **MODES[0](Compactor(small(), on_event=log)))
    with agent.override(model=AnthropicModel(script._answer)):
        drive(by_run, agent, 'Go.', message_history=history)
    outcomes = [event.outcome for event in log.of(RequestChecked)]
    assert outcomes[0] == 'stood_aside'
    assert 'compacted' in outcomes
    first = outcomes.index('compacted')
    assert 'stood_aside' not in outcomes[first:]
    assert any('They agreed on 42.' in text for text in texts(script.seen[first]))
    limit = small().history.limits(None).hard
    assert all(event.tokens_after < limit for event in log.of(RequestChecked))
    kinds = {part.part_kind for m in script.seen[first] if isinstance(m, ModelResponse) for part in m.parts}
    assert 'compaction' not in kinds


@every_mode
def test_a_limit_that_cannot_be_held_is_told(mode: Mode) -> None:
    """Where the provider keeps the history out of reach, a request over the hard limit is sent, and one event warns."""
    log, script = Log(), Script(rounds(20))
    agent = reading_agent(script, words=900, **mode(Compactor(small(), on_event=log)))
    settings: Any = {SERVER_SETTINGS[0]: 'auto'}
    drive(by_run, agent, 'Go.', model_settings=settings)
    [told] = log.of(LimitNotHeld)
    assert told.tokens >= told.limit == small().history.limits(None).hard
    assert told.reason == SERVER_SETTINGS[0]
    assert RECORDS[LimitNotHeld].level == WARN


@needs_compactions
@pytest.mark.parametrize(
    ('model', 'aside'),
    [
        ('anthropic:claude-opus-4-7', True),
        ('openai-responses:gpt-5', False),
        ('groq:llama-3.3-70b-versatile', False),
        ('claude-opus-4-7', False),
        (None, False),
    ],
)
def test_compact_follows_the_same_rule(model: str | None, aside: bool) -> None:
    """`compact(..., model=)` stands aside for the provider that made the compaction, and for no other."""
    history = history_with(CompactionPart('what was said', provider_name='anthropic'), TextPart('ok'), words=300)
    compaction = compact([*history, ModelRequest([UserPromptPart('Go on.')])], target_tokens=2_000, model=model)
    assert (compaction.outcome == 'stood_aside') == aside
    assert aside or compaction.tokens_after <= 2_000


@needs_compactions
def test_a_compaction_in_mid_run() -> None:
    """A compaction in an answer of this run makes the next request stand aside."""

    def decide(k: int, messages: list[ModelMessage], info: object) -> ModelResponse:
        if k == 8:
            return say('done')
        answer = call(k)
        gist = CompactionPart(content='gist', provider_name='anthropic')
        return ModelResponse(parts=[gist, *answer.parts]) if k == 2 else answer

    log, script = Log(), Script(decide)
    agent = reading_agent(script, words=300, **MODES[0](Compactor(small(), on_event=log)))
    with agent.override(model=AnthropicModel(script._answer)):
        drive(by_run, agent, 'Go.')
    assert [event.outcome for event in log.of(RequestChecked)] == ['below'] * 2 + ['stood_aside'] * 6
