"""How providers count against a limit: three kinds of windows, with one interface.

Times are seconds on one clock that does not go back.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from compactor.testing.limits import Accounting

NEARLY = 1e-6
"""What a bucket may lack and still be full enough: the rounding of its refills."""


@dataclass(slots=True)
class Entry:
    """Something taken: when, and how much of it counts by now."""

    at: float
    amount: float


class Meter(Protocol):
    """Counts against a limit.

    `take` counts whether there is room or not, and `correct` may raise or lower what an entry took; both say nothing
    of limits, so that a meter can also count what nobody enforces.
    """

    amount: float
    seconds: float

    def used(self, now: float) -> float:
        """What counts now; above the amount if more was taken than there is."""

    def take(self, amount: float, now: float) -> Entry:
        """Takes an amount."""

    def correct(self, entry: Entry, amount: float, now: float) -> None:
        """Makes an entry count for another amount, as far as it counts still."""

    def fits_in(self, amount: float, now: float) -> float:
        """Seconds until there is room for an amount, 0 for now; infinite if it is more than there ever is."""

    def resets_in(self, now: float) -> float:
        """Seconds until all is there again if nothing more is taken."""


class Rolling:
    """Counts what was taken in the seconds before each moment. An entry leaves when it is as old as the window."""

    def __init__(self, amount: float, seconds: float) -> None:
        self.amount = amount
        self.seconds = seconds
        self._entries: deque[Entry] = deque()
        self._sum = 0.0

    def used(self, now: float) -> float:
        """See `Meter`."""
        while self._entries and self._left(self._entries[0], now) <= 0:
            self._sum -= self._entries.popleft().amount
        return self._sum

    def take(self, amount: float, now: float) -> Entry:
        """See `Meter`."""
        self.used(now)
        entry = Entry(now, amount)
        self._entries.append(entry)
        self._sum += amount
        return entry

    def correct(self, entry: Entry, amount: float, now: float) -> None:
        """See `Meter`."""
        self.used(now)
        if self._left(entry, now) > 0:
            self._sum += amount - entry.amount
        entry.amount = amount

    def fits_in(self, amount: float, now: float) -> float:
        """See `Meter`."""
        if amount > self.amount:
            return math.inf
        missing = self.used(now) + amount - self.amount
        wait = 0.0
        for entry in self._entries:
            if missing <= 0:
                break
            missing -= entry.amount
            wait = self._left(entry, now)
        return wait

    def resets_in(self, now: float) -> float:
        """See `Meter`."""
        self.used(now)
        return self._left(self._entries[-1], now) if self._entries else 0.0

    def _left(self, entry: Entry, now: float) -> float:
        return entry.at + self.seconds - now


class Calendar:
    """Counts from each whole multiple of the window's seconds to the next, then from nothing again."""

    def __init__(self, amount: float, seconds: float) -> None:
        self.amount = amount
        self.seconds = seconds
        self._window = -math.inf
        self._sum = 0.0

    def used(self, now: float) -> float:
        """See `Meter`."""
        if now // self.seconds > self._window:
            self._window = now // self.seconds
            self._sum = 0.0
        return self._sum

    def take(self, amount: float, now: float) -> Entry:
        """See `Meter`."""
        self.used(now)
        self._sum += amount
        return Entry(now, amount)

    def correct(self, entry: Entry, amount: float, now: float) -> None:
        """See `Meter`."""
        self.used(now)
        if entry.at // self.seconds == self._window:
            self._sum += amount - entry.amount
        entry.amount = amount

    def fits_in(self, amount: float, now: float) -> float:
        """See `Meter`."""
        if amount > self.amount:
            return math.inf
        return self.resets_in(now) if self.used(now) + amount > self.amount else 0.0

    def resets_in(self, now: float) -> float:
        """See `Meter`."""
        return (now // self.seconds + 1) * self.seconds - now


class Bucket:
    """Holds the amount of a window, is taken from, and refills evenly, as much as it holds in a window.

    In a window's time up to twice its amount can so be taken: a full bucket, and what flows in meanwhile.
    """

    def __init__(self, amount: float, seconds: float) -> None:
        self.amount = amount
        self.seconds = seconds
        self._taken = 0.0
        self._at = -math.inf

    def used(self, now: float) -> float:
        """See `Meter`."""
        if now > self._at:
            self._taken = max(0.0, self._taken - (now - self._at) * self.amount / self.seconds)
            self._at = now
        return self._taken

    def take(self, amount: float, now: float) -> Entry:
        """See `Meter`."""
        self._taken = self.used(now) + amount
        return Entry(now, amount)

    def correct(self, entry: Entry, amount: float, now: float) -> None:
        """See `Meter`."""
        self._taken = max(0.0, self.used(now) + amount - entry.amount)
        entry.amount = amount

    def fits_in(self, amount: float, now: float) -> float:
        """See `Meter`."""
        if amount > self.amount:
            return math.inf
        missing = self.used(now) + amount - self.amount
        return missing * self.seconds / self.amount if missing > NEARLY else 0.0

    def resets_in(self, now: float) -> float:
        """See `Meter`."""
        return self.used(now) * self.seconds / self.amount


METERS: Mapping[Accounting, type[Rolling] | type[Calendar] | type[Bucket]] = {
    'rolling': Rolling,
    'calendar': Calendar,
    'bucket': Bucket,
}
"""The meter of each kind of accounting."""
