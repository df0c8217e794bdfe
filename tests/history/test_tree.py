"""Around the tree: editing it, writing it back, cache points, and what was removed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from compactor.history.cache_points import move_cache_points
from compactor.history.changes import first_change, removed
from compactor.history.message import Message, Part
from compactor.history.parse import parse
from compactor.history.write import write
from tests.notation import dropping, messages, written

# -- write ---------------------------------------------------------------------------------------------------


def test_an_edited_part_rebuilds_its_message_alone() -> None:
    """The message with the edited part says so and is counted anew; its neighbours are the same objects."""
    before = messages('u / R ?a / +a / R t')

    def edit(part: Part) -> Part:
        return part.with_text('short', 1) if part.raw.label == '+a' else part

    after = write(parse(before).history.map_steps(lambda _, step: step.map(edit)).segments)
    assert written(after) == 'u / R ?a / +a~ / R t'
    assert [now is was for now, was in zip(after, before, strict=True)] == [True, True, False, True]
    assert (after[2].edited, after[2].tokens) == (True, 4)


def test_shares_of_one_message_become_that_message_again() -> None:
    """A request that ends a step and opens an exchange is written back as itself, by identity."""
    before = messages('u / R ?a / +a u / R t')
    assert write(parse(before).history.segments)[2] is before[2]


def test_a_share_that_is_left_is_written_alone() -> None:
    """Where the step of a shared request goes, its prompt stays, in a rebuilt message."""
    before = messages('u / R ?a / +a u / R t')
    after = write(dropping(parse(before).history, '?a').segments)
    assert written(after) == 'u / u / R t'
    assert after[1].edited


def test_nodes_that_nothing_changed_stay_the_same_objects() -> None:
    """Mapping without an effect gives the very history back."""
    history = parse(messages('u / R ?a / +a / R t')).history
    assert history.map_steps(lambda _, step: step.map(lambda part: part)) is history


# -- cache points --------------------------------------------------------------------------------------------


def pointed(text: str, *at: int) -> list[Message]:
    """A history with a cache point in the first part of the messages `at`."""
    before = messages(text)
    for i in at:
        first, *rest = before[i].parts
        before[i] = replace(before[i], parts=(replace(first, cache_points=(f'point {i}',)), *rest))
    return before


CACHE_POINTS = {
    'kept with its part': ('u / R t / u / R t', (0,), (), {'0': 'point 0'}),
    'moved to the prompt before': ('u @1 / R ?a @1 / u @1 / R t', (2,), (2,), {'0': 'point 2'}),
    'moved over what is no user part': ('u / R ?a / +a d / R t / u', (4,), (4,), {'0': 'point 4'}),
    'the newest of several lost': ('u / R t / u / R t / u / R t', (2, 4), (2, 4), {'0': 'point 4'}),
    'not onto one that has its own': ('u / R t / u / R t', (0, 2), (2,), {'0': 'point 0'}),
    'gone where nothing is before it': ('u / R t / u / R t', (0,), (0,), {}),
}
"""History, messages with a point, messages whose part goes, points in what is left."""


@pytest.mark.parametrize('case', CACHE_POINTS)
def test_cache_points(case: str) -> None:
    """A point whose part went moves to the nearest user part before it, and never beside another."""
    text, at, gone, expected = CACHE_POINTS[case]
    before = pointed(text, *at)
    lost = {id(part) for i in gone for part in before[i].parts}
    history = parse(before).history
    kept = history.map(lambda _, prompt: prompt.only(lambda part: None if id(part) in lost else part))
    after = write(move_cache_points(before, kept).segments)
    found = {
        str(next(i for i, m in enumerate(before) if any(p.raw is part.raw for p in m.parts))): part.cache_points[0]
        for message in after
        for part in message.parts
        if part.cache_points
    }
    assert found == expected


def test_a_cache_point_is_moved_once_even_where_a_log_holds_a_prompt_twice() -> None:
    """The same part standing twice does not multiply a point that moves to it."""
    first, *rest = pointed('u / R t / u / R t', 2)
    before = [first, first, *rest]
    history = parse(before).history
    kept = history.map(lambda e, prompt: prompt if e == 0 else None)
    after = write(move_cache_points(before, kept).segments)
    assert [part.cache_points for message in after for part in message.parts if part.cache_points] == [('point 2',)]


def test_a_part_that_was_cut_stays_cut_when_a_cache_point_moves_to_it() -> None:
    """The point moves to the part as it is now, not as it was recorded."""
    before = pointed('u / R t / u / R t', 2)
    history = dropping(parse(before).history)
    kept = history.map(lambda e, prompt: prompt.map(lambda part: part.with_text('cut', 1)) if e == 0 else None)
    goal = next(move_cache_points(before, kept).parts)
    assert (goal.text, goal.cache_points) == ('cut', ('point 2',))


def test_a_history_without_cache_points_is_not_touched() -> None:
    """Nothing to move, nothing made."""
    before = messages('u / R t')
    history = parse(before).history
    assert move_cache_points(before, history) is history


# -- changes -------------------------------------------------------------------------------------------------


def test_what_was_removed() -> None:
    """Dropped and reduced parts, with their message and what they no longer cost; kept parts are not listed."""
    before = messages('u / R ?a / +a / R ?b / +b / R t')

    def edit(part: Part) -> Part:
        return part.with_text('', 6) if part.raw.label == '+b' else part

    history = dropping(parse(before).history, '?a').map_steps(lambda _, step: step.map(edit))
    gone = removed(before, write(history.segments))
    assert [(g.how, g.part.raw.label, g.message, g.tool) for g in gone] == [
        ('dropped', '?a', 1, 'run'),
        ('dropped', '+a', 2, 'run'),
        ('reduced', '+b', 4, 'run'),
    ]
    assert [g.tokens for g in gone] == [before[1].parts[0].tokens, before[2].parts[0].tokens, 1]


def test_nothing_removed() -> None:
    """The same messages: nothing went, and the whole prefix is kept."""
    before = messages('u / R ?a / +a')
    assert removed(before, list(before)) == ()
    assert first_change(before, list(before)) == 3


def test_the_prompt_cache_ends_at_the_first_change() -> None:
    """The first message that differs, or the end of the shorter history."""
    before = messages('u / R ?a / +a / R t')
    assert first_change(before, [before[0], before[3]]) == 1
    assert first_change(before, before[:2]) == 2
    assert first_change([], before) == 0
