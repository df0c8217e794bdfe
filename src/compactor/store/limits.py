"""Budgets that were set from outside a program and hold for every process on the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from compactor.errors import StoreError
from compactor.ledger.budget import Budget

if TYPE_CHECKING:
    from compactor.store.engine import Store


def set_budget(store: Store, budget: Budget, now: float) -> None:
    """Keeps a budget; one of the same name is replaced, what is spent stays spent.

    Raises:
        StoreError: the store cannot be used.
    """
    from sqlalchemy import delete, insert

    from compactor.store.schema import limits

    with store.write(f'limit/{budget.name}') as connection:
        connection.execute(delete(limits).where(limits.c.name == budget.name))
        row = {'name': budget.name, 'definition': budget.model_dump_json(exclude_defaults=True), 'changed': now}
        connection.execute(insert(limits), row)


def all_budgets(store: Store) -> list[Budget]:
    """All budgets that are kept, by name.

    Raises:
        StoreError: the store cannot be used, or holds a budget that this version cannot read.
    """
    from sqlalchemy import select

    from compactor.store.schema import limits

    with store.read() as connection:
        rows = connection.execute(select(limits.c.name, limits.c.definition).order_by(limits.c.name)).all()
    try:
        return [Budget(**json.loads(definition)) for _, definition in rows]
    except (ValueError, TypeError) as error:
        raise StoreError(f'the store {store.shown} holds a budget that cannot be read: {error}; set it again') from None


def remove_budget(store: Store, name: str) -> bool:
    """Forgets a budget; whether there was one.

    Raises:
        StoreError: the store cannot be used.
    """
    from sqlalchemy import delete

    from compactor.store.schema import limits

    with store.write(f'limit/{name}') as connection:
        return connection.execute(delete(limits).where(limits.c.name == name)).rowcount > 0
