"""What an archive is, and the one that lives in memory: bytes by the hash of their content."""

from __future__ import annotations

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Collection
from typing import Protocol, runtime_checkable

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.history.handles import HANDLE
from compactor.locks import new_lock

MAX_BYTES = 64 * 1024 * 1024
CONVERSATIONS = 4_096
"""Conversations for which a class of its own way to put is asked what they have put."""


class Archive(Protocol):
    """Keeps bytes by the hash of their content. May be shared by agents, runs and threads.

    Whoever knows a key may read what it names, so an archive never lists its keys. One whose calls wait for a file or a
    database has an attribute `blocking = True`: it is then called in a thread of its own, away from the event loop.
    """

    def put(self, data: bytes) -> str:
        """Keeps `data`; returns its key, the SHA-256 of `data` in 64 hexadecimal digits. May raise."""
        ...

    def get(self, key: str) -> bytes | None:
        """What is kept under a key, or under a handle (the first 16 digits of a key); None if it has gone."""
        ...


def blocks(archive: Archive) -> bool:
    """Whether the calls of an archive wait for something outside this process (see `Archive`)."""
    return bool(getattr(archive, 'blocking', False))


@runtime_checkable
class Holding(Archive, Protocol):
    """An archive that can say what it holds, so that what it has need not be stored again."""

    def held(self, keys: Collection[str]) -> Collection[str]:
        """Those of these keys under which something is kept; asking counts as using it. May raise."""
        ...


def key_of(data: bytes) -> str:
    """The key of these bytes."""
    return hashlib.sha256(data).hexdigest()


LARGEST = 256 * 1024 * 1024
"""Bytes of an entry at most, unpacked: what says that it is more is not read to its end."""


def unpacked(packed: bytes) -> bytes | None:
    """The bytes in what `zlib` has packed; None where it is damaged, or more than `LARGEST`."""
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, LARGEST)
    except zlib.error:
        return None
    return data if stream.eof else None


class MemoryArchive:
    """An archive in this process: compressed, bounded, the least recently used entry goes first.

    What a conversation keeps in its own archive (`scoped`) no other finds; this one, which has them all, does.

    Args:
        max_bytes: compressed bytes kept at most (default 64 MiB; about ten times that in conversations). An entry
            that is larger on its own is not kept, and none that has more than 256 MiB.

    Raises:
        ConfigError: `max_bytes` is negative.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes < 0:
            raise ConfigError(f'max_bytes must not be negative, got {max_bytes}')
        self.max_bytes = max_bytes
        self._entries: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._by_handle: dict[str, dict[str, str]] = {}
        self._bytes = 0
        self._put_by: Bounded[str, set[str]] = Bounded(CONVERSATIONS)
        self._lock = new_lock()

    def __repr__(self) -> str:
        return f'MemoryArchive(entries={len(self)}, bytes={self.stored_bytes:,} of {self.max_bytes:,})'

    def __len__(self) -> int:
        """How many entries it holds."""
        return len(self._entries)

    @property
    def stored_bytes(self) -> int:
        """Compressed bytes it holds."""
        return self._bytes

    def scoped(self, name: str) -> ScopedMemory | ScopedCalls:
        """The archive of one conversation inside of this one: what it keeps is found by no other.

        A class that puts or gets in a way of its own is called in that way, for what the conversation has put.
        """
        own = type(self)
        if own.put is not MemoryArchive.put or own.get is not MemoryArchive.get:
            with self._lock:
                return ScopedCalls(self, self._put_by.of(name, set))
        return ScopedMemory(self, f'/{name}')

    def put(self, data: bytes) -> str:
        """See `Archive.put`; never raises."""
        return self._put('', data)

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        return self._get(None, key)

    def held(self, keys: Collection[str]) -> set[str]:
        """See `Holding.held`; never raises."""
        return self._held('', keys)

    def _put(self, scope: str, data: bytes) -> str:
        key = key_of(data)
        place = (scope, key)
        with self._lock:
            if place in self._entries:
                self._entries.move_to_end(place)
                return key
        packed = zlib.compress(data, 1)
        if len(packed) > self.max_bytes or len(data) > LARGEST:
            return key
        with self._lock:
            if place not in self._entries:
                self._entries[place] = packed
                self._by_handle.setdefault(key[:HANDLE], {})[scope] = key
                self._bytes += len(packed)
                while self._bytes > self.max_bytes:
                    self._forget_oldest()
        return key

    def _get(self, scope: str | None, key: str) -> bytes | None:
        """What is kept in a scope; None looks in all of them, in the one without a name first."""
        if len(key) < HANDLE:
            return None
        with self._lock:
            homes = self._by_handle.get(key[:HANDLE], {})
            scopes = [scope] if scope is not None else sorted(homes)
            place = next(((one, homes[one]) for one in scopes if homes.get(one, '').startswith(key)), None)
            if place is None:
                return None
            packed = self._entries[place]
            self._entries.move_to_end(place)
        return unpacked(packed)

    def _held(self, scope: str, keys: Collection[str]) -> set[str]:
        with self._lock:
            found = [key for key in keys if (scope, key) in self._entries]
            for key in found:
                self._entries.move_to_end((scope, key))
        return set(found)

    def _forget_oldest(self) -> None:
        (scope, key), packed = self._entries.popitem(last=False)
        self._bytes -= len(packed)
        homes = self._by_handle[key[:HANDLE]]
        if homes.get(scope) == key:
            del homes[scope]
            if not homes:
                del self._by_handle[key[:HANDLE]]


class ScopedMemory:
    """What one conversation keeps in a `MemoryArchive`, whose room it shares.

    Args:
        whole: the archive.
        scope: the conversation.
    """

    def __init__(self, whole: MemoryArchive, scope: str) -> None:
        self._whole = whole
        self._scope = scope

    def put(self, data: bytes) -> str:
        """See `Archive.put`; never raises."""
        return self._whole._put(self._scope, data)

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        return self._whole._get(self._scope, key)

    def held(self, keys: Collection[str]) -> set[str]:
        """See `Holding.held`; never raises."""
        return self._whole._held(self._scope, keys)


class ScopedCalls:
    """What one conversation keeps in a class of its own way to put and get, as long as the process lives.

    Args:
        whole: the archive.
        keys: of what the conversation has put; added to.
    """

    def __init__(self, whole: MemoryArchive, keys: set[str]) -> None:
        self._whole = whole
        self._keys = keys
        self.blocking = blocks(whole)

    def put(self, data: bytes) -> str:
        """See `Archive.put`."""
        key = self._whole.put(data)
        self._keys.add(key)
        return key

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        if len(key) < HANDLE or not any(own.startswith(key) for own in tuple(self._keys)):
            return None
        return self._whole.get(key)

    def held(self, keys: Collection[str]) -> set[str]:
        """See `Holding.held`."""
        return self._whole.held(keys) & self._keys
