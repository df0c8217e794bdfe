"""Whose a thing in a store is: tenants share a database and see nothing of each other.

What has a column for its tenant is told apart by that (entries, sums of hours, answers). What is found by a name of its
own (buckets, leases, budgets, pauses, scopes of archives) has the tenant in front of the name, as a hash, so that no
name that a tenant chooses reaches into another's.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from compactor.errors import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection

LONGEST = 200
"""Characters of a tenant's name."""
PREFIX = '@tenant:'
"""How the name of a thing begins that belongs to a tenant."""
TABLES = ('compactor_entries', 'compactor_hours', 'compactor_responses')
"""The tables with a column for the tenant."""


def sound(tenant: str) -> str:
    """A tenant's name, if it can be one; '' is what belongs to no tenant.

    Raises:
        ConfigError: it is too long, or holds what no database takes.
    """
    if len(tenant) > LONGEST or '\0' in tenant or not tenant.isprintable():
        raise ConfigError(f'a tenant has up to {LONGEST} printable characters: {tenant!r:.80}')
    return tenant


def owned(tenant: str, name: str, longest: int) -> str:
    """A name as it stands in the store for a tenant; one that would be too long is kept by its hash.

    Raises:
        ConfigError: the name itself looks like that of another tenant's thing.
    """
    if name.startswith(PREFIX):
        raise ConfigError(f'a name may not begin with {PREFIX!r}: {name!r:.80}')
    if not tenant:
        return name
    head = f'{PREFIX}{_hash(tenant)}/'
    return head + (name if len(head) + len(name) <= longest else _hash(name, 16))


def of_tenant(name: str, tenant: str) -> bool:
    """Whether a name, as it stands in the store, is that of a tenant's thing."""
    return name.startswith(f'{PREFIX}{_hash(tenant)}/') if tenant else not name.startswith(PREFIX)


@lru_cache(1_024)
def _hash(text: str, size: int = 8) -> str:
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()


def add_column(connection: Connection, table: str) -> None:
    """Adds the tenant to a table of a version that knew none; what was there belongs to none."""
    from sqlalchemy import inspect, text

    if not any(column['name'] == 'tenant' for column in inspect(connection).get_columns(table)):
        connection.execute(text(f"ALTER TABLE {table} ADD COLUMN tenant TEXT NOT NULL DEFAULT ''"))


def create(connection: Connection) -> None:
    """Adds the tenant to the tables that have it."""
    from sqlalchemy import text

    for table in TABLES:
        add_column(connection, table)
    connection.execute(text('CREATE INDEX IF NOT EXISTS compactor_entries_tenant ON compactor_entries (tenant, at)'))
