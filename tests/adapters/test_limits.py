"""The hard limit, the warning before it, and the guard against compacting in vain."""

from __future__ import annotations

import pytest
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

import compactor
from compactor import Compactor
from compactor.adapters.pydantic_ai.agent.errors import RequestTooLarge
from compactor.telemetry.events import (
    Compacted,
    NearLimit,
    RequestChecked,
    RequestRefused,
    TargetMissed,
)
from tests.adapters.driver import (
    MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    call,
    drive,
    faults,
    reading_agent,
    rounds,
    say,
    session,
    small,
    texts,
)

HUGE = 'Explain every one of these words: ' + 'word ' * 12_000


@pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
@pytest.mark.parametrize('persist', [True, False])
def test_a_prompt_over_the_hard_limit_is_refused(mode: Mode, way: Way, persist: bool) -> None:
    """The caller gets `RequestTooLarge` as it was raised, with the figures and the parts that hold them."""
    if not persist and mode is not as_capability:
        pytest.skip('a processor always persists')
    log, script = Log(), Script(rounds(2))
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log, persist=persist)))
    with pytest.raises(RequestTooLarge) as caught:
        drive(way, agent, HUGE)
    error = caught.value
    assert type(error) is RequestTooLarge
    assert isinstance(error, compactor.RequestTooLarge)
    assert isinstance(error, AgentRunError)
    assert error.limit == 8_000
    assert error.over == error.tokens - 8_000 + 1
    assert 'user' in error.parts[0]
    assert 'raise `max_input_tokens`' in str(error)
    assert not script.seen
    assert len(log.of(RequestRefused)) == 1
    assert log.names.index('NearLimit') < log.names.index('RequestRefused')


def test_instructions_that_fill_the_limit_are_named() -> None:
    """Where instructions and tools hold the tokens, the error says so first."""
    agent = reading_agent(Script(rounds(1)), **as_capability(Compactor(small())))

    @agent.instructions
    def long() -> str:
        return 'rule ' * 9_000

    with pytest.raises(RequestTooLarge) as caught:
        drive(by_run, agent, 'Go.')
    assert caught.value.parts[0].startswith('instructions and tool definitions (9,')


@pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
def test_an_earlier_prompt_is_cut_where_the_policy_allows_it(way: Way) -> None:
    """`clamp_prompts=True` cuts a huge goal, beginning and end kept; without it the next request is refused."""
    history = [ModelRequest(parts=[UserPromptPart(HUGE + 'END')]), ModelResponse(parts=[TextPart('I see.')])]
    with pytest.raises(RequestTooLarge):
        drive(
            way, reading_agent(Script(rounds(1)), **as_capability(Compactor(small()))), 'Go.', message_history=history
        )
    log, script = Log(), Script(rounds(1))
    agent = reading_agent(script, **as_capability(Compactor(small(clamp_prompts=True), on_event=log)))
    drive(way, agent, 'Go.', message_history=history)
    assert max(log.sizes) < 8_000
    assert texts(script.seen[0])[-1] == 'Go.'
    prompt = texts(script.seen[0])[0]
    assert prompt.startswith('Explain every one')
    assert prompt.endswith('END')
    assert 'tokens left out' in prompt


def test_the_current_prompt_is_never_cut() -> None:
    """A huge prompt of the run itself is refused, whatever the policy says about earlier ones."""
    agent = reading_agent(Script(rounds(1)), **as_capability(Compactor(small(clamp_prompts=True))))
    with pytest.raises(RequestTooLarge):
        drive(by_run, agent, HUGE)


def test_a_run_goes_on_after_a_refusal() -> None:
    """A refused run leaves nothing behind: the next prompt on the same instance is answered."""
    agent = reading_agent(Script(rounds(2)), **as_capability(Compactor(small())))
    with pytest.raises(compactor.RequestTooLarge):
        drive(by_run, agent, HUGE)
    assert drive(by_run, agent, 'Go.').output == 'Done after 2 requests.'


def _incompressible(tokens: int) -> str:
    return 'fact ' * tokens


def test_near_the_limit_is_told_once_per_crossing() -> None:
    """An incompressible prompt keeps every request above the warning; one event tells it, not one a request."""
    log, script = Log(), Script(rounds(6))
    agent = reading_agent(script, words=20, **as_capability(Compactor(small(), on_event=log)))
    drive(by_run, agent, _incompressible(7_300))
    assert len(script.seen) == 6
    assert len(log.of(NearLimit)) == 1
    assert log.of(NearLimit)[0].limit == 8_000


def test_near_the_limit_is_told_again_after_falling_below() -> None:
    """A second crossing is a second event."""

    def decide(k: int, messages: list[ModelMessage], info: object) -> object:
        return say('ok')

    log, script = Log(), Script(decide)  # type: ignore[arg-type]
    policy = small(compaction_threshold=0.79, max_exchanges=None)
    agent = reading_agent(script, **as_capability(Compactor(policy, on_event=log)))
    for prompt in (_incompressible(7_400), 'short', _incompressible(7_400)):
        drive(by_run, agent, prompt)
    assert len(log.of(NearLimit)) == 2  # each run is a conversation of its own
    assert not log.of(RequestRefused)


def test_what_cannot_shrink_is_not_attacked_at_every_request() -> None:
    """Between trigger and hard limit with nothing to give: one attempt, then the requests pass as they are."""
    log, script = Log(), Script(rounds(12))
    agent = reading_agent(script, words=10, **as_capability(Compactor(small(), on_event=log)))
    drive(by_run, agent, _incompressible(4_500))
    assert len(script.seen) == 12
    assert len(log.of(Compacted)) + len(log.of(TargetMissed)) <= 4
    outcomes = [event.outcome for event in log.of(RequestChecked)]
    assert outcomes.count('paused') >= 9
    assert max(log.sizes) < 8_000


def test_growth_makes_it_try_again() -> None:
    """After the pause, tool outputs that can shrink are shrunk: the prompt stays, the budget holds."""
    log, script = Log(), Script(rounds(30))
    agent = reading_agent(script, words=300, **as_capability(Compactor(small(), on_event=log)))
    drive(by_run, agent, _incompressible(4_500))
    assert 2 <= len(log.of(Compacted)) <= 15
    assert 'paused' in [event.outcome for event in log.of(RequestChecked)]
    assert max(log.sizes) < 8_000
    assert [faults(messages) for messages in script.seen] == [[]] * 30


def test_the_pause_ends_at_the_hard_limit() -> None:
    """A history that jumps over the hard limit within a pause is compacted, not refused."""

    def decide(k: int, messages: list[ModelMessage], info: object) -> object:
        return call(k) if k < 6 else say('done')

    log, script = Log(), Script(decide)  # type: ignore[arg-type]
    agent = reading_agent(script, words=1_800, **as_capability(Compactor(small(), on_event=log)))
    drive(by_run, agent, _incompressible(4_500))
    assert len(script.seen) == 6
    assert max(log.sizes) < 8_000


def test_a_session_of_many_prompts_keeps_the_newest_exchanges() -> None:
    """Under `cerebras` old exchanges go first, the goal stays, and every request is below the trigger."""
    log, script = Log(), Script(rounds(3))
    agent = reading_agent(script, words=900, **as_capability(Compactor('cerebras', on_event=log)))
    session(by_run, agent, [f'prompt {i}' for i in range(20)])
    last = [text for text in texts(script.seen[-1]) if text.startswith('prompt')]
    assert last[0] == 'prompt 0'
    assert last[-1] == 'prompt 19'
    assert len(last) <= 10
    assert max(log.sizes) < 15_000
