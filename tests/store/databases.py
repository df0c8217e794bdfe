"""Databases for tests: a SQLite file in a folder, a PostgreSQL database that lives as long as the test."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager

SERVER = os.environ.get('COMPACTOR_POSTGRES', 'postgresql+psycopg://root@127.0.0.1/test')
"""A database of the PostgreSQL server; tests make their own beside it."""
_numbers = itertools.count()


def missing_postgres() -> str | None:
    """Why there is no PostgreSQL to test on; None if there is one."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        on_server('SELECT 1')
    except (ImportError, SQLAlchemyError) as error:
        return f'no PostgreSQL at COMPACTOR_POSTGRES (default: the local server): {error}'.splitlines()[0]
    return None


def on_server(statement: str, **values: object) -> int:
    """Carries out one statement outside a transaction; returns how many rows it gave."""
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(SERVER, poolclass=NullPool, isolation_level='AUTOCOMMIT')
    with engine.connect() as connection:
        found = connection.execute(text(statement), values)
        return len(found.fetchall()) if found.returns_rows else 0


def terminate(url: str) -> int:
    """Ends all connections to a PostgreSQL database from the server's side; returns how many there were."""
    return on_server(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name',
        name=url.rpartition('/')[2],
    )


@contextmanager
def temporary_postgres() -> Iterator[str]:
    """The URL of an empty PostgreSQL database, which is dropped at the end."""
    name = f'compactor_{os.getpid()}_{next(_numbers)}'
    on_server(f'CREATE DATABASE {name}')
    try:
        yield f'{SERVER.rpartition("/")[0]}/{name}'
    finally:
        on_server(f'DROP DATABASE IF EXISTS {name} WITH (FORCE)')
