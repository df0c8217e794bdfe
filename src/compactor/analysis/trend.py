"""Whether sessions get dearer or cheaper one after another: Kendall's rank correlation, and no line through points."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

NEWEST = 500
"""So many sessions are compared, each with each."""
FEWEST = 4
"""Fewer sessions show no trend, whatever they are."""
DOUBT = 0.05
"""A trend is called one if chance alone made one as strong less often than this."""


@dataclass(frozen=True, slots=True)
class Trend:
    """How the input tokens a request of later sessions stand to those of earlier ones.

    Attributes:
        sessions: how many were compared.
        falling: pairs of sessions of which the later one has fewer.
        rising: pairs of which the later one has more.
        tau: Kendall's tau-a, (rising - falling) / pairs: -1 where each session has less than the one before.
        p: how often sessions in random order would show as strong a trend, by the normal approximation with
            continuity correction; None for fewer than `FEWEST` sessions, or where all are alike.
        text: what that means.
    """

    sessions: int
    falling: int
    rising: int
    tau: float | None
    p: float | None
    text: str


def trend_of(values: Sequence[float]) -> Trend:
    """The trend of values in the order of time; of the newest `NEWEST` of them."""
    some = list(values)[-NEWEST:]
    rising = falling = 0
    for i, later in enumerate(some):
        for earlier in some[:i]:
            rising += later > earlier
            falling += later < earlier
    n = len(some)
    pairs = n * (n - 1) // 2
    tau = (rising - falling) / pairs if pairs else None
    p = _chance(some, rising - falling)
    return Trend(n, falling, rising, tau, p, _words(n, rising, falling, p))


def _chance(values: Sequence[float], difference: int) -> float | None:
    n = len(values)
    if n < FEWEST:
        return None
    alike = (count * (count - 1) * (2 * count + 5) for count in Counter(values).values())
    variance = (n * (n - 1) * (2 * n + 5) - sum(alike)) / 18
    if not variance:
        return None
    z = max(0, abs(difference) - 1) / sqrt(variance)
    return 2 * (1 - NormalDist().cdf(z))


def _words(n: int, rising: int, falling: int, p: float | None) -> str:
    if p is None:
        return f'{n} sessions: too few, or too much alike, to show a trend'
    pairs = f'of {n * (n - 1) // 2:,} pairs of sessions the later one takes fewer in {falling:,}, more in {rising:,}'
    way = 'fall' if falling > rising else 'rise'
    if p < DOUBT:
        return f'input tokens a request {way} from session to session: {pairs} (p = {p:.2g})'
    return f'no trend that chance would not show as well: {pairs} (p = {p:.2g})'
