"""How connections to either database are made: the settings of SQLite and of PostgreSQL."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compactor.errors import ConfigError
from compactor.store.location import UNREADABLE

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

READS = 'compactor_reads'
"""Marks a connection that only reads, so that it does not wait for writers."""
SILENCE = 15.0
"""Seconds after which a PostgreSQL server that acknowledges nothing counts as gone."""


def engine_for(url: str, path: Path | None, wait: float) -> Engine:
    """The engine for a URL, not connected yet.

    Args:
        url: of a store.
        path: the file of a SQLite store; None for one in memory and for PostgreSQL.
        wait: seconds to wait for a connection, and for another program's transaction.

    Raises:
        ConfigError: the URL cannot be read, or the driver is not installed.
    """
    return _postgres(url, wait) if not url.startswith('sqlite') else _sqlite(path, wait)


def _postgres(url: str, wait: float) -> Engine:
    needs('postgres', 'psycopg')
    from sqlalchemy import create_engine, make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(UNREADABLE) from None
    options = {
        'connect_timeout': max(1, round(wait)),
        'tcp_user_timeout': int(SILENCE * 1_000),
        'application_name': 'compactor',
    }
    return create_engine(
        parsed,
        connect_args={name: value for name, value in options.items() if name not in parsed.query},
        pool_size=5,
        max_overflow=20,
        pool_timeout=wait,
        pool_recycle=300,
        hide_parameters=True,
    )


def _sqlite(path: Path | None, wait: float) -> Engine:
    from sqlalchemy import URL, create_engine, event
    from sqlalchemy.pool import QueuePool, StaticPool

    url = URL.create('sqlite', database=None if path is None else str(path))
    pool: dict[str, Any] = {'poolclass': StaticPool}
    if path is not None:
        pool = {'poolclass': QueuePool, 'pool_size': 5, 'max_overflow': 20, 'pool_timeout': wait}
    arguments = {'timeout': wait, 'check_same_thread': False}
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **pool)

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        try:
            if path is not None:
                connection.execute('PRAGMA journal_mode=WAL').close()
            connection.execute('PRAGMA synchronous=NORMAL').close()
        except BaseException:
            connection.close()
            raise

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql('BEGIN' if connection.get_execution_options().get(READS) else 'BEGIN IMMEDIATE')

    event.listen(engine, 'connect', connected)
    event.listen(engine, 'begin', begun)
    return engine


def needs(extra: str, module: str) -> None:
    """Raises `ConfigError` if a module that comes with an extra is not installed."""
    if sys.modules.get(module) is None and find_spec(module) is None:
        raise ConfigError(f"this needs {module}, which is not installed: pip install 'pydantic-ai-compactor[{extra}]'")
