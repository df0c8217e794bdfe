"""The budgets that hold on a store, and how each burns down."""

from __future__ import annotations

from collections.abc import Iterable

from compactor.ledger.budget import Budget
from compactor.ledger.burn import Burn, burn_of
from compactor.store.engine import Store


def burns(store: Store, own: Iterable[Budget] = ()) -> list[Burn]:
    """How budgets stand, the nearest to its end first.

    Args:
        store: where they are counted; those that were set there count unless one of `own` has their name.
        own: the budgets of a policy.

    Raises:
        StoreError: the store cannot be used.
    """
    from compactor.store.limits import readable_budgets
    from compactor.store.reservations import usages

    now = store.clock()
    first = tuple(own)
    names = {one.name for one in first}
    kept, _ = readable_budgets(store)
    found = usages(store, (*first, *(one for one in kept if one.name not in names)), now)
    return sorted((burn_of(one, now) for one in found), key=lambda one: (-one.share, one.usage.budget.name))
