"""Which models of a chain answer a request, and in which order, by the routing table of a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.chain.underway import Underway
from compactor.adapters.pydantic_ai.messages.prompts import last_prompt
from compactor.errors import ConfigError
from compactor.ledger.prices import Prices
from compactor.policy import Policy
from compactor.routing.afford import Affordable, within
from compactor.routing.complexity import Factors
from compactor.routing.kept import load, save
from compactor.routing.learn import MemoryOutcomes, record_outcome
from compactor.routing.profiles import priced_by
from compactor.routing.route import Ask, Route, route
from compactor.run.access import Access, nothing
from compactor.run.reporting import Reporter, listener
from compactor.run.runs import Runs
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.store.engine import Store


class Routes:
    """The decisions of one `CapacityModel`.

    Args:
        policy: the table, prices, budgets, patterns of tasks, windows.
        workload: what the chain is for; None: by the agent's name, if the table has it.
        store: where budgets are counted; None where there are none.
        reporter: hears of every decision.
        clock: seconds since 1970.
        runs: what the chain knows of runs.

    Raises:
        ConfigError: a row of the table cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        workload: str | None,
        store: Store | None,
        reporter: Reporter,
        clock: Callable[[], float],
        runs: Runs[Underway],
    ) -> None:
        self.table = policy.routing.table(policy.tokens.windows, policy.tasks.table())
        self._workload = workload
        self._budgets = policy.ledger.budgets if store is not None else ()
        self._store = store
        closed = policy.ledger.on_store_error == 'closed'
        self._access = Access('routing', reporter.emit, closed=closed)
        self._prices = Prices.of(policy.ledger.prices)
        self._reporter = reporter
        self._clock = clock
        self._learning = policy.routing.whole().learning
        learning = self._learning
        known = None if learning.path is None else load(learning.path, learning.keep, learning.max_keys)
        self._outcomes: MemoryOutcomes = learning.memory() if known is None else known
        self._runs = runs

    def plain(self) -> tuple[str, ...]:
        """The models of the workload, whatever is asked; all of the table where no rule is for it."""
        return route(Ask(self._workload), self.table).chain or self.table.names()

    async def decide(
        self,
        messages: Sequence[ModelMessage],
        tokens: int,
        settings: Any,
        run: str | None,
        available: Sequence[str] | None,
        *,
        told: bool = True,
    ) -> Route:
        """The route of a request.

        Args:
            messages: its history; only the last thing a person has written is read.
            tokens: its size.
            settings: its settings, of which `max_tokens` counts.
            run: the id of its run.
            available: the models at hand, the best first; None for all that the table names.
            told: raise an event, and remember the route; not for a look ahead.

        Raises:
            ConfigError: no model is left; it says why.
        """
        heard = listener()
        now = self._clock()
        ask = Ask(
            self._workload,
            factors=Factors(last_prompt(messages)[0] or None),
            input_tokens=tokens,
            output_tokens=(settings or {}).get('max_tokens'),
            agent=heard.agent if heard is not None else '',
            default=available[0] if available else None,
            available=frozenset(available) if available is not None else None,
            at=now,
        )
        made = route(
            ask,
            self.table,
            learned=self._learning.learner(self._outcomes) if self._learning.enabled else None,
            affordable=await self._affordable(now, run),
            cost=priced_by(self._prices, now),
        )
        if made.model is None:
            raise ConfigError(
                f'no model may answer: {made.why}; mend the [routing] table, or give the chain more models'
            )
        if told:
            said = events.WorkloadRouted(run, made.model, made.agent, made.workload, made.default or '', made.why)
            self._reporter.emit(said)
        if told:
            self._runs.state(run).route = made
        return made

    async def _affordable(self, now: float, run: str | None) -> Affordable | None:
        """What budgets leave; None where there are none, or where the store is away and policy does not mind."""
        store, budgets = self._store, self._budgets
        if store is None or not budgets:
            return None
        from compactor.store.reservations import usage

        found = await self._access.ask(
            lambda: [usage(store, budget, now) for budget in budgets], nothing, run=run, needed=True
        )
        return None if found is None else within(found)

    def record(self, run: str, model: str, success: bool | None, feedback: bool | None, checked: bool | None) -> None:
        """Remembers how a run ended; see `CapacityModel.record_outcome`."""
        known = self._runs.known(run)
        made = known.route if known is not None else None
        if made is None:
            raise ConfigError(f'nothing is known of a run {run!r}: it was not routed here, or too many came after it')
        record_outcome(
            self._outcomes,
            made.key,
            model or made.model or '',
            success=success,
            feedback=feedback,
            checked=checked,
            at=self._clock(),
            id=run,
        )
        if self._learning.path is not None:
            save(self._learning.path, self._outcomes)
