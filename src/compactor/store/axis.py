"""Sums of the ledger along the time: by quarters of an hour, of which every period is made, and by conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import Connection, Integer, Row, cast, func, select
from sqlalchemy.sql.elements import ColumnElement

from compactor.ledger.axis import QUARTER
from compactor.ledger.figures import FIGURES, Figures
from compactor.store.hours import OF_ENTRIES, SECONDS
from compactor.store.schema import entries

_SUMS = [func.sum(OF_ENTRIES[name]).label(name) for name in FIGURES]


def quarters(connection: Connection, where: Iterable[ColumnElement[bool]]) -> Iterator[tuple[float, Figures]]:
    """When each quarter of an hour begins in which something happened, and what did."""
    at = entries.c.at / QUARTER
    # A cast cuts off on SQLite, which may lack `floor`, and rounds on PostgreSQL.
    number = cast(at if connection.dialect.name == 'sqlite' else func.floor(at), Integer).label('number')
    for row in connection.execute(select(number, *_SUMS).where(*where).group_by(number)):
        yield float(row.number * QUARTER), _figures(row)


def conversations(
    connection: Connection, where: Iterable[ColumnElement[bool]]
) -> list[tuple[str, float, float, Figures]]:
    """Each conversation: its id, when its first request was sent and its last answer had come, and what happened."""
    e = entries.c
    began = func.min(e.at - func.coalesce(e.latency, 0.0)).label('began')
    found = select(e.conversation, began, func.max(e.at).label('ended'), *_SUMS).where(*where).group_by(e.conversation)
    rows = connection.execute(found.order_by(began, e.conversation))
    return [(row.conversation, float(row.began), float(row.ended), _figures(row)) for row in rows]


def _figures(row: Row[Any]) -> Figures:
    said = row._mapping
    values: dict[str, Any] = {n: float(said[n]) if n in SECONDS else int(said[n]) for n in FIGURES}
    return Figures(**values)
