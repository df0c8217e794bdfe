"""Station 5 in an agent: every model request in the ledger, and no request beyond a budget.

Before a request is sent, what it may take is set aside in every budget that covers it; after it, what it took is
counted and written down. Streams, failures and summaries are entries too. Where the store is away, policy decides
whether a run goes on; the store is then left alone for a while, so that no request waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from pydantic_ai import RunContext
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelResponse

from compactor import errors
from compactor.adapters.pydantic_ai.archiving import conversation_of
from compactor.adapters.pydantic_ai.cached import SAVED
from compactor.adapters.pydantic_ai.circuit import Circuit, Clock
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.models import ModelName, identify
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.errors import StoreError
from compactor.ledger.budget import Budget, Crossing, Use
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from compactor.outputs.redact import redact
from compactor.policy import LedgerPolicy
from compactor.store.engine import Store
from compactor.telemetry import events

T = TypeVar('T')

FAILURES = 2
"""Failures in a row after which the store is left alone."""
PAUSE = 30.0
"""Seconds for which it is left alone."""
FRESH = 30.0
"""Seconds after which budgets that were set from outside (`compactor budget set`) are looked up again."""
SHOWN = 300
"""Characters of an error that are written down."""


class BudgetExceeded(errors.BudgetExceeded, AgentRunError):
    """`compactor.BudgetExceeded`, as an error of the agent run too."""


class Accounts:
    """The ledger and the budgets of one `Compactor`.

    Args:
        store: where they are kept.
        policy: budgets, prices, and what to do without the store.
        acting: whether budgets may refuse a request; observing only writes down.
        reporter: hears of warnings, refusals and a store that is away.
        clock: seconds on a monotonic clock.
    """

    def __init__(
        self, store: Store, policy: LedgerPolicy, acting: bool, reporter: Reporter, clock: Clock = time.monotonic
    ) -> None:
        self.store = store
        self.prices = Prices.of(policy.prices)
        self._policy = policy
        self._acting = acting
        self._budgets: tuple[Budget, ...] = policy.budgets
        self._looked: float | None = None
        self._reporter = reporter
        self._clock = clock
        self._circuit = Circuit(FAILURES, PAUSE, clock)
        self._pending: list[Entry] = []

    # -- before and after a request -----------------------------------------------------------------------------

    async def reserve(self, ctx: RunContext[Any], name: ModelName, state: Conversation, request: Any) -> None:
        """Sets aside what a request may take, and starts its clock; its history and its limit are as they are sent.

        Raises:
            BudgetExceeded: a budget has no room for it.
            StoreError: the store is away, there are budgets, and policy says 'closed'.
        """
        await self.release(state, ctx, name)
        await self._look_up(ctx, name)
        if self._budgets and self._acting:
            output = (request.model_settings or {}).get('max_tokens') or self._policy.reserve_output
            wanted = self._use(ctx, name, state.used, output)
            try:
                state.lease = await self._asked(ctx, name, lambda: _reserved(self.store, self._budgets, wanted))
            except errors.BudgetExceeded as error:
                figures = (error.budget, error.unit, error.used, error.limit, error.resets)
                self._reporter.emit(events.BudgetRefused(ctx.run_id, name.full, *figures))
                raise BudgetExceeded(
                    error.budget, error.unit, error.used, error.limit, error.wanted, error.resets, str(error)
                ) from None
        state.began = self._clock()

    async def _look_up(self, ctx: RunContext[Any], name: ModelName) -> None:
        """Looks up, now and then, what budgets there are beside the policy's; the policy's own go first."""
        now = self._clock()
        if not self._acting or (self._looked is not None and now - self._looked < FRESH):
            return
        found = await self._tried(ctx, name, lambda: _kept(self.store))
        if found is not None:
            self._looked = now
            own = {budget.name for budget in self._policy.budgets}
            self._budgets = (*self._policy.budgets, *(budget for budget in found if budget.name not in own))

    async def answered(
        self, ctx: RunContext[Any], name: ModelName, state: Conversation, response: ModelResponse
    ) -> Decimal | None:
        """Writes a request down, and counts it in its budgets; what it cost in dollars, None where nobody knows."""
        usage = response.usage
        answered_by = ModelName(response.provider_name or name.provider, response.model_name or name.name or '')
        saved = (response.provider_details or {}).get(SAVED)
        entry = Entry(
            **self._common(ctx, answered_by, state),
            kind='request' if saved is None else 'cache',
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            finish_reason=response.finish_reason,
            cache_hit=saved is not None,
            saved_by_compaction=state.removed,
            saved_by_outputs=state.trimmed,
            saved_by_cache=saved or 0,
        )
        return await self._written(ctx, name, state, entry)

    async def failed(self, ctx: RunContext[Any], name: ModelName, state: Conversation, error: BaseException) -> None:
        """Writes a request down that had no answer, and gives back what was set aside for it."""
        if state.began is None:
            return  # nothing was sent, or it has been written down
        await self._written(ctx, name, state, Entry(**self._common(ctx, name, state), error=_shown(error)))

    async def release(self, state: Conversation, ctx: RunContext[Any], name: ModelName) -> None:
        """Gives back what was set aside for a request that was never sent."""
        lease, state.lease = state.lease, None
        state.began = None
        if lease is not None:
            from compactor.store.reservations import release

            await self._tried(ctx, name, lambda: release(self.store, lease))

    def hear(self, event: events.SummaryWritten) -> None:
        """Takes note of what a summary cost; it is written down with the next request."""
        name = identify(event.model or '')
        self._pending.append(
            Entry(
                at=self.store.clock(),
                model=name.name or '',
                provider=name.provider or '',
                kind='summary',
                conversation=event.run_id or '',
                run=event.run_id or '',
                input_tokens=event.input_tokens,
                output_tokens=event.output_tokens,
                latency=event.seconds,
            )
        )

    def hear_attempt(self, ctx: RunContext[Any], name: ModelName, error: BaseException, seconds: float) -> None:
        """Takes note of an attempt at a model of a chain that failed; it is written down with the next request."""
        self._pending.append(
            Entry(
                at=self.store.clock(),
                model=name.name or '',
                provider=name.provider or '',
                kind='failover',
                agent=agent_of(ctx),
                conversation=conversation_of(ctx) or ctx.run_id or '',
                run=ctx.run_id or '',
                latency=seconds,
                error=_shown(error),
            )
        )

    async def _written(
        self, ctx: RunContext[Any], name: ModelName, state: Conversation, entry: Entry
    ) -> Decimal | None:
        lease, state.lease, state.began = state.lease, None, None
        cost = self.prices.cost(entry)
        use = Use(
            entry.model,
            entry.provider,
            entry.agent,
            entry.input_tokens + entry.output_tokens,
            0 if entry.cache_hit or entry.error else 1,
            cost,
        )

        pending, self._pending = self._pending, []

        def work() -> Any:
            if self._policy.enabled:
                _recorded(self.store, self.prices, [*pending, entry])
            return () if lease is None else _settled(self.store, lease, use)

        for crossing in await self._tried(ctx, name, work) or ():
            self._reporter.emit(_warning(ctx.run_id, name, crossing))
        for one in pending:
            self._reporter.spent(one.kind, _full(one), self.prices.cost(one))
        self._reporter.spent(entry.kind, _full(entry), cost)
        return cost

    # -- the store, which may be away ---------------------------------------------------------------------------

    async def _asked(self, ctx: RunContext[Any], name: ModelName, work: Callable[[], T]) -> T | None:
        """What a budget says; without a store, nothing, or the error, as policy has it."""
        closed = self._policy.on_store_error == 'closed'
        if self._circuit.wait > 0 and not closed:
            return None
        try:
            found = await asyncio.to_thread(work)
        except StoreError as error:
            self._away(ctx, name, error)
            if closed:
                raise
            return None
        self._circuit.succeeded()
        return found

    async def _tried(self, ctx: RunContext[Any] | None, name: ModelName, work: Callable[[], T]) -> T | None:
        """Something that a run does not wait for if the store is away."""
        if self._circuit.wait > 0:
            return None
        try:
            found = await asyncio.to_thread(work)
        except StoreError as error:
            self._away(ctx, name, error)
            return None
        self._circuit.succeeded()
        return found

    def _away(self, ctx: RunContext[Any] | None, name: ModelName, error: StoreError) -> None:
        first = self._circuit.failures == 0
        self._circuit.failed()
        if first:
            run_id = ctx.run_id if ctx is not None else None
            self._reporter.emit(events.StoreUnavailable(run_id, name.full, 'ledger', str(error)))

    # -- values -------------------------------------------------------------------------------------------------

    def _use(self, ctx: RunContext[Any], name: ModelName, sent: int, output: int) -> Use:
        cost = self.prices.of_tokens(
            name.name or '', name.provider or '', at=self.store.clock(), input_tokens=sent, output_tokens=output
        )
        return Use(name.name or '', name.provider or '', agent_of(ctx), sent + output, 1, cost)

    def _common(self, ctx: RunContext[Any], name: ModelName, state: Conversation) -> dict[str, Any]:
        return {
            'at': self.store.clock(),
            'model': name.name or '',
            'provider': name.provider or '',
            'agent': agent_of(ctx),
            'conversation': conversation_of(ctx) or ctx.run_id or '',
            'run': ctx.run_id or '',
            'task': state.task,
            'streamed': state.streamed,
            'latency': None if state.began is None else self._clock() - state.began,
        }


def agent_of(ctx: RunContext[Any]) -> str:
    """The agent's name; '' if it has none, or where the version does not tell."""
    return str(getattr(getattr(ctx, 'agent', None), 'name', None) or '')


def _full(entry: Entry) -> str:
    return f'{entry.provider}:{entry.model}' if entry.provider else entry.model


def _shown(error: BaseException) -> str:
    """An error as it is written down: its kind and its first line, without secrets."""
    return redact(f'{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ""}')[:SHOWN]


def _reserved(store: Store, budgets: tuple[Budget, ...], wanted: Use) -> Any:
    from compactor.store.reservations import reserve

    return reserve(store, budgets, wanted, store.clock())


def _kept(store: Store) -> list[Budget]:
    from compactor.store.limits import all_budgets

    return all_budgets(store)


def _settled(store: Store, lease: Any, use: Use) -> Any:
    from compactor.store.reservations import settle

    return settle(store, lease, use)


def _recorded(store: Store, prices: Prices, entries: list[Entry]) -> None:
    from compactor.store.entries import Ledger

    Ledger(store, prices).record_many(entries)


def _warning(run_id: str | None, name: ModelName, crossing: Crossing) -> events.BudgetWarning:
    budget = crossing.budget
    return events.BudgetWarning(
        run_id,
        name.full,
        budget.name,
        budget.unit,
        float(crossing.used),
        float(budget.limit),
        float(crossing.period.end),
    )
