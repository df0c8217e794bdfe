"""The secret of a store: by it whoever shares the store knows the notes of the others."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compactor.store.engine import Store

NAME = 'key'
BYTES = 32


def secret_of(store: Store) -> bytes:
    """The secret of a store, made when it is first asked for. Raises `StoreError` if the store cannot be used."""
    from sqlalchemy import insert, select

    from compactor.store.schema import secrets as table

    wanted = select(table.c.value).where(table.c.name == NAME)
    with store.read() as connection:
        found = connection.execute(wanted).scalar()
    if found is None:
        with store.write('secret') as connection:
            found = connection.execute(wanted).scalar()
            if found is None:
                found = secrets.token_hex(BYTES)
                connection.execute(insert(table).values(name=NAME, value=found))
    return str(found).encode()
