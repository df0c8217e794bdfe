"""How far a budget is burnt down, and whether it lasts to the end of its period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from compactor.ledger.budget import Usage

Level = Literal['calm', 'warm', 'hot', 'critical']
"""How near a budget is to its end."""
LEVELS: tuple[tuple[float, Level], ...] = ((0.70, 'warm'), (0.90, 'hot'), (0.95, 'critical'))
"""From which share of its limit on a budget is on a level; below the first it is calm. The shares are those at which
subscriptions of assistants are commonly told to slow down."""


@dataclass(frozen=True, slots=True)
class Burn:
    """How a budget stands, and where it goes.

    Attributes:
        usage: what is spent, set aside and allowed.
        share: what is spent and set aside, as a share of the limit.
        level: see `LEVELS`.
        projected: the share that the whole period would take at the pace so far; None in its first twentieth, in which
            a pace says nothing.
    """

    usage: Usage
    share: float
    level: Level
    projected: float | None

    def to_json(self) -> dict[str, Any]:
        """What a page or a script shows of it."""
        budget = self.usage.budget
        return {
            'name': budget.name,
            'unit': budget.unit,
            'period': budget.period,
            'agent': budget.agent,
            'model': budget.model,
            'limit': self.usage.limit,
            'used': self.usage.used,
            'reserved': self.usage.reserved,
            'remaining': self.usage.remaining,
            'share': self.share,
            'level': self.level,
            'projected': self.projected,
            'resets': self.usage.resets,
        }


def level_of(share: float) -> Level:
    """The level of a share of a budget."""
    reached: Level = 'calm'
    for edge, level in LEVELS:
        if share >= edge:
            reached = level
    return reached


def burn_of(usage: Usage, now: float) -> Burn:
    """How a budget burns down.

    Args:
        usage: how it stands.
        now: seconds since 1970.
    """
    share = float((usage.used + usage.reserved) / usage.limit) if usage.limit else 1.0
    gone = (now - usage.period.start) / usage.period.seconds
    projected = share / min(1.0, gone) if gone >= 0.05 else None
    return Burn(usage, share, level_of(share), projected)
