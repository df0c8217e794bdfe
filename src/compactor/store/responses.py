"""The response cache: answers by the hash of what was asked, with an end, a bound and counts of their hits."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from compactor.archive.archive import LARGEST, unpacked
from compactor.errors import ConfigError
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets, redact

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from compactor.store.engine import Store

HOUR = 3_600.0
TTL = 24 * HOUR
"""Seconds that an answer is good for."""
MAX_BYTES = 256 * 1024 * 1024
"""Compressed bytes of all answers together."""
SHOWN = 500
"""Characters of a prompt that are kept with its answer, for people and for patterns."""
CHECKED = 32
"""Answers stored between two looks at the bound; one that is large has it looked at at once."""


Stamp = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer from the cache.

    Attributes:
        data: what was stored.
        model: who gave it.
        tokens: what asking again would have cost.
        age: seconds since it was stored.
        hits: how often it was had, this time included.
        stamp: when it was stored and until when it is good, in seconds since 1970: no two answers to one request have
            the same.
    """

    data: bytes
    model: str
    tokens: int
    age: float
    hits: int
    stamp: Stamp = (0.0, 0.0)


class ResponseCache:
    """Answers of models in a store, for its tenant.

    Args:
        store: where.
        ttl: seconds that an answer is good for.
        max_bytes: compressed bytes of all answers of a tenant together; the least recently used go first.
        secrets: an answer in which one of these stands is not stored, for without it it would be another answer; of
            prompts they are redacted. None stores everything.

    Raises:
        ConfigError: `ttl` or `max_bytes` are not positive.
        StoreError: (from every method) the store is away, locked, full or damaged.
    """

    def __init__(
        self,
        store: Store,
        *,
        ttl: float = TTL,
        max_bytes: int = MAX_BYTES,
        secrets: Secrets | None = HIGH_CONFIDENCE,
    ) -> None:
        if ttl <= 0 or max_bytes <= 0:
            raise ConfigError(f'ttl and max_bytes must be positive, got {ttl} and {max_bytes}')
        self.store = store
        self.ttl = ttl
        self.max_bytes = max_bytes
        self.secrets = secrets
        self._stored = 0

    def get(self, key: str) -> Answer | None:
        """The answer under a key, counted as a hit; None if there is none, or none that is still good."""
        from sqlalchemy import delete, select, update

        from compactor.store.schema import responses

        key, now = self._owned(key), self.store.clock()
        with self.store.read() as connection:
            if connection.execute(select(responses.c.key).where(responses.c.key == key)).first() is None:
                return None
        with self.store.write(f'response/{key}') as connection:
            row = connection.execute(select(responses).where(responses.c.key == key)).first()
            if row is None:
                return None
            if row.expires <= now:
                connection.execute(delete(responses).where(responses.c.key == key))
                return None
            change = update(responses).where(responses.c.key == key).values(hits=row.hits + 1, used=now)
            connection.execute(change)
        data = unpacked(row.response)
        if data is None:  # damaged, or more than anybody stores
            self._remove(key)
            return None
        return Answer(data, row.model, row.tokens, now - row.created, row.hits + 1, (row.created, row.expires))

    def stamp(self, key: str) -> Stamp | None:
        """When the answer under a key was stored and until when it is good; None if there is none. No hit."""
        from sqlalchemy import select

        from compactor.store.schema import responses

        wanted = select(responses.c.created, responses.c.expires).where(responses.c.key == self._owned(key))
        with self.store.read() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else (row.created, row.expires)

    def count(self, hits: Mapping[str, tuple[int, float]]) -> None:
        """Counts hits that were answered from elsewhere: by key, how many and when the last was."""
        from sqlalchemy import case, update

        from compactor.store.schema import responses

        with self.store.write() as connection:
            for key, (number, last) in sorted(hits.items()):
                later = case((responses.c.used < last, last), else_=responses.c.used)
                change = update(responses).where(responses.c.key == self._owned(key))
                connection.execute(change.values(hits=responses.c.hits + number, used=later))

    def set(self, key: str, data: bytes, *, model: str, prompt: str = '', tokens: int = 0) -> Stamp | None:
        """Stores an answer, unless it is too large or a secret stands in it; returns its stamp if it did.

        Args:
            key: the hash of what was asked, 64 characters at most.
            data: the answer.
            model: who gave it.
            prompt: what was asked; only its beginning is kept.
            tokens: what asking again would cost.
        """
        from sqlalchemy import delete, insert

        from compactor.store.schema import responses

        if self._holds_secret(data):
            return None
        packed = zlib.compress(data, 1)
        if len(packed) > self.max_bytes or len(data) > LARGEST:
            return None
        key, now = self._owned(key), self.store.clock()
        with self.store.write(f'response/{key}') as connection:
            connection.execute(delete(responses).where(responses.c.key == key))
            connection.execute(
                insert(responses).values(
                    key=key,
                    model=model,
                    prompt=self._shown(prompt).encode('utf-8', 'replace').decode().replace('\x00', ''),
                    response=packed,
                    size=len(packed),
                    tokens=tokens,
                    created=now,
                    used=now,
                    expires=now + self.ttl,
                    hits=0,
                    tenant=self.store.tenant,
                )
            )
            self._stored += 1
            if self._stored % CHECKED == 1 or len(packed) > self.max_bytes // CHECKED:
                _bounded(connection, self.store.tenant, self.max_bytes, now)
        return now, now + self.ttl

    def _holds_secret(self, data: bytes) -> bool:
        if self.secrets is None:
            return False
        text = data.decode('utf-8', 'replace')
        return redact(text, self.secrets) is not text

    def _shown(self, prompt: str) -> str:
        """The beginning of a prompt; redacted before it is cut, for half a secret is known to nobody."""
        beginning = prompt[: 4 * SHOWN]
        return (beginning if self.secrets is None else redact(beginning, self.secrets))[:SHOWN]

    def remove(self, key: str) -> None:
        """Forgets one answer."""
        self._remove(self._owned(key))

    def _owned(self, key: str) -> str:
        """A key as it stands in the store, for its tenant."""
        tenant = self.store.tenant
        return sha256(f'{tenant}\0{key}'.encode()).hexdigest() if tenant else key

    def _remove(self, key: str) -> None:
        from sqlalchemy import delete

        from compactor.store.schema import responses

        with self.store.write(f'response/{key}') as connection:
            connection.execute(delete(responses).where(responses.c.key == key))

    def clear_old(self, max_age_hours: float = 24.0) -> int:
        """Forgets answers older than this, and such as are not good any more; returns how many."""
        from sqlalchemy import delete, or_

        from compactor.store.schema import responses

        now = self.store.clock()
        with self.store.write() as connection:
            old = delete(responses).where(
                responses.c.tenant == self.store.tenant,
                or_(responses.c.created < now - max_age_hours * HOUR, responses.c.expires <= now),
            )
            return connection.execute(old).rowcount

    def invalidate(self, pattern: str) -> int:
        """Forgets answers whose prompt, as far as it is kept, or model matches `*` and `?`; returns how many."""
        from sqlalchemy import delete, or_

        from compactor.store.schema import responses

        like = pattern.replace('\\', '\\\\').replace('%', '\\%').replace('_', '\\_')
        like = like.replace('*', '%').replace('?', '_')
        with self.store.write() as connection:
            matching = delete(responses).where(
                responses.c.tenant == self.store.tenant,
                or_(responses.c.prompt.like(like, escape='\\'), responses.c.model.like(like, escape='\\')),
            )
            return connection.execute(matching).rowcount

    def get_stats(self) -> dict[str, Any]:
        """`total_entries`, `total_hits`, `total_tokens_saved`, and `by_model` with `entries` and `hits` of each."""
        from sqlalchemy import func, select

        from compactor.store.schema import responses

        found = select(
            responses.c.model,
            func.count().label('entries'),
            func.coalesce(func.sum(responses.c.hits), 0).label('hits'),
            func.coalesce(func.sum(responses.c.hits * responses.c.tokens), 0).label('saved'),
        ).where(responses.c.tenant == self.store.tenant)
        found = found.group_by(responses.c.model)
        with self.store.read() as connection:
            rows = connection.execute(found.order_by(responses.c.model)).all()
        return {
            'total_entries': sum(int(row.entries) for row in rows),
            'total_hits': sum(int(row.hits) for row in rows),
            'total_tokens_saved': sum(int(row.saved) for row in rows),
            'by_model': {row.model: {'entries': int(row.entries), 'hits': int(row.hits)} for row in rows},
        }


def _bounded(connection: Connection, tenant: str, most: int, now: float) -> None:
    """Removes what is not good any more, then the least recently used, until the rest is within `most` bytes."""
    from sqlalchemy import delete, func, select

    from compactor.store.schema import responses

    connection.execute(delete(responses).where(responses.c.expires <= now))
    mine = responses.c.tenant == tenant
    over = (connection.execute(select(func.sum(responses.c.size)).where(mine)).scalar() or 0) - most
    if over <= 0:
        return
    oldest = select(responses.c.key, responses.c.size).where(mine).order_by(responses.c.used, responses.c.key)
    gone: list[str] = []
    for row in connection.execute(oldest):
        gone.append(row.key)
        over -= row.size
        if over <= 0:
            break
    for start in range(0, len(gone), 500):  # databases bound the number of values in one statement
        connection.execute(delete(responses).where(responses.c.key.in_(gone[start : start + 500])))
