"""Budgets that were set from outside a program and hold for every process on the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from compactor.errors import StoreError
from compactor.ledger.budget import Budget
from compactor.store.tenants import of_tenant

if TYPE_CHECKING:
    from compactor.store.engine import Store

LONGEST = 100
"""Characters of a name in the table."""


def set_budget(store: Store, budget: Budget, now: float) -> None:
    """Keeps a budget; one of the same name is replaced, what is spent stays spent.

    Raises:
        StoreError: the store cannot be used.
    """
    from sqlalchemy import delete, insert

    from compactor.store.schema import limits

    name = store.owned(budget.name, LONGEST)
    with store.write(f'limit/{name}') as connection:
        connection.execute(delete(limits).where(limits.c.name == name))
        row = {'name': name, 'definition': budget.model_dump_json(exclude_defaults=True), 'changed': now}
        connection.execute(insert(limits), row)


def all_budgets(store: Store) -> list[Budget]:
    """All budgets that are kept for the tenant of a store, by name.

    Raises:
        StoreError: the store cannot be used, or holds a budget that this version cannot read.
    """
    found, unreadable = readable_budgets(store)
    for why in unreadable.values():
        raise StoreError(f'the store {store.shown} holds a budget that cannot be read: {why}; set it again')
    return found


def readable_budgets(store: Store) -> tuple[list[Budget], dict[str, str]]:
    """The budgets that this version can read; and by name why it cannot read others, which a newer one may have set.

    Raises:
        StoreError: the store cannot be used.
    """
    from sqlalchemy import select

    from compactor.store.schema import limits

    with store.read() as connection:
        rows = connection.execute(select(limits.c.name, limits.c.definition).order_by(limits.c.name)).all()
    found: list[Budget] = []
    unreadable: dict[str, str] = {}
    for name, definition in rows:
        if not of_tenant(name, store.tenant):
            continue
        try:
            found.append(Budget(**json.loads(definition)))
        except (ValueError, TypeError) as error:
            unreadable[name.rpartition('/')[2] if store.tenant else name] = str(error)
    return sorted(found, key=lambda budget: budget.name), unreadable


def remove_budget(store: Store, name: str) -> bool:
    """Forgets a budget; whether there was one.

    Raises:
        StoreError: the store cannot be used.
    """
    from sqlalchemy import delete

    from compactor.store.schema import limits

    name = store.owned(name, LONGEST)
    with store.write(f'limit/{name}') as connection:
        return connection.execute(delete(limits).where(limits.c.name == name)).rowcount > 0
