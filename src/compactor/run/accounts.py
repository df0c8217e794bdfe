"""Station 5 in an agent: every model request in the ledger, and no request beyond a budget.

Before a request is sent, what it may take is set aside in every budget that covers it; after it, what it took is
counted and written down. Streams, failures and summaries are entries too. Where the store is away, policy decides
whether a run goes on; the store is then left alone for a while, so that no request waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar

from compactor import errors
from compactor.errors import StoreError
from compactor.ledger.budget import Budget, Crossing, Use
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from compactor.locks import in_copies_of
from compactor.policies.ledger import LedgerPolicy
from compactor.run.access import Access, nothing
from compactor.run.answer import Answer
from compactor.run.circuit import Clock
from compactor.run.clock import monotonic, replayed
from compactor.run.model_name import ModelName
from compactor.run.once import Once
from compactor.run.reporting import Reporter
from compactor.run.run import Run
from compactor.run.state import RunState
from compactor.run.threads import leave
from compactor.secrets.redact import redact
from compactor.store.engine import Store
from compactor.telemetry import events

T = TypeVar('T')

FRESH = 30.0
"""Seconds after which budgets that were set from outside (`compactor budget set`) are looked up again."""
SHOWN = 300
"""Characters of an error that are written down."""


class Accounts:
    """The ledger and the budgets of one `Compactor`.

    Args:
        store: where they are kept.
        policy: budgets, prices, and what to do without the store.
        acting: whether budgets may refuse a request; observing only writes down.
        reporter: hears of warnings, refusals and a store that is away.
        clock: seconds on a monotonic clock.
        exceeded: raised for a request that a budget has no room for.
    """

    def __init__(
        self,
        store: Store,
        policy: LedgerPolicy,
        acting: bool,
        reporter: Reporter,
        clock: Clock = monotonic,
        exceeded: type[errors.BudgetExceeded] = errors.BudgetExceeded,
    ) -> None:
        self.store = store
        self.prices = Prices.of(policy.prices)
        self._policy = policy
        self._acting = acting
        self._budgets: tuple[Budget, ...] = policy.budgets
        self._looked: float | None = None
        self._reporter = reporter
        self._clock = clock
        self._exceeded = exceeded
        closed = policy.on_store_error == 'closed'
        self._access = Access('ledger', reporter.emit, closed=closed, clock=clock, lost=lambda: store.lost, there=True)
        self._pending: list[Entry] = []
        in_copies_of(self, Accounts._copied)
        self._unread: dict[str, str] = {}
        self._told_unread: set[str] = set()

    def _copied(self) -> None:
        """Leaves what waits to be written down to the process that this one is copied from."""
        self._pending = []

    # -- before and after a request -----------------------------------------------------------------------------

    async def reserve(self, run: Run, state: RunState) -> None:
        """Sets aside what a request may take, and starts its clock; its history and its limit are as they are sent.

        Raises:
            BudgetExceeded: a budget has no room for it.
            StoreError: the store is away, there are budgets, and policy says 'closed'; or it never was there.
        """
        await self.release(run, state)
        await self._look_up(run)
        if self._budgets and self._acting:
            wanted = self._use(run, state.used, run.max_tokens or self._policy.reserve_output)
            reserving = Once(lambda: _reserved(self.store, self._budgets, wanted))
            try:
                state.lease = await self._access.ask(reserving, nothing, run=run.id, model=run.name.full, needed=True)
            except errors.BudgetExceeded as error:
                figures = (error.budget, error.unit, error.used, error.limit, error.resets)
                self._reporter.emit(events.BudgetRefused(run.id, run.name.full, *figures))
                raise self._exceeded(
                    error.budget, error.unit, error.used, error.limit, error.wanted, error.resets, str(error)
                ) from None
            except BaseException:  # cancelled: a thread may have set it aside all the same
                self._give_back(run, reserving.revoke())
                raise
            if state.lease is None and not replayed():  # a thread may still be at it
                leave(lambda: self._undone(reserving))
        state.began = self._clock()

    def _undone(self, reserving: Once[Any]) -> None:
        """Gives back what was set aside too late, in a thread."""
        from compactor.store.reservations import release

        lease = reserving.revoke()
        if lease is not None:
            release(self.store, lease)

    async def _look_up(self, run: Run) -> None:
        """Looks up, now and then, what budgets there are beside the policy's; the policy's own go first."""
        if not self._acting:
            return
        now = self._clock()
        found = None
        if self._looked is None or now - self._looked >= FRESH:
            found = await self._access.ask(lambda: _kept(self.store), nothing, run=run.id, model=run.name.full)
        if found is not None:
            self._looked = now
            own = {budget.name for budget in self._policy.budgets}
            budgets, unreadable = found
            self._budgets = (*self._policy.budgets, *(budget for budget in budgets if budget.name not in own))
            self._unread = {name: why for name, why in unreadable.items() if name not in own}
            self._tell_unread(run)
        if self._unread and self._policy.on_store_error == 'closed':
            raise StoreError(_not_held(self._unread))

    def _tell_unread(self, run: Run) -> None:
        """Says once of each budget that a newer version has set and this one cannot read that it does not hold here."""
        new = {name: why for name, why in self._unread.items() if name not in self._told_unread}
        if new:
            self._told_unread |= set(new)
            self._reporter.emit(events.StoreUnavailable(run.id, run.name.full, 'budgets', _not_held(new)))

    async def answered(self, run: Run, state: RunState, answer: Answer) -> Decimal | None:
        """Writes a request down, and counts it in its budgets; what it cost in dollars, None where nobody knows."""
        if state.began is None:
            return None  # its run was broken off, and it has been written down
        return await self._written(run, state, self._entry(run, state, answer))

    def _entry(self, run: Run, state: RunState, answer: Answer) -> Entry:
        return Entry(
            **self._common(run, answer.by, state),
            kind='request' if answer.saved is None else 'cache',
            input_tokens=answer.input_tokens if answer.measured or answer.saved is not None else state.used,
            output_tokens=answer.output_tokens,
            cache_read_tokens=answer.cache_read_tokens,
            cache_write_tokens=answer.cache_write_tokens,
            finish_reason=answer.finish_reason,
            cache_hit=answer.saved is not None,
            saved_by_compaction=state.removed,
            saved_by_outputs=state.trimmed,
            saved_by_cache=answer.saved or 0,
            added_by_frames=state.framed if answer.saved is None else 0,
            billing=answer.billing,
            estimated=not answer.measured and answer.saved is None,
        )

    async def failed(self, run: Run, state: RunState, error: BaseException, *, paid: bool = False) -> None:
        """Writes a request down that had no answer, and gives back what was set aside for it.

        Args:
            run: the run.
            state: what is known of it.
            error: what was raised.
            paid: it was sent, and whoever answers too late is paid all the same: what was set aside counts as spent.
        """
        if state.began is None:
            return  # nothing was sent, or it has been written down
        await self._written(run, state, self._unanswered(run, state, error, paid))

    def interrupted(self, run: Run, state: RunState, error: BaseException) -> None:
        """Writes a request down that nobody waits for any more, at once: what was set aside for it counts as spent."""
        if state.began is None:
            return
        writing = self._closed(run, state, self._unanswered(run, state, error, paid=True))
        self._access.tell(lambda: writing.warn(writing.work()), run=run.id, model=run.name.full)
        writing.tell()

    def answered_at_once(self, run: Run, state: RunState, answer: Answer) -> None:
        """Writes an answer down that nobody waits for any more."""
        if state.began is None:
            return
        writing = self._closed(run, state, self._entry(run, state, answer))
        self._access.tell(lambda: writing.warn(writing.work()), run=run.id, model=run.name.full)
        writing.tell()

    def _unanswered(self, run: Run, state: RunState, error: BaseException, paid: bool) -> Entry:
        entry = Entry(**self._common(run, run.name, state), error=_shown(error))
        if not paid:
            return entry
        output = run.max_tokens or self._policy.reserve_output
        added = state.framed
        return replace(entry, input_tokens=state.used, output_tokens=output, added_by_frames=added, estimated=True)

    async def release(self, run: Run, state: RunState) -> None:
        """Gives back what was set aside for a request that was never sent."""
        lease, state.lease = state.lease, None
        state.began = None
        if lease is not None:
            from compactor.store.reservations import release

            giving = Once(lambda: release(self.store, lease))
            await self._done(giving, run)

    def abandoned(self, run: Run, state: RunState) -> None:
        """Ends at once what a run has set aside that nobody waits for any more; nothing was sent of it."""
        lease, state.lease, state.began = state.lease, None, None
        self._give_back(run, lease)

    def _give_back(self, run: Run, lease: Any) -> None:
        if lease is None:
            return
        from compactor.store.reservations import release

        self._access.tell(lambda: release(self.store, lease), run=run.id, model=run.name.full)

    async def _done(self, work: Once[T], run: Run | None) -> T | None:
        """What the store says to work that is done in any case: if who waits is cancelled, it is done at once."""
        who = (None, None) if run is None else (run.id, run.name.full)
        try:
            return await self._access.ask(work, nothing, run=who[0], model=who[1])
        except BaseException:
            self._access.tell(work, run=who[0], model=who[1])
            raise

    def hear(self, run_id: str | None, answer: Answer, seconds: float) -> None:
        """Takes note of what a summary cost, used or not; it is written down with the next request."""
        self._pending.append(
            Entry(
                at=self.store.clock(),
                model=answer.by.name or '',
                provider=answer.by.provider or '',
                kind='summary',
                conversation=run_id or '',
                run=run_id or '',
                input_tokens=answer.input_tokens,
                output_tokens=answer.output_tokens,
                cache_read_tokens=answer.cache_read_tokens,
                cache_write_tokens=answer.cache_write_tokens,
                latency=seconds,
                billing=answer.billing,
            )
        )

    def hear_attempt(self, run: Run, name: ModelName, error: BaseException, seconds: float, sent: int = 0) -> None:
        """Takes note of an attempt at a model of a chain that failed; it is written down with the next request.

        Where the answer only came too late, `sent` are the tokens it was asked with.
        """
        self._pending.append(
            Entry(
                at=self.store.clock(),
                model=name.name or '',
                provider=name.provider or '',
                kind='failover',
                agent=run.agent,
                conversation=run.outermost,
                run=run.id or '',
                latency=seconds,
                error=_shown(error),
                input_tokens=sent,
                output_tokens=(run.max_tokens or self._policy.reserve_output) if sent else 0,
                estimated=sent > 0,
            )
        )

    async def flush(self, run: Run | None = None) -> None:
        """Writes down what waits for a next request, where there is none to come."""
        pending, self._pending = self._pending, []
        if not pending:
            return

        ledger = self.store if self._policy.enabled else None
        budgets = self._budgets if self._acting else ()
        writing = _Writing(run, None, pending, None, budgets, self.prices, self._reporter, self.store, ledger)
        writing.warn(await self._done(Once(writing.work), run) or ())
        writing.tell()

    async def _written(self, run: Run, state: RunState, entry: Entry) -> Decimal | None:
        writing = self._closed(run, state, entry)
        writing.warn(await self._done(Once(writing.work), run) or ())
        return writing.tell()

    def _closed(self, run: Run, state: RunState, entry: Entry) -> _Writing:
        """Takes the request out of the run's state, and what waits to be written down with it."""
        lease, state.lease, state.began = state.lease, None, None
        entry, state.reacquired = replace(entry, reacquired=tuple(state.reacquired)), []
        pending, self._pending = self._pending, []
        budgets = self._budgets if self._acting else ()
        store = self.store if self._policy.enabled else None
        return _Writing(run, entry, pending, lease, budgets, self.prices, self._reporter, self.store, store)

    # -- values -------------------------------------------------------------------------------------------------

    def _use(self, run: Run, sent: int, output: int) -> Use:
        model, provider = run.name.name or '', run.name.provider or ''
        cost = self.prices.of_tokens(model, provider, at=self.store.clock(), input_tokens=sent, output_tokens=output)
        return Use(model, provider, run.agent, sent + output, 1, cost)

    def _common(self, run: Run, by: ModelName, state: RunState) -> dict[str, Any]:
        return {
            'at': self.store.clock(),
            'model': by.name or '',
            'provider': by.provider or '',
            'agent': run.agent,
            'conversation': run.outermost,
            'run': run.id or '',
            'task': state.task or state.framed_as,
            'streamed': state.streamed,
            'context': state.context,
            'latency': None if state.began is None else self._clock() - state.began,
        }


@dataclass(frozen=True, slots=True)
class _Writing:
    """What is written down at the end of a request, and told afterwards."""

    run: Run | None
    entry: Entry | None
    pending: Sequence[Entry]
    lease: Any
    budgets: tuple[Budget, ...]
    prices: Prices
    reporter: Reporter
    store: Store
    ledger: Store | None

    def work(self) -> Sequence[Crossing]:
        """Writes it all; the budgets that are now nearly spent. Raises `StoreError`."""
        if self.ledger is not None:
            _recorded(self.ledger, self.prices, self._all)
        crossings: list[Crossing] = []
        for one in self.pending:
            use = self._use(one)
            if self.budgets and (use.requests or use.tokens):
                crossings += _spent(self.store, self.budgets, use, one.at)
        if self.lease is not None and self.entry is not None:
            crossings += _settled(self.store, self.lease, self._use(self.entry))
        return crossings

    def warn(self, crossings: Sequence[Crossing]) -> None:
        """Tells of budgets that are nearly spent."""
        for crossing in crossings:
            self.reporter.emit(_warning(self.run, crossing))

    def tell(self) -> Decimal | None:
        """Tells what was spent; what the request cost."""
        cost = None
        for one in self._all:
            cost = self.prices.cost(one)
            self.reporter.spent(one.kind, _full(one), cost)
        return cost

    @property
    def _all(self) -> list[Entry]:
        """What waited, then the request itself."""
        return [*self.pending, *([] if self.entry is None else [self.entry])]

    def _use(self, entry: Entry) -> Use:
        sent = not entry.cache_hit and (entry.error is None or entry.estimated)
        tokens = entry.input_tokens + entry.output_tokens
        return Use(entry.model, entry.provider, entry.agent, tokens, int(sent), self.prices.cost(entry))


def _spent(store: Store, budgets: tuple[Budget, ...], use: Use, at: float) -> tuple[Crossing, ...]:
    from compactor.store.reservations import consume

    return consume(store, budgets, use, at, check=False)


def _full(entry: Entry) -> str:
    return f'{entry.provider}:{entry.model}' if entry.provider else entry.model


def _shown(error: BaseException) -> str:
    """An error as it is written down: its kind and its first line, without secrets."""
    return redact(f'{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}')[:SHOWN]


def _reserved(store: Store, budgets: tuple[Budget, ...], wanted: Use) -> Any:
    from compactor.store.reservations import reserve

    return reserve(store, budgets, wanted, store.clock())


def _kept(store: Store) -> tuple[list[Budget], dict[str, str]]:
    from compactor.store.limits import readable_budgets

    return readable_budgets(store)


def _not_held(unread: dict[str, str]) -> str:
    """That budgets do not hold here, and why."""
    said = '; '.join(unread.values())
    return f'budgets that this version cannot read do not hold here, set them again or upgrade: {said}'


def _settled(store: Store, lease: Any, use: Use) -> Any:
    from compactor.store.reservations import settle

    return settle(store, lease, use)


def _recorded(store: Store, prices: Prices, entries: list[Entry]) -> None:
    from compactor.store.entries import Ledger

    Ledger(store, prices).record_many(entries)


def _warning(run: Run | None, crossing: Crossing) -> events.BudgetWarning:
    budget = crossing.budget
    return events.BudgetWarning(
        None if run is None else run.id,
        None if run is None else run.name.full,
        budget.name,
        budget.unit,
        float(crossing.used),
        float(budget.limit),
        float(crossing.period.end),
    )
