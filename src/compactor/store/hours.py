"""Sums by the hour, kept as entries are recorded: a report reads few rows, however many requests there were.

A million entries grouped in SQL take seconds, the sums of their hours tenths. The hours at the
ends of a period, which lie in it only in part, are still summed from the entries themselves, so that figures are exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    Row,
    Select,
    String,
    Table,
    Text,
    and_,
    case,
    delete,
    func,
    inspect,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from compactor.ledger.entry import Entry
from compactor.ledger.figures import CUT_OFF, DIMENSIONS, FIGURES, Figures, Group
from compactor.store import tenants
from compactor.store.schema import entries, metadata

HOUR = 3_600
"""Seconds of a bucket."""
SECONDS = ('seconds', 'rated_seconds')
"""The figures that are no whole numbers."""

DEFAULTS = {'estimated': '0'}
"""What a figure is in sums of versions that did not keep it."""

hours = Table(
    'compactor_hours',
    metadata,
    Column('start', BigInteger, primary_key=True, autoincrement=False),  # first second of the hour
    Column('key', String(32), primary_key=True),  # hash of the names: they may be longer than an index takes
    *(Column(name, Text, nullable=False) for name in DIMENSIONS),
    *(
        Column(name, Float if name in SECONDS else BigInteger, nullable=False, server_default=DEFAULTS.get(name))
        for name in FIGURES
    ),
    Column('tenant', Text, nullable=False, server_default=''),
)
"""One row an hour and group; see `ledger.figures`."""


def start_of(at: float) -> int:
    """The first second of the hour that a moment lies in."""
    return int(at // HOUR) * HOUR


def add(connection: Connection, some: Iterable[Entry], tenant: str = '') -> None:
    """Adds a tenant's entries to the sums of their hours."""
    sums: dict[tuple[int, Group], Figures] = {}
    for entry in some:
        place = start_of(entry.at), Group.of(entry)
        figures = Figures.of(entry)
        sums[place] = sums[place] + figures if place in sums else figures
    _merge(connection, [_row(start, tenant, group, figures) for (start, group), figures in sums.items()])


def recount(connection: Connection, start: int) -> None:
    """Sums one hour up again from its entries, of every tenant."""
    connection.execute(delete(hours).where(hours.c.start == start))
    within = (entries.c.at >= start, entries.c.at < start + HOUR)
    for tenant in connection.execute(select(entries.c.tenant).where(*within).distinct()).scalars().all():
        found = summed(entries).where(*within, entries.c.tenant == tenant)
        _merge(connection, [_row(start, tenant, *read(row)) for row in connection.execute(found)])


def create(connection: Connection) -> None:
    """Makes the table, and fills it from the entries that are there."""
    tenants.add_column(connection, entries.name)
    metadata.create_all(connection, tables=[hours])
    earliest = select(func.min(entries.c.at))
    at = connection.execute(earliest).scalar()
    while at is not None:
        recount(connection, start_of(at))
        at = connection.execute(earliest.where(entries.c.at >= start_of(at) + HOUR)).scalar()


def add_billing(connection: Connection) -> None:
    """Adds what a price hangs on, and what was estimated, to tables of versions that did not keep it."""
    wanted = ((entries, 'billing', 'TEXT'), (entries, 'estimated', 'BOOLEAN'), (hours, 'estimated', SINCE_THEN))
    for table, name, kind in wanted:
        if not any(column['name'] == name for column in inspect(connection).get_columns(table.name)):
            connection.execute(text(f'ALTER TABLE {table.name} ADD COLUMN {name} {kind}'))


SINCE_THEN = 'BIGINT DEFAULT 0 NOT NULL'


def summed(table: Table) -> Select[Any]:
    """Names and figures of every group, from `entries` or from `hours`."""
    figures = OF_ENTRIES if table is entries else {name: hours.c[name] for name in FIGURES}
    sums = (func.sum(figures[name]).label(name) for name in FIGURES)
    names = [table.c[name] for name in DIMENSIONS]
    return select(*names, *sums).group_by(*names)


def read(row: Row[Any]) -> tuple[Group, Figures]:
    """What a row of `summed` says."""
    values = row._mapping
    figures = {name: float(values[name]) if name in SECONDS else int(values[name]) for name in FIGURES}
    return Group(*(values[name] for name in DIMENSIONS)), Figures(**figures)  # type: ignore[arg-type]


def _of_entries() -> dict[str, ColumnElement[Any]]:
    """The figures of one entry in SQL, as `Figures.of` has them in Python; a test compares the two."""
    e = entries.c
    tokens = e.input_tokens + e.output_tokens
    timed = and_(e.latency.is_not(None), e.error.is_(None), e.cache_hit.is_(False))
    rated = and_(timed, e.cost.is_not(None))

    def where(condition: ColumnElement[bool], value: Any = 1) -> ColumnElement[Any]:
        return case((condition, value), else_=0)

    made: dict[str, ColumnElement[Any]] = {
        'requests': literal(1),
        'hits': where(e.cache_hit.is_(True)),
        'failed': where(e.error.is_not(None)),
        'cut_off': where(e.finish_reason == CUT_OFF),
        'nano': func.coalesce(e.cost, 0),
        'priced': where(e.cost.is_not(None)),
        'unpriced': where(and_(e.cost.is_(None), tokens > 0)),
        'timed': where(timed),
        'timed_tokens': where(timed, tokens),
        'seconds': case((timed, e.latency), else_=0.0),
        'rated': where(rated),
        'rated_tokens': where(rated, tokens),
        'rated_nano': where(rated, e.cost),
        'rated_seconds': case((rated, e.latency), else_=0.0),
        'estimated': where(e.estimated.is_(True)),
    }
    return {name: made[name] if name in made else e[name] for name in FIGURES}


OF_ENTRIES = _of_entries()


def _row(start: int, tenant: str, group: Group, figures: Figures) -> dict[str, Any]:
    names: dict[str, str] = {name: getattr(group, name) for name in DIMENSIONS}
    told = '\0'.join((*names.values(), tenant) if tenant else names.values())
    digest = blake2b(told.encode(), digest_size=16).hexdigest()
    return {
        'start': start,
        'key': digest,
        'tenant': tenant,
        **names,
        **{name: getattr(figures, name) for name in FIGURES},
    }


def _upsert(dialect: str) -> Any:
    made = (postgresql.insert if dialect == 'postgresql' else sqlite.insert)(hours)
    more = {name: hours.c[name] + made.excluded[name] for name in FIGURES}
    return made.on_conflict_do_update(index_elements=['start', 'key'], set_=more)


_UPSERTS = {dialect: _upsert(dialect) for dialect in ('postgresql', 'sqlite')}
"""Made once: making one takes longer than carrying it out."""


def _merge(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        # Always in one order, so that two transactions cannot wait for each other.
        rows.sort(key=lambda row: (row['start'], row['key']))
        connection.execute(_UPSERTS[connection.dialect.name], rows)
