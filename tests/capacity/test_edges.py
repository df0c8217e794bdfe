"""Warnings: once for each edge and window."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError
from compactor.capacity.edges import MAX_WINDOWS, Edges
from compactor.capacity.limits import Limit
from compactor.capacity.windows import Thresholds, WindowState

START = 1_770_000_000.0
MIDNIGHT = START - 9_600
MINUTE = Limit('*', 'tokens', 'minute', 1_000)
DAY = Limit('*', 'tokens', 'day', 1_000)


def at(taken: int, limit: Limit = MINUTE, model: str = 'm') -> WindowState:
    """A window of which so much is gone."""
    return WindowState(model, limit, taken, 0, taken, Thresholds().status(taken / limit.amount), None)


def warned(edges: Edges, shares: Sequence[tuple[float, int]], limit: Limit = MINUTE) -> list[tuple[float, float]]:
    """(when, edge) of the warnings as a window fills and empties; `shares` are (seconds, taken)."""
    return [
        (seconds, crossing.edge)
        for seconds, taken in shares
        for crossing in edges.crossed([at(taken, limit)], MIDNIGHT + seconds)
    ]


def test_once_for_each_edge() -> None:
    """At 80 % and at 95 %, however many requests follow; what jumps past both warns of the higher one."""
    filling = [(1, 500), (2, 799), (3, 800), (4, 850), (5, 949), (6, 950), (7, 990), (8, 1_200)]
    assert warned(Edges(), filling, DAY) == [(3, 0.8), (6, 0.95)]
    assert warned(Edges(), [(1, 100), (2, 970), (3, 980)], DAY) == [(2, 0.95)]
    assert warned(Edges(), [(float(i), 850) for i in range(5_000)]) == [(0, 0.8)]


def test_a_new_day_warns_again() -> None:
    """Once a calendar day, though it should swing around the edge all day."""
    swinging = [(600.0 * i, 700 + 200 * (i % 2)) for i in range(2 * 144)]
    assert warned(Edges(), swinging, DAY) == [(600, 0.8), (87_000, 0.8)]


def test_a_rolling_window_warns_again_after_its_length_and_a_rest() -> None:
    """Swinging around an edge it warns once a minute at most; staying above it, once."""
    swinging = [(5.0 * i, 700 + 200 * (i % 2)) for i in range(120)]
    times = [when for when, _ in warned(Edges(), swinging)]
    assert 8 <= len(times) <= 10
    assert all(later - sooner >= 60 for sooner, later in pairwise(times))
    staying = [(0, 850), (30, 500), (61, 850), (90, 850), (122, 850), (150, 850)]
    assert warned(Edges(), staying) == [(0, 0.8), (61, 0.8)]
    assert warned(Edges(), [(0, 850), (30, 799), (60, 850)]) == [(0, 0.8), (60, 0.8)]
    assert warned(Edges(), [(0, 850), (30, 800), (61, 850)]) == [(0, 0.8)]


def test_a_window_that_nobody_looked_at() -> None:
    """After a minute without a look nobody knows whether it emptied: it warns again."""
    assert warned(Edges(), [(0, 850), (59, 850), (118, 850), (300, 850)]) == [(0, 0.8), (300, 0.8)]
    assert warned(Edges(), [(0, 850), (60, 850)]) == [(0, 0.8), (60, 0.8)]


def test_going_down_past_an_edge_is_no_warning() -> None:
    """Falling from 97 % to 85 % says nothing new."""
    assert warned(Edges(), [(0, 970), (30, 850), (70, 850), (100, 600), (130, 850)]) == [(0, 0.95), (130, 0.8)]


def test_no_warning_of_80_follows_one_of_95() -> None:
    """Within the length of a window; the lower edge counts as warned of then, and warns again a length after that."""
    falling = [(0, 850), (50, 960), (55, 500), (61, 850)]
    assert warned(Edges(), falling) == [(0, 0.8), (50, 0.95)]
    assert warned(Edges(), [*falling, (115, 500), (116, 850)]) == [(0, 0.8), (50, 0.95)]
    assert warned(Edges(), [*falling, (115, 500), (122, 850)]) == [(0, 0.8), (50, 0.95), (122, 0.8)]
    three = [(0, 550), (10, 850), (20, 960), (30, 100), (65, 550), (75, 850)]
    assert warned(Edges((0.95, 0.5, 0.8)), three) == [(0, 0.5), (10, 0.8), (20, 0.95)]
    assert warned(Edges(), [(0, 960), (100, 100), (700, 850), (900, 960)], DAY) == [(0, 0.95)]


def test_windows_are_watched_apart() -> None:
    """Each model, unit and window has its own edges; models that share a limit warn once."""
    edges = Edges()
    hour = Limit('*', 'tokens', 'hour', 1_000)
    states = [at(900), at(900, hour), at(900, MINUTE, 'other'), at(100, DAY)]
    assert [crossing.state for crossing in edges.crossed(states, START)] == states[:3]
    shared = Limit('*', 'requests', 'minute', 1_000, shared=True)
    assert len(edges.crossed([at(900, shared, 'a'), at(900, shared, 'b')], START)) == 1


@given(st.lists(st.tuples(st.floats(0, 90), st.integers(0, 1_100)), max_size=80), st.sampled_from([MINUTE, DAY]))
def test_never_more_often_than_windows(steps: list[tuple[float, int]], limit: Limit) -> None:
    """However a window fills and empties: it was past the edge, and no warning of it or a higher one is as recent."""
    edges, now, last = Edges(), 0.0, dict[float, float]()
    for seconds, taken in steps:
        now += seconds
        for crossing in edges.crossed([at(taken, limit)], MIDNIGHT + now):
            assert crossing.edge <= crossing.state.share
            before = max((when for edge, when in last.items() if edge >= crossing.edge), default=None)
            assert before is None or (now // 86_400 > before // 86_400 if limit is DAY else now - before >= 60 - 1e-6)
            last[crossing.edge] = now


def test_memory_is_bounded() -> None:
    """The window not seen for longest is forgotten, and warns anew; one that was seen since does not."""
    edges = Edges()
    for model in range(MAX_WINDOWS):
        edges.crossed([at(900, model=str(model))], START)
    assert edges.crossed([at(900, model='0')], START) == ()
    assert len(edges.crossed([at(900, model='one more')], START)) == 1
    assert edges.crossed([at(900, model='0')], START) == ()
    assert len(edges.crossed([at(900, model='1')], START)) == 1


def test_edges_have_to_be_shares() -> None:
    """Anything else is a `ConfigError`; none at all means no warnings."""
    for wrong in ((0.0,), (0.5, 1.5)):
        with pytest.raises(ConfigError):
            Edges(wrong)
    assert Edges(()).crossed([at(2_000)], START) == ()
    assert warned(Edges((1.0,)), [(0, 999), (1, 1_000)]) == [(1, 1.0)]
