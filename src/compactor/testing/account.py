"""One account with a provider: lets requests in as long as every limit has room."""

import math
import threading
from dataclasses import dataclass, field

from compactor.testing.limits import RateLimit, RateLimits, Unit
from compactor.testing.meters import METERS, Entry, Meter, Rolling
from compactor.testing.tally import LimitReport, LimitsReport, Tally


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands.

    Attributes:
        limit: Which.
        remaining: What is left.
        resets_in: Seconds until all is there again if nothing more is taken.
    """

    limit: RateLimit
    remaining: int
    resets_in: float


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that was let in.

    Attributes:
        at: When, in seconds since 1970.
        input_tokens: Its input.
        reserved: The output that was reserved for it.
        standings: How the limits stand with it.
    """

    at: float
    input_tokens: int
    reserved: int
    standings: tuple[Standing, ...]
    entries: tuple[tuple[Entry, Entry], ...]


@dataclass(frozen=True, slots=True)
class Denial:
    """A request that was not let in.

    Attributes:
        at: When, in seconds since 1970.
        limit: The limit that has no room for the longest time; None for the number of requests at the same time.
        used: What counts against it.
        asked: What the request wanted of it.
        wait: Seconds until there is room; None if that is not known, infinite if there never is.
        standings: How the limits stand.
    """

    at: float
    limit: RateLimit | None
    used: int
    asked: int
    wait: float | None
    standings: tuple[Standing, ...]


@dataclass(slots=True)
class _Gauge:
    """A limit with two counts: the one that decides, and one of any window of its length, for the report."""

    limit: RateLimit
    meter: Meter
    rolling: Rolling
    counted_most: float = 0.0
    rolling_most: float = 0.0

    def take(self, amount: float, now: float) -> tuple[Entry, Entry]:
        entries = self.meter.take(amount, now), self.rolling.take(amount, now)
        self._observe(now)
        return entries

    def correct(self, entries: tuple[Entry, Entry], amount: float, now: float) -> None:
        self.meter.correct(entries[0], amount, now)
        self.rolling.correct(entries[1], amount, now)
        self._observe(now)

    def standing(self, now: float) -> Standing:
        left = max(0, math.floor(self.limit.amount - self.meter.used(now)))
        return Standing(self.limit, left, self.meter.resets_in(now))

    def report(self) -> LimitReport:
        return LimitReport(self.limit, round(self.counted_most), round(self.rolling_most))

    def _observe(self, now: float) -> None:
        self.counted_most = max(self.counted_most, self.meter.used(now))
        self.rolling_most = max(self.rolling_most, self.rolling.used(now))


@dataclass(slots=True)
class _Room:
    """Since when there is room for one more request like the last."""

    amounts: dict[Unit, int] = field(default_factory=dict)
    since: float | None = None


class Account:
    """Counts requests against limits; for any number of threads. No clock of its own but that of the limits.

    Args:
        limits: What it keeps.
    """

    def __init__(self, limits: RateLimits) -> None:
        self.limits = limits
        self._gauges = [
            _Gauge(one, METERS[limits.accounting](one.amount, one.seconds), Rolling(one.amount, one.seconds))
            for one in limits.limits
        ]
        self._lock = threading.Lock()
        self._now = -math.inf
        self._in_flight = 0
        self._tally = Tally()
        self._room = _Room()

    def admit(self, input_tokens: int, reserved: int) -> Admission | Denial:
        """Lets a request in and takes what it may need at most, or says why not.

        Args:
            input_tokens: Its input.
            reserved: The most that it may answer.
        """
        amounts = _amounts(input_tokens, reserved)
        with self._lock:
            now = self._moment()
            denial = self._denial(amounts, now)
            if denial is not None and self.limits.enforce:
                self._tally.minute(now).refused += 1
                return denial
            minute = self._tally.minute(now)
            if self._room.since is not None:
                minute.idle = max(minute.idle, now - self._room.since)
            entries = tuple(gauge.take(amounts[gauge.limit.unit], now) for gauge in self._gauges)
            wait = self._wait(amounts, now)
            self._room = _Room(amounts, now + wait if wait else None)
            self._in_flight += 1
            self._tally.at_once = max(self._tally.at_once, self._in_flight)
            self._tally.excess += denial is not None
            minute.admitted += 1
            minute.reserved += reserved
            return Admission(now, input_tokens, reserved, self._standings(now), entries)

    def settle(self, admission: Admission, output_tokens: int | None) -> None:
        """The request is done.

        Args:
            admission: What let it in.
            output_tokens: What it answered; None if it failed, which takes no tokens.
        """
        with self._lock:
            now = self._moment()
            self._in_flight -= 1
            minute = self._tally.minute(admission.at)
            minute.unused += max(0, admission.reserved - (output_tokens or 0))
            if output_tokens is None:
                minute.failed += 1
                taken = _amounts(0, 0)
            else:
                minute.input_tokens += admission.input_tokens
                minute.output_tokens += output_tokens
                taken = _amounts(admission.input_tokens, output_tokens)
            for gauge, entries in zip(self._gauges, admission.entries, strict=True):
                amount = float(taken[gauge.limit.unit])
                if not self.limits.gives_back:
                    amount = max(amount, entries[0].amount)
                gauge.correct(entries, amount, now)
            if self._room.since is not None:  # What was given back may have made room earlier.
                self._room.since = min(self._room.since, now + self._wait(self._room.amounts, now))

    def report(self) -> LimitsReport:
        """What became of all requests until now."""
        with self._lock:
            return self._tally.report(tuple(gauge.report() for gauge in self._gauges))

    def _moment(self) -> float:
        """Now, on a clock that never goes back."""
        self._now = max(self._now, self.limits.clock())
        return self._now

    def _standings(self, now: float) -> tuple[Standing, ...]:
        return tuple(gauge.standing(now) for gauge in self._gauges)

    def _wait(self, amounts: dict[Unit, int], now: float) -> float:
        return max((gauge.meter.fits_in(amounts[gauge.limit.unit], now) for gauge in self._gauges), default=0.0)

    def _denial(self, amounts: dict[Unit, int], now: float) -> Denial | None:
        waits = [(gauge.meter.fits_in(amounts[gauge.limit.unit], now), gauge) for gauge in self._gauges]
        wait, gauge = max(waits, key=lambda pair: pair[0], default=(0.0, None))
        if gauge is not None and wait > 0:
            used, asked = math.ceil(gauge.meter.used(now)), amounts[gauge.limit.unit]
            return Denial(now, gauge.limit, used, asked, wait, self._standings(now))
        if self.limits.concurrent is not None and self._in_flight >= self.limits.concurrent:
            return Denial(now, None, self._in_flight, 1, None, self._standings(now))
        return None


def _amounts(input_tokens: int, output_tokens: int) -> dict[Unit, int]:
    return {
        'requests': 1,
        'tokens': input_tokens + output_tokens,
        'input_tokens': input_tokens,
        'output_tokens': output_tokens,
    }
