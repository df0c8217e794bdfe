"""Trend, comparison, quantiles: against values from tables, and against data whose truth is known."""

from __future__ import annotations

import random
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.analysis.compare import CAVEAT, Comparison, Span, compare
from compactor.analysis.sessions import Session
from compactor.analysis.student import quantile, within
from compactor.analysis.trend import trend_of

HALF = 1_000_000


def session(number: int, start: int, requests: int, tokens: int, lasts: int = 60) -> Session:
    """A session."""
    return Session(number, start, start + lasts, 1, requests, tokens, 0, tokens, 'below target')


@pytest.mark.parametrize(
    ('share', 'freedom', 'wanted'),
    [(0.95, 1, 12.706), (0.95, 2, 4.303), (0.95, 9, 2.262), (0.99, 5, 4.032), (0.90, 30, 1.697), (0.95, 1e6, 1.960)],
)
def test_quantiles_of_student(share: float, freedom: float, wanted: float) -> None:
    """As printed in tables."""
    assert quantile(share, freedom) == pytest.approx(wanted, abs=6e-4)


@given(st.floats(0.01, 0.999), st.floats(1, 500))
def test_quantiles_are_the_inverse(share: float, freedom: float) -> None:
    """So much of the distribution lies within them."""
    assert within(quantile(share, freedom), freedom) == pytest.approx(share, abs=1e-6)


def test_a_trend_that_is_one() -> None:
    """Ever fewer tokens fall; a chance is told."""
    trend = trend_of([9, 8, 7, 6, 5, 4, 3, 2])
    assert (trend.falling, trend.rising, trend.tau) == (28, 0, -1)
    assert trend.text.startswith('input tokens a request fall from session to session: of 28 pairs')


def test_the_chance_of_a_trend() -> None:
    """Near to that of all orders that six sessions can have, counted out."""
    wanted = [3, 1, 2, 4, 6, 5]
    strength = abs(trend_of(wanted).rising - trend_of(wanted).falling)
    orders = [trend_of(order) for order in permutations(wanted)]
    exact = sum(abs(one.rising - one.falling) >= strength for one in orders) / len(orders)
    assert trend_of(wanted).p == pytest.approx(exact, abs=0.02)


@pytest.mark.parametrize('values', [[], [1], [1, 2, 3], [5, 5, 5, 5, 5]])
def test_no_trend_from_little(values: list[float]) -> None:
    """Too few, or all alike."""
    trend = trend_of(values)
    assert trend.p is None
    assert 'too few' in trend.text


def halves(before: list[tuple[int, int]], after: list[tuple[int, int]]) -> Comparison:
    """Sessions of (requests, tokens) on both sides of a moment."""
    sessions = [session(n, n * 1_000, *one) for n, one in enumerate(before, 1)]
    sessions += [session(n, HALF + n * 1_000, *one) for n, one in enumerate(after, 1)]
    return compare(sessions, Span(None, HALF), Span(HALF, None))


def test_a_difference_that_is_one() -> None:
    """Ratios are of sums, not means of ratios; the interval holds the change and says less."""
    found = halves([(10, 300_000), (30, 960_000), (20, 610_000)], [(10, 100_000), (90, 1_080_000), (5, 55_000)])
    assert found.before.per_request == 1_870_000 / 60
    assert found.change == pytest.approx((1_235_000 / 105) / (1_870_000 / 60) - 1)
    assert found.low is not None
    assert found.high is not None
    assert found.low < (found.change or 0) < found.high < 0
    assert 'a lower use of input' in found.text
    assert found.caveat == CAVEAT


def test_few_sessions_say_so() -> None:
    """One session has no spread, two have a wide one."""
    one = halves([(10, 300_000), (30, 960_000)], [(10, 100_000)])
    assert (one.low, one.high) == (None, None)
    assert 'too few for an interval' in one.text
    two = halves([(10, 300_000), (10, 350_000)], [(10, 100_000), (10, 200_000)])
    assert (two.low or 0) < -0.9
    assert 'no difference can be told' in two.text
    none = halves([], [(1, 1)])
    assert none.change is None
    assert 'nothing to compare' in none.text


def test_a_session_counts_where_it_begins() -> None:
    """One that goes over the border is told."""
    sessions = [session(1, 0, 1, 10), session(2, HALF - 30, 1, 10), session(3, HALF, 1, 10)]
    found = compare(sessions, Span(None, HALF), Span(HALF, None))
    assert (found.before.sessions, found.before.straddling, found.after.sessions) == (2, 1, 1)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Five hundred pairs of periods whose true change is a half, seven and five sessions each."""
    chance = random.Random(4_711)
    held = 0

    def drawn(number: int, level: float) -> list[tuple[int, int]]:
        # Each session has a level of its own, whatever its size, so that Σ / Σ has the level as its expectation.
        sizes = [chance.randint(5, 200) for _ in range(number)]
        return [(size, round(size * level * chance.gauss(1, 0.2))) for size in sizes]

    for _ in range(500):
        found = halves(drawn(7, 30_000), drawn(5, 15_000))
        held += (found.low or 0) <= -0.5 <= (found.high or 0)
    assert 0.90 <= held / 500 <= 0.99
