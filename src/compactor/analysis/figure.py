"""A figure that says how it was made."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from compactor.analysis.cells import MONEY
from compactor.ledger.prices import shown as dollars_shown

Unit = Literal['tokens', 'requests', 'share', 'ratio', 'count', 'usd']


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its formula.

    Attributes:
        key: its name for scripts.
        name: its name for people.
        value: None where there is nothing to divide by; money is exact.
        unit: what it counts; a share is of 1, money in dollars.
        formula: how it is made, in general.
        worked: the same with this report's numbers; '' where the formula is a plain sum.
        headline: it belongs to those that are read first.
    """

    key: str
    name: str
    value: int | float | Decimal | None
    unit: Unit
    formula: str
    worked: str = ''
    headline: bool = False

    @property
    def shown(self) -> str:
        """The value for people."""
        return shown(self.value, self.unit)


def shown(value: float | Decimal | None, unit: Unit = 'count') -> str:
    """A value for people: whole numbers in thousands, shares in percent, ratios with two places, money in dollars."""
    if value is None:
        return '-'
    if unit == 'usd':
        return dollars_shown(Decimal(value))
    if unit == 'share':
        return f'{value:.1%}'
    if unit == 'ratio':
        return f'{value:,.2f}'
    return f'{value:,.0f}'


def divided(above: float, below: float) -> float | None:
    """A quotient; None where there is nothing to divide by."""
    return above / below if below else None


def paid(amount: int | None) -> Decimal | None:
    """Dollars, exactly, from what a workspace adds up; None where no row says one."""
    return None if amount is None else Decimal(f'{amount}e-{MONEY}')
