"""The ledger by the minute: what was sent to each model in each minute, as a provider's usage export has it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from compactor.store.engine import Store

MINUTE = 60
"""Seconds of a minute."""

Minute = tuple[int, str, str, int, int, int, int, int, int | None]
"""When it begins, in seconds since 1970; model, provider, requests, tokens of input and output, of the input those that
the provider had cached and that it cached; what is known to have been paid, in billionths of a dollar, None where no
price is known."""


def minutes(store: Store) -> Iterator[Minute]:
    """The minutes in which requests ended, in order.

    Answers from the response cache were not sent, and are left out; so are requests that failed without a token, which
    providers do not count as usage.
    """
    from sqlalchemy import Integer, cast, func, select

    from compactor.store.schema import entries

    e = entries.c
    # A cast cuts off on SQLite, which may lack `floor`, and rounds on PostgreSQL.
    start = cast(e.at / MINUTE if store.is_sqlite else func.floor(e.at / MINUTE), Integer).label('minute')
    sent = e.cache_hit.is_(False) & (e.error.is_(None) | (e.input_tokens + e.output_tokens > 0))
    tokens = (e.input_tokens, e.output_tokens, e.cache_read_tokens, e.cache_write_tokens)
    sums = (func.count(), *map(func.sum, tokens), func.sum(e.cost))
    found = (
        select(start, e.model, e.provider, *sums)
        .where(sent, e.tenant == store.tenant)
        .group_by(start, e.model, e.provider)
        .order_by(start, e.model, e.provider)
    )
    with store.read() as connection:
        for minute, model, provider, *figures, cost in connection.execute(found):
            requests, sent_tokens, received, read, written = map(int, figures)
            paid = None if cost is None else int(cost)
            yield int(minute) * MINUTE, model, provider, requests, sent_tokens, received, read, written, paid
