"""How a store came to be as it is: steps that are carried out once, in order, and never edited afterwards."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, MetaData, func, insert, inspect, select

from compactor.errors import StoreError
from compactor.store import cooldowns, hours, schema, views


def _first(connection: Connection) -> None:
    """All tables of the first version."""
    tables = [
        schema.entries,
        schema.buckets,
        schema.leases,
        schema.limits,
        schema.cooldowns,
        schema.responses,
        schema.archive,
    ]
    schema.metadata.create_all(connection, tables=tables)


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _first,
    hours.create,
    views.create,
    cooldowns.add_since,
)
"""The n-th step makes version n. Append; never change one that has been released."""


def migrate(connection: Connection, now: float) -> None:
    """Brings a store to the newest version, inside the transaction of `connection`.

    Raises:
        StoreError: the store was written by a newer version of this library.
    """
    found = current(connection)
    if found > len(MIGRATIONS):
        raise StoreError(
            f'this store has version {found}, newer than this library knows ({len(MIGRATIONS)}):'
            ' upgrade pydantic-ai-compactor, or open another store'
        )
    if found == 0:
        schema.metadata.create_all(connection, tables=[schema.version])
    for number in range(found + 1, len(MIGRATIONS) + 1):
        MIGRATIONS[number - 1](connection)
        connection.execute(insert(schema.version).values(version=number, at=now))


def current(connection: Connection) -> int:
    """The version of a store; 0 for an empty one."""
    if not inspect(connection).has_table(schema.version.name):
        return 0
    return connection.execute(select(func.max(schema.version.c.version))).scalar() or 0


def reflected(connection: Connection) -> MetaData:
    """The tables that are really there, for tests and for `doctor`."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name.startswith('compactor_'))
    return found
