"""What an archive is, and the one that lives in memory: bytes by the hash of their content."""

from __future__ import annotations

import hashlib
import zlib
from collections import OrderedDict
from collections.abc import Collection
from threading import Lock
from typing import Protocol, runtime_checkable

from compactor.errors import ConfigError
from compactor.history.handles import HANDLE

MAX_BYTES = 64 * 1024 * 1024


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


class MemoryArchive:
    """An archive in this process: compressed, bounded, the least recently used entry goes first.

    Args:
        max_bytes: compressed bytes kept at most (default 64 MiB; about ten times that in conversations). An entry
            that is larger on its own is not kept.

    Raises:
        ConfigError: `max_bytes` is negative.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        if max_bytes < 0:
            raise ConfigError(f'max_bytes must not be negative, got {max_bytes}')
        self.max_bytes = max_bytes
        self._entries: OrderedDict[str, bytes] = OrderedDict()
        self._by_handle: dict[str, str] = {}
        self._bytes = 0
        self._lock = Lock()

    def __repr__(self) -> str:
        return f'MemoryArchive(entries={len(self)}, bytes={self.stored_bytes:,} of {self.max_bytes:,})'

    def __len__(self) -> int:
        """How many entries it holds."""
        return len(self._entries)

    @property
    def stored_bytes(self) -> int:
        """Compressed bytes it holds."""
        return self._bytes

    def put(self, data: bytes) -> str:
        """See `Archive.put`; never raises."""
        key = key_of(data)
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                return key
        packed = zlib.compress(data, 1)
        if len(packed) > self.max_bytes:
            return key
        with self._lock:
            if key not in self._entries:
                self._entries[key] = packed
                self._by_handle[key[:HANDLE]] = key
                self._bytes += len(packed)
                while self._bytes > self.max_bytes:
                    self._forget_oldest()
        return key

    def get(self, key: str) -> bytes | None:
        """See `Archive.get`."""
        with self._lock:
            whole = self._by_handle.get(key[:HANDLE], '')
            if len(key) < HANDLE or not whole.startswith(key):
                return None
            packed = self._entries[whole]
            self._entries.move_to_end(whole)
        return zlib.decompress(packed)

    def held(self, keys: Collection[str]) -> set[str]:
        """See `Holding.held`; never raises."""
        with self._lock:
            found = [key for key in keys if key in self._entries]
            for key in found:
                self._entries.move_to_end(key)
        return set(found)

    def _forget_oldest(self) -> None:
        key, packed = self._entries.popitem(last=False)
        self._bytes -= len(packed)
        if self._by_handle.get(key[:HANDLE]) == key:
            del self._by_handle[key[:HANDLE]]
