"""The way of a history: what decides whether it is compacted, how far, and what is told of it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import Compaction, Policy, compact
from compactor.adapters.pydantic_ai.messages.compact import read
from compactor.compaction import Anchor, RequestContext
from compactor.history.marks import misplaced
from compactor.history.message import Message
from compactor.history.parse import Parsed, parse
from compactor.history.turns import History
from compactor.pipeline import drive, fit
from compactor.policy import HistoryPolicy
from compactor.strategies import STRATEGIES, Question, Room
from compactor.tokens.counter import counter_for
from tests.laws.writer import EPOCH
from tests.notation import message, messages, part, written
from tests.strategies.test_window import working

POLICY = HistoryPolicy(
    max_input_tokens=10_000,
    compaction_threshold=0.5,
    hard_limit_threshold=0.8,
    goal_ratio=0.4,
    strategies=('exchanges', 'clear', 'window', 'clamp'),
)
"""Triggers at 5,000, aims for 2,000, refuses at 8,000."""
CONTEXT = RequestContext(counter_for(None))


@dataclass
class Fixed:
    """A history that is read already."""

    messages: list[Message]

    @property
    def tokens(self) -> int:
        """Its size."""
        return sum(message.tokens for message in self.messages)

    @property
    def broken(self) -> bool:
        """Whether it needs mending."""
        return bool(self.snapshot().repairs)

    def snapshot(self, sending: bool = True) -> Parsed:
        """The tree."""
        return parse(self.messages, sending)


def fitted(
    history: list[Message], policy: HistoryPolicy = POLICY, *, target: int | None = None, **context: Any
) -> Compaction[Message]:
    """What comes of a history."""
    return drive(fit(Fixed(history), policy, replace(CONTEXT, **context), target=target))


def sized(tokens: int) -> list[Message]:
    """A working history of exactly so many tokens."""
    steps = working(tokens // 250)[1:]
    missing = tokens - sum(m.tokens for m in steps) - 4
    return [message('request', part('u'), replace(part('s'), tokens=missing)), *steps]


# -- whether -------------------------------------------------------------------------------------------------


def test_below_the_trigger_nothing_is_done() -> None:
    """One token under the trigger the history goes as it is; at the trigger it is compacted."""
    below, at = fitted(sized(4_999)), fitted(sized(5_000))
    assert (below.outcome, below.tokens_before, below.changed) == ('below', 4_999, False)
    assert (at.outcome, at.tokens_before) == ('compacted', 5_000)
    assert at.tokens_after <= at.target == 2_000
    assert (at.fits, at.incompressible) == (True, ())


def test_a_target_forces_a_compaction() -> None:
    """A target is reached whatever the trigger says, and used in full; above the history's size nothing happens."""
    history = sized(4_000)
    assert fitted(history, target=4_000).outcome == 'below'
    assert fitted(history, target=3_000).tokens_after <= 3_000
    forced = fitted(history, HistoryPolicy(strategies=('window',)), target=3_000)
    assert forced.outcome == 'compacted'
    assert 3_000 - 300 <= forced.tokens_after <= 3_000


def test_overhead_counts() -> None:
    """Instructions and tool definitions are part of the request, and leave the history less room."""
    compaction = fitted(sized(4_500), overhead=600)
    assert (compaction.outcome, compaction.tokens_before) == ('compacted', 5_100)
    assert sum(m.tokens for m in compaction.messages) + 600 == compaction.tokens_after <= 2_000


def test_the_providers_own_figure_counts() -> None:
    """With an anchor the estimate is what was reported, plus what is new since."""
    history = sized(4_000)
    assert fitted(history, anchor=Anchor(reported=5_000, base=3_900)).tokens_before == 5_100
    compaction = fitted(history, anchor=Anchor(reported=5_000, base=3_900))
    assert compaction.tokens_after <= 2_000
    assert 4_000 - sum(m.tokens for m in compaction.messages) == 5_100 - compaction.tokens_after
    assert fitted(sized(5_500), anchor=Anchor(reported=3_000, base=5_400)).outcome == 'below'


def test_a_small_window_of_the_model_counts() -> None:
    """Where the model's window is smaller than the policy's, every limit shrinks with it."""
    assert fitted(sized(3_000), window=5_000).limits.trigger == 2_500
    assert fitted(sized(3_000), window=5_000).outcome == 'compacted'


def test_kept_by_the_provider() -> None:
    """A history that the provider keeps is not touched, however large or broken."""
    compaction = fitted([*sized(9_000), *messages('R t / R t')], server_state='previous response id')
    assert (compaction.outcome, compaction.changed, compaction.fits) == ('stood_aside', False, False)


def test_phases_wait_for_the_end_of_one() -> None:
    """Where policy says so a compaction waits for the next exchange, below the warning and while the cache is warm."""
    policy = HistoryPolicy(max_input_tokens=8_000, phases=True)
    middle = [*sized(4_500), *messages('R t ?z / +z')]
    assert fitted(middle, policy).outcome == 'held_back'
    assert fitted(middle, HistoryPolicy(max_input_tokens=8_000)).outcome == 'compacted'
    assert fitted(middle, policy, cold=True).outcome == 'compacted'
    assert fitted([*sized(6_500), *messages('R t ?z / +z')], policy).outcome == 'compacted'
    assert fitted([*middle, *messages('R t / u')], policy).outcome == 'compacted'


def test_bound_thinking_waits_for_the_next_exchange() -> None:
    """Where signatures bind what precedes them, a tool turn with thinking is compacted only at the hard limit."""
    history = [*sized(5_500), *messages('R h ?z / +z')]
    bound: dict[str, Any] = {'provider': 'anthropic', 'model': 'claude-opus-5'}
    assert fitted(history, **bound).outcome == 'held_back'
    assert fitted(history, provider='anthropic', model='claude-sonnet-4-5').outcome == 'compacted'
    assert fitted([*history, *messages('R t / u')], **bound).outcome == 'compacted'
    forced = fitted([*sized(8_500), *messages('R h ?z / +z')], **bound)
    assert forced.outcome == 'compacted'
    assert written(forced.messages).endswith('R ?z / +z')


def test_no_second_attempt_before_it_can_get_further() -> None:
    """A history that could not be brought to its goal is left alone until it has grown, or is near the limit."""
    assert fitted(sized(5_500), retry_at=6_000).outcome == 'paused'
    assert fitted(sized(6_000), retry_at=6_000).outcome == 'compacted'
    assert fitted(sized(8_000), retry_at=9_000).outcome == 'compacted'
    assert fitted(sized(5_500), retry_at=6_000, target=2_000).outcome == 'compacted'


# -- how far -------------------------------------------------------------------------------------------------


def test_what_cannot_be_brought_down_names_its_parts() -> None:
    """A prompt larger than the target: `fits` is False and the largest parts are named, largest first."""
    words = ' '.join(f'word{n}' for n in range(3_000))
    history = [message('request', part('s', words[:6_000]), part('u', words)), *messages('R ?a / +a')]
    compaction = fitted(history)
    assert (compaction.outcome, compaction.fits) == ('incompressible', False)
    assert [holder.kind for holder in compaction.incompressible[:2]] == ['user', 'system']
    assert compaction.messages == history


def test_prompts_are_clamped_only_where_the_policy_allows() -> None:
    """An earlier prompt may be cut as the last resort; the current one never is."""
    words = ' '.join(f'word{n}' for n in range(3_000))
    history = [message('request', part('u', words)), *messages('R t / u')]
    assert not fitted(history).fits
    clamped = fitted(history, POLICY.model_copy(update={'clamp_prompts': True}))
    assert (clamped.fits, clamped.failures) == (True, ())
    current = [*messages('u / R t'), message('request', part('u', words))]
    result = fitted(current, POLICY.model_copy(update={'clamp_prompts': True}))
    assert (result.fits, result.failures) == (False, ())


def test_strategies_apply_in_order_until_the_goal_is_met() -> None:
    """What was applied is told with the sizes before and after, each where the last one ended."""
    policy = HistoryPolicy(**POLICY.model_dump() | {'max_exchanges': 4, 'strategies': ('exchanges', 'clear', 'window')})
    compaction = fitted(working(30, exchanges=6), policy)
    names = [applied.strategy for applied in compaction.applied]
    assert names[0] == 'exchanges'
    assert names == [name for name in policy.strategies if name in names]
    sizes = [compaction.tokens_before, *(applied.tokens_after for applied in compaction.applied)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[:-1] == [applied.tokens_before for applied in compaction.applied]
    assert sizes[-1] == compaction.tokens_after


@pytest.mark.parametrize('name', STRATEGIES)
@given(st.integers(1, 30), st.integers(1, 3), st.integers(100, 8_000))
def test_each_strategy_is_usable_alone(name: str, steps: int, exchanges: int, target: int) -> None:
    """With one strategy only, whatever is left is lawful, no larger, and the same when done again."""
    policy = HistoryPolicy(strategies=(name,), max_exchanges=1, clamp_prompts=True)
    first = fitted(working(steps, exchanges), policy, target=target)
    assert first.failures == ()
    assert first.tokens_after <= first.tokens_before
    again = fitted(list(first.messages), policy, target=target)
    assert not again.changed


def test_the_prefix_that_is_kept() -> None:
    """How many messages from the start a provider's prompt cache still covers."""
    assert fitted(sized(4_000)).kept_prefix == len(sized(4_000))
    assert fitted(sized(6_000)).kept_prefix == 1


def test_repairs_are_made_below_the_trigger_too() -> None:
    """A broken history is mended whatever its size, and reported; nothing is removed."""
    compaction = fitted(messages('u / R ?a / u'))
    assert (compaction.outcome, compaction.changed, compaction.removed) == ('below', True, ())
    assert [repair.defect for repair in compaction.repairs] == ['unanswered_call']
    assert written(compaction.messages) == 'u / R ?a / +a* / u'


# -- strategies that fail, or ask ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Raising:
    """A strategy that always fails."""

    name: str = 'raising'

    def apply(self, history: History, room: Room) -> History:
        """Fails."""
        raise ValueError('out of paper')


@dataclass(frozen=True)
class Lawless:
    """A strategy that drops everything but the last exchange's steps."""

    name: str = 'lawless'

    def apply(self, history: History, room: Room) -> History:
        """Drops the prompts."""
        return History(tuple(replace(e, prompts=()) for e in history.exchanges), 1)


@dataclass(frozen=True)
class Asking:
    """A strategy that asks a model and keeps the window."""

    name: str = 'asking'

    def apply(self, history: History, room: Room) -> Generator[Question, str, History]:
        """Asks once."""
        answer = yield Question('What matters?', 100)
        assert answer == 'The parser.'
        return STRATEGIES['window'](1).apply(history, room)  # type: ignore[return-value]


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> None:
    """The strategies above, under their names."""
    made = {s.name: lambda keep_steps, s=s: s for s in (Raising(), Lawless(), Asking())}
    monkeypatch.setattr('compactor.pipeline.STRATEGIES', {**STRATEGIES, **made})


def with_strategies(*names: str) -> HistoryPolicy:
    """The policy with other strategies, not looked up."""
    return POLICY.model_copy(update={'strategies': names})


@pytest.mark.usefixtures('others')
@pytest.mark.parametrize(
    ('name', 'reason'),
    {
        'raising': 'ValueError: out of paper',
        'lawless': 'broke the law of order: starts with a response',
        'asking': 'RuntimeError: no model is at hand to answer',
    }.items(),
)
def test_a_strategy_that_fails_is_left_out(name: str, reason: str) -> None:
    """It leaves the history as it was, the next one goes on from there, and its failure is told."""
    compaction = fitted(sized(6_000), with_strategies(name, 'window'))
    assert [failure.strategy for failure in compaction.failures] == [name]
    assert compaction.failures[0].reason.startswith(reason)
    assert [applied.strategy for applied in compaction.applied] == ['window']
    assert compaction.fits
    alone = fitted(sized(6_000), with_strategies(name))
    assert (alone.outcome, alone.changed) == ('incompressible', False)


@pytest.mark.usefixtures('others')
def test_a_question_is_handed_to_the_driver() -> None:
    """The pipeline yields what a strategy asks and sends the answer back to it."""
    steps = fit(Fixed(sized(6_000)), with_strategies('asking'), CONTEXT)
    assert next(steps) == Question('What matters?', 100)
    with pytest.raises(StopIteration) as end:
        steps.send('The parser.')
    assert [applied.strategy for applied in end.value.value.applied] == ['asking']


# -- over the framework's messages ---------------------------------------------------------------------------


def test_a_growing_run_is_compacted_rarely() -> None:
    """The goal lies well under the trigger: after a compaction many requests pass before the next one."""
    policy = Policy.load(environment={}, preset='cerebras')
    history: list[ModelMessage] = [ModelRequest([UserPromptPart('Go on.', timestamp=EPOCH)])]
    at: list[int] = []
    for n in range(120):
        history.append(ModelResponse([TextPart(f'{n} ' + 'lorem ipsum dolor ' * 120)], timestamp=EPOCH))
        history.append(ModelRequest([UserPromptPart(f'And {n}?', timestamp=EPOCH)]))
        result = compact(history, policy)
        assert result.tokens_after < 15_000
        history = list(result.messages)
        if result.applied:
            at.append(n)
    assert len(at) >= 3
    assert min(b - a for a, b in pairwise(at)) >= 10


def test_the_report_of_a_compaction_is_about_its_result() -> None:
    """What is left is broken down, not what there was."""
    history: list[ModelMessage] = [
        ModelRequest([UserPromptPart('word ' * 400, timestamp=EPOCH)]),
        ModelResponse([TextPart('word ' * 4_000)], timestamp=EPOCH),
        ModelRequest([UserPromptPart('Go on.', timestamp=EPOCH)]),
    ]
    result = compact(history, target_tokens=1_500)
    assert result.report.estimated == result.tokens_after <= 1_500


def test_a_last_request_of_misplaced_results_stays_a_request() -> None:
    """What is sent ends with a request, also where all of the last one belonged elsewhere."""
    history = [
        ModelRequest(parts=[UserPromptPart('a')]),
        ModelResponse(parts=[TextPart('b')]),
        ModelRequest(parts=[ToolReturnPart(tool_name='read', content='c', tool_call_id='lost')]),
    ]
    tracker = read(history, counter_for(None))
    sent = drive(fit(tracker, HistoryPolicy(), RequestContext(counter_for(None))))
    assert [m.role for m in sent.messages] == ['request', 'response', 'request']
    assert [r.defect for r in sent.repairs] == ['orphan_result']
    assert sent.messages[-1].parts[0].text == misplaced()


def test_repairs_take_the_thinking_that_they_make_stale() -> None:
    """Where signatures bind what precedes them, a repair is a rewrite like any other."""
    orphan = ToolReturnPart(tool_name='read', content='c', tool_call_id='lost')
    history: list[ModelMessage] = [
        ModelRequest(parts=[orphan, UserPromptPart('a')]),
        ModelResponse(parts=[ThinkingPart('b', signature='s', provider_name='anthropic'), TextPart('c')]),
    ]
    bound = compact(history, model='anthropic:claude-opus-5')
    assert [p.part_kind for m in bound.messages for p in m.parts] == ['user-prompt', 'text']
    free = compact(history, model='anthropic:claude-opus-4-6')
    assert [p.part_kind for m in free.messages for p in m.parts] == ['user-prompt', 'thinking', 'text']
