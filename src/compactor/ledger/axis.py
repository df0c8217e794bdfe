"""Figures along the time: by the hours, days, weeks and months of a time zone, or by conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from compactor.errors import ConfigError
from compactor.ledger.figures import Figures, added
from compactor.ledger.periods import PeriodName, period_at, zone_of
from compactor.ledger.summary import figures_json

Step = Literal['hour', 'day', 'week', 'month', 'session']
"""What figures are summed up by; a session is a conversation."""

STEPS: tuple[str, ...] = get_args(Step)
QUARTER = 900
"""Seconds of the smallest stretch that a period of any time zone is made of."""
FORMS = {'hour': '%Y-%m-%d %H:%M', 'day': '%Y-%m-%d', 'week': '%G-W%V', 'month': '%Y-%m', 'session': '%Y-%m-%d %H:%M'}
"""How the beginning of each is written."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What happened in one hour, day, week, month or conversation.

    Attributes:
        name: such as '2026-11-02 10:00', '2026-11-02', '2026-W45', '2026-11'; of a session its conversation.
        start: its first second, since 1970; of a session when its first request was sent.
        end: the first second of the next; of a session when its last answer had come.
        figures: what happened.
    """

    name: str
    start: float
    end: float
    figures: Figures

    def to_json(self) -> dict[str, Any]:
        """The attributes, the figures under the names that scripts read."""
        return {'name': self.name, 'start': self.start, 'end': self.end, **figures_json(self.figures)}


def step_of(name: str) -> Step:
    """A step by its name. Raises `ConfigError` if there is none."""
    if name not in STEPS:
        raise ConfigError(f'figures are summed up by {", ".join(STEPS)}, not {name!r}')
    return cast('Step', name)


def stretches(parts: Iterable[tuple[float, Figures]], step: Step, time_zone: str) -> tuple[Stretch, ...]:
    """Sums of parts by period, in order; periods in which nothing happened are left out.

    Args:
        parts: when each begins, and what it is; none goes beyond a quarter of an hour.
        step: the period.
        time_zone: whose periods.
    """
    return tuple(_summed(sorted(parts, key=lambda part: part[0]), step, time_zone))


def _summed(parts: list[tuple[float, Figures]], step: Step, time_zone: str) -> Iterator[Stretch]:
    zone = zone_of(time_zone)
    at = 0
    while at < len(parts):
        period = period_at(parts[at][0], cast('PeriodName', step), time_zone)
        last = at
        while last < len(parts) and parts[last][0] < period.end:
            last += 1
        name = datetime.fromtimestamp(period.start, zone).strftime(FORMS[step])
        yield Stretch(name, period.start, period.end, added(figures for _, figures in parts[at:last]))
        at = last
