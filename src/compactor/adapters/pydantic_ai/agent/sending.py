"""A request of a run on its way to the model and back: heard, counted, written down; sent again if it was too long."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.again import with_messages
from compactor.adapters.pydantic_ai.agent.spent import Spent
from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.heard import Heard, listen
from compactor.adapters.pydantic_ai.models import called, chooser_in, identify, leaves
from compactor.adapters.pydantic_ai.overflow import refusal_of
from compactor.adapters.pydantic_ai.refusals import came_too_late, failure_of, readings_of
from compactor.capacity.headers import retry_after
from compactor.capacity.windows import NO_TAKING
from compactor.routing.failover import REFUSALS, Failure
from compactor.run.accounts import Accounts
from compactor.run.answer import Answer
from compactor.run.clock import replayed as in_a_loop_of_its_own
from compactor.run.model_name import ModelName
from compactor.run.reporting import Listener, Reporter, heard_by
from compactor.run.requests import Requests
from compactor.run.run import Run
from compactor.run.state import RunState
from compactor.run.tasks import Tasks
from compactor.run.walls import Capacity
from compactor.telemetry import events

_at_work: ContextVar[tuple[Sending, ...]] = ContextVar('compactor_sending', default=())
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
        reporter: hears of everything.
    """

    def __init__(
        self,
        requests: Requests,
        tasks: Tasks,
        accounts: Accounts | None,
        capacity: Capacity | None,
        reporter: Reporter,
    ) -> None:
        self._requests = requests
        self._tasks = tasks
        self._accounts = accounts
        self._capacity = capacity
        self._reporter = reporter
        self._spent = Spent(own=capacity is not None and capacity.is_shared)

    @property
    def at_work(self) -> bool:
        """Whether a request that is under way in this task is one that it sends."""
        return self in _at_work.get()

    async def accounted(self, run: Run, state: RunState, request: Any, send: Send, *, later: bool = False) -> Any:
        """The answer to a request, which is written down and counted in its budgets, if there is a store.

        Args:
            run: the run.
            state: what is known of it.
            request: the request.
            send: hands it on.
            later: others may make it wait before it is sent, which `leaves` will tell.
        """
        state.out, state.got = not later and chooser_in(run.model) is None, None
        try:
            response = await self._sent(run, state, request, send)
        except Exception as error:
            await self._failed(run, state, error)
            raise
        except BaseException as error:
            self.interrupted(run, state, error)
            raise
        finally:
            state.out = False
        if state.replayed:
            if self._accounts is not None:
                await self._accounts.release(run, state)
            return response
        await self.answered(run, state, response)
        return response

    async def _failed(self, run: Run, state: RunState, error: BaseException) -> None:
        if self._accounts is not None:
            self._tasks.note(state)
            await self._accounts.failed(run, state, error, paid=came_too_late(error))

    @staticmethod
    def leaves(model: Any, state: RunState) -> None:
        """Notes that a request goes to its model now; a chain of models may have it wait, and tells itself."""
        state.out = chooser_in(model) is None

    def interrupted(self, run: Run, state: RunState, error: BaseException) -> None:
        """Of a request that was cancelled: nothing can be awaited that is sure to end. What was not sent is free."""
        if self._accounts is None:
            return
        self._tasks.note(state)
        if state.got is not None:  # it was answered: what it took is known
            self._accounts.answered_at_once(run, state, answer_of(run.model, state.got, run.id))
        elif state.out:
            self._accounts.interrupted(run, state, error)
        else:
            self._accounts.abandoned(run, state)

    async def answered(self, run: Run, state: RunState, response: Any) -> None:
        """Writes an answer down, if there is a ledger, and tells of it, if anybody listens."""
        if self._accounts is None and not self._reporter.listening:
            return
        self._tasks.note(state)
        answer = answer_of(run.model, response, run.id)
        cost = None if self._accounts is None else await self._accounts.answered(run, state, answer)
        if self._reporter.listening:
            self._reporter.emit(_told(run, state, answer, cost))

    async def ended(self, run: Run) -> None:
        """Tells, at the end of a run, how the windows stand that it has taken of."""
        chain = chooser_in(run.model)
        if chain is not None:
            with heard_by(self._listener(run)):
                await chain.ended(run.id)
        elif self._capacity is not None:
            await self._capacity.ended(run.id)

    async def _sent(self, run: Run, state: RunState, request: Any, send: Send) -> Any:
        """The answer to a request; one that the provider calls too long is compacted and sent again, twice at most."""
        while True:
            try:
                return await self._heard(run, state, request, send)
            except Exception as error:
                smaller = await self.smaller(run, state, error)
                if smaller is None:
                    raise
            request = with_messages(request, smaller)

    async def smaller(self, run: Run, state: RunState, error: BaseException) -> list[Any] | None:
        """A smaller history for a request that was refused as too long; None if the error says something else."""
        refusal = refusal_of(error)
        return None if refusal is None else await self._requests.after_overflow(run, state, refusal)

    async def _heard(self, run: Run, state: RunState, request: Any, send: Send) -> Any:
        """The answer to a request; what it says about limits, takes of them, or is refused for, is taken in."""
        replayed = compat.replaying()
        began = datetime.now(UTC) if state.durable and not in_a_loop_of_its_own() else None

        async def noted(request: Any) -> Any:
            response = await send(request)
            # Engines without a time of their own do not say; but what they have kept is older than the question.
            kept = began is not None and response.timestamp < began and answer_of(run.model, response).saved is None
            state.replayed = kept or replayed()
            state.got = None if state.replayed else response
            return response

        state.replayed = False
        token = _at_work.set((*_at_work.get(), self))
        try:
            response = await self._counted(run, state, request, noted)
        finally:
            _at_work.reset(token)
        self._spent.counted(response)
        return response

    async def _counted(self, run: Run, state: RunState, request: Any, send: Send) -> Any:
        model, capacity = run.model, self._capacity
        if chooser_in(model) is not None:  # it counts for itself, and tells of it
            with heard_by(self._listener(run, state)):
                return await send(request)
        if capacity is None:
            return await send(request)
        sent_at = capacity.clock()
        with listen(model, capacity.clock) as heard:
            try:
                response = await send(request)
            except Exception as error:
                await self._refused(run, capacity, error, heard, sent_at)
                raise
        if not state.replayed:  # else it was counted when it was given
            await self._took(run, capacity, response, heard, sent_at)
        return response

    async def _took(self, run: Run, capacity: Capacity, response: Any, heard: Heard, sent_at: float) -> None:
        """Takes in what an answer took, and what came with it."""
        model = run.model
        answer = answer_of(model, response)
        answered_by = called(model, response.model_name)
        hidden = await self._hidden(run, capacity, answered_by, heard, sent_at)
        name = answer.asked
        if name.full:
            capacity.learn(name.full, name.provider, heard.of(answered_by))
            if answer.taken is not NO_TAKING:
                await capacity.answered(name.full, answer.taken, ANY_TIME if hidden else sent_at, run.id)

    @asynccontextmanager
    async def streamed(
        self, run: Run, state: RunState, request: Any, opened: Callable[[Any], AbstractAsyncContextManager[Any]]
    ) -> AsyncIterator[Any]:
        """The stream of a request, where no hook waits for its end; see `accounted`.

        One that is refused as too long is compacted and opened again, twice at most.
        """
        state.out, state.got = chooser_in(run.model) is None, None
        opening = True
        async with AsyncExitStack() as stack:
            try:
                while True:
                    try:
                        stream, heard, sent_at = await self._opened(run, state, request, opened, stack)
                        break
                    except Exception as error:
                        smaller = await self.smaller(run, state, error)
                        if smaller is None:
                            raise
                    request = with_messages(request, smaller)
                opening = False
                yield stream
                with self.heard(run, state):  # a chain counts at the end
                    await stack.aclose()
            except Exception as error:
                if opening:
                    await self._failed(run, state, error)
                else:  # whoever read it went away, or it broke off: what came is paid
                    self.interrupted(run, state, error)
                raise
            except BaseException as error:
                self.interrupted(run, state, error)
                raise
            finally:
                state.out = False
            response = stream.get()
            self._spent.counted(response)
            if self._capacity is not None and chooser_in(run.model) is None:
                await self._took(run, self._capacity, response, heard, sent_at)
            await self.answered(run, state, response)

    async def _opened(
        self,
        run: Run,
        state: RunState,
        request: Any,
        opened: Callable[[Any], AbstractAsyncContextManager[Any]],
        stack: AsyncExitStack,
    ) -> tuple[Any, Heard, float]:
        """A stream that has begun, what came with it, and when it was asked for."""
        capacity = self._capacity
        counts = capacity is not None and chooser_in(run.model) is None
        clock = capacity.clock if capacity is not None else time.time
        sent_at = clock()
        token = _at_work.set((*_at_work.get(), self))
        try:
            with self.heard(run, state), listen(run.model, clock) as heard:
                try:
                    return await stack.enter_async_context(opened(request)), heard, sent_at
                except Exception as error:
                    if capacity is not None and counts:
                        await self._refused(run, capacity, error, heard, sent_at)
                    raise
        finally:
            _at_work.reset(token)

    async def seen(self, run: Run) -> None:
        """Counts what the responses of a run's history took that nobody has seen come (history processors)."""
        capacity = self._capacity
        if capacity is None or chooser_in(run.model) is not None:
            return
        for response, at in self._spent.fresh(run.messages, run.id, capacity.clock()):
            answer = answer_of(run.model, response)
            of_run = compat.run_id(response) in (None, run.id)
            name = answer.asked if of_run or answer.by.name in (None, answer.asked.name) else answer.by
            if name.full and answer.taken is not NO_TAKING:
                await capacity.seen(name.full, answer.taken, at, run.id)

    async def _hidden(self, run: Run, capacity: Capacity, answered_by: Any, heard: Heard, sent_at: float) -> bool:
        """Takes in refusals that nobody was told of, as an SDK or a chain has tried again; whether there were any."""
        refused = [response for response in heard.responses if response.status in REFUSALS]
        for response in refused:
            one = next((leaf for leaf in leaves(run.model) if response in heard.of(leaf)), answered_by)
            name, now = identify(one), capacity.clock()
            if name.full:
                capacity.learn(name.full, name.provider, [response])
                failure = Failure('status', response.status, retry_after(response.headers, now))
                await capacity.refused(name.full, failure, sent_at, run.id)
        return bool(refused)

    async def _refused(self, run: Run, capacity: Capacity, error: Exception, heard: Heard, sent_at: float) -> None:
        """Takes in the refusals of a model, or of each model of a fallback chain."""
        refusals = error.exceptions if isinstance(error, BaseExceptionGroup) else (error,)
        for refusal in refusals:
            refusing = called(run.model, getattr(refusal, 'model_name', None))
            name = identify(refusing)
            if name.full:
                capacity.learn(name.full, name.provider, heard.of(refusing))
                capacity.learn_readings(name.full, readings_of(refusal, capacity.clock()))
                failure = failure_of(refusal, capacity.clock())
                await capacity.refused(name.full, failure, sent_at, run.id)

    def heard(self, run: Run, state: RunState | None = None) -> AbstractContextManager[None]:
        """Whatever tools and models of a run tell within the block, they tell this compactor."""
        return heard_by(self._listener(run, state))

    def _listener(self, run: Run, state: RunState | None = None) -> Listener:
        def emit(event: events.Event) -> None:
            self._reporter.emit(replace(event, run_id=run.id, model=event.model or run.name.full))

        def on_sent() -> None:
            if state is not None and state.over:
                raise asyncio.CancelledError('the run was broken off')
            if state is not None:
                state.out = True

        def on_attempt(name: ModelName, error: Exception, seconds: float) -> None:
            if state is not None:
                state.out = False  # what is asked next may have to wait
            if self._accounts is not None:
                sent = state.used if state is not None and came_too_late(error) else 0
                self._accounts.hear_attempt(run, name, error, seconds, sent)

        return Listener(run.id, run.agent, emit, on_sent, on_attempt)


def _told(run: Run, state: RunState, answer: Answer, cost: Decimal | None) -> events.RequestAnswered:
    return events.RequestAnswered(
        run_id=run.id,
        model=answer.by.full,
        task=state.task,
        finish_reason=answer.finish_reason,
        cached=answer.saved is not None,
        input_tokens=answer.input_tokens,
        output_tokens=answer.output_tokens,
        saved_by_compaction=state.removed,
        saved_by_outputs=state.trimmed,
        saved_by_cache=answer.saved or 0,
        cost=cost,
    )
