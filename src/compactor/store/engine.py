"""`Store`: opens the database and hands out transactions in which read-then-write is safe between processes.

SQLite: WAL, `BEGIN IMMEDIATE`, and a lock file around every write transaction. The lock excludes by construction the
corruption that versions before 3.51.3 risk when a write and a checkpoint overlap, and takes the long tail off waiting.
PostgreSQL: advisory locks per key, held to the end of the transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compactor.errors import ConfigError, StoreError
from compactor.store.location import as_url, default_url, prepare

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

WAIT = 5.0
"""Seconds that a transaction waits for another one at most."""
READS = 'compactor_reads'
"""Marks a connection that only reads, so that it does not wait for writers."""
FIXED_IN = (3, 51, 3)
"""The first SQLite without the WAL-reset bug."""


class Store:
    """A database of ours. Safe to share between threads; other processes open their own on the same URL.

    Args:
        url: `sqlite:///...`, `postgresql+psycopg://...`, or the path of a SQLite file.
        clock: seconds since 1970.

    Raises:
        ConfigError: the URL is of another kind, or the extra that serves it is not installed.
        StoreError: (from `open` and from each use) the database cannot be reached, read or written.
    """

    def __init__(self, url: str | Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self.url = as_url(url if url is not None else default_url())
        self.clock = clock
        self._engine: Engine | None = None

    @classmethod
    def open(cls, url: str | Path | None = None, *, clock: Callable[[], float] = time.time) -> Store:
        """Opens a store and brings it to the newest version.

        Args:
            url: see `Store`; default: `COMPACTOR_STORE`, else a SQLite file in the user's state directory.
            clock: seconds since 1970.
        """
        store = cls(url, clock=clock)
        with store.write():
            return store

    def __repr__(self) -> str:
        return f'Store({self.shown!r})'

    @property
    def shown(self) -> str:
        """The URL without its password."""
        head, at, tail = self.url.rpartition('@')
        if not at:
            return self.url
        scheme, _, user = head.partition('://')
        return f'{scheme}://{user.partition(":")[0]}@{tail}'

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite database."""
        return self.url.startswith('sqlite')

    @property
    def path(self) -> Path | None:
        """The file of a SQLite store; None for one in memory and for PostgreSQL."""
        name = self.url.removeprefix('sqlite:///') if self.is_sqlite else ''
        return Path(name) if name and not name.startswith(':memory:') and self.url != 'sqlite://' else None

    def close(self) -> None:
        """Lets go of all connections; the store may be used again."""
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- transactions -------------------------------------------------------------------------------------------

    @contextmanager
    def write(self, *keys: str) -> Iterator[Connection]:
        """A transaction that may write; nobody else changes what belongs to `keys` until it ends.

        Raises:
            StoreError: the database is away, locked, full or damaged; nothing of the transaction is kept.
        """
        with self._told(), self._locked(), self._opened().begin() as connection:
            if not self.is_sqlite:
                self._lock_keys(connection, keys)
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads."""
        with self._told(), self._opened().connect() as connection:
            yield connection.execution_options(**{READS: True})

    def _opened(self) -> Engine:
        engine = self._engine
        if engine is None:
            engine = _engine(self.url, self.path)
            with engine.begin() as connection:
                from compactor.store.migrations import migrate

                if not self.is_sqlite:
                    self._lock_keys(connection, ('schema',))
                migrate(connection, self.clock())
            self._engine = engine
        return engine

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = self._lock
        if lock is None:
            yield
            return
        from filelock import Timeout

        try:
            with lock.acquire(timeout=WAIT):
                yield
        except Timeout:
            raise StoreError(f'the store {self.shown} has been locked by another process for {WAIT:g} s') from None

    @cached_property
    def _lock(self) -> Any:
        """The lock file beside a SQLite store; None where there is no file."""
        if self.path is None:
            return None
        _needs('store', 'filelock')
        from filelock import FileLock

        prepare(self.path)
        return FileLock(f'{self.path}.lock', mode=0o600, is_singleton=False)

    @staticmethod
    def _lock_keys(connection: Connection, keys: tuple[str, ...]) -> None:
        from sqlalchemy import text

        for key in sorted(keys):  # always in one order, so that two transactions cannot wait for each other
            connection.execute(
                text('SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))'), {'key': f'compactor/{key}'}
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the driver raises as a `StoreError` that says where and what to do."""
        _needs('store', 'sqlalchemy')
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except DBAPIError as error:
            raise StoreError(f'the store {self.shown} {_trouble(str(error.orig))}') from error
        except SQLAlchemyError as error:
            raise StoreError(f'the store {self.shown} cannot be used: {error}') from error


def _engine(url: str, path: Path | None) -> Engine:
    from sqlalchemy import create_engine, event
    from sqlalchemy.pool import StaticPool

    if not url.startswith('sqlite'):
        _needs('postgres', 'psycopg')
        return create_engine(url, pool_size=5, max_overflow=20, pool_pre_ping=False, pool_recycle=300)
    if path is None:
        engine = create_engine(url, poolclass=StaticPool, connect_args={'check_same_thread': False})
    else:
        engine = create_engine(url, connect_args={'timeout': WAIT, 'check_same_thread': False})

    def connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        if path is not None:
            cursor.execute('PRAGMA journal_mode=WAL')
        cursor.execute('PRAGMA synchronous=NORMAL')
        cursor.close()

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql('BEGIN' if connection.get_execution_options().get(READS) else 'BEGIN IMMEDIATE')

    event.listen(engine, 'connect', connected)
    event.listen(engine, 'begin', begun)
    return engine


def _trouble(said: str) -> str:
    """What to do about the usual troubles."""
    if 'locked' in said:
        return f'is locked by another process: {said}'
    if 'malformed' in said or 'not a database' in said:
        return f'is damaged ({said}): move the file away, or restore it from a copy'
    if 'full' in said:
        return f'has no room left on its disk: {said}'
    return f'cannot be reached: {said.strip()}'


def _needs(extra: str, module: str) -> None:
    from importlib.util import find_spec

    if find_spec(module) is None:
        raise ConfigError(f"this needs {module}, which is not installed: pip install 'pydantic-ai-compactor[{extra}]'")
