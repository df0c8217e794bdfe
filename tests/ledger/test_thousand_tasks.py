"""What a thousand tasks cost, and what they do not save: the sums that one of the sources got wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from compactor.ledger.figures import counted
from compactor.ledger.prices import Prices
from compactor.ledger.savings import savings
from tests.ledger.entries import NOW, entry

PRICES = Prices.of({'plan': {'input': '2.50', 'output': 8}}, bundled=False)


def cost(sent: int, received: int) -> Decimal:
    """Dollars of a request."""
    found = PRICES.of_tokens('plan', '', at=NOW, input_tokens=sent, output_tokens=received)
    assert found is not None
    return found


@pytest.mark.parametrize(('sent', 'received', 'dollars'), [(400, 0, '1'), (0, 200, '1.6'), (400, 200, '2.6')])
def test_a_thousand_tasks_cost_a_thousand_times_one(sent: int, received: int, dollars: str) -> None:
    """400 tokens at $2.50 a million are a dollar in a thousand tasks, not ten cents, and 200 at $8 are $1.60."""
    assert 1_000 * cost(sent, received) == Decimal(dollars)
    assert cost(1_000 * sent, 1_000 * received) == Decimal(dollars)


def test_a_plan_that_costs_more_saves_less_than_nothing() -> None:
    """$109.35 before and $320 after are a loss of $210.65."""
    spared = entry(model='plan', provider='', cost='109.35', saved_by_compaction=0)
    spent = entry(model='plan', provider='', kind='summary', cost='210.65')
    found = savings(counted([spared, spent]), PRICES)
    assert (found.cost, found.cost_saved) == (Decimal(320), Decimal('-210.65'))
