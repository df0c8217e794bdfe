"""Pauses of models in a store: what one process was told by a provider, all of them keep to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from compactor.capacity.cooldown import Cooling

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from compactor.store.engine import Store

LONGEST = 200
"""Characters of a name in the table; a longer one is kept by its hash."""


class StoreStates:
    """See `capacity.cooldown.CooldownStates`; may be shared by threads.

    Args:
        store: where pauses are kept.

    Raises:
        StoreError: (from every method) the store cannot be used.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    def read(self, model: str) -> Cooling | None:
        """How a model stands; None if it did not refuse."""
        with self.store.read() as connection:
            return _found(connection, self._key(model))

    def change(self, model: str, how: Callable[[Cooling | None], Cooling | None]) -> Cooling | None:
        """Replaces a state by what `how` makes of it, with nobody in between; returns the new one."""
        from sqlalchemy import delete, insert

        from compactor.store.schema import cooldowns

        key = self._key(model)
        with self.store.write(f'cooldown/{key}') as connection:
            before = _found(connection, key)
            new = how(before)
            if new == before:
                return new
            connection.execute(delete(cooldowns).where(cooldowns.c.model == key))
            if new is not None:
                row = {'model': key, 'until': new.until, 'failures': new.failures, 'since': new.since}
                connection.execute(insert(cooldowns).values(row))
            return new

    def _key(self, model: str) -> str:
        """A model's name as it stands in the table, for the tenant of the store."""
        name = model if len(model) <= LONGEST else hashlib.sha256(model.encode()).hexdigest()
        return self.store.owned(name, LONGEST)


def _found(connection: Connection, key: str) -> Cooling | None:
    from sqlalchemy import select

    from compactor.store.schema import cooldowns

    columns = (cooldowns.c.failures, cooldowns.c.since, cooldowns.c.until)
    row = connection.execute(select(*columns).where(cooldowns.c.model == key)).first()
    return None if row is None else Cooling(row.failures, row.until if row.since is None else row.since, row.until)
