"""Answers by what was asked, in the table `response_cache` of a store."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from compactor.errors import ConfigError

if TYPE_CHECKING:
    from compactor.store.engine import Store

HOUR = 3_600.0
MAX_AGE_HOURS = 24.0
"""Hours that an answer is good for, where nobody says."""


@dataclass(frozen=True, slots=True)
class CachedResponse:
    """An answer from the cache: a row of its table.

    Attributes:
        prompt_hash: SHA-256 of what was asked.
        response: the answer.
        tokens: what asking again would use.
        model: the model that was asked for.
        timestamp: when it was stored.
        hit_count: how often it was had, this time included.
    """

    prompt_hash: str
    response: str
    tokens: int
    model: str
    timestamp: datetime
    hit_count: int = 0


def normalised(prompt: str) -> str:
    """A prompt as it is compared: lower case, with one space where there are blanks.

    Blanks are not taken away, or 'now here' were 'nowhere'.
    """
    return ' '.join(prompt.lower().split())


def without_tenant(store: Store) -> Store:
    """The store, if it is nobody's in particular: the two tables have no column for a tenant.

    Raises:
        ConfigError: it is a tenant's.
    """
    if store.tenant:
        raise ConfigError(
            'the tables response_cache and token_metrics know of no tenants: give each tenant a store of its own here,'
            ' or use CachedModel and process_request, which do'
        )
    return store


class TokenCache:
    """Answers in a store.

    Two prompts are the same if they are so without regard to case and to how many blanks there are. What else the
    backend sends besides the prompt (instructions, settings, tools) is part of what is asked, as its hash: `context`.

    Args:
        store: where.
        max_age_hours: hours that an answer is good for.

    Attributes:
        context: hash of what is sent besides the prompt; '' for nothing. A `TokenOptimizer` sets it at each request, so
            that what is read or stored by hand belongs to what its backend was last asked with.

    Raises:
        ConfigError: `max_age_hours` is not positive, or the store is a tenant's.
        StoreError: (from every method) the store is away, locked, full or damaged.
    """

    def __init__(self, store: Store, max_age_hours: float = MAX_AGE_HOURS) -> None:
        if not max_age_hours > 0:
            raise ConfigError(f'answers are good for a positive number of hours, not {max_age_hours!r}')
        self.store = without_tenant(store)
        self.max_age_hours = max_age_hours
        self.context = ''

    def key(self, prompt: str, model: str, context: str | None = None) -> str:
        """The hash of what is asked: 64 hexadecimal digits of SHA-256."""
        asked = [model, normalised(prompt), self.context if context is None else context]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()

    def get(self, prompt: str, model: str, context: str | None = None) -> CachedResponse | None:
        """The answer, counted as a hit; None if there is none, or none that is still good."""
        from sqlalchemy import select, update

        from compactor.store.token_tables import read, responses

        key = self.key(prompt, model, context)
        found = select(responses).where(responses.c.prompt_hash == key)
        with self.store.read() as connection:
            if connection.execute(found).first() is None:
                return None
        with self.store.write(f'response_cache/{key}') as connection:
            row = connection.execute(found).first()
            if row is None or read(row.timestamp).timestamp() <= self.store.clock() - self.max_age_hours * HOUR:
                return None
            hits = (row.hit_count or 0) + 1
            connection.execute(update(responses).where(responses.c.prompt_hash == key).values(hit_count=hits))
        return CachedResponse(key, row.response, row.tokens, row.model, read(row.timestamp), hits)

    def set(self, prompt: str, model: str, response: str, tokens: int, context: str | None = None) -> None:
        """Stores an answer, in the place of an earlier one.

        Args:
            prompt: what was asked.
            model: the model that was asked for.
            response: its answer.
            tokens: what asking again would use.
            context: hash of what was sent besides; None for that of the last request.
        """
        from sqlalchemy import delete, insert

        from compactor.store.token_tables import responses, written

        key = self.key(prompt, model, context)
        sound = response.encode('utf-8', 'replace').decode().replace('\x00', '')
        row = {'prompt_hash': key, 'response': sound, 'tokens': tokens, 'model': model, 'hit_count': 0}
        with self.store.write(f'response_cache/{key}') as connection:
            connection.execute(delete(responses).where(responses.c.prompt_hash == key))
            connection.execute(insert(responses).values(timestamp=written(self.store.clock()), **row))

    def clear_old(self, max_age_hours: float = MAX_AGE_HOURS) -> int:
        """Forgets answers older than so many hours; returns how many."""
        from sqlalchemy import delete

        from compactor.store.token_tables import responses, written

        if not max_age_hours >= 0:
            raise ConfigError(f'max_age_hours is a number of hours, not {max_age_hours!r}')
        before = written(self.store.clock() - max_age_hours * HOUR)
        with self.store.write() as connection:
            return connection.execute(delete(responses).where(responses.c.timestamp < before)).rowcount

    def get_stats(self) -> dict[str, Any]:
        """`total_entries`, `total_hits`, `total_tokens_saved`, and `by_model` with `entries` and `hits` of each.

        Tokens saved are those of each answer as often as it was had.
        """
        by_model = self.saved()
        return {
            'total_entries': sum(one['entries'] for one in by_model.values()),
            'total_hits': sum(one['hits'] for one in by_model.values()),
            'total_tokens_saved': sum(one['saved'] for one in by_model.values()),
            'by_model': {m: {'entries': one['entries'], 'hits': one['hits']} for m, one in by_model.items()},
        }

    def saved(self) -> dict[str, dict[str, int]]:
        """`entries`, `hits` and tokens `saved` of each model, those with the most answers first."""
        from sqlalchemy import func, select

        from compactor.store.token_tables import responses

        table = responses.c
        entries = func.count().label('entries')
        found = select(
            table.model,
            entries,
            func.coalesce(func.sum(table.hit_count), 0).label('hits'),
            func.coalesce(func.sum(table.hit_count * table.tokens), 0).label('saved'),
        ).group_by(table.model)
        with self.store.read() as connection:
            rows = connection.execute(found.order_by(entries.desc(), table.model)).all()
        return {row.model: {name: int(getattr(row, name)) for name in ('entries', 'hits', 'saved')} for row in rows}
