"""`Store`: opens the database and hands out transactions in which read-then-write is safe between processes.

SQLite: WAL, `BEGIN IMMEDIATE`, and a lock file around every write transaction. The lock excludes by construction the
corruption that versions before 3.51.3 risk when a write and a checkpoint overlap, and takes the long tail off waiting.
PostgreSQL: advisory locks per key, held to the end of the transaction.
"""

from __future__ import annotations

import copy
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from compactor.errors import StoreError
from compactor.secrets.redact import redact
from compactor.store.connections import READS, engine_for, needs
from compactor.store.forks import let_go_before_fork
from compactor.store.location import as_url, default_url, file_of, prepare, without_password
from compactor.store.lock import LONGEST_PAUSE, Taken, TurnLock
from compactor.store.tenants import owned, sound
from compactor.store.troubles import trouble

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

logger = logging.getLogger('compactor')

WAIT = 5.0
"""Seconds that a transaction waits for another one, or for a server to answer, at most."""
FIXED_IN = (3, 51, 3)
"""The first SQLite without the WAL-reset bug."""


class Store:
    """A database of ours. Safe to share between threads; other processes open their own on the same URL.

    A process that was forked may go on using its parent's store: it opens connections of its own.

    Args:
        url: `sqlite:///...`, `postgresql+psycopg://...`, or the path of a SQLite file.
        clock: seconds since 1970.
        wait: seconds that a transaction waits for another one at most.
        create: whether a store that is not there is made; False for who only wants to read one.
        tenant: whose what is read and written is; tenants see nothing of each other (see `tenants`). '' is nobody in
            particular.

    Attributes:
        path: the file of a SQLite store; None for one in memory and for PostgreSQL.
        lost: how often its file was found deleted or replaced while it was open. It is made anew, and what it held is
            gone; a warning is logged.
        tenant: whose it is.

    Raises:
        ConfigError: it is no URL and no path, of another kind, or the extra that serves it is not installed.
        StoreError: (from `open` and from each use) the database cannot be reached, read or written. The store may be
            used again as soon as the trouble is over.
    """

    def __init__(
        self,
        url: str | Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        wait: float = WAIT,
        create: bool = True,
        tenant: str = '',
    ) -> None:
        needs('store', 'sqlalchemy')
        self.tenant = sound(tenant)
        self._whole: Store | None = None  # of which this is a view
        self.url = as_url(url if url is not None else default_url())
        if not self.is_sqlite:
            needs('postgres', 'psycopg')
        self.clock = clock
        self.wait = wait
        self.path = file_of(self.url)
        self._lost = 0
        self._create = create
        self._engine: Engine | None = None
        self._file: tuple[int, int] | None = None
        self._lock = self._new_lock()
        self._process = os.getpid()
        if self.path is not None:
            let_go_before_fork(self)

    @classmethod
    def open(
        cls,
        url: str | Path | None = None,
        *,
        clock: Callable[[], float] = time.time,
        wait: float = WAIT,
        create: bool = True,
        tenant: str = '',
    ) -> Store:
        """Opens a store and brings it to the newest version.

        Args:
            url: see `Store`; default: `COMPACTOR_STORE`, else a SQLite file in the user's state directory.
            clock: seconds since 1970.
            wait: seconds that a transaction waits for another one at most.
            create: make it if it is not there; else that is a `StoreError`.
            tenant: whose what is read and written is.
        """
        store = cls(url, clock=clock, wait=wait, create=create, tenant=tenant)
        with store.write():
            return store

    def of(self, tenant: str) -> Store:
        """The same database for another tenant; it uses this store's connections, and closing it does nothing.

        Raises:
            ConfigError: no tenant can have such a name.
        """
        view = copy.copy(self)
        view.tenant, view._whole = sound(tenant), self._whole or self
        return view

    def owned(self, name: str, longest: int) -> str:
        """A name as it stands in the store for this tenant; see `tenants.owned`."""
        return owned(self.tenant, name, longest)

    def __repr__(self) -> str:
        return f'Store({self.shown!r}, tenant={self.tenant!r})' if self.tenant else f'Store({self.shown!r})'

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return without_password(self.url)

    @property
    def lost(self) -> int:
        """How often its file was found deleted or replaced while it was open."""
        return self._lost if self._whole is None else self._whole._lost

    @property
    def is_sqlite(self) -> bool:
        """Whether it is a SQLite database."""
        return self.url.startswith('sqlite')

    def close(self) -> None:
        """Lets go of all connections; the store may be used again."""
        if self._whole is not None:
            return
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

        On SQLite nobody else writes at all until then, so it is to be short. A thread may have one open at a time.

        Raises:
            StoreError: the database is away, locked, full or damaged; nothing of the transaction is kept.
        """
        if self._whole is not None:
            with self._whole.write(*keys) as connection:
                yield connection
            return
        with self._told():
            self._look()
            if self.is_sqlite:
                with self._lock.held(self.wait), self._ready(locked=True).begin() as connection:
                    yield connection
            else:
                with self._begun(keys) as connection:
                    yield connection
                    connection.commit()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads; it sees the store as it was when it began to read.

        Raises:
            StoreError: the database is away or damaged.
        """
        if self._whole is not None:
            with self._whole.read() as connection:
                yield connection
            return
        with self._told():
            self._look()
            if self.is_sqlite and self.path is None:  # all threads share the one connection that has the data
                with self._lock.held(self.wait), self._ready(locked=True).connect() as connection:
                    yield connection.execution_options(**{READS: True})
            elif self.is_sqlite:
                with self._ready().connect() as connection:
                    yield connection.execution_options(**{READS: True})
            else:
                with self._begun(()) as connection:
                    yield connection

    # -- opening ------------------------------------------------------------------------------------------------

    def _look(self) -> None:
        """Raises where a store is to be read that is not there: not even its folder, or a lock beside it, is made."""
        if not self._create and self.path is not None and not self.path.exists():
            raise StoreError(f'{self.shown} is not there: see that the path is right; a run with a store makes one')

    def _ready(self, *, locked: bool = False) -> Engine:
        """The engine, opened if need be, which takes the lock; `locked` says that the caller holds it."""
        engine = self._current()
        if engine is not None:
            return engine
        if locked:
            return self._opened()
        with self._lock.held(self.wait):
            return self._current() or self._opened()

    def _current(self) -> Engine | None:
        """The engine, if it is of this process and its file still the one at the path."""
        if self._engine is None or self._file == (found := _identity(self.path)):
            return self._engine
        self._lost += 1
        what = 'deleted' if found is None else 'replaced'
        logger.warning('the store %s was %s while it was open: what it held is gone', self.shown, what)
        self.close()
        return None

    def _opened(self) -> Engine:
        from compactor.store.migrations import current, migrate

        if self.path is not None:
            prepare(self.path)
        engine = engine_for(self.url, self.path, self.wait)
        try:
            with engine.begin() as connection:
                if not self.is_sqlite:
                    self._lock_keys(connection, ('schema',))
                if not self._create and not current(connection):
                    raise StoreError(f'{self.shown} holds nothing of ours: see that it is the right one')
                migrate(connection, self.clock())
        except BaseException:
            engine.dispose()
            raise
        self._file = _identity(self.path)
        self._engine = engine
        return engine

    def _after_fork(self) -> None:
        """Lets go of what is the parent's in a process that was forked: its connections, and a lock it may hold."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._lock = self._new_lock()
        engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose(close=False)

    @contextmanager
    def at_rest(self, *, alone: bool) -> Iterator[None]:
        """No transaction and no connection of a SQLite file in this process; see `forks`.

        Args:
            alone: take the lock; False where another store on the same file has it.
        """
        used = self._engine is not None
        with self._lock.held(self.wait) if alone and used else nullcontext():
            engine, self._engine = self._engine, None
            if engine is not None:
                until = time.monotonic() + self.wait
                while engine.pool.checkedout() and time.monotonic() < until:  # type: ignore[attr-defined]
                    time.sleep(LONGEST_PAUSE)
                engine.dispose()
            yield

    def _new_lock(self) -> TurnLock:
        return TurnLock(None if self.path is None else self.path.with_name(f'{self.path.name}.lock'))

    def _begun(self, keys: tuple[str, ...]) -> Connection:
        """A connection to PostgreSQL in a transaction that holds these keys; closing it undoes what is not committed.

        Whether a pooled connection still lives shows here, at no cost, and not in the caller's first statement: if the
        server was restarted, a new one is made and nobody loses a transaction.
        """
        for pooled in (True, False):
            connection = self._ready().connect()
            try:
                self._lock_keys(connection, keys)
            except BaseException as error:
                connection.close()
                if not (pooled and getattr(error, 'connection_invalidated', False)):
                    raise
            else:
                break
        return connection

    def _lock_keys(self, connection: Connection, keys: tuple[str, ...]) -> None:
        """Holds these keys until the transaction ends: in one order, so that no two wait for each other, in one go."""
        from sqlalchemy import text

        values = {f'key{i}': f'compactor/{key}' for i, key in enumerate(sorted(set(keys)))}
        locks = ''.join(f', pg_advisory_xact_lock(hashtextextended(:{name}, 0))' for name in values)
        wait = {'wait': f'{max(1, int(self.wait * 1_000))}ms'}
        connection.execute(text(f"SELECT set_config('lock_timeout', :wait, true){locks}"), values | wait)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the driver or the file system raises as a `StoreError` that says where and what to do."""
        needs('store', 'sqlalchemy')
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        self._after_fork()
        try:
            yield
        except Taken as error:
            raise StoreError(f'the store {self.shown} {error}') from None
        except DBAPIError as error:
            told, reopen = trouble(' '.join(str(error.orig).split()))
            if reopen and self.is_sqlite:
                self.close()
            raise StoreError(f'the store {self.shown} {redact(told)}') from error
        except SQLAlchemyError as error:
            raise StoreError(f'the store {self.shown} cannot be used: {redact(str(error))}') from error


def _identity(path: Path | None) -> tuple[int, int] | None:
    """Which file lies at a path; None where there is none."""
    if path is None:
        return None
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
