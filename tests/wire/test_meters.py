"""How a limited provider counts: three kinds of windows, each against what was taken, written down."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.testing.limits import Accounting
from compactor.testing.meters import METERS, Bucket, Calendar, Entry, Meter, Rolling

LIMIT = 100
WINDOW = 60
KINDS = list(METERS)

Steps: TypeAlias = Sequence[tuple[float, int, tuple[float, float] | None]]


def seconds(most: int) -> st.SearchStrategy[float]:
    """Times without a rounding error."""
    return st.integers(0, most * 64).map(lambda ticks: ticks / 64)


WANTED = st.tuples(
    seconds(40),  # since the one before
    st.integers(0, LIMIT),  # what it asks for
    st.none() | st.tuples(st.floats(0, 1), seconds(90)),  # the share it used, and after how long it says so
)
STEPS = st.lists(WANTED, max_size=40)


@dataclass
class Lived:
    """What was let in: when, how much was reserved, what it came to, when that was known."""

    taken: list[tuple[float, int, float, float]] = field(default_factory=list)

    def sums(self, start: float, end: float) -> float:
        """What counts in the end of all taken in a span of time, both ends included."""
        return sum(used for at, _, used, _ in self.taken if start <= at <= end)


def lived(meter: Meter, steps: Steps) -> Lived:
    """Asks for one after the other; takes what fits; gives back what it did not use when it is known."""
    found, now = Lived(), 0.0
    open_ones: list[tuple[float, Entry, float]] = []
    for gap, amount, use in steps:
        now += gap
        for known_at, entry, used in sorted(open_ones, key=lambda one: one[0]):
            if known_at <= now:
                meter.correct(entry, used, known_at)
        open_ones = [one for one in open_ones if one[0] > now]
        if meter.fits_in(amount, now) > 0:
            continue
        entry = meter.take(amount, now)
        assert meter.used(now) <= LIMIT + 1e-6
        used, known_at = (amount, now) if use is None else (float(int(use[0] * amount)), now + use[1])
        if use is not None:
            open_ones.append((known_at, entry, used))
        found.taken.append((now, amount, used, known_at))
    return found


@given(STEPS)
def test_a_rolling_window_never_holds_more_than_the_limit(steps: Steps) -> None:
    """Of any sixty seconds, what was taken in them fits, with what was given back by then off."""
    taken = lived(Rolling(LIMIT, WINDOW), steps).taken
    for end, *_ in taken:
        inside = [one for one in taken if end - WINDOW < one[0] <= end]
        assert sum(used if known <= end else reserved for _, reserved, used, known in inside) <= LIMIT


@given(STEPS)
def test_a_calendar_window_never_holds_more_than_the_limit(steps: Steps) -> None:
    """Of any whole minute; two beside each other may hold as much each."""
    found = lived(Calendar(LIMIT, WINDOW), steps)
    for at, *_ in found.taken:
        start = at // WINDOW * WINDOW
        assert found.sums(start, math.nextafter(start + WINDOW, 0)) <= LIMIT


@given(STEPS)
def test_a_bucket_never_gives_more_than_it_held_and_what_flowed_in(
    steps: Steps,
) -> None:
    """Between any two moments: a full bucket, what flows in meanwhile, and what was given back meanwhile."""
    taken = lived(Bucket(LIMIT, WINDOW), steps).taken
    for start, *_ in taken:
        for end, *_ in taken:
            reserved = sum(amount for at, amount, _, _ in taken if start <= at <= end)
            back = sum(amount - used for _, amount, used, known in taken if start <= known <= end)
            assert start > end or reserved <= LIMIT * (1 + (end - start) / WINDOW) + back + 1e-3


@pytest.mark.parametrize('kind', KINDS)
@given(STEPS, st.integers(0, LIMIT))
def test_there_is_room_when_it_says_so_and_not_before(kind: Accounting, steps: Steps, amount: int) -> None:
    """After `fits_in` seconds the amount fits; half of that before, it does not."""
    meter = METERS[kind](LIMIT, WINDOW)
    lived(meter, steps)
    now = sum(gap for gap, *_ in steps)
    wait = meter.fits_in(amount, now)
    assert 0 <= wait <= WINDOW
    if wait > 1e-3:
        assert meter.fits_in(amount, now + wait / 2) > 0
    assert meter.fits_in(amount, now + wait + 1e-6) == 0


@pytest.mark.parametrize('kind', KINDS)
@given(STEPS)
def test_all_is_there_after_the_reset(kind: Accounting, steps: Steps) -> None:
    """When nothing more is taken, `resets_in` seconds later nothing counts."""
    meter = METERS[kind](LIMIT, WINDOW)
    now = sum(gap for gap, *_ in steps)
    lived(meter, steps)
    reset = meter.resets_in(now)
    assert 0 <= reset <= WINDOW
    assert meter.used(now + reset + 1e-6) == 0


@pytest.mark.parametrize('kind', KINDS)
def test_more_than_the_limit_never_fits(kind: Accounting) -> None:
    """However long one waits."""
    assert METERS[kind](LIMIT, WINDOW).fits_in(LIMIT + 1, 0.0) == math.inf


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_given_back_is_there_at_once(kind: Accounting) -> None:
    """A request that reserved all and used a fifth leaves room for the rest."""
    meter = METERS[kind](LIMIT, WINDOW)
    entry = meter.take(100, 1.0)
    assert meter.fits_in(80, 1.0) > 0
    meter.correct(entry, 20, 1.0)
    assert (meter.fits_in(80, 1.0), meter.used(1.0)) == (0, 20)


@pytest.mark.parametrize('kind', KINDS)
def test_what_is_given_back_too_late_adds_nothing(kind: Accounting) -> None:
    """When its window is over, or the bucket full again, a correction makes no room beyond the limit."""
    meter = METERS[kind](LIMIT, WINDOW)
    entry = meter.take(100, 1.0)
    meter.correct(entry, 0, 130.0)
    assert meter.used(130.0) == 0
    assert meter.fits_in(101, 130.0) == math.inf


@pytest.mark.parametrize(
    ('kind', 'rooms'), [('rolling', [0, 0, 100]), ('calendar', [0, 100, 100]), ('bucket', [0, 5, 100])]
)
def test_each_kind_gives_back_in_its_own_time(kind: Accounting, rooms: list[int]) -> None:
    """All at 57 seconds, then: at once, 3 seconds later in the next minute, and a whole window later."""
    meter = METERS[kind](LIMIT, WINDOW)
    meter.take(LIMIT, 57.0)
    assert [LIMIT - meter.used(now) for now in (57.0, 60.0, 117.0)] == rooms
