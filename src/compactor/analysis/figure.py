"""A figure that says how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal['tokens', 'requests', 'share', 'ratio', 'count']


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its formula.

    Attributes:
        key: its name for scripts.
        name: its name for people.
        value: None where there is nothing to divide by.
        unit: what it counts; a share is of 1.
        formula: how it is made, in general.
        worked: the same with this report's numbers; '' where the formula is a plain sum.
        headline: it belongs to those that are read first.
    """

    key: str
    name: str
    value: int | float | None
    unit: Unit
    formula: str
    worked: str = ''
    headline: bool = False

    @property
    def shown(self) -> str:
        """The value for people."""
        return shown(self.value, self.unit)


def shown(value: float | None, unit: Unit = 'count') -> str:
    """A value for people: whole numbers in thousands, shares in percent, ratios with two places."""
    if value is None:
        return '-'
    if unit == 'share':
        return f'{value:.1%}'
    if unit == 'ratio':
        return f'{value:,.2f}'
    return f'{value:,.0f}'


def divided(above: float, below: float) -> float | None:
    """A quotient; None where there is nothing to divide by."""
    return above / below if below else None
