"""How budgets burn down: levels at .70, .90 and .95, and where the pace leads."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.ledger.budget import Budget, Usage
from compactor.ledger.burn import LEVELS, burn_of, level_of
from compactor.ledger.periods import Period

DAY = Period(0, 86_400)


@pytest.mark.parametrize(
    ('share', 'level'),
    [(0, 'calm'), (0.699, 'calm'), (0.7, 'warm'), (0.89, 'warm'), (0.9, 'hot'), (0.95, 'critical'), (3, 'critical')],
)
def test_levels(share: float, level: str) -> None:
    """An edge belongs to the level above it."""
    assert level_of(share) == level


@pytest.mark.parametrize(
    ('used', 'reserved', 'now', 'share', 'projected'),
    [(50, 0, 43_200, 0.5, 1.0), (40, 20, 43_200, 0.6, 1.2), (5, 0, 60, 0.05, None), (50, 0, 86_400, 0.5, 0.5)],
)
def test_where_it_goes(used: int, reserved: int, now: float, share: float, projected: float | None) -> None:
    """What is set aside counts; the first minutes of a period say nothing."""
    burn = burn_of(Usage(Budget(name='b', limit=100), Decimal(used), Decimal(reserved), DAY), now)
    assert burn.share == pytest.approx(share)
    assert burn.projected == (None if projected is None else pytest.approx(projected))


def test_a_budget_of_nothing_is_gone() -> None:
    """Nothing may be spent of it."""
    assert burn_of(Usage(Budget(name='b', limit=0), Decimal(0), Decimal(0), DAY), 1.0).level == 'critical'


@given(st.floats(0, 2), st.floats(0, 2))
def test_more_is_never_calmer(one: float, other: float) -> None:
    """Levels follow the share."""
    order = ['calm', *(level for _, level in LEVELS)]
    low, high = sorted((one, other))
    assert order.index(level_of(low)) <= order.index(level_of(high))
