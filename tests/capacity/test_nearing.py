"""When a look at windows is worth while: never so late that an edge is missed, and not at every request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.capacity.counts import MemoryCounts
from compactor.capacity.edges import EDGES, Edges
from compactor.capacity.headers import Reading
from compactor.capacity.limits import Limit, LimitTable
from compactor.capacity.nearing import LOOK_EVERY, Nearing
from compactor.capacity.windows import NO_TAKING, Taking, Windows

START = 1_770_000_000.0
MODEL = 'cerebras:zai-glm-4.7'
MINUTE = Limit('*', 'tokens', 'minute', 1_000)
DAY = Limit('*', 'tokens', 'day', 1_000)


class Watching:
    """Windows that are looked at when that is worth while."""

    def __init__(self, *limits: Limit, closely: bool = False) -> None:
        self.table = LimitTable(limits)
        self.windows = Windows(self.table, MemoryCounts())
        self.nearing = Nearing(EDGES)
        self.edges = Edges()
        self.closely = closely
        self.looks = 0

    def take(self, amount: int, now: float, model: str = MODEL) -> list[float]:
        """A request; the edges that are told of after it."""
        taking = Taking(input_tokens=amount)
        self.windows.record(model, taking, now)
        self.nearing.took(model, self.table.known(model, now), taking)
        return self.look(now, model) if self.is_due(now, model) else []

    def is_due(self, now: float, model: str = MODEL) -> bool:
        """Whether a look is worth while."""
        return self.nearing.is_due(model, self.table.known(model, now), now, closely=self.closely)

    def look(self, now: float, model: str = MODEL) -> list[float]:
        """What a look tells."""
        self.looks += 1
        until = self.nearing.looks(model, self.table.known(model, now), now)
        states = self.windows.states(model, now)
        self.nearing.looked(states, until)
        return [crossing.edge for crossing in self.edges.crossed(states, now)]


Takings = st.lists(st.tuples(st.floats(0.0, 1.5), st.integers(0, 400)), max_size=30)


@given(Takings, st.sampled_from([MINUTE, DAY]), st.booleans())
def test_it_tells_what_a_look_at_every_request_tells(
    takings: list[tuple[float, int]], limit: Limit, near: bool
) -> None:
    """However fast they come, while nothing leaves the window: the same edges, after the same requests."""
    seldom, always, now = Watching(limit, closely=near), Edges(), START
    for gap, amount in takings:
        now += gap
        told = seldom.take(amount, now)
        assert told == [crossing.edge for crossing in always.crossed(seldom.windows.states(MODEL, now), now)]


def test_few_looks_are_enough() -> None:
    """A thousand requests within a second that fill a window: the first, and where an edge may have been passed."""
    watching = Watching(Limit('*', 'tokens', 'minute', 100_000))
    told = [edge for number in range(1_000) for edge in watching.take(100, START + number / 2_000)]
    assert told == [0.8, 0.95]
    assert watching.looks == 3


def test_what_others_have_taken_is_looked_for_once_in_a_while() -> None:
    """Nobody here knows of it, so time decides."""
    watching = Watching(MINUTE)
    assert watching.take(10, START) == []
    watching.windows.record(MODEL, Taking(input_tokens=900), START)
    assert watching.take(10, START + LOOK_EVERY / 2) == []
    assert watching.take(10, START + LOOK_EVERY) == [0.8]


def test_what_a_response_says_is_looked_at() -> None:
    """That others on the account have taken most of it, for example."""
    watching = Watching(MINUTE)
    watching.take(10, START)
    watching.table.learn(MODEL, [Reading('tokens', 'minute', 1_000, 150)], START + 0.1)
    assert watching.take(1, START + 0.2) == [0.8]


def test_a_limit_that_was_not_known_is_looked_at() -> None:
    """Or that is another than it was."""
    watching = Watching()
    assert watching.take(900, START) == []
    watching.table.learn(MODEL, [Reading('tokens', 'minute', 1_000)], START + 0.1)
    assert watching.take(1, START + 0.2) == [0.8]
    watching.table.learn(MODEL, [Reading('tokens', 'minute', 940)], START + 0.3)
    assert watching.take(1, START + 0.4) == [0.95]


def test_what_leaves_a_window_may_be_taken_again_at_once() -> None:
    """Within the second between two looks; where a window was past an edge, each request is looked at closely."""
    watching = Watching(MINUTE, closely=True)
    assert watching.take(850, START) == [0.8]
    assert [edge for second in range(1, 62) for edge in watching.take(1, START + second)] == []
    assert watching.take(850, START + 62.1) == [0.8]


def test_models_of_one_account_fill_one_window() -> None:
    """What the one takes brings the other nearer to its edge."""
    watching = Watching(Limit('cerebras:*', 'tokens', 'minute', 1_000, shared=True))
    other = 'cerebras:gpt-oss-120b'
    assert (watching.take(10, START), watching.take(10, START, other)) == ([], [])
    assert watching.take(700, START + 0.1) == []
    assert watching.take(100, START + 0.2, other) == [0.8]


def test_what_nobody_has_looked_at_is_known() -> None:
    """By model, until it is looked at; what took nothing is nothing to look at."""
    watching = Watching(MINUTE)
    known = watching.table.known(MODEL, START)
    watching.nearing.took(MODEL, known, NO_TAKING)
    assert (watching.nearing.unseen(), watching.nearing.is_overdue(MODEL, known)) == ([], False)
    watching.nearing.took(MODEL, known, Taking(input_tokens=900))
    assert (watching.nearing.unseen(), watching.nearing.is_overdue(MODEL, known)) == ([MODEL], True)
    watching.look(START)
    assert (watching.nearing.unseen(), watching.nearing.is_overdue(MODEL, known)) == ([], False)


def test_what_is_taken_during_a_look_is_not_lost() -> None:
    """A store takes a while to answer, and what it answers with is as old as that."""
    watching = Watching(MINUTE)
    known = watching.table.known(MODEL, START)
    watching.take(10, START)
    until = watching.nearing.looks(MODEL, known, START)
    states = watching.windows.states(MODEL, START)
    watching.nearing.took(MODEL, known, Taking(input_tokens=850))
    watching.nearing.looked(states, until)
    assert watching.is_due(START + 0.1)


@pytest.mark.parametrize('closely', [False, True])
def test_without_edges_nothing_is_near(closely: bool) -> None:
    """Policy may have none."""
    nearing = Nearing(())
    table = LimitTable([MINUTE])
    known = table.known(MODEL, START)
    windows = Windows(table, MemoryCounts())
    windows.record(MODEL, Taking(input_tokens=5_000), START)
    nearing.looked(windows.states(MODEL, START), nearing.looks(MODEL, known, START))
    nearing.took(MODEL, known, Taking(input_tokens=5_000))
    assert not nearing.is_due(MODEL, known, START, closely=closely)
