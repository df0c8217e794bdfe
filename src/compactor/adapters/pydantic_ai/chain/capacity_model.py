"""`CapacityModel`: a chain of models that knows what each has left, and goes on elsewhere before the wall."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.fallback import FallbackModel

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.chain.chain import Chain
from compactor.adapters.pydantic_ai.chain.fitting import Fitting
from compactor.adapters.pydantic_ai.chain.journey import Journey
from compactor.adapters.pydantic_ai.chain.link import Link
from compactor.adapters.pydantic_ai.chain.named_span import named_for
from compactor.adapters.pydantic_ai.chain.routes import Routes
from compactor.adapters.pydantic_ai.chain.siblings import somebody_else
from compactor.adapters.pydantic_ai.chain.underway import Underway
from compactor.adapters.pydantic_ai.chain.walk import Walk
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.models import chooser_in, identify
from compactor.adapters.pydantic_ai.setup import policy_of, store_for
from compactor.capacity.windows import Standing, Taking
from compactor.errors import ConfigError
from compactor.policy import Policy
from compactor.run.model_name import ModelName
from compactor.run.reporting import Reporter, listener
from compactor.run.runs import Runs
from compactor.run.walls import Capacity
from compactor.store.engine import Store
from compactor.telemetry import events


class CapacityModel(FallbackModel):
    """Asks the first of its models that can answer, and knows that before it asks.

        agent = Agent(CapacityModel('cerebras:zai-glm-4.7', 'groq:llama-3.3-70b'), capabilities=[Compactor()])

    For each request it sets aside what the request may take of a model's windows, sends it, and counts what it took. A
    model that pauses after a refusal or whose windows are full is passed over before anything is sent. After an error
    of a model, whatever a `FallbackModel` goes on after, the next one is asked at once; after a refusal, a failing
    server, a time-out or a lost connection the model is left alone for a while. It waits only where no model can be
    asked, and where nobody else would be asked if it gave up. A history that the model of a later attempt cannot take
    is shortened for that model, in what is sent and not in the run's record. Streams go on elsewhere until their first
    event.

    It is a model like any other: it may be wrapped, stand in a `FallbackModel`, or be used with `Agent.override`.

    With a `[routing]` table in the policy, workload, task and complexity of a request decide which of its models
    answer and in which order; without models of its own it takes those that the table names.

    Args:
        *models: models or their names, the best first.
        policy: as for `Compactor`; its stations `capacity`, `routing`, `history`, `tasks`, `tokens`, `telemetry` and
            `ledger` (for prices and budgets) are read.
        store: a `Store`, its URL or path: windows and pauses are then shared by all processes that use it.
        tenant: whose windows, pauses and budgets those are. Default: the store's.
        workload: what the chain is for, such as 'coding': in events, and for the routing table.
        fallback_on: which errors and answers go on to the next model, as for a `FallbackModel`; default: every error of
            a provider. Pauses are kept either way.
        on_event: called with events; default: those of a request go to the `Compactor` that sends it.
        logfire: as for `Compactor`.
        clock: seconds since 1970.
        sleep: waits for so many seconds of that clock.
        chance: a number from 0 to 1, for the jitter of pauses.

    Raises:
        ConfigError: there is no model and no routing table, or as for `Compactor`; (from a request) the table leaves
            no model.
        CapacityExhausted: (from a request) no model can be asked within `policy.capacity.max_wait` seconds.
        StoreError: (from a request) the store is away, and policy says 'closed'.
    """

    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __init__(
        self,
        *models: Model | str,
        policy: Policy | str | Path = 'default',
        store: Store | str | Path | None = None,
        tenant: str | None = None,
        workload: str | None = None,
        fallback_on: Any = None,
        on_event: events.Sink | None = None,
        logfire: Any = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        told = policy_of(policy, identify(models[0]).full if models else None)
        opened = store_for(store, tenant)
        self._reporter = Reporter(on_event, False, told.telemetry, logfire=logfire, unless_heard=logfire is None)
        self._runs: Runs[Underway] = Runs(Underway)
        self._routes: Routes | None = None
        if told.routing.model_fields_set:
            self._routes = Routes(told, workload, opened, self._reporter, clock, self._runs)
        self._given = bool(models)
        named = models or (self._routes.plain() if self._routes is not None else ())
        if not named:
            raise ConfigError(
                "CapacityModel needs at least one model, such as 'cerebras:zai-glm-4.7', or a policy with a [routing]"
                ' table that names some'
            )
        super().__init__(*named, **({} if fallback_on is None else {'fallback_on': fallback_on}))
        self._capacity = Capacity(told.capacity, self._reporter, opened, clock, chance)
        self._fitting = Fitting(told, self._runs)
        self._capacity_chain = Chain(
            told.capacity,
            self._capacity,
            self._fitting,
            self._reporter,
            sleep,
            self.model_name,
            lambda: somebody_else(self),
            None if fallback_on is None else lambda outcome: compat.falls_back(self, outcome),
            fallback_on is not None and compat.judges(self),
            workload or '',
        )
        self._links = _links(self.models)

    @property
    def model_name(self) -> str:
        """The names of its models."""
        return f'capacity:{",".join(model.model_name for model in self.models)}'

    # -- for a `Compactor` --------------------------------------------------------------------------------------

    async def choose(self, run_id: str | None, tokens: int, messages: list[ModelMessage], settings: Any) -> None:
        """Looks ahead which model will answer a run's next request, so that its history can be made for that one."""
        output = self._capacity_chain.policy.reserve_output
        order = await self._order(messages, tokens, settings, run_id, told=False)
        for link in order:
            if await self._capacity.wait(link.label, Taking(tokens, output), 0.0, run_id) is not None:
                break
        else:
            link = order[0]
        self._runs.state(run_id).chosen = link

    def serve(self, name: ModelName, window: int) -> None:
        """Keeps the window, in tokens, that a model's server serves it with."""
        self._fitting.serve(name, window)

    def expected(self, run_id: str | None) -> Model:
        """The model that `choose` has found for a run; the first without it."""
        model: Model = self._expected(run_id, self._links[0]).model
        return model

    def _expected(self, run_id: str | None, otherwise: Link) -> Link:
        known = self._runs.known(run_id)
        return otherwise if known is None or known.chosen is None else known.chosen

    async def ended(self, run_id: str | None) -> None:
        """Takes in that a run is over: warns of what others have taken meanwhile, where windows are shared."""
        await self._capacity.ended(run_id)

    async def standing(self) -> tuple[Standing, ...]:
        """How each of its models stands, in order: status, windows, what is left of its pause."""
        return tuple([await self._capacity.standing(link.label) for link in self._links])

    def record_outcome(
        self,
        run_id: str,
        *,
        success: bool | None = None,
        feedback: bool | None = None,
        checked: bool | None = None,
        model: str = '',
    ) -> None:
        """Tells how a run ended, so that the routing table learns from it (`policy.routing.learning`).

        Args:
            run_id: the run, such as `result.run_id`.
            success: an answer came and could be used.
            feedback: the user liked it.
            checked: a check passed, such as the project's tests; it counts before feedback, and that before success.
            model: who answered, as 'provider:model'; default: the first of the route.

        Raises:
            ConfigError: there is no routing table, or nothing is known of the run.
        """
        if self._routes is None:
            raise ConfigError('there is nothing to learn for: the policy has no [routing] table')
        self._routes.record(run_id, model, success, feedback, checked)

    async def _order(
        self, messages: list[ModelMessage], tokens: int, settings: Any, run: str | None, *, told: bool = True
    ) -> list[Link]:
        """The models that may answer a request, the best first."""
        if self._routes is None:
            return self._links
        available = [link.label for link in self._links] if self._given else None
        made = await self._routes.decide(messages, tokens, settings, run, available, told=told)
        return [self._link(label) for label in made.chain]

    def _link(self, label: str) -> Link:
        """The link of a model that a route names, which the chain may not have had yet."""
        found = next((link for link in self._links if link.label == label), None)
        if found is None:
            model = infer_model(label)
            self.models.append(model)
            found = Link(model, identify(model), label)
            self._links.append(found)
        return found

    # -- as a model ---------------------------------------------------------------------------------------------

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The answer of the first model that can give one."""
        asked = (messages, model_settings, model_request_parameters)
        with named_for(self.model_name):
            walk = await self._walk(*asked)
            return await walk.request(*asked)

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        run_context: Any = None,
    ) -> AsyncIterator[Any]:
        """The stream of the first model that sends an event."""
        asked = (messages, model_settings, model_request_parameters)
        run = run_context.run_id if run_context is not None else None
        async with AsyncExitStack() as stack:
            with named_for(self.model_name):
                walk = await self._walk(*asked, run)
                stream = await stack.enter_async_context(walk.request_stream(*asked, run_context))
            yield stream

    async def _walk(self, messages: list[ModelMessage], settings: Any, parameters: Any, run: str | None = None) -> Walk:
        """A request at the first model that it may be sent to."""
        pinned = compat.continuation_model(self)(messages)
        if pinned is None:
            return await Walk(await self._journey(messages, settings, parameters, run)).begun()

        async def anew() -> Journey:
            return await self._journey(messages[:-1], settings, parameters, run)

        # A provider goes on with what it has begun; nobody else can, but with the request as it was before.
        order = [link for link in self._links if link.model is pinned]
        return await Walk(await self._journey(messages, settings, parameters, run, order), anew).begun()

    async def _journey(
        self,
        messages: list[ModelMessage],
        settings: Any,
        parameters: Any,
        run: str | None,
        pinned: list[Link] | None = None,
    ) -> Journey:
        run = run or next((found for m in reversed(messages) if (found := compat.run_id(m))), None)
        heard = listener()
        run_id = heard.run_id if heard is not None and heard.run_id else run
        order = pinned or self._links
        if pinned is None and self._routes is not None:
            name = self._links[0].name
            goes_on_from = going_on(self._links[0].model, run_id)
            sized = await self._fitting.fitted(
                run_id, name, messages, settings, parameters, late=False, goes_on_from=goes_on_from
            )
            order = await self._order(messages, sized.tokens, settings, run_id)
            if sized.state is not None and order[0] is not self._links[0]:  # measured, and not asked
                sized.state.not_answered()
        made_for = self._expected(run_id, order[0]).label
        about = (messages, settings, parameters, run_id)
        return Journey(self._capacity_chain, order, made_for, *about, resumes=pinned is not None)


def _links(models: list[Model]) -> list[Link]:
    """The models with a label each: two of one name are told apart by their address, else by their number."""
    names = [identify(model) for model in models]
    labels: list[str] = []
    for model, name in zip(models, names, strict=True):
        # A chain within the chain goes by its own name, as it counts what its models take by theirs.
        label = (model.model_name if chooser_in(model) is not None else name.full) or 'unknown'
        if label in labels:
            label = f'{label} at {_address(model) or len(labels) + 1}'
        labels.append(label if label not in labels else f'{label} #{len(labels) + 1}')
    return [Link(model, name, label) for model, name, label in zip(models, names, labels, strict=True)]


def _address(model: Model) -> str:
    """Where a model is, without what nobody should read in an event."""
    try:
        found = urlsplit(str(getattr(model, 'base_url', None) or ''))
        return f'{found.scheme}://{found.netloc.rpartition("@")[2]}{found.path}' if found.netloc else ''
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):  # it is only for telling models apart
        return ''
