"""Budgets that are set from outside a program."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import update

from compactor import StoreError
from compactor.ledger.budget import Budget, Use
from compactor.store.engine import Store
from compactor.store.limits import all_budgets, remove_budget, set_budget
from compactor.store.reservations import consume, usage
from compactor.store.schema import limits
from tests.store.conftest import START

MONEY = Budget(name='money', limit=Decimal('12.50'), unit='usd', period='month', time_zone='Europe/Berlin')
WEIGHTED = Budget(name='premium', limit=300, unit='requests', weights={'gpt*': Decimal('0.33'), '*': Decimal(1)})


def test_budgets_are_kept_as_they_were_set(store: Store) -> None:
    """With everything that belongs to them, by name."""
    assert all_budgets(store) == []
    for budget in (WEIGHTED, MONEY):
        set_budget(store, budget, START)
    assert all_budgets(store) == [MONEY, WEIGHTED]
    assert list(all_budgets(store)[1].weights) == ['gpt*', '*']


def test_a_budget_is_replaced_and_removed(store: Store) -> None:
    """By its name; what was spent under it stays."""
    set_budget(store, MONEY, START)
    consume(store, all_budgets(store), Use(usd=Decimal(1)), START)
    higher = MONEY.model_copy(update={'limit': Decimal(20)})
    set_budget(store, higher, START)
    (found,) = all_budgets(store)
    assert usage(store, found, START).remaining == 19
    assert remove_budget(store, 'money')
    assert not remove_budget(store, 'money')
    assert all_budgets(store) == []


def test_a_budget_that_cannot_be_read(store: Store) -> None:
    """Written by a newer version, say: it is named, and what to do."""
    set_budget(store, MONEY, START)
    with store.write('limit/money') as connection:
        connection.execute(update(limits).values(definition='{"name": "money", "limit": "1", "colour": "red"}'))
    with pytest.raises(StoreError, match=r"holds a budget that cannot be read: budget 'money': colour.*set it again"):
        all_budgets(store)
