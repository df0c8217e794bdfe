"""Limits of models: what a policy states, what responses tell, and the table in which both come together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from compactor.bounded import Bounded
from compactor.capacity.headers import Reading
from compactor.capacity.units import UNITS, Source, Unit, Window
from compactor.errors import ConfigError
from compactor.ledger.periods import period_at, zone_of
from compactor.locks import new_lock

ROLLING = {'minute': 60, 'hour': 3_600}
"""Seconds of the named windows that roll. What stays within a rolling minute also stays within a calendar minute, and
within a token bucket that fills up in a minute, so nothing need be known about how a provider counts."""
DAY = 86_400
LONGEST = 366 * DAY
"""Seconds of the longest window that is counted."""
NOTHING = 1e-9
"""Seconds of a window that has just begun: windows are longer than nothing; it is lost beside a time since 1970."""
STALE_SECONDS = 120.0
"""Seconds after which a learned limit is forgotten, unless its reset is later: accounts are shared and plans change."""
MAX_MODELS = 256
"""Models of which a table remembers what it learned; the one heard of least recently goes first."""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of a unit a model gives in a window.

    Attributes:
        model: the models it holds for, as a pattern over 'model' or 'provider:model' (`*` any text, case ignored).
        unit: what is counted.
        window: for how long; seconds make a rolling window.
        amount: how much.
        source: who says so.
        time_zone: whose calendar day is meant; rolling windows have none.
        shared: whether the models that match share the amount, as those of one account may, or each has it.

    Raises:
        ConfigError: a field is none of what it may be.
    """

    model: str
    unit: Unit
    window: Window
    amount: int
    source: Source = 'policy'
    time_zone: str = 'UTC'
    shared: bool = False

    def __post_init__(self) -> None:
        if self.unit not in UNITS:
            raise ConfigError(f'the unit of a limit is one of {", ".join(UNITS)}, not {self.unit!r}')
        if self.amount <= 0:
            raise ConfigError(f'the amount of a limit is positive, not {self.amount!r}')
        named = self.window == 'day' or self.window in ROLLING
        if not named and not (isinstance(self.window, int) and 0 < self.window <= LONGEST):
            raise ConfigError(
                f'a window is minute, hour, day, or 1 to {LONGEST:,} whole seconds (a year), not {self.window!r}'
            )
        zone_of(self.time_zone)

    @property
    def calendar(self) -> bool:
        """Whether it holds for a calendar day, all of which is given back at once."""
        return self.window == 'day'

    @property
    def seconds(self) -> int:
        """How long its window lasts; a day of 24 hours, although the calendar has others."""
        return self.window if isinstance(self.window, int) else ROLLING.get(self.window, DAY)

    @property
    def slot(self) -> tuple[Unit, Window]:
        """What it limits: of one model, only one limit of a slot is in force. A minute is the same as 60 seconds."""
        return _slot(self.unit, self.window)

    def covers(self, model: str) -> bool:
        """Whether it holds for a model, called 'model' or 'provider:model'."""
        name, pattern = model.lower(), self.model.lower()
        return fnmatchcase(name, pattern) or fnmatchcase(name.partition(':')[2], pattern)

    def elapsed(self, now: float) -> float:
        """Seconds of the window that lie behind `now`; above 0."""
        if not self.calendar:
            return float(self.seconds)
        return max(now - period_at(now, 'day', self.time_zone).start, NOTHING)

    def ends(self, now: float) -> float | None:
        """When all is given back, in seconds since 1970; None for a rolling window, which gives back bit by bit."""
        return float(period_at(now, 'day', self.time_zone).end) if self.calendar else None


@dataclass(frozen=True, slots=True)
class Known:
    """A limit in force for one model.

    Attributes:
        limit: what it is; where both policy and responses name one, the smaller amount.
        told: what the provider said was left; None if it said nothing, or a while ago.
        told_at: when it said so, in seconds since 1970.
        resets_at: when it gives all back by its own word; None if it has not said.
    """

    limit: Limit
    told: int | None = None
    told_at: float = 0.0
    resets_at: float | None = None

    def since(self, now: float) -> float:
        """Seconds since the provider said what was left; above 0."""
        return max(now - self.told_at, NOTHING)

    @property
    def told_until(self) -> float:
        """Until when what it said counts: its reset, else the length of the window, but not longer than it is fresh."""
        if self.resets_at is not None:
            return self.resets_at
        return self.told_at + min(self.limit.seconds, STALE_SECONDS)


class LimitTable:
    """Limits by model, from policy and from responses; may be shared by threads.

    Of policy, the first limit in order that covers a model decides, for each unit and window. Where a response names
    the same unit and window, the smaller amount counts, and the smaller remainder. Each response replaces the last.

    Args:
        limits: those of policy.
        stale_seconds: how long a learned limit is believed, unless its reset is later.
        max_models: of how many models it remembers what it learned.
    """

    def __init__(
        self, limits: Iterable[Limit] = (), *, stale_seconds: float = STALE_SECONDS, max_models: int = MAX_MODELS
    ) -> None:
        self.limits = tuple(limits)
        self.stale_seconds = stale_seconds
        self._learned = Bounded[str, dict[tuple[Unit, Window], Known]](max_models)
        self._lock = new_lock()

    def learn(self, model: str, readings: Sequence[Reading], now: float) -> None:
        """Takes in what a response of a model said.

        Args:
            model: its name, as 'provider:model' where the provider is known.
            readings: what `headers` made of the response.
            now: when the provider wrote it, in seconds since 1970: when its headers came. What is older than what is
                known already is left out.
        """
        if not readings:
            return
        with self._lock:
            slots = self._learned.of(model, dict)
            for reading in readings:
                known = _known(model, self._completed(model, reading), now, slots)
                if known is not None:
                    slots[known.limit.slot] = known

    def _completed(self, model: str, reading: Reading) -> Reading:
        """A reading with policy's amount where a refusal says only that nothing is left."""
        if reading.limit is not None or reading.remaining:
            return reading
        slot = _slot(reading.unit, reading.window)
        stated = next((limit.amount for limit in self.limits if limit.slot == slot and limit.covers(model)), None)
        return replace(reading, limit=stated)

    def known(self, model: str, now: float) -> tuple[Known, ...]:
        """The limits in force for a model, one for each unit and window."""
        found: dict[tuple[Unit, Window], Known] = {}
        for limit in self.limits:
            if limit.slot not in found and limit.covers(model):
                found[limit.slot] = Known(limit)
        with self._lock:
            learned = list(self._learned.get(model, {}).values())
        for known in learned:
            if now >= max(known.told_at + self.stale_seconds, known.resets_at or 0.0):
                continue
            if now >= known.told_until:
                known = replace(known, told=None, resets_at=None)
            stated = found.get(known.limit.slot)
            found[known.limit.slot] = known if stated is None else _merged(stated.limit, known)
        return tuple(found.values())


def _known(model: str, reading: Reading, now: float, slots: dict[tuple[Unit, Window], Known]) -> Known | None:
    """What a reading says; None if it says nothing new, or not how much there is altogether."""
    before = slots.get(_slot(reading.unit, reading.window))
    if before is not None and now < before.told_at:
        return None
    told, amount = reading.remaining, reading.limit
    if amount is None:
        amount = max(told or 0, before.limit.amount if before is not None else 0)
    if amount <= 0:
        return None
    if before is not None and now == before.told_at and before.told is not None:
        told = before.told if told is None else min(told, before.told)
    limit = Limit(_literal(model), reading.unit, reading.window, amount, reading.source)
    resets_at = None if reading.reset_seconds is None else now + reading.reset_seconds
    return Known(limit, None if told is None else min(told, amount), now, resets_at)


def _slot(unit: Unit, window: Window) -> tuple[Unit, Window]:
    return unit, 'day' if window == 'day' else ROLLING[window] if isinstance(window, str) else window


def _merged(stated: Limit, known: Known) -> Known:
    """A limit of policy and what was learned about the same: the smaller counts, in policy's calendar and account."""
    if known.limit.amount >= stated.amount:
        return replace(known, limit=stated)
    return replace(known, limit=replace(stated, amount=known.limit.amount, source=known.limit.source))


def _literal(name: str) -> str:
    """A pattern that matches a name only."""
    return ''.join(f'[{letter}]' if letter in '*?[' else letter for letter in name)
