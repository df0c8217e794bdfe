"""Calendar periods: which hour, day or month of a time zone a moment falls into.

Periods follow each other without a gap and without overlap, however clocks are put forward or back: a day in spring
has 23 hours, one in autumn 25.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from compactor.errors import ConfigError

PeriodName = Literal['minute', 'hour', 'day', 'week', 'month', 'year']
"""How long a period lasts. Weeks begin on Monday; minutes and hours are those of UTC, in any time zone."""

PERIODS: tuple[str, ...] = get_args(PeriodName)
FIXED = {'minute': 60, 'hour': 3_600}
"""Seconds of the periods that always last equally long."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time.

    Attributes:
        start: its first second, since 1970.
        end: the first second of the next one.
    """

    start: int
    end: int

    @property
    def seconds(self) -> int:
        """How long it lasts."""
        return self.end - self.start


def period_at(now: float, period: PeriodName, time_zone: str = 'UTC') -> Period:
    """The period that a moment falls into: `start <= now < end`.

    Args:
        now: seconds since 1970.
        period: see `PeriodName`.
        time_zone: its name in the IANA database, such as 'Europe/Berlin'.

    Raises:
        ConfigError: there is no such period or time zone.
    """
    if period in FIXED:
        start = int(now // FIXED[period]) * FIXED[period]
        return Period(start, start + FIXED[period])
    if period not in PERIODS:
        raise ConfigError(f'a period is one of {", ".join(PERIODS)}, not {period!r}')
    zone = zone_of(time_zone)
    first = _first_day(datetime.fromtimestamp(now, zone).replace(tzinfo=None), period)
    start, end = _instant(first, zone), _instant(_next(first, period), zone)
    # Where clocks go back over midnight, an hour of the day before comes again after the new day has begun; and a
    # country that changed sides of the date line has a day that never was.
    while now >= end:
        first = _next(first, period)
        start, end = end, _instant(_next(first, period), zone)
    return Period(start, end)


def zone_of(name: str) -> tzinfo:
    """A time zone by its name.

    Raises:
        ConfigError: there is none of this name.
    """
    if name.upper() == 'UTC':
        return UTC  # needs no database, which Windows does not have
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ConfigError(
            f"unknown time zone {name!r}: take a name such as 'UTC' or 'Europe/Berlin' (on Windows: pip install tzdata)"
        ) from None


def _first_day(moment: datetime, period: str) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if period == 'week':
        return day - timedelta(days=day.weekday())
    if period == 'month':
        return day.replace(day=1)
    return day.replace(month=1, day=1) if period == 'year' else day


def _next(first: datetime, period: str) -> datetime:
    if period == 'day':
        return first + timedelta(days=1)
    if period == 'week':
        return first + timedelta(days=7)
    months = first.month if period == 'month' else 12
    return first.replace(year=first.year + months // 12, month=months % 12 + 1)


def _instant(day: datetime, zone: tzinfo) -> int:
    """When a day begins; where clocks skip midnight, the moment they do."""
    return int(day.replace(tzinfo=zone).timestamp())
