"""How a store came to be as it is: steps that are carried out once, in order, and never edited afterwards."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, MetaData, delete, func, insert, inspect, select, text

from compactor.errors import StoreError
from compactor.store import hours, schema, search, tenants, token_tables, views


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


def _since(connection: Connection) -> None:
    """When a model refused last, in tables of versions that did not keep it."""
    if not any(column['name'] == 'since' for column in inspect(connection).get_columns('compactor_cooldowns')):
        connection.execute(text('ALTER TABLE compactor_cooldowns ADD COLUMN since DOUBLE PRECISION'))


def _cuts(connection: Connection) -> None:
    """What was sent instead of the beginnings of conversations."""
    schema.metadata.create_all(connection, tables=[schema.cuts])


def _secrets(connection: Connection) -> None:
    """The secret by which those who share a store know each other's notes."""
    schema.metadata.create_all(connection, tables=[schema.secrets])


def _contexts(connection: Connection) -> None:
    """What requests were made of, and what frames added to them."""
    there = {column['name'] for column in inspect(connection).get_columns('compactor_entries')}
    for name, kind in (('added_by_frames', 'BIGINT'), ('context', 'TEXT')):
        if name not in there:
            connection.execute(text(f'ALTER TABLE compactor_entries ADD COLUMN {name} {kind}'))


def _reacquired(connection: Connection) -> None:
    """What requests have again that compactions had taken; a row of a version that did not look has nothing of it."""
    if not any(column['name'] == 'reacquired' for column in inspect(connection).get_columns('compactor_entries')):
        connection.execute(text('ALTER TABLE compactor_entries ADD COLUMN reacquired TEXT'))
    connection.execute(
        text(
            'CREATE INDEX IF NOT EXISTS compactor_entries_reacquired ON compactor_entries (at)'
            ' WHERE reacquired IS NOT NULL'
        )
    )


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (
    _first,
    hours.create,
    views.create,
    _since,
    _cuts,
    hours.add_billing,
    tenants.create,
    _secrets,
    token_tables.create,
    _contexts,
    search.create,
    _reacquired,
)
"""The n-th step makes version n. Append; never change one that has been released."""
BREAKING = frozenset({6, 7})
"""Steps after which older versions cannot use a store; versions before the first release are not kept up. Of 7: who
knows of no tenants shows each what is another's.

Two versions use one store while a deployment rolls, and after it is taken back. So a step only adds: a table, an index,
a column that may be null or has a default, of which a row without it means what it meant before. What must be kept up
by every writer (a sum of others, a copy) is more than that: its step belongs here.
"""


def oldest_reader(number: int) -> int:
    """The oldest version that may use a store of this version."""
    return max((n for n in BREAKING if n <= number), default=number)


def migrate(connection: Connection, now: float) -> None:
    """Brings a store to the newest version, inside the transaction of `connection`; a newer one stays as it is.

    Raises:
        StoreError: the store was written by a newer version of this library, which says that this one cannot use it.
    """
    found, known = current(connection), len(MIGRATIONS)
    if found > known:
        if not known >= _told(connection, found):
            raise StoreError(
                f'this store has version {found}, newer than this library knows ({known}):'
                ' upgrade pydantic-ai-compactor, or open another store'
            )
        return
    if found == 0:
        schema.metadata.create_all(connection, tables=[schema.version])
    for number in range(found + 1, known + 1):
        MIGRATIONS[number - 1](connection)
        connection.execute(insert(schema.version).values(version=number, at=now))
    if found < known or not inspect(connection).has_table(schema.readers.name):
        schema.metadata.create_all(connection, tables=[schema.readers])
        connection.execute(delete(schema.readers).where(schema.readers.c.version == known))
        connection.execute(insert(schema.readers).values(version=known, oldest=oldest_reader(known)))


def _told(connection: Connection, number: int) -> float:
    """The oldest version that may use a store, as the version says that has migrated it; none may if it does not."""
    if not inspect(connection).has_table(schema.readers.name):
        return float('inf')
    oldest = connection.execute(select(schema.readers.c.oldest).where(schema.readers.c.version == number)).scalar()
    return float('inf') if oldest is None else oldest


def current(connection: Connection) -> int:
    """The version of a store; 0 for an empty one."""
    if not inspect(connection).has_table(schema.version.name):
        return 0
    return connection.execute(select(func.max(schema.version.c.version))).scalar() or 0


def reflected(connection: Connection) -> MetaData:
    """The tables that are really there but for the index of the archive, for tests and for `doctor`."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name.startswith('compactor_') and not name.startswith(search.NAME))
    return found
