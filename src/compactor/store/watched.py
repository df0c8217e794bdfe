"""What somebody who watches a store wants to know at once, however much it holds: reads only, few rows each.

The newest conversations are found among the newest entries, so that no question goes through all of them.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Row, distinct, func, select

from compactor.archive.archive import LARGEST
from compactor.ledger.context import Context
from compactor.store import hours, tenants
from compactor.store.rows import clean, context_of
from compactor.store.schema import archive, entries

if TYPE_CHECKING:
    from sqlalchemy.sql.elements import ColumnElement

    from compactor.store.engine import Store

AMONG = (4_000, 80_000, None)
"""Among how many of the entries recorded last the newest conversations are looked for; None for all, if need be."""
STEPS = 400
"""Requests of one conversation that are shown, the newest."""
SCANNED = 4_000
"""Entries of archives that one search reads at most, the most recently used ..."""
UNPACKED = 128 * 1024 * 1024
"""... and bytes of them."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation as a list shows it.

    Attributes:
        conversation: its id.
        agent: the agent of its newest request.
        model: the model of that.
        started: when its first request was sent, in seconds since 1970.
        ended: when its newest answer had come.
        runs: how many things it was asked.
        requests: its entries.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        nano: what is known to have been paid, in billionths of a dollar.
        unpriced: requests with tokens and without a known price.
        saved: tokens spared by compactions, budgets of outputs and the response cache.
        failed: requests that failed.
        compactions: requests that were compacted.
        context: what its newest request was made of; None where nobody looked.
    """

    conversation: str
    agent: str
    model: str
    started: float
    ended: float
    runs: int
    requests: int
    input_tokens: int
    output_tokens: int
    nano: int
    unpriced: int
    saved: int
    failed: int
    compactions: int
    context: Context | None


@dataclass(frozen=True, slots=True)
class Moment:
    """One request of a conversation.

    Attributes:
        at: when it ended, in seconds since 1970.
        kind: see `ledger.entry.EntryKind`.
        agent: who sent it.
        model: who answered.
        task: what it was taken for.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        nano: what it cost in billionths of a dollar; None where no price is known.
        failed: it had no answer.
        context: what it was made of; None where nobody looked.
    """

    at: float
    kind: str
    agent: str
    model: str
    task: str
    input_tokens: int
    output_tokens: int
    nano: int | None
    failed: bool
    context: Context | None


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry of an archive.

    Attributes:
        handle: by which `recall` finds it.
        scope: whose it is, without its tenant.
        at: when it was kept, in seconds since 1970.
        text: what it says.
    """

    handle: str
    scope: str
    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Hour:
    """What a tenant's requests of one hour took.

    Attributes:
        start: its first second, since 1970.
        requests: how many.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        nano: what is known to have been paid, in billionths of a dollar.
        unpriced: requests of unknown price.
        saved: tokens spared.
    """

    start: int
    requests: int
    input_tokens: int
    output_tokens: int
    nano: int
    unpriced: int
    saved: int


def newest(store: Store) -> int:
    """A number that grows with every entry of the ledger, whosever it is: whether there is anything new to look at."""
    with store.read() as connection:
        return int(connection.execute(select(func.max(entries.c.id))).scalar() or 0)


def sessions(store: Store, most: int, before: float | None = None) -> list[Session]:
    """The conversations in which something happened last, newest first.

    Args:
        store: whose tenant's they are.
        most: how many at most.
        before: only those whose newest request is older, in seconds since 1970.
    """
    with store.read() as connection:
        names = _newest_names(connection, store.tenant, most, before)
        found = {row.conversation: row for row in connection.execute(_sums(store.tenant, names))}
        last = {row.conversation: row for row in connection.execute(_last(store.tenant, names))}
        context = {row.conversation: row for row in connection.execute(_last(store.tenant, names, known=True))}
    return [_session(found[name], last[name], context.get(name)) for name in names if name in found]


def session(store: Store, conversation: str) -> Session | None:
    """One conversation; None if nothing is known of it."""
    names = [clean(conversation)]
    with store.read() as connection:
        row = connection.execute(_sums(store.tenant, names)).first()
        last = connection.execute(_last(store.tenant, names)).first()
        context = connection.execute(_last(store.tenant, names, known=True)).first()
    return None if row is None or last is None else _session(row, last, context)


def count(store: Store) -> int:
    """How many conversations there are."""
    found = select(func.count(distinct(entries.c.conversation))).where(entries.c.tenant == store.tenant)
    with store.read() as connection:
        return int(connection.execute(found).scalar() or 0)


def moments(store: Store, conversation: str) -> list[Moment]:
    """The newest requests of a conversation, in order."""
    e = entries.c
    wanted = (e.at, e.kind, e.agent, e.model, e.task, e.input_tokens, e.output_tokens, e.cost, e.error, e.context)
    mine = _in(store.tenant, [clean(conversation)])
    found = select(*wanted).where(*mine).order_by(e.at.desc(), e.id.desc()).limit(STEPS)
    with store.read() as connection:
        rows = connection.execute(found).all()
    return [
        Moment(
            float(row.at),
            row.kind,
            row.agent,
            row.model,
            row.task,
            int(row.input_tokens),
            int(row.output_tokens),
            None if row.cost is None else int(row.cost),
            row.error is not None,
            context_of(row.context),
        )
        for row in reversed(rows)
    ]


def by_hour(store: Store, since: float) -> list[Hour]:
    """The hours in which something happened, in order, from the hour of a moment on."""
    h = hours.hours.c
    saved = h.saved_by_compaction + h.saved_by_outputs + h.saved_by_cache
    sums = (func.sum(one) for one in (h.requests, h.input_tokens, h.output_tokens, h.nano, h.unpriced, saved))
    found = select(h.start, *sums).where(h.tenant == store.tenant, h.start >= hours.start_of(since))
    with store.read() as connection:
        return [Hour(*map(int, row)) for row in connection.execute(found.group_by(h.start).order_by(h.start))]


def framed(store: Store, since: float, *, conversation: str | None = None) -> dict[str, tuple[int, int]]:
    """By task: requests to which frames of prompts added something, and how many tokens that was.

    Args:
        store: whose tenant's they are.
        since: from when, in seconds since 1970.
        conversation: only this conversation's.
    """
    e = entries.c
    mine = [e.tenant == store.tenant, e.at >= since, e.added_by_frames > 0]
    if conversation is not None:
        mine.append(e.conversation == clean(conversation))
    found = select(e.task, func.count(), func.sum(e.added_by_frames)).where(*mine).group_by(e.task).order_by(e.task)
    with store.read() as connection:
        return {task: (int(requests), int(tokens)) for task, requests, tokens in connection.execute(found)}


def kept(store: Store, most: int = SCANNED) -> Iterator[Kept]:
    """What archives of the tenant hold as text, the most recently used first; damaged entries are passed over.

    Args:
        store: whose tenant's they are.
        most: entries that are read at most.
    """
    a = archive.c
    head = store.owned('x', 100)[:-1] if store.tenant else ''
    mine = a.scope.startswith(head, autoescape=True) if head else ~a.scope.startswith(tenants.PREFIX, autoescape=True)
    names = select(a.scope, a.key).where(mine).order_by(a.used.desc()).limit(most)
    read = 0
    with store.read() as connection:
        for scope, key in connection.execute(names).all():
            one = select(a.handle, a.data, a.created).where(a.scope == scope, a.key == key)
            row = connection.execute(one).first()
            text = None if row is None else _text(row.data)
            if row is None or text is None:
                continue
            read += len(text)
            yield Kept(row.handle, scope.removeprefix(head), float(row.created), text)
            if read > UNPACKED:
                return


def _text(packed: bytes) -> str | None:
    try:
        stream = zlib.decompressobj()
        data = stream.decompress(packed, LARGEST)
        return data.decode() if stream.eof else None
    except (zlib.error, UnicodeDecodeError):
        return None


def _newest_names(connection: Connection, tenant: str, most: int, before: float | None) -> list[str]:
    e = entries.c
    top = int(connection.execute(select(func.max(e.id))).scalar() or 0)
    names: Sequence[str] = ()
    for among in AMONG:
        some = select(e.conversation, e.at).where(e.tenant == tenant)
        if before is not None:
            some = some.where(e.at < before).order_by(e.at.desc()).limit(among)
        elif among is not None:
            # By number: a database without statistics would sort all entries of a tenant to find the newest.
            some = some.where(e.id > top - among)
        recent = some.subquery()
        found = select(recent.c.conversation).group_by(recent.c.conversation)
        names = connection.execute(found.order_by(func.max(recent.c.at).desc()).limit(most)).scalars().all()
        if len(names) >= most:
            break
    return list(names)


def _in(tenant: str, names: Sequence[str]) -> tuple[ColumnElement[bool], ...]:
    """Entries of a tenant's conversations, found by these: the index of tenants would lead to nearly all."""
    return entries.c.conversation.in_(names), entries.c.tenant.concat('') == tenant


def _sums(tenant: str, names: Sequence[str]) -> Any:
    e = entries.c
    figures = hours.OF_ENTRIES
    sums = {name: figures[name] for name in ('requests', 'input_tokens', 'output_tokens', 'nano', 'unpriced', 'failed')}
    sums['saved'] = e.saved_by_compaction + e.saved_by_outputs + e.saved_by_cache
    return (
        select(
            e.conversation,
            func.min(e.at - func.coalesce(e.latency, 0.0)).label('started'),
            func.max(e.at).label('ended'),
            func.count(distinct(e.run)).label('runs'),
            # JSON is written without what is 0: it names `before` where there was a compaction.
            func.count().filter(e.context.like('%"before":%')).label('compactions'),
            *(func.sum(one).label(name) for name, one in sums.items()),
        )
        .where(*_in(tenant, names))
        .group_by(e.conversation)
    )


def _last(tenant: str, names: Sequence[str], *, known: bool = False) -> Any:
    """The newest entry of each conversation; of those whose context is known, if that is wanted."""
    e = entries.c
    some = list(_in(tenant, names))
    if known:
        some.append(e.context.is_not(None))
    last = select(func.max(e.id)).where(*some).group_by(e.conversation)
    return select(e.conversation, e.agent, e.model, e.context).where(e.id.in_(last))


def _session(row: Row[Any], last: Row[Any], known: Row[Any] | None) -> Session:
    return Session(
        row.conversation,
        last.agent,
        last.model,
        float(row.started),
        float(row.ended),
        int(row.runs),
        int(row.requests),
        int(row.input_tokens),
        int(row.output_tokens),
        int(row.nano),
        int(row.unpriced),
        int(row.saved),
        int(row.failed),
        int(row.compactions),
        None if known is None else context_of(known.context),
    )
