"""What was taken, added up over time: the interface of a counter, and one in memory.

`store.buckets.Buckets` has the same methods, for counts that processes share.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.locks import new_lock

WIDTHS = (1, 10, 60, 600, 3_600, 21_600)
"""Seconds of the buckets. A window is summed over the widest that divide it into 60 at least."""
FINENESS = 60
"""Buckets that a window is divided into, at least."""
LONGEST = 366 * 86_400
"""Seconds of the longest window."""
MOST = {
    width: wider * FINENESS // width + 2
    for width, wider in zip(WIDTHS, (*WIDTHS[1:], LONGEST // FINENESS), strict=True)
}
"""Buckets of each width that a window may reach into; only the newest are held."""
MAX_KEYS = 1_024
"""Keys that are counted in memory; the one not written to for longest goes first. A model has four or more."""


class FullWindow(Protocol):
    """A window without room."""

    @property
    def key(self) -> str:
        """What is counted."""

    @property
    def window(self) -> float:
        """Its length in seconds."""

    @property
    def limit(self) -> int:
        """What it allows."""

    @property
    def used(self) -> int:
        """What is in it."""


class Counts(Protocol):
    """Counts over time, by key. Times are seconds since 1970."""

    def record(self, key: str, amount: int, now: float) -> None:
        """Adds to a key; a negative amount takes back what was recorded at the same moment."""

    def total(self, key: str, window_seconds: float, now: float) -> int:
        """What was recorded in the window that ends now: all of it, and of what came before no more than a bucket."""

    def record_many(self, changes: Sequence[tuple[str, int, float]]) -> None:
        """Records each (key, amount, moment) as `record` does, at once."""

    def totals(self, windows: Sequence[tuple[str, float]], now: float) -> Sequence[int]:
        """The `total` of each (key, seconds of its window), at once."""

    def check_and_record(
        self, limits: Sequence[tuple[str, float, int]], amount: Mapping[str, int], now: float
    ) -> Sequence[FullWindow]:
        """Records all amounts if each (key, seconds of its window, limit) has room for its key's, at once.

        Without limits all amounts are recorded.

        Returns:
            The windows without room, in which case nothing is recorded; empty if it was.
        """


@dataclass(frozen=True, slots=True)
class Full:
    """See `FullWindow`."""

    key: str
    window: float
    limit: int
    used: int


class MemoryCounts:
    """Counts of this process, in bounded memory; may be shared by threads.

    Args:
        max_keys: how many keys it holds.
    """

    def __init__(self, max_keys: int = MAX_KEYS) -> None:
        self._keys = Bounded[str, tuple[dict[int, int], ...]](max_keys)
        self._lock = new_lock()

    def record(self, key: str, amount: int, now: float) -> None:
        """See `Counts`."""
        with self._lock:
            self._add(key, amount, now)

    def total(self, key: str, window_seconds: float, now: float) -> int:
        """See `Counts`.

        Raises:
            ConfigError: the window is longer than a year, or not longer than nothing.
        """
        with self._lock:
            return self._sum(key, window_seconds, now)

    def record_many(self, changes: Sequence[tuple[str, int, float]]) -> None:
        """See `Counts`."""
        with self._lock:
            for key, amount, at in changes:
                self._add(key, amount, at)

    def totals(self, windows: Sequence[tuple[str, float]], now: float) -> list[int]:
        """See `Counts`.

        Raises:
            ConfigError: a window is longer than a year, or not longer than nothing.
        """
        with self._lock:
            return [self._sum(key, window, now) for key, window in windows]

    def check_and_record(
        self, limits: Sequence[tuple[str, float, int]], amount: Mapping[str, int], now: float
    ) -> tuple[Full, ...]:
        """See `Counts`.

        Raises:
            ConfigError: the window is longer than a year, or not longer than nothing.
        """
        with self._lock:
            sums = [self._sum(key, window, now) for key, window, _ in limits]
            full = tuple(
                Full(key, window, limit, used)
                for (key, window, limit), used in zip(limits, sums, strict=True)
                if used + amount.get(key, 0) > limit
            )
            if not full:
                for key, much in amount.items():
                    self._add(key, much, now)
            return full

    def _add(self, key: str, amount: int, now: float) -> None:
        buckets = self._keys.of(key, lambda: tuple({} for _ in WIDTHS))
        for width, held in zip(WIDTHS, buckets, strict=True):
            start = int(now // width) * width
            held[start] = held.get(start, 0) + amount
            if len(held) > MOST[width]:
                del held[min(held)]

    def _sum(self, key: str, window: float, now: float) -> int:
        if not 0 < window <= LONGEST:
            raise ConfigError(f'a window lasts up to {LONGEST:,} seconds (a year), not {window:g}')
        buckets = self._keys.get(key)
        if buckets is None:
            return 0
        index = max((i for i, width in enumerate(WIDTHS) if width * FINENESS <= window), default=0)
        before = math.floor(now - window - WIDTHS[index])
        return sum(amount for start, amount in buckets[index].items() if start > before)
