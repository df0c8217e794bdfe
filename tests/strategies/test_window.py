"""The window: what it keeps, what it drops, and the one note that says so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.history.marks import Left, left_out
from compactor.history.message import Kind, Message
from compactor.history.parse import parse
from compactor.history.turns import History
from compactor.history.write import write
from compactor.strategies import Window
from tests.notation import message, messages, part, room, tree, written

LARGE = 10**6
BYTES = 'lorem ipsum dolor sit amet ' * 40


def working(steps: int, exchanges: int = 1) -> list[Message]:
    """Exchanges of so many steps, each a call with a result of some 300 tokens; the last is not yet answered."""
    history: list[Message] = []
    for n in range(exchanges):
        history.append(message('request', part('u', f'prompt {n}')))
        for s in range(steps):
            history.append(message('R', part(f'?{n}.{s}', '{}')))
            history.append(message('request', part(f'+{n}.{s}', f'{s} {BYTES}')))
    return history


def labels(history: History) -> list[str]:
    """The prompts and calls that are left, a mark as what it says was left out."""
    found = []
    for p in history.parts:
        if p.kind is Kind.MARK:
            left = left_out(p.text)
            found.append(f'[{left.steps} steps, {left.calls} calls]')
        elif p.kind in (Kind.USER, Kind.CALL):
            found.append(p.text if p.kind is Kind.USER else p.raw.label)
    return found


def test_nothing_is_dropped_where_it_fits() -> None:
    """A history within its room, with no more exchanges than allowed, is the same object."""
    history = parse(working(3, exchanges=2)).history
    assert Window().apply(history, room(LARGE, 2)) is history
    assert Window().apply(history, room(history.tokens)) is history


def test_max_exchanges_binds_whatever_the_room() -> None:
    """Of six exchanges the newest four stay whole; the goal stays; the rest is counted in one note."""
    history = Window().apply(parse(working(2, exchanges=6)).history, room(LARGE, 4))
    assert labels(history)[:4] == ['prompt 0', '[4 steps, 8 calls]'.replace('8', '4'), 'prompt 2', '?2.0']
    assert labels(history)[-3:] == ['prompt 5', '?5.0', '?5.1']


def test_four_requests_and_their_responses_within_one_prompt() -> None:
    """Counted as requests and responses, four exchanges bind inside one long prompt, whatever the room."""
    history = Window().apply(parse(working(20)).history, replace(room(LARGE), max_steps=4))
    assert labels(history) == ['prompt 0', '[16 steps, 16 calls]', '?0.16', '?0.17', '?0.18', '?0.19']
    assert Window().apply(history, replace(room(LARGE), max_steps=4)) is history


def test_four_requests_and_their_responses_over_prompts() -> None:
    """Prompts that lie before the newest four go with their steps; goal and current prompt stay."""
    history = Window(to_fit=False).apply(parse(working(3, exchanges=4)).history, replace(room(1), max_steps=4))
    assert labels(history) == ['prompt 0', '[8 steps, 8 calls]', 'prompt 2', '?2.2', 'prompt 3', '?3.0', '?3.1', '?3.2']


def test_the_goal_is_not_counted_among_the_exchanges() -> None:
    """With one exchange allowed the goal's prompt and the whole current exchange are left."""
    history = Window(to_fit=False).apply(parse(working(2, exchanges=3)).history, room(1, 1))
    assert labels(history) == ['prompt 0', '[4 steps, 4 calls]', 'prompt 2', '?2.0', '?2.1']


def test_within_one_exchange_of_forty_steps() -> None:
    """A coding agent's one prompt with 40 rounds: the oldest go, the newest stay, and it fits."""
    history = parse(working(40)).history
    after = Window().apply(history, room(history.tokens // 4))
    assert after.tokens <= history.tokens // 4
    found = labels(after)
    assert found[0] == 'prompt 0'
    assert found[1].endswith('calls]')
    kept = found[2:]
    assert kept == [f'?0.{s}' for s in range(40 - len(kept), 40)]
    assert found[1] == f'[{40 - len(kept)} steps, {40 - len(kept)} calls]'
    assert len(kept) >= 8


@pytest.mark.parametrize('keep_steps', [1, 2, 5])
def test_the_newest_steps_stay_however_small_the_room(keep_steps: int) -> None:
    """Goal, current prompt and the newest steps are left even where they do not fit."""
    history = Window(keep_steps).apply(parse(working(6)).history, room(1))
    assert labels(history) == ['prompt 0', f'[{6 - keep_steps} steps, {6 - keep_steps} calls]'] + [
        f'?0.{s}' for s in range(6 - keep_steps, 6)
    ]


def test_goal_current_prompt_and_last_step_stay() -> None:
    """The current prompt stands in the last request beside the results of the step before it."""
    before = [*working(2, exchanges=2), message('request', part('u', 'current'))]
    history = Window().apply(parse(before).history, room(1))
    assert labels(history) == ['prompt 0', '[3 steps, 3 calls]', 'prompt 1', '?1.1', 'current']


def test_a_prompt_goes_with_the_last_of_its_steps() -> None:
    """Where all of an exchange is dropped its prompt goes too; where a step is left, it stays."""
    history = parse(working(2, exchanges=3)).history
    step = history.exchanges[0].steps[0].tokens
    assert 'prompt 1' in labels(Window().apply(history, room(history.tokens - 2 * step)))
    assert 'prompt 1' not in labels(Window().apply(history, room(2 * step + 100)))


def test_counts_add_up_over_repeated_compactions() -> None:
    """The one note counts all that ever went, whether it was merged with its neighbours or not."""
    history = working(4)
    for n in range(4, 40):
        history += [message('R', part(f'?0.{n}', '{}')), message('request', part(f'+0.{n}', BYTES))]
        after = Window().apply(parse(history).history, room(1_500))
        history = write(after.segments)
        if n % 3 == 0:  # the framework puts neighbouring requests together
            history = [replace(history[0], parts=(*history[0].parts, *history[1].parts)), *history[2:]]
        calls = sum(label.startswith('?') for label in labels(after))
        marks = [p for p in after.parts if p.kind is Kind.MARK]
        assert len(marks) <= 1
        assert sum((left_out(p.text) for p in marks), start=Left(0, 0)).steps + calls == n + 1


def test_a_second_time_changes_nothing() -> None:
    """A compacted history within the same room is left alone."""
    first = Window().apply(parse(working(30)).history, room(2_000))
    again = parse(write(first.segments)).history
    assert Window().apply(again, room(2_000)) is again


def test_protected_steps_stay_in_their_place() -> None:
    """Steps of a protected tool, and steps that hold protected calls, are passed over."""
    before = working(6)
    before[3] = message('R', part('?0.1', '{}', tool='edit_file'))
    before[4] = message('request', part('+0.1', BYTES, tool='edit_file'))
    before[5] = message('R', part('?0.2', '{}', protected=True))
    history = Window().apply(parse(before).history, room(1, protect='edit_file'))
    assert labels(history) == ['prompt 0', '[3 steps, 3 calls]', '?0.1', '?0.2', '?0.5']


def test_bookkeeping_of_dropped_steps_stays() -> None:
    """System prompts and the framework's own records survive where the rest of their request goes."""
    history = parse(messages('u / R ?a / +a d / R ?b / +b s u / R ?c / +c')).history
    after = Window().apply(history, room(1))
    assert written(write(after.segments)) == 'u / m* / d / s u / R ?c / +c'


@pytest.mark.parametrize(
    ('text', 'expected'),
    {
        'R ?a / +a / R ?b / +b': 'm* / R ?b / +b',
        'R ?a / +a / u / R ?b / +b / R ?c / +c': 'u / m* / R ?c / +c',
        ' / R ?a / +a / R ?b / +b': 'm* / R ?b / +b',
    }.items(),
)
def test_a_history_without_a_beginning(text: str, expected: str) -> None:
    """The note stands behind the goal, or first where there is none; it takes the place of the opening."""
    history = Window().apply(parse(messages(text)).history, room(1))
    assert written(write(history.segments)) == expected


def test_the_note_comes_first_where_steps_precede_the_goal() -> None:
    """A protected step of a cut-off beginning needs a request ahead of it."""
    before = messages('R ?a / +a / R ?b / +b / u / R ?c / +c / R ?d / +d')
    before[2] = message('R', part('?b', protected=True))
    history = Window().apply(parse(before).history, room(1))
    assert written(write(history.segments)) == 'm* / R ?b / +b / u / R ?d / +d'


@given(st.integers(1, 12), st.integers(1, 4), st.integers(1, 8_000), st.sampled_from([None, 1, 2, 3]))
def test_it_fits_or_only_the_last_step_is_left(steps: int, exchanges: int, tokens: int, most: int | None) -> None:
    """Whatever the room, either it is kept to, or goal, current prompt and last step are all there is."""
    history = Window().apply(parse(working(steps, exchanges)).history, room(tokens, most))
    assert history.tokens <= tokens or sum(label.startswith('?') for label in labels(history)) == 1
    assert tree(parse(write(history.segments)).history) == tree(history)
