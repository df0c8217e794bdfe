"""When a window runs out at the present rate, and when it has room again."""

from __future__ import annotations

from compactor.capacity.counts import FINENESS, Counts
from compactor.capacity.limits import Known
from compactor.capacity.room import room

RATE_SHARE = 0.25
"""Share of a window over which the present rate is measured: long enough to level single requests out."""
RATE_SECONDS = (10.0, 900.0)
"""Seconds over which it is measured at least and at most: of a day, the last quarter of an hour."""
STEPS = 16
"""Moments of a rolling window that a forecast looks at, at most, for what leaves the window meanwhile."""
PRECISION = 1 / 600
"""Share of a window to which a wait is exact, which it is rounded up to; a tenth of a second for a minute."""


def runs_out_in(counts: Counts, key: str, known: Known, now: float) -> float | None:
    """Seconds until a limit is reached if requests go on at the present rate; None if it never is.

    Args:
        counts: where it is counted.
        key: under what.
        known: the limit.
        now: seconds since 1970.
    """
    limit = known.limit
    ours = room(counts, key, known, now)
    taken = counts.total(key, limit.elapsed(now), now)
    if taken >= ours:
        return 0.0
    span = min(limit.seconds, max(RATE_SECONDS[0], min(RATE_SECONDS[1], limit.seconds * RATE_SHARE)))
    # On average the sum takes in half a bucket from before it.
    rate = counts.total(key, span, now) / (span + max(1.0, span / FINENESS) / 2)
    if rate <= 0:
        return None
    ends = limit.ends(now)
    for amount, until in ((ours, known.told_until if known.told is not None else now), (limit.amount, ends)):
        seconds = _rolling(counts, key, amount, limit.seconds, rate, now) if ends is None else (amount - taken) / rate
        if seconds is not None and (until is None or now + seconds < until):
            return seconds
    return None


def fits_in(counts: Counts, key: str, known: Known, now: float, amount: int, bound: float) -> float | None:
    """Seconds until a limit has room for an amount if nothing else is taken; None if longer than `bound`, or never.

    Args:
        counts: where it is counted.
        key: under what.
        known: the limit.
        now: seconds since 1970.
        amount: how much has to fit.
        bound: the longest wait.
    """
    limit = known.limit
    if amount > limit.amount:
        return None
    ours = room(counts, key, known, now)
    wait = _empties(counts, key, known, now, ours - amount, bound)
    told_for = known.told_until - now if known.told is not None else 0.0
    if ours < limit.amount and (wait is None or wait > told_for):
        # At the reset all of it is ours again, which may be sooner than enough of our own has left.
        later = _empties(counts, key, known, now, limit.amount - amount, bound)
        wait = None if later is None else max(later, told_for)
    return wait if wait is not None and wait <= bound else None


def _rolling(counts: Counts, key: str, amount: int, window: float, rate: float, now: float) -> float | None:
    """When a rolling window is full. What was taken leaves it meanwhile: after `t`, a window shorter by `t` is left."""
    seconds = (amount - counts.total(key, window, now)) / rate
    while seconds < window:
        full = (amount - counts.total(key, window - seconds, now)) / rate
        if full <= seconds:
            return seconds
        seconds = max(full, seconds + window / STEPS)
    return None  # all that is in it has left by then, and the rate alone does not fill it


def _empties(counts: Counts, key: str, known: Known, now: float, rest: int, bound: float) -> float | None:
    """When no more than `rest` of what a window holds is left in it; None if later than `bound`, or never."""
    limit = known.limit
    if rest < 0:
        return None
    if counts.total(key, limit.elapsed(now), now) <= rest:
        return 0.0
    ends = limit.ends(now)
    if ends is not None:
        return ends - now
    short, long = 0.0, min(bound, limit.seconds)
    if long <= 0 or (long < limit.seconds and counts.total(key, limit.seconds - long, now) > rest):
        return None
    while long - short > limit.seconds * PRECISION:
        middle = (short + long) / 2
        if counts.total(key, limit.seconds - middle, now) <= rest:
            long = middle
        else:
            short = middle
    return long
