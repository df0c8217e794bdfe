"""The response cache with what is asked for often in memory: small answers at once, larger ones from their second use.

request ─► memory (bounded, of this process) ─► store (bounded, of all processes) ─► model

It answers what the store alone would answer, at any time and whatever other processes do: before an answer is given
from memory, the store is asked whether it still is the one under its key, which costs a read instead of a read, a write
and unpacking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.locks import new_lock
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.store.engine import Store
from compactor.store.responses import MAX_BYTES, TTL, Answer, ResponseCache, Stamp

HOT_BYTES = 64 * 1024 * 1024
"""Bytes of answers in memory."""
HOT_ENTRIES = 4_096
"""Answers in memory."""
AT_ONCE = 10_000
"""Bytes of an answer below which it is in memory as soon as it is stored; what is larger, from its first hit on."""
NEVER = 500_000
"""Bytes from which on an answer stays in the store alone."""
FLUSH_HITS = 32
FLUSH_SECONDS = 5.0
"""Hits, and seconds, after which those that were answered from memory are counted in the store."""


@dataclass(slots=True)
class _Hot:
    """An answer in memory, and its hits that the store knows of."""

    data: bytes
    model: str
    tokens: int
    hits: int
    stamp: Stamp


class HotCache(ResponseCache):
    """A response cache with hot answers in memory; in every other respect the `ResponseCache` of its store.

    Hits from memory are counted in the store in batches (`FLUSH_HITS`, `FLUSH_SECONDS`), before anything is removed and
    before statistics are read; a process that ends without `flush` loses counts of its last hits, never an answer.

    Args:
        store: as for `ResponseCache`, like the next three.
        ttl: see there.
        max_bytes: see there.
        secrets: see there.
        hot_bytes: bytes of answers in memory; the least recently used leave it first.
        hot_entries: answers in memory.

    Raises:
        ConfigError: a number is not positive.
        StoreError: (from every method) as for `ResponseCache`; no answer is given from memory while the store is away.
    """

    def __init__(
        self,
        store: Store,
        *,
        ttl: float = TTL,
        max_bytes: int = MAX_BYTES,
        secrets: Secrets | None = HIGH_CONFIDENCE,
        hot_bytes: int = HOT_BYTES,
        hot_entries: int = HOT_ENTRIES,
    ) -> None:
        super().__init__(store, ttl=ttl, max_bytes=max_bytes, secrets=secrets)
        if hot_bytes <= 0 or hot_entries <= 0:
            raise ConfigError(f'hot_bytes and hot_entries must be positive, got {hot_bytes} and {hot_entries}')
        self.hot_bytes = hot_bytes
        self._hot = Bounded[str, _Hot](hot_entries)
        self._size = 0
        self._hits: dict[str, tuple[int, float]] = {}
        self._pending = 0
        self._flushed = store.clock()
        self._lock = new_lock()

    def get(self, key: str) -> Answer | None:
        """See `ResponseCache.get`."""
        with self._lock:
            hot = self._hot.used(key)
        if hot is None:
            return self._promoted(key, super().get(key))
        now = self.store.clock()
        if self.stamp(key) != hot.stamp or hot.stamp[1] <= now:
            self._cool(key)
            self.flush()
            return self._promoted(key, super().get(key))
        with self._lock:
            number = self._hits.get(key, (0, 0.0))[0] + 1
            self._hits[key] = number, now
            self._pending += 1
            answer = Answer(hot.data, hot.model, hot.tokens, now - hot.stamp[0], hot.hits + number, hot.stamp)
            due = self._pending >= FLUSH_HITS or now - self._flushed >= FLUSH_SECONDS
        if due:
            self.flush()
        return answer

    def set(self, key: str, data: bytes, *, model: str, prompt: str = '', tokens: int = 0) -> Stamp | None:
        """See `ResponseCache.set`."""
        self._cool(key)
        self.flush()
        stamp = super().set(key, data, model=model, prompt=prompt, tokens=tokens)
        if stamp is not None and len(data) < AT_ONCE:
            self._heat(key, _Hot(data, model, tokens, 0, stamp))
        return stamp

    def remove(self, key: str) -> None:
        """See `ResponseCache.remove`."""
        self._cool(key)
        super().remove(key)

    def clear_old(self, max_age_hours: float = 24.0) -> int:
        """See `ResponseCache.clear_old`."""
        self._empty()
        return super().clear_old(max_age_hours)

    def invalidate(self, pattern: str) -> int:
        """See `ResponseCache.invalidate`."""
        self._empty()
        return super().invalidate(pattern)

    def get_stats(self) -> dict[str, Any]:
        """See `ResponseCache.get_stats`; with `hot_entries` and `hot_bytes`, what this process has in memory."""
        self.flush()
        return {**super().get_stats(), 'hot_entries': len(self._hot), 'hot_bytes': self._size}

    def flush(self) -> None:
        """Counts the hits from memory in the store."""
        with self._lock:
            hits, self._hits, self._pending = self._hits, {}, 0
            self._flushed = self.store.clock()
            for key, (number, _) in hits.items():
                if (hot := self._hot.get(key)) is not None:
                    hot.hits += number
        if hits:
            self.count(hits)

    def _promoted(self, key: str, answer: Answer | None) -> Answer | None:
        if answer is not None and len(answer.data) < NEVER:
            self._heat(key, _Hot(answer.data, answer.model, answer.tokens, answer.hits, answer.stamp))
        return answer

    def _heat(self, key: str, hot: _Hot) -> None:
        with self._lock:
            self._drop(key)
            if len(hot.data) > self.hot_bytes:
                return
            while self._hot and (len(self._hot) >= self._hot.most or self._size + len(hot.data) > self.hot_bytes):
                self._drop(next(iter(self._hot)))
            self._hot[key] = hot
            self._size += len(hot.data)

    def _cool(self, key: str) -> None:
        with self._lock:
            self._drop(key)

    def _drop(self, key: str) -> None:
        hot = self._hot.pop(key, None)
        self._size -= 0 if hot is None else len(hot.data)

    def _empty(self) -> None:
        self.flush()
        with self._lock:
            self._hot.clear()
            self._size = 0
