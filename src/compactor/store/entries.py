"""`Ledger`: the entries of a store, one a model request, and the sums that reports are made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

from compactor.errors import ConfigError
from compactor.ledger.axis import Step, Stretch, stretches
from compactor.ledger.efficiency import Ranking, rankings
from compactor.ledger.entry import Entry
from compactor.ledger.figures import DIMENSIONS, Figures, Group, Total, added, to_json
from compactor.ledger.prices import Prices, priced
from compactor.ledger.reacquired import Reacquired, summed
from compactor.ledger.report import (
    DAILY_ALERT,
    ConversationReport,
    DailyCost,
    OptimizationReport,
    conversation_report,
    daily_cost,
    day_of,
    optimization_report,
)
from compactor.ledger.summary import Summary, summarise
from compactor.store.rows import clean, entry_of, reacquired_of, row_of, storable

if TYPE_CHECKING:
    from decimal import Decimal

    from sqlalchemy import Select
    from sqlalchemy.sql.elements import ColumnElement

    from compactor.store.engine import Store

HOUR = 3_600.0
DAY_HOURS = 24.0
CHUNK = 20_000
"""About so many entries are deleted in one transaction, so that nobody waits long."""


class Ledger:
    """What was sent to models, and what it cost, for the tenant of its store.

    Args:
        store: where it is kept.
        prices: what entries without a cost are priced by; None leaves them as they are.

    Raises:
        StoreError: (from every method) the store is away, locked, full or damaged.
    """

    def __init__(self, store: Store, prices: Prices | None = None) -> None:
        if not hasattr(store, 'write'):
            raise ConfigError(f'a ledger is kept in a store: Ledger(Store.open(...)), not {store!r}')
        self.store = store
        self.prices = prices

    # -- writing ------------------------------------------------------------------------------------------------

    def record(self, entry: Entry) -> None:
        """Keeps one entry.

        Raises:
            ConfigError: a figure of it is none: its cost no amount of money, its time no time.
        """
        self.record_many((entry,))

    def record_many(self, entries: Iterable[Entry]) -> None:
        """Keeps entries, all or none of them. Raises as `record`."""
        some = [storable(entry if self.prices is None else priced(entry, self.prices)) for entry in entries]
        if not some:
            return
        from sqlalchemy import insert

        from compactor.store import hours, schema

        rows = [{**row_of(entry), 'tenant': self.store.tenant} for entry in some]
        with self.store.write() as connection:
            connection.execute(insert(schema.entries), rows)
            hours.add(connection, some, self.store.tenant)

    def cleanup(self, before: float) -> int:
        """Deletes entries that are older.

        Args:
            before: seconds since 1970; what is from then or later stays.

        Returns:
            how many there were.
        """
        from sqlalchemy import delete, select, text

        from compactor.store import hours
        from compactor.store.schema import entries

        gone = 0
        mine = entries.c.tenant == self.store.tenant
        oldest = select(entries.c.at).where(entries.c.at < before, mine).order_by(entries.c.at)
        while True:
            with self.store.write('ledger/cleanup') as connection:
                if not self.store.is_sqlite:  # others add to the sums meanwhile: let them wait for the count
                    connection.execute(text('LOCK TABLE compactor_hours IN EXCLUSIVE MODE'))
                last = connection.execute(oldest.offset(CHUNK).limit(1)).scalar()
                # Whole hours, so that only the last one has to be counted again.
                cut = before if last is None else min(before, hours.start_of(last) + HOUR)
                gone += connection.execute(delete(entries).where(entries.c.at < cut, mine)).rowcount
                edge = hours.start_of(cut)
                summed = hours.hours.c
                connection.execute(delete(hours.hours).where(summed.start < edge, summed.tenant == self.store.tenant))
                if edge < cut:
                    hours.recount(connection, edge)
            if last is None:
                return gone

    # -- reading ------------------------------------------------------------------------------------------------

    def entries(
        self,
        since: float | None = None,
        until: float | None = None,
        *,
        agent: str | None = None,
        model: str | None = None,
        conversation: str | None = None,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries in the order of their time.

        Args:
            since: from when, in seconds since 1970.
            until: up to but not at this time.
            agent: only this agent's; '' is the one without a name.
            model: only this model's.
            conversation: only this conversation's.
            limit: so many at most, the newest.
        """
        from sqlalchemy import select

        from compactor.store.schema import entries

        found = select(entries).where(*_where(self.store.tenant, since, until, agent, model, conversation))
        newest = found.order_by(entries.c.at.desc(), entries.c.id.desc()).limit(limit)
        with self.store.read() as connection:
            return [entry_of(row) for row in reversed(connection.execute(newest).all())]

    def count(self, since: float | None = None, until: float | None = None) -> int:
        """How many entries there are between two times."""
        from sqlalchemy import func, select

        from compactor.store.schema import entries

        with self.store.read() as connection:
            found = select(func.count()).select_from(entries).where(*_where(self.store.tenant, since, until))
            return int(connection.execute(found).scalar() or 0)

    def totals(
        self,
        since: float | None = None,
        until: float | None = None,
        *,
        agent: str | None = None,
        model: str | None = None,
        conversation: str | None = None,
    ) -> tuple[Total, ...]:
        """Sums by everything that entries are grouped by; `ledger` makes reports of them. Arguments as `entries`."""
        from compactor.store import hours
        from compactor.store.schema import entries

        mine, every = self.store.tenant, (agent, model, conversation)
        parts: list[Select[Any]]
        first = None if since is None else -int(-since // HOUR) * int(HOUR)
        last = None if until is None else hours.start_of(until)
        if conversation is not None or (first is not None and last is not None and first >= last):
            parts = [hours.summed(entries).where(*_where(mine, since, until, *every))]
        else:
            parts = [hours.summed(hours.hours).where(*_hours(mine, first, last, agent, model))]
            # The ends of the period, where they lie within an hour.
            if since is not None and first is not None and since < first:
                parts.append(hours.summed(entries).where(*_where(mine, since, float(first), *every)))
            if until is not None and last is not None and last < until:
                parts.append(hours.summed(entries).where(*_where(mine, float(last), until, *every)))
        return self._totals(parts)

    def axis(
        self,
        step: Step,
        since: float | None = None,
        until: float | None = None,
        *,
        time_zone: str = 'UTC',
        agent: str | None = None,
        model: str | None = None,
    ) -> tuple[Stretch, ...]:
        """Figures along the time; what nothing happened in is left out.

        Args:
            step: 'hour', 'day', 'week', 'month', or 'session' for each conversation.
            since: from when, in seconds since 1970.
            until: up to but not at this time.
            time_zone: whose hours, days, weeks and months.
            agent: only this agent's.
            model: only this model's.
        """
        from compactor.store import axis as stretches_of

        where = list(_where(self.store.tenant, since, until, agent, model))
        if step == 'session':
            with self.store.read() as connection:
                return tuple(Stretch(*one) for one in stretches_of.conversations(connection, where))
        with self.store.read() as connection:
            return stretches(stretches_of.quarters(connection, where), step, time_zone)

    def _totals(self, parts: list[Select[Any]]) -> tuple[Total, ...]:
        from sqlalchemy import union_all

        from compactor.store import hours

        found: dict[Group, list[Figures]] = {}
        # One statement, so that nothing is counted twice or missed while others write.
        statement = union_all(*parts) if len(parts) > 1 else parts[0]
        with self.store.read() as connection:
            for row in connection.execute(statement):
                group, figures = hours.read(row)
                found.setdefault(group, []).append(figures)
        return tuple(Total(group, added(found[group])) for group in sorted(found, key=_order))

    def conversation(self, conversation: str) -> ConversationReport | None:
        """The report of one conversation; None if nothing is known of it."""
        from sqlalchemy import distinct, func, select

        from compactor.store.schema import entries

        e = entries.c
        span = select(
            func.min(e.at - func.coalesce(e.latency, 0.0)).label('started'),
            func.max(e.at).label('ended'),
            func.count(distinct(e.run)).label('runs'),
        ).where(e.conversation == clean(conversation), e.tenant == self.store.tenant)
        with self.store.read() as connection:
            row = connection.execute(span).one()
        if row.ended is None:
            return None
        totals = self.totals(conversation=conversation)
        return conversation_report(conversation, float(row.started), float(row.ended), int(row.runs), totals)

    # -- reports over hours -------------------------------------------------------------------------------------

    def summary(self, hours: float = DAY_HOURS, *, agent: str | None = None, model: str | None = None) -> Summary:
        """What happened in the last hours, up to now."""
        return summarise(self.totals(self._since(hours), agent=agent, model=model), hours)

    def rankings(self, hours: float = DAY_HOURS) -> tuple[Ranking, ...]:
        """The models of the last hours, the most efficient first."""
        return rankings(self.totals(self._since(hours)))

    def optimization(self, hours: float = DAY_HOURS) -> OptimizationReport:
        """What could be better, from the last hours."""
        from compactor.store.responses import ResponseCache

        cache = ResponseCache(self.store).get_stats()
        since = self._since(hours)
        again = self.reacquired(since)
        totals = self.totals(since)
        return optimization_report(totals, cache, hours, self.prices, at=self.store.clock(), reacquired=again)

    def reacquired(self, since: float | None = None, until: float | None = None) -> tuple[Reacquired, ...]:
        """What agents got again that compactions had taken, by tool and way, most tokens first; times as `entries`."""
        from sqlalchemy import select

        from compactor.store.schema import entries

        column = entries.c.reacquired
        found = select(column).where(column.is_not(None), *_where(self.store.tenant, since, until))
        with self.store.read() as connection:
            return summed(one for (text,) in connection.execute(found) for one in reacquired_of(text))

    def today(self, threshold: Decimal = DAILY_ALERT) -> DailyCost:
        """What the present UTC day has cost so far."""
        now = self.store.clock()
        return daily_cost(self.totals(*day_of(now)), now, threshold)

    def get_summary(self, hours: float = DAY_HOURS) -> dict[str, Any]:
        """`summary` as JSON has it; see `Summary.to_json`."""
        return cast('dict[str, Any]', to_json(self.summary(hours)))

    def get_efficiency_rankings(self, hours: float = DAY_HOURS) -> list[dict[str, Any]]:
        """`rankings` as JSON has them; see `Ranking.to_json`."""
        return cast('list[dict[str, Any]]', to_json(self.rankings(hours)))

    def get_optimization_report(self, hours: float = DAY_HOURS) -> dict[str, Any]:
        """`optimization` as JSON has it; see `OptimizationReport.to_json`."""
        return cast('dict[str, Any]', to_json(self.optimization(hours)))

    def _since(self, hours: float) -> float:
        if not hours > 0:
            raise ConfigError(f'a period is a positive number of hours, not {hours:g}')
        return self.store.clock() - hours * HOUR


def _where(
    tenant: str,
    since: float | None,
    until: float | None,
    agent: str | None = None,
    model: str | None = None,
    conversation: str | None = None,
) -> Iterator[ColumnElement[bool]]:
    from compactor.store.schema import entries

    yield entries.c.tenant == tenant
    if since is not None:
        yield entries.c.at >= since
    if until is not None:
        yield entries.c.at < until
    for column, wanted in ((entries.c.agent, agent), (entries.c.model, model), (entries.c.conversation, conversation)):
        if wanted is not None:
            yield column == clean(wanted)


def _hours(
    tenant: str, first: int | None, last: int | None, agent: str | None, model: str | None
) -> Iterator[ColumnElement[bool]]:
    from compactor.store.hours import hours

    yield hours.c.tenant == tenant
    if first is not None:
        yield hours.c.start >= first
    if last is not None:
        yield hours.c.start < last
    for column, wanted in ((hours.c.agent, agent), (hours.c.model, model)):
        if wanted is not None:
            yield column == clean(wanted)


def _order(group: Group) -> tuple[str, ...]:
    return tuple(getattr(group, name) for name in DIMENSIONS)
