"""Two periods against each other: how input tokens a request differ, with an interval instead of a story.

Requests of one session are alike (one task, one growing history), so sessions are the sample, not requests or minutes:
each period's ratio Σ input / Σ requests gets its error by leaving out one session after the other (the jackknife), on
the logarithm, so that the change is a factor and never falls below -100 %. Few sessions give a wide interval, as they
should.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from statistics import fmean

from compactor.analysis.figure import divided
from compactor.analysis.sessions import Session
from compactor.analysis.student import quantile

CONFIDENCE = 0.95
"""How often an interval made like this holds the true change, if sessions are independent of each other."""
CAVEAT = (
    'This is what happened together, not what caused it: tasks, repositories, people and models that changed between'
    ' the periods are in the difference too. Sessions are taken as independent of each other; sessions of one long task'
    ' are not, and then the interval is too narrow.'
)


@dataclass(frozen=True, slots=True)
class Span:
    """A period, in seconds since 1970: from its first second up to, and not at, its end; None is without an end."""

    since: float | None
    until: float | None

    def holds(self, at: float) -> bool:
        """Whether a moment lies in it."""
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class Side:
    """One of the periods.

    Attributes:
        span: when.
        sessions: sessions with requests that began in it; a session counts where it began.
        straddling: of them, sessions that end outside of it.
        requests: their requests.
        input: their input tokens.
        per_request: Σ input / Σ requests; None without requests.
    """

    span: Span
    sessions: int
    straddling: int
    requests: int
    input: int
    per_request: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """The difference between two periods.

    Attributes:
        before: the first period.
        after: the second.
        change: after / before - 1, of input tokens a request; None where a period has no requests.
        low: the lower end of its interval; None where a period has fewer than two sessions.
        high: the upper end.
        confidence: how often such an interval holds the true change.
        text: what that means.
        caveat: what it cannot mean.
        formula: how it is made.
    """

    before: Side
    after: Side
    change: float | None
    low: float | None
    high: float | None
    confidence: float
    text: str
    caveat: str = CAVEAT
    formula: str = (
        'change = (Σ input / Σ requests after) / (Σ input / Σ requests before) - 1; interval: jackknife over sessions'
        " of the logarithm of each ratio, Student's t with Welch's degrees of freedom"
    )


def compare(sessions: Sequence[Session], before: Span, after: Span) -> Comparison:
    """Compares two periods by the sessions that began in them."""
    halves = [[s for s in sessions if s.requests and span.holds(s.start)] for span in (before, after)]
    first, second = (_side(span, some) for span, some in zip((before, after), halves, strict=True))
    if not first.per_request or not second.per_request:
        empty = 'before' if not first.per_request else 'after'
        text = f'nothing to compare: no input tokens in the period {empty}'
        return Comparison(first, second, None, None, None, CONFIDENCE, text)
    change = second.per_request / first.per_request - 1
    ends = _interval(change, *([(s.input, s.requests) for s in half] for half in halves))
    low, high = ends or (None, None)
    return Comparison(first, second, change, low, high, CONFIDENCE, _words(first, second, change, ends))


def _side(span: Span, sessions: Sequence[Session]) -> Side:
    requests, tokens = sum(s.requests for s in sessions), sum(s.input for s in sessions)
    straddling = sum(not span.holds(s.end - 1) for s in sessions)
    return Side(span, len(sessions), straddling, requests, tokens, divided(tokens, requests))


def _interval(
    change: float, before: Sequence[tuple[int, int]], after: Sequence[tuple[int, int]]
) -> tuple[float, float] | None:
    variances = []
    for pairs in (before, after):
        variance = _jackknife(pairs)
        if variance is None:
            return None
        variances.append(variance)
    whole = sum(variances)
    if not whole:
        return change, change
    parts = (v * v / (len(pairs) - 1) for v, pairs in zip(variances, (before, after), strict=True))
    freedom = max(1.0, whole * whole / sum(parts))
    reach = quantile(CONFIDENCE, freedom) * sqrt(whole)
    middle = log(1 + change)
    return exp(min(middle - reach, 700)) - 1, exp(min(middle + reach, 700)) - 1


def _jackknife(pairs: Sequence[tuple[int, int]]) -> float | None:
    """The variance of log(Σ input / Σ requests) over sessions; None where leaving one out leaves nothing."""
    tokens, requests, n = sum(p[0] for p in pairs), sum(p[1] for p in pairs), len(pairs)
    if n < 2 or any(tokens == t or requests == r for t, r in pairs):
        return None
    without = [log((tokens - t) / (requests - r)) for t, r in pairs]
    middle = fmean(without)
    return (n - 1) / n * sum((one - middle) ** 2 for one in without)


def _words(before: Side, after: Side, change: float, ends: tuple[float, float] | None) -> str:
    said = f'{after.per_request:,.0f} input tokens a request after, {before.per_request:,.0f} before: {change:+.1%}'
    samples = f'{before.sessions} and {after.sessions} sessions'
    if ends is None:
        return f'{said}; from {samples}, too few for an interval'
    low, high = ends
    interval = f'{CONFIDENCE:.0%} interval {low:+.1%} to {high:+.1%}, from {samples}'
    if low <= 0 <= high:
        return f'{said} ({interval}): no difference can be told from these sessions'
    return f'{said} ({interval}): a {"lower" if high < 0 else "higher"} use of input'
