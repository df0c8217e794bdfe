"""A request of a run on its way to the model and back: heard, counted, written down; sent again if it was too long."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from pydantic_ai import RunContext

from compactor.adapters.pydantic_ai.accounts import Accounts, agent_of
from compactor.adapters.pydantic_ai.cached import SAVED
from compactor.adapters.pydantic_ai.capacity import Capacity, taken_of
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.heard import Heard, listen
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.models import ModelName, chooser_in, identify
from compactor.adapters.pydantic_ai.refusals import failure_of, readings_of
from compactor.adapters.pydantic_ai.reporting import Listener, Reporter, heard_by
from compactor.adapters.pydantic_ai.requests import Requests, with_messages
from compactor.adapters.pydantic_ai.settings import models_in
from compactor.adapters.pydantic_ai.tasks import Tasks
from compactor.capacity.headers import retry_after
from compactor.capacity.windows import NO_TAKING
from compactor.routing.failover import REFUSALS, Failure
from compactor.telemetry import events

ANY_TIME = float('inf')
"""An answer that came after all refusals, whenever its request was sent first."""
Send = Callable[[Any], Awaitable[Any]]
"""The framework's handler: sends a request context, gives the response."""


class Sending:
    """Sends the requests of one `Compactor`.

    Args:
        requests: makes a request smaller that was too long.
        tasks: knows what a request was taken for.
        accounts: the ledger and its budgets; None without a store.
        capacity: windows and pauses of models; None where policy has them off.
        memory: what is known of runs.
        reporter: hears of everything.
    """

    def __init__(
        self,
        requests: Requests,
        tasks: Tasks,
        accounts: Accounts | None,
        capacity: Capacity | None,
        memory: Memory,
        reporter: Reporter,
    ) -> None:
        self._requests = requests
        self._tasks = tasks
        self._accounts = accounts
        self._capacity = capacity
        self._memory = memory
        self._reporter = reporter

    async def accounted(self, ctx: RunContext[Any], request: Any, send: Send) -> Any:
        """The answer to a request, which is written down and counted in its budgets, if there is a store."""
        try:
            response = await self._sent(ctx, request, send)
        except Exception as error:
            if self._accounts is not None:
                name, state = self.state(ctx, request)
                state.task, state.streamed = self._tasks.told_of(ctx)
                await self._accounts.failed(ctx, name, state, error)
            raise
        await self.answered(ctx, request, response)
        return response

    async def answered(self, ctx: RunContext[Any], request: Any, response: Any) -> None:
        """Writes an answer down, if there is a ledger, and tells of it, if anybody listens."""
        if self._accounts is None and not self._reporter.listening:
            return
        name, state = self.state(ctx, request)
        state.task, state.streamed = self._tasks.told_of(ctx)
        cost = None if self._accounts is None else await self._accounts.answered(ctx, name, state, response)
        if self._reporter.listening:
            model = getattr(request, 'model', None) or ctx.model
            self._reporter.emit(_answer(ctx.run_id, model, state, response, cost))

    async def _sent(self, ctx: RunContext[Any], request: Any, send: Send) -> Any:
        """The answer to a request; one that the provider calls too long is compacted and sent once more."""
        try:
            return await self._heard(ctx, request, send)
        except Exception as error:
            smaller = await self._requests.after_overflow(ctx, request, error)
            if smaller is None:
                raise
        return await self._heard(ctx, with_messages(request, smaller), send)

    async def _heard(self, ctx: RunContext[Any], request: Any, send: Send) -> Any:
        """The answer to a request; what it says about limits, takes of them, or is refused for, is taken in."""
        model, capacity = getattr(request, 'model', None) or ctx.model, self._capacity
        if chooser_in(model) is not None:  # it counts for itself, and tells of it
            with heard_by(self._listener(ctx)):
                return await send(request)
        if capacity is None:
            return await send(request)
        sent_at = capacity.clock()
        with listen(model, capacity.clock) as heard:
            try:
                response = await send(request)
            except Exception as error:
                await self._refused(ctx, capacity, model, error, heard, sent_at)
                raise
        answered_by = _called(model, getattr(response, 'model_name', None))
        hidden = await self._hidden(ctx, capacity, model, answered_by, heard, sent_at)
        name = identify(answered_by)
        if name.full:
            capacity.learn(name.full, name.provider, heard.of(answered_by))
            taken = taken_of(response, name.provider)
            if taken is not NO_TAKING:
                await capacity.answered(name.full, taken, ANY_TIME if hidden else sent_at, ctx.run_id)
        return response

    async def _hidden(
        self, ctx: RunContext[Any], capacity: Capacity, model: Any, answered_by: Any, heard: Heard, sent_at: float
    ) -> bool:
        """Takes in refusals that nobody was told of, as an SDK or a chain has tried again; whether there were any."""
        refused = [response for response in heard.responses if response.status in REFUSALS]
        for response in refused:
            one = next((leaf for leaf in _leaves(model) if response in heard.of(leaf)), answered_by)
            name, now = identify(one), capacity.clock()
            if name.full:
                capacity.learn(name.full, name.provider, [response])
                failure = Failure('status', response.status, retry_after(response.headers, now))
                await capacity.refused(name.full, failure, sent_at, ctx.run_id)
        return bool(refused)

    async def _refused(
        self, ctx: RunContext[Any], capacity: Capacity, model: Any, error: Exception, heard: Heard, sent_at: float
    ) -> None:
        """Takes in the refusals of a model, or of each model of a fallback chain."""
        refusals = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        for refusal in refusals:
            refusing = _called(model, getattr(refusal, 'model_name', None))
            name = identify(refusing)
            if name.full:
                capacity.learn(name.full, name.provider, heard.of(refusing))
                capacity.learn_readings(name.full, readings_of(refusal))
                failure = failure_of(refusal, capacity.clock())
                await capacity.refused(name.full, failure, sent_at, ctx.run_id)

    def _listener(self, ctx: RunContext[Any]) -> Listener:
        def emit(event: events.Event) -> None:
            self._reporter.emit(replace(event, run_id=ctx.run_id))

        def on_attempt(name: ModelName, error: Exception, seconds: float) -> None:
            if self._accounts is not None:
                self._accounts.hear_attempt(ctx, name, error, seconds)

        return Listener(ctx.run_id, agent_of(ctx), emit, on_attempt)

    def state(self, ctx: RunContext[Any], request: Any) -> tuple[ModelName, Conversation]:
        """The model that a request is for, and what is known of its run."""
        name = identify(getattr(request, 'model', None) or ctx.model, ctx.run_id)
        return name, self._memory.conversation(ctx.run_id, self._memory.counter(name))


def _answer(
    run_id: str | None, model: Any, state: Conversation, response: Any, cost: Decimal | None
) -> events.RequestAnswered:
    usage = response.usage
    saved = (response.provider_details or {}).get(SAVED)
    by = identify(_called(model, response.model_name), run_id)
    by = ModelName(response.provider_name or by.provider, response.model_name or by.name)
    return events.RequestAnswered(
        run_id=run_id,
        model=by.full,
        task=state.task,
        finish_reason=response.finish_reason,
        cached=saved is not None,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        saved_by_compaction=state.removed,
        saved_by_outputs=state.trimmed,
        saved_by_cache=saved or 0,
        cost=cost,
    )


def _called(model: Any, name: object) -> Any:
    """The model of this name in a fallback chain; the model itself where there is no chain, or nobody can tell."""
    return next((one for one in _leaves(model) if getattr(one, 'model_name', None) == name), model)


def _leaves(model: Any) -> list[Any]:
    return [one for one in models_in(model) if not hasattr(one, 'models') and getattr(one, 'wrapped', None) is None]
