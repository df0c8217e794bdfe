"""A bounded memo from text to what was computed from it: its token count, its lines.

A hit is one dictionary look-up, about 0.2 us, forty times less than encoding 200 bytes. The bound is on
entries *and* on bytes, so that a few large tool outputs cannot pile up: `functools.lru_cache` would count
only entries.
"""

from __future__ import annotations

from sys import getsizeof
from typing import Generic, TypeVar

from compactor.locks import new_lock

V = TypeVar('V')

# Bounds of one generation; the memo holds two, hence at most 65,536 texts and 32 MB of them.
GENERATION_ENTRIES = 32_768
GENERATION_BYTES = 16 * 1024 * 1024

# Of a generation's bytes, the share that one text may have: a hit saves much, but it must not push out all others.
SHARE = 8


class TextMemo(Generic[V]):
    """Two generations of `text -> value`: when the young one is full, the old one goes.

    What is looked up moves to the young generation, so texts in use survive, as in a least-recently-used
    cache, without a lock on reading. Writing takes a lock; it happens after an encoding that costs far more.
    """

    __slots__ = ('_bytes', '_generation_bytes', '_lock', '_old', '_young')

    def __init__(self, generation_bytes: int = GENERATION_BYTES) -> None:
        self._young: dict[str, V] = {}
        self._old: dict[str, V] = {}
        self._bytes = 0
        self._generation_bytes = generation_bytes
        self._lock = new_lock()

    def get(self, text: str) -> V | None:
        """Return the remembered value of `text`, or None."""
        found = self._young.get(text)
        if found is None:
            found = self._old.get(text)
            if found is not None:
                self.put(text, found)
        return found

    def put(self, text: str, value: V) -> None:
        """Remember `value` for `text`, unless the text takes more than its share of a generation."""
        if len(text) > self._generation_bytes // SHARE:
            return
        with self._lock:
            if len(self._young) >= GENERATION_ENTRIES or self._bytes >= self._generation_bytes:
                self._old, self._young, self._bytes = self._young, {}, 0
            if text not in self._young:
                self._young[text] = value
                self._bytes += getsizeof(text)

    def __len__(self) -> int:
        """Texts remembered; one that sits in both generations counts twice."""
        return len(self._young) + len(self._old)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._young, self._old, self._bytes = {}, {}, 0
