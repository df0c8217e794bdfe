"""`CapacityModel`: a chain of models that knows what each has left, and goes on elsewhere before the wall."""

from __future__ import annotations

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, infer_model
from pydantic_ai.models.fallback import FallbackModel

from compactor.adapters.pydantic_ai.capacity import Capacity
from compactor.adapters.pydantic_ai.chain import Attempt, Chain, Journey, Link
from compactor.adapters.pydantic_ai.fitting import Fitting
from compactor.adapters.pydantic_ai.heard import Heard, listen
from compactor.adapters.pydantic_ai.memory import CONVERSATIONS
from compactor.adapters.pydantic_ai.models import chooser_in, identify
from compactor.adapters.pydantic_ai.reporting import Reporter, listener
from compactor.adapters.pydantic_ai.routes import Routes
from compactor.adapters.pydantic_ai.setup import policy_of
from compactor.capacity.windows import Standing, Taking
from compactor.errors import ConfigError
from compactor.policy import Policy
from compactor.store.engine import Store
from compactor.telemetry import events


def _never(error: Exception) -> bool:
    """A lane hands every error on: the chain decides."""
    return False


class _Lane(FallbackModel):
    """Sends to one model just as the framework does to the models of a chain, whatever that takes in its version.

    It goes under the chain's name, by which the framework finds the span that the answering model is written to.
    """

    def __init__(self, model: Model, title: str) -> None:
        super().__init__(model, fallback_on=_never)
        self._title = title

    @property
    def model_name(self) -> str:
        """The chain's."""
        return self._title


class CapacityModel(FallbackModel):
    """Asks the first of its models that can answer, and knows that before it asks.

        agent = Agent(CapacityModel('cerebras:zai-glm-4.7', 'groq:llama-3.3-70b'), capabilities=[Compactor()])

    For each request it sets aside what the request may take of a model's windows, sends it, and counts what it took. A
    model that pauses after a refusal or whose windows are full is passed over before anything is sent. After 429, 503,
    529, a time-out or a lost connection the next model is asked at once; every other error is raised. It waits only
    where no model can be asked. A history that the model of a later attempt cannot take is shortened for that model, in
    what is sent and not in the run's record. Streams go on elsewhere until their first event.

    It is a model like any other: it may be wrapped, stand in a `FallbackModel`, or be used with `Agent.override`.

    With a `[routing]` table in the policy, workload, task and complexity of a request decide which of its models
    answer and in which order; without models of its own it takes those that the table names.

    Args:
        *models: models or their names, the best first.
        policy: as for `Compactor`; its stations `capacity`, `routing`, `history`, `tasks`, `tokens`, `telemetry` and
            `ledger` (for prices and budgets) are read.
        store: a `Store`, its URL or path: windows and pauses are then shared by all processes that use it.
        workload: what the chain is for, such as 'coding': in events, and for the routing table.
        on_event: called with events; default: those of a request go to the `Compactor` that sends it.
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
        workload: str | None = None,
        on_event: events.Sink | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        told = policy_of(policy)
        opened = store if isinstance(store, Store) or store is None else Store(store)
        self._reporter = Reporter(on_event, False, told.telemetry, unless_heard=True)
        self._routes = Routes(told, workload, opened, self._reporter, clock) if told.routing.model_fields_set else None
        self._given = bool(models)
        named = models or (self._routes.plain() if self._routes is not None else ())
        if not named:
            raise ConfigError(
                "CapacityModel needs at least one model, such as 'cerebras:zai-glm-4.7', or a policy with a [routing]"
                ' table that names some'
            )
        super().__init__(*named)
        self._capacity = Capacity(told.capacity, self._reporter, opened, clock, chance)
        self._fitting = Fitting(told)
        self._capacity_chain = Chain(
            told.capacity, self._capacity, self._fitting, self._reporter, sleep, self.model_name, workload or ''
        )
        self._links = _links(self.models, self.model_name)
        self._chosen: OrderedDict[str, Link] = OrderedDict()

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
        if run_id:
            self._chosen.pop(run_id, None)
            self._chosen[run_id] = link
            while len(self._chosen) > CONVERSATIONS:
                self._chosen.popitem(last=False)

    def expected(self, run_id: str | None) -> Model:
        """The model that `choose` has found for a run; the first without it."""
        link = self._chosen.get(run_id or '', self._links[0])
        model: Model = link.model
        return model

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
            found = Link(model, _Lane(model, self.model_name), identify(model), label)
            self._links.append(found)
        return found

    # -- as a model ---------------------------------------------------------------------------------------------

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The answer of the first model that can give one."""
        journey = await self._journey(messages, model_settings, model_request_parameters)
        while True:
            attempt = await journey.next()
            fitted = attempt.fitted
            with listen(attempt.link.model, self._capacity.clock, at_once=True) as heard:
                try:
                    response: ModelResponse = await attempt.link.lane.request(
                        fitted.messages, fitted.settings, model_request_parameters
                    )
                except Exception as error:
                    if not await journey.goes_on(attempt, error, heard):
                        raise
                except BaseException:
                    journey.abandoned(attempt)
                    raise
                else:
                    await journey.answered(attempt, response, heard)
                    return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        run_context: Any = None,
    ) -> AsyncIterator[Any]:
        """The stream of the first model that sends an event."""
        run = getattr(run_context, 'run_id', None)
        journey = await self._journey(messages, model_settings, model_request_parameters, run)
        while True:
            attempt = await journey.next()
            async with AsyncExitStack() as stack:
                with listen(attempt.link.model, self._capacity.clock, at_once=True) as heard:
                    try:
                        stream = await stack.enter_async_context(
                            attempt.link.lane.request_stream(
                                attempt.fitted.messages, attempt.fitted.settings, model_request_parameters, run_context
                            )
                        )
                        handed = _Handed(journey, attempt, heard)
                        await handed.first_event(stream)
                    except Exception as error:
                        if not await journey.goes_on(attempt, error, heard):
                            raise
                        continue
                    except BaseException:
                        journey.abandoned(attempt)
                        raise
                try:
                    yield stream
                finally:  # read to its end, left, or broken
                    await handed.over(stream)
                return

    async def _journey(
        self, messages: list[ModelMessage], settings: Any, parameters: Any, run: str | None = None
    ) -> Journey:
        run = run or next((found for m in reversed(messages) if (found := getattr(m, 'run_id', None))), None)
        heard = listener()
        run_id = heard.run_id if heard is not None and heard.run_id else run
        pinned = getattr(self, '_get_continuation_model', _no_model)(messages)
        if pinned is not None:  # a provider goes on with what it has begun; nobody else can
            order = [link for link in self._links if link.model is pinned]
        elif self._routes is None:
            order = self._links
        else:
            name = self._links[0].name
            sized = self._fitting.fitted(run_id, name, messages, settings, parameters, late=False)
            order = await self._order(messages, sized.tokens, settings, run_id)
            if sized.state is not None and order[0] is not self._links[0]:  # measured, and not asked
                sized.state.not_answered()
        made_for = self._chosen.get(run_id or '', order[0]).label
        return Journey(self._capacity_chain, order, made_for, messages, settings, parameters, run_id)


def _no_model(messages: list[ModelMessage]) -> None:
    """Versions without answers that go on later."""


def _links(models: list[Model], title: str) -> list[Link]:
    """The models with a label each: two of one name are told apart by their address, else by their number."""
    names = [identify(model) for model in models]
    labels: list[str] = []
    for model, name in zip(models, names, strict=True):
        # A chain within the chain goes by its own name, as it counts what its models take by theirs.
        label = (model.model_name if chooser_in(model) is not None else name.full) or 'unknown'
        if label in labels:
            label = f'{label} at {_address(model) or len(labels) + 1}'
        labels.append(label if label not in labels else f'{label} #{len(labels) + 1}')
    return [
        Link(model, _Lane(model, title), name, label) for model, name, label in zip(models, names, labels, strict=True)
    ]


def _address(model: Model) -> str:
    """Where a model is, without what nobody should read in an event."""
    try:
        found = urlsplit(str(getattr(model, 'base_url', None) or ''))
        return f'{found.scheme}://{found.netloc.rpartition("@")[2]}{found.path}' if found.netloc else ''
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError):  # it is only for telling models apart
        return ''


class _Handed:
    """A stream that somebody reads: until its first event another model may answer, after that it is theirs."""

    def __init__(self, journey: Journey, attempt: Attempt, heard: Heard) -> None:
        self._journey = journey
        self._attempt = attempt
        self._heard = heard
        self._broken = False

    async def first_event(self, stream: Any) -> None:
        """Waits for the first event; the stream then begins with it."""
        coming = aiter(stream)
        try:
            first = await anext(coming)
        except StopAsyncIteration:
            return
        stream._event_iterator = self._again(first, coming)

    async def _again(self, first: Any, coming: AsyncIterator[Any]) -> AsyncIterator[Any]:
        yield first
        try:
            async for event in coming:
                yield event
        except Exception as error:
            self._broken = True
            await self._journey.broken(self._attempt, error, self._heard)
            raise

    async def over(self, stream: Any) -> None:
        """Takes in how a stream ended that did not break."""
        if self._broken:
            return
        response = None
        with suppress(Exception):  # somebody else's stream: its reader asks it too, and is told what is wrong with it
            response = stream.get()
        if response is None:
            self._journey.abandoned(self._attempt)
            return
        whole = response.finish_reason is not None or getattr(stream, '_finished', False)
        await self._journey.answered(self._attempt, response, self._heard, whole=whole)
