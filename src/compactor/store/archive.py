"""`StoreArchive`: what compactions take out, in a store, so that it outlives the process and others can read it."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from compactor.archive.archive import LARGEST, key_of, unpacked
from compactor.errors import ConfigError, StoreError
from compactor.history.handles import HANDLE
from compactor.history.seal import Scope
from compactor.store.buckets import add

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection

    from compactor.archive.ranking import Found, Query
    from compactor.store.engine import Store

MAX_BYTES = 1024 * 1024 * 1024
"""Compressed bytes that a scope keeps at most, unless it is told otherwise."""
HOUR = 3_600.0
"""Seconds between two notes that an entry was used: reading writes once an hour at most."""
LONGEST_SCOPE = 100
"""Characters of a scope."""
AT_ONCE = 500
"""Keys asked for, or entries removed, in one statement."""


class StoreArchive:
    """An archive in a store (see `compactor.archive.archive.Archive`); may be shared by threads.

    Args:
        store: where it keeps things.
        scope: whose they are, such as a conversation or an agent: a key finds nothing in another scope.
        max_bytes: compressed bytes that the scope keeps at most; the least recently used entry goes first. An entry
            that is larger on its own is not kept.
        ttl: seconds after which an entry goes that has been neither stored again nor used (noted once an hour, or
            twice in that time if it is shorter); None keeps it as long as there is room.
        family: whether it also finds what is kept in the scopes that were made of it (`scoped`).

    Raises:
        ConfigError: the scope is empty or too long, `max_bytes` is negative, or `ttl` is not longer than nothing.
        StoreError: (from every method) the store cannot be used.
    """

    blocking = True

    def __init__(
        self,
        store: Store,
        scope: str = 'default',
        max_bytes: int = MAX_BYTES,
        *,
        ttl: float | None = None,
        family: bool = False,
    ) -> None:
        if not 0 < len(scope) <= LONGEST_SCOPE:
            raise ConfigError(f'a scope has 1 to {LONGEST_SCOPE} characters: {scope!r:.80}')
        if max_bytes < 0:
            raise ConfigError(f'max_bytes must not be negative, got {max_bytes}')
        if ttl is not None and not ttl > 0:
            raise ConfigError(f'ttl must be longer than 0 seconds, got {ttl:g}; None keeps entries for good')
        self.store = store
        self.scope = scope
        # Room is left for what `scoped` adds.
        self._scope = store.owned(scope, LONGEST_SCOPE - 33 if store.tenant else LONGEST_SCOPE)
        self.max_bytes = max_bytes
        self.ttl = ttl
        self.family = family
        self._home: StoreArchive | None = None
        self._noted_after = HOUR if ttl is None else min(HOUR, ttl / 2)

    def __repr__(self) -> str:
        return f'StoreArchive({self.store.shown!r}, scope={self.scope!r})'

    def secret(self) -> bytes:
        """The secret of the store (see `secret.py`)."""
        from compactor.store.secret import secret_of

        return secret_of(self.store)

    def scoped(self, name: str) -> StoreArchive:
        """The archive of one conversation inside of this one: what it keeps is found by no other."""
        digest = key_of(name.encode('utf-8', 'surrogatepass'))[:32]  # names come from outside, scopes are short
        inside = StoreArchive(self.store, f'{self.scope[: LONGEST_SCOPE - 33]}/{digest}', self.max_bytes, ttl=self.ttl)
        inside._scope = f'{self._scope[: LONGEST_SCOPE - 33]}/{digest}'
        inside._home = self
        return inside

    @property
    def all_of_them(self) -> StoreArchive:
        """The archive that also finds what other conversations of the same tenant have kept, for reading."""
        home = self._home or self
        return StoreArchive(home.store, home.scope, home.max_bytes, ttl=home.ttl, family=True)

    def search(self, query: Query, wanted: Callable[[str], bool]) -> Found | None:
        """See `Searching.search`; some entries of older versions are indexed on the way."""
        from compactor.store import search

        scopes = search.Scopes(self._scope, self._below)
        with self.store.read() as connection:
            if not search.there(connection):
                return None
            behind = search.is_behind(connection, scopes)
        waiting = 0
        if behind:
            with self.store.write(f'archive/{self._scope}') as connection:
                waiting = search.catch_up(connection, scopes)
        with self.store.read() as connection:
            return replace(search.found(connection, scopes, query, wanted), waiting=waiting)

    @property
    def owner(self) -> Scope:
        """Whose archive it is, as the seals of notes that lead to it have it."""
        return ('tenant', self.store.tenant) if self.store.tenant else ()

    def of(self, tenant: str) -> StoreArchive:
        """The archive of another tenant, under the same scope."""
        return StoreArchive(self.store.of(tenant), self.scope, self.max_bytes, ttl=self.ttl, family=self.family)

    def put(self, data: bytes) -> str:
        """See `Archive.put`."""
        from sqlalchemy import insert

        from compactor.store.schema import archive

        key = key_of(data)
        if self.held([key]):
            return key
        packed = zlib.compress(data, 1)
        if len(packed) > self.max_bytes or len(data) > LARGEST:
            return key
        from compactor.store import search

        words = search.bag_of(data)
        now = self.store.clock()
        with self.store.write(f'archive/{self._scope}') as connection:
            self._remove_expired(connection, now)
            if not self._found(connection, [key], now):
                row = {'scope': self._scope, 'key': key, 'handle': key[:HANDLE], 'data': packed, 'size': len(packed)}
                indexed = None if words else 0
                connection.execute(insert(archive), row | {'created': now, 'used': now, 'indexed': indexed})
                if words and search.there(connection):
                    search.add(connection, self._scope, key, words)
                self._add(connection, len(packed))
                self._make_room(connection, key)
        return key

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`; what has been damaged counts as gone."""
        from sqlalchemy import select

        from compactor.store.schema import archive

        if len(key) < HANDLE:
            return None
        now = self.store.clock()
        with self.store.read() as connection:
            rows = connection.execute(
                select(archive.c.key, archive.c.data, archive.c.used).where(
                    archive.c.handle == key[:HANDLE], *self._alive(now)
                )
            ).all()
        for whole, packed, used in rows:
            data = unpacked(packed) if whole.startswith(key) else None
            if data is not None and key_of(data) == whole:
                with suppress(StoreError):  # what was read is handed out even if nobody can note it
                    self._note([whole], used, now)
                return data
        return None

    def stored_at(self, handle: str) -> float | None:
        """When what is kept under a key or handle was put, in seconds since 1970; None where nothing is."""
        from sqlalchemy import func, select

        from compactor.store.schema import archive

        mine = self._alive(self.store.clock())
        first = select(func.min(archive.c.created)).where(archive.c.handle == handle[:HANDLE], *mine)
        with self.store.read() as connection:
            found = connection.execute(first).scalar()
        return None if found is None else float(found)

    def held(self, keys: Collection[str]) -> set[str]:
        """See `Holding.held`."""
        now = self.store.clock()
        with self.store.read() as connection:
            found = self._found(connection, list(keys), now)
        self._note([key for key, used in found.items() if used <= now - self._noted_after], 0.0, now)
        return set(found)

    def clear(self) -> int:
        """Forgets everything in the scope; returns how many entries there were."""
        from sqlalchemy import delete

        from compactor.store.schema import archive

        with self.store.write(f'archive/{self._scope}') as connection:
            gone = connection.execute(delete(archive).where(archive.c.scope == self._scope)).rowcount
            self._recount(connection)
            return gone

    @property
    def stored_bytes(self) -> int:
        """Compressed bytes that the scope holds."""
        with self.store.read() as connection:
            return self._size(connection)

    # -- what it holds ------------------------------------------------------------------------------------------

    def _alive(self, now: float) -> tuple[ColumnElement[bool], ...]:
        from compactor.store.schema import archive

        mine = archive.c.scope == self._scope
        if self._below is not None:
            from sqlalchemy import or_

            mine = or_(mine, archive.c.scope.startswith(f'{self._below}/', autoescape=True))
        return (mine,) if self.ttl is None else (mine, archive.c.used > now - self.ttl)

    def _found(self, connection: Connection, keys: Sequence[str], now: float) -> dict[str, float]:
        """Those of these keys that are held, and when they were last noted as used."""
        from sqlalchemy import select

        from compactor.store.schema import archive

        found: dict[str, float] = {}
        for some in _some(keys):
            rows = connection.execute(
                select(archive.c.key, archive.c.used).where(archive.c.key.in_(some), *self._alive(now))
            )
            found |= {key: used for key, used in rows}  # noqa: C416 (rows are no pairs to the type checker)
        return found

    def _note(self, keys: Sequence[str], used: float, now: float) -> None:
        """Notes that entries are used, unless that was noted lately."""
        from sqlalchemy import update

        from compactor.store.schema import archive

        if not keys or used > now - self._noted_after:
            return
        with self.store.write(f'archive/{self._scope}') as connection:
            for some in _some(keys):
                connection.execute(
                    update(archive).where(archive.c.scope == self._scope, archive.c.key.in_(some)).values(used=now)
                )

    # -- how much it holds --------------------------------------------------------------------------------------

    def _make_room(self, connection: Connection, newest: str) -> None:
        """Removes the least recently used entries until the scope is within its bound."""
        from sqlalchemy import delete, select

        from compactor.store.schema import archive

        over = self._size(connection) - self.max_bytes
        if over > 0:
            over = self._recount(connection) - self.max_bytes  # somebody may have removed entries behind our back
        while over > 0:
            oldest = connection.execute(
                select(archive.c.key, archive.c.size)
                .where(archive.c.scope == self._scope, archive.c.key != newest)
                .order_by(archive.c.used)
                .limit(AT_ONCE)
            ).all()
            going, freed = [], 0
            for key, size in oldest:
                if freed < over:
                    going.append(key)
                    freed += size
            if not going:
                return
            over -= freed
            self._add(connection, -freed)
            connection.execute(delete(archive).where(archive.c.scope == self._scope, archive.c.key.in_(going)))

    def _remove_expired(self, connection: Connection, now: float) -> None:
        from sqlalchemy import delete

        from compactor.store.schema import archive

        if self.ttl is None:
            return
        gone = connection.execute(
            delete(archive).where(archive.c.scope == self._scope, archive.c.used <= now - self.ttl)
        ).rowcount
        if gone:
            self._recount(connection)

    @property
    def _below(self) -> str | None:
        """How the scopes begin that it reads besides its own; None where there are none."""
        return self._scope[: LONGEST_SCOPE - 33] if self.family else None

    @property
    def _total(self) -> str:
        """The key of the bucket that holds the scope's size, so that storing an entry need not add up all others."""
        return f'archive/{self._scope}'

    def _size(self, connection: Connection) -> int:
        from sqlalchemy import select

        from compactor.store.schema import buckets

        found = connection.execute(
            select(buckets.c.used).where(buckets.c.key == self._total, buckets.c.width == 0, buckets.c.start == 0)
        ).scalar()
        return int(found or 0)

    def _recount(self, connection: Connection) -> int:
        from sqlalchemy import func, select

        from compactor.store.schema import archive

        whole = connection.execute(
            select(func.coalesce(func.sum(archive.c.size), 0)).where(archive.c.scope == self._scope)
        ).scalar()
        size = int(whole or 0)
        self._add(connection, size - self._size(connection))
        return size

    def _add(self, connection: Connection, size: int) -> None:
        if size:
            add(connection, [(self._total, 0, 0, size)])


def _some(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(keys), AT_ONCE):
        yield keys[start : start + AT_ONCE]
