"""What a limited provider reports in the end: what it let in, what it refused, and how near its limits that came."""

import math
from dataclasses import dataclass, field, replace

from compactor.testing.limits import RateLimit

MINUTE = 60


@dataclass(slots=True)
class Minute:
    """A minute of the provider's clock, with the requests that came in it.

    Attributes:
        start: When it began, in seconds since 1970.
        admitted: Requests that it let in.
        refused: Requests that it answered with 429.
        failed: Requests of those it let in whose answer was a failure.
        input_tokens: Input of the requests that it answered.
        reserved: Output tokens that were reserved for those it let in.
        output_tokens: Output of the requests that it answered.
        unused: Output tokens that were reserved and not used, failed requests included.
        idle: The longest time in seconds for which there was room again for a request like the last one, before the
            first was let in; of those that ended in this minute.
    """

    start: int
    admitted: int = 0
    refused: int = 0
    failed: int = 0
    input_tokens: int = 0
    reserved: int = 0
    output_tokens: int = 0
    unused: int = 0
    idle: float = 0.0


@dataclass(frozen=True, slots=True)
class LimitReport:
    """How near a limit came to be broken.

    Attributes:
        limit: Which.
        counted: The most that ever counted against it, by the provider's own accounting.
        rolling: The largest sum in any window of its length, wherever it began.
    """

    limit: RateLimit
    counted: int
    rolling: int

    @property
    def over(self) -> float:
        """By which share the limit was exceeded, by the provider's own accounting; 0 if it was not."""
        return max(0.0, self.counted / self.limit.amount - 1)

    @property
    def rolling_over(self) -> float:
        """By which share the largest sum in any window exceeded the limit; 0 if it did not."""
        return max(0.0, self.rolling / self.limit.amount - 1)


@dataclass(frozen=True, slots=True)
class LimitsReport:
    """What became of the requests to a limited provider.

    Attributes:
        minutes: Each minute in which something happened, in order.
        limits: Each limit, in the order of `RateLimits.limits`.
        at_once: The most requests that were answered at the same time.
        excess: Requests that it let in although they were over a limit, because it does not enforce its limits.
    """

    minutes: tuple[Minute, ...]
    limits: tuple[LimitReport, ...]
    at_once: int
    excess: int

    def between(self, start: float, end: float) -> Minute:
        """The sum of the minutes that begin in a span of time, `end` left out; of `idle` the longest."""
        total = Minute(math.floor(start))
        for minute in self.minutes:
            if start <= minute.start < end:
                total.admitted += minute.admitted
                total.refused += minute.refused
                total.failed += minute.failed
                total.input_tokens += minute.input_tokens
                total.reserved += minute.reserved
                total.output_tokens += minute.output_tokens
                total.unused += minute.unused
                total.idle = max(total.idle, minute.idle)
        return total


@dataclass(slots=True)
class Tally:
    """Adds up what is reported. Its minutes are those of the clock it is told."""

    minutes: dict[int, Minute] = field(default_factory=dict)
    at_once: int = 0
    excess: int = 0

    def minute(self, now: float) -> Minute:
        """The minute of a moment."""
        start = int(now // MINUTE) * MINUTE
        return self.minutes.setdefault(start, Minute(start))

    def report(self, limits: tuple[LimitReport, ...]) -> LimitsReport:
        """A copy of all that was added up, with how near each limit came."""
        minutes = tuple(replace(self.minutes[start]) for start in sorted(self.minutes))
        return LimitsReport(minutes, limits, self.at_once, self.excess)
