"""One model's windows: what requests take, what is set aside for those in flight, what remains, and how that stands.

A request counts from the moment it is let in, first with the most that it may take, later with what it took: the
correction is written at the moment it was let in. So one sum holds what is used and what is reserved, and letting in is
one step that no other process can come between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from compactor.capacity.counts import Counts
from compactor.capacity.forecast import fits_in, runs_out_in
from compactor.capacity.limits import Known, Limit, LimitTable
from compactor.capacity.room import room
from compactor.capacity.units import Unit
from compactor.errors import ConfigError

LONGEST_NAME = 150
"""Characters of a model's name in a key, of the 200 that a store's key has."""
LATE = 0.5
"""Seconds after its admission from which a request counts from when it was sent; below that a bucket levels it out."""
ALWAYS: tuple[Unit, ...] = ('tokens', 'requests')
"""Units that are counted before any limit of them is known."""


class Status(StrEnum):
    """How a model stands, from best to worst."""

    NORMAL = 'normal'
    APPROACHING = 'approaching'
    LOW = 'low'
    EXHAUSTED = 'exhausted'
    COOLDOWN = 'cooldown'


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Shares of a limit from which a status holds.

    Raises:
        ConfigError: they do not rise, or are no shares.
    """

    approaching: float = 0.5
    low: float = 0.8
    exhausted: float = 0.95

    def __post_init__(self) -> None:
        if not 0 < self.approaching < self.low < self.exhausted <= 1:
            raise ConfigError(
                'thresholds are shares of a limit that rise: approaching < low < exhausted <= 1, not'
                f' {self.approaching}, {self.low}, {self.exhausted}'
            )

    def status(self, share: float) -> Status:
        """The status at a share of a limit."""
        if share >= self.exhausted:
            return Status.EXHAUSTED
        if share >= self.low:
            return Status.LOW
        return Status.APPROACHING if share >= self.approaching else Status.NORMAL


DEFAULT = Thresholds()


@dataclass(frozen=True, slots=True)
class Taking:
    """What a request takes, or may take at most, as the provider counts it (some leave out what a cache held)."""

    input_tokens: int = 0
    output_tokens: int = 0
    requests: int = 1

    def of(self, unit: Unit) -> int:
        """How much of a unit."""
        if unit == 'tokens':
            return self.input_tokens + self.output_tokens
        return {'requests': self.requests, 'input_tokens': self.input_tokens, 'output_tokens': self.output_tokens}[unit]


NO_TAKING = Taking(requests=0)


@dataclass(frozen=True, slots=True)
class Reservation:
    """What was set aside for a request: by whom, when, and under which keys, each with its unit."""

    model: str
    at: float
    taking: Taking
    keys: Mapping[tuple[str, str], Unit]


@dataclass(frozen=True, slots=True)
class WindowState:
    """How a window stands.

    Attributes:
        model: whose it is.
        limit: what limits it.
        used: what requests that are done took, of those that were counted here.
        reserved: what is set aside for those in flight.
        taken: what is gone: `used + reserved`, or more where the provider says so, as others may take of it too.
        status: how that stands.
        resets_at: when all is given back, in seconds since 1970; None for a rolling window whose provider has not said.
    """

    model: str
    limit: Limit
    used: int
    reserved: int
    taken: int
    status: Status
    resets_at: float | None

    @property
    def remaining(self) -> int:
        """What may still be taken; never below 0."""
        return max(0, self.limit.amount - self.taken)

    @property
    def share(self) -> float:
        """Which share of the limit is gone; above 1 where more was taken than allowed."""
        return self.taken / self.limit.amount

    @property
    def pct(self) -> float:
        """The share in percent."""
        return 100 * self.share


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands.

    Attributes:
        model: its name.
        status: that of its fullest window, or COOLDOWN.
        cooldown: seconds of its pause that are left; 0 for none.
        windows: the fullest first.
        runs_out_in: seconds until one of them is full at the present rate; None if none will be.
    """

    model: str
    status: Status
    cooldown: float
    windows: tuple[WindowState, ...]
    runs_out_in: float | None


class Windows:
    """The windows of all models, over a table of limits and a counter.

    Args:
        table: the limits.
        counts: what counts; its errors pass through.
        thresholds: from which shares a status holds.
    """

    def __init__(self, table: LimitTable, counts: Counts, thresholds: Thresholds = DEFAULT) -> None:
        self.table = table
        self.counts = counts
        self.thresholds = thresholds

    def admit(self, model: str, taking: Taking, now: float) -> Reservation | None:
        """Sets aside what a request may take at most, if every window has room for it; None if one has not.

        Of many at once, by any number of processes on one counter, as many get in as there is room for.
        """
        known = self.table.known(model, now)
        keys = _keys(model, known)
        checks = [(key, one.limit.elapsed(now), room(self.counts, key, one, now)) for key, one in _keyed(model, known)]
        amounts = {key: taking.of(unit) for pair, unit in keys.items() for key in pair}
        if self.counts.check_and_record(checks, amounts, now):
            return None
        return Reservation(model, now, taking, keys)

    def settle(self, reservation: Reservation, taken: Taking = NO_TAKING, sent_at: float | None = None) -> None:
        """Puts what a request took in place of what was set aside for it; by default nothing, as of a refused one.

        Args:
            reservation: what was set aside.
            taken: what it took.
            sent_at: when it was really sent, if that was known only later: a provider counts it from then on, and a
                request that was on its way for long would else leave our window before it leaves the provider's.
        """
        late = sent_at is not None and sent_at - reservation.at >= LATE
        at = sent_at if late and sent_at is not None else reservation.at
        changes: list[tuple[str, int, float]] = []
        for (key, held), unit in reservation.keys.items():
            reserved = reservation.taking.of(unit)
            changes += [(key, -reserved, reservation.at), (key, taken.of(unit), at), (held, -reserved, reservation.at)]
        self._add(changes)

    def record(self, model: str, taken: Taking, now: float) -> None:
        """Counts a request for which nothing was set aside, whether there was room or not."""
        keys = _keys(model, self.table.known(model, now))
        self._add([(key, taken.of(unit), now) for (key, _), unit in keys.items()])

    def _add(self, changes: Iterable[tuple[str, int, float]]) -> None:
        """Records all changes in one step: a store is asked once."""
        sums: dict[tuple[str, float], int] = {}
        for key, amount, at in changes:
            sums[key, at] = sums.get((key, at), 0) + amount
        found = [(key, amount, at) for (key, at), amount in sums.items() if amount]
        if found:
            self.counts.record_many(found)

    def states(self, model: str, now: float) -> tuple[WindowState, ...]:
        """How each window of a model stands, the fullest first."""
        states = [self._state(model, known, now) for known in self.table.known(model, now)]
        return tuple(sorted(states, key=lambda state: -state.share))

    def runs_out_in(self, model: str, now: float) -> float | None:
        """Seconds until a window of the model is full if requests go on at the present rate; None if none will be."""
        known = self.table.known(model, now)
        times = (runs_out_in(self.counts, key, one, now) for key, one in _keyed(model, known))
        return min((seconds for seconds in times if seconds is not None), default=None)

    def wait(self, model: str, taking: Taking, now: float, bound: float) -> float | None:
        """Seconds until every window has room for a request, 0 for now; None if that is longer than `bound`, or never.

        Nothing is set aside: others may take the room while one waits for it.
        """
        longest = 0.0
        for key, known in _keyed(model, self.table.known(model, now)):
            seconds = fits_in(self.counts, key, known, now, taking.of(known.limit.unit), bound)
            if seconds is None:
                return None
            longest = max(longest, seconds)
        return longest

    def _state(self, model: str, known: Known, now: float) -> WindowState:
        limit = known.limit
        window = limit.elapsed(now)
        key = _key('taken', limit, model)
        taken, held = self.counts.totals([(key, window), (_key('held', limit, model), window)], now)
        taken = max(0, taken)
        reserved = min(taken, max(0, held))
        gone = taken + limit.amount - room(self.counts, key, known, now)
        resets_at = limit.ends(now) or known.resets_at
        status = self.thresholds.status(gone / limit.amount)
        return WindowState(model, limit, taken - reserved, reserved, gone, status, resets_at)


def status_of(states: Iterable[WindowState], cooling: bool = False) -> Status:
    """How a model stands: as its fullest window, unless it is cooling down after a refusal."""
    order = list(Status)
    return Status.COOLDOWN if cooling else max((state.status for state in states), key=order.index, default=order[0])


def _keyed(model: str, known: Iterable[Known]) -> list[tuple[str, Known]]:
    return [(_key('taken', one.limit, model), one) for one in known]


def _keys(model: str, known: Iterable[Known]) -> dict[tuple[str, str], Unit]:
    """The keys that a request counts under, of what was taken and of what is held, each with its unit."""
    keys = {(f'taken/{unit}/{_short(model)}', f'held/{unit}/{_short(model)}'): unit for unit in ALWAYS}
    return keys | {(_key('taken', one.limit, model), _key('held', one.limit, model)): one.limit.unit for one in known}


def _key(kind: str, limit: Limit, model: str) -> str:
    account = f'all/{_short(limit.model)}' if limit.shared else _short(model)
    return f'{kind}/{limit.unit}/{account}'


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f'{name[: LONGEST_NAME - 33]}-{hashlib.sha256(name.encode()).hexdigest()[:32]}'
