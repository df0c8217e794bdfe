"""The way of a request through a `Compactor`: followed, measured, brought within its budget, reported, or refused.

What to do with a history is decided by `pipeline.fit`; the effects around it are carried out here.
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Literal, cast

from pydantic_ai import RunContext
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelMessage

from compactor import errors
from compactor.adapters.pydantic_ai.archive import newest_handle
from compactor.adapters.pydantic_ai.archiving import Archiving, conversation_in, conversation_of
from compactor.adapters.pydantic_ai.circuit import Clock
from compactor.adapters.pydantic_ai.compact import started, written
from compactor.adapters.pydantic_ai.context import request_context
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.messages import merge_requests
from compactor.adapters.pydantic_ai.models import ModelName, chooser_in, identify
from compactor.adapters.pydantic_ai.outputs import Outputs
from compactor.adapters.pydantic_ai.overflow import is_overflow, window_from
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.adapters.pydantic_ai.summariser import Asking, Summariser
from compactor.adapters.pydantic_ai.tools import RECALL
from compactor.archive.archive import Archive
from compactor.compaction import Compaction, RequestContext
from compactor.history.handles import Deposit, Kept
from compactor.history.message import Message
from compactor.history.track import frozen
from compactor.pipeline import Steps, drive, drive_async, fit
from compactor.policy import Policy, share
from compactor.strategies import Question
from compactor.telemetry import events

Mode = Literal['act', 'observe']
Keep = Callable[[Deposit], Kept | Awaitable[Kept]]
"""Archives a deposit."""

AHEAD = 0.8
"""Share of the trigger from which a summary may be written ahead."""


class RequestTooLarge(errors.RequestTooLarge, AgentRunError):
    """`compactor.RequestTooLarge`, as an error of the agent run too."""


class Requests:
    """Takes the requests of one `Compactor` through the pipeline; see there for what the arguments mean.

    Args:
        policy: every number.
        mode: whether to act or only to observe.
        persist: whether the run's own record is rewritten.
        archive: keeps what is taken out; None keeps nothing.
        summariser: writes summaries; None for digests without.
        memory: what is known from earlier requests.
        reporter: hears of everything.
        clock: seconds, for the pauses of a failing archive.
    """

    def __init__(
        self,
        policy: Policy,
        mode: Mode,
        persist: bool,
        archive: Archive | None,
        summariser: Summariser | None,
        memory: Memory,
        reporter: Reporter,
        clock: Clock,
    ) -> None:
        self.policy = policy
        self.mode: Mode = mode
        self.persist = persist
        self.archive = archive
        self.summariser = summariser
        self.archiving = Archiving(archive, reporter.emit, clock)
        self.outputs = Outputs(policy, mode == 'act', self.archiving, memory, reporter)
        self._memory = memory
        self._reporter = reporter

    async def process_request(self, ctx: RunContext[Any], request: Any) -> list[ModelMessage]:
        """The history to send for the request of a capability's hook; see `process`."""
        model = getattr(request, 'model', None) or ctx.model
        parameters = request.model_request_parameters
        return await self.process(ctx, request.messages, model, parameters, request.model_settings)

    async def process(
        self, ctx: RunContext[Any], messages: list[ModelMessage], model: Any, parameters: Any, settings: Any
    ) -> list[ModelMessage]:
        """The history to send for one request of a run; raises `RequestTooLarge` if nothing helps."""
        began = time.perf_counter()
        if self.mode == 'act':
            await choose(ctx, model, self._memory, messages, settings)
        name = identify(model, ctx.run_id)
        counter = self._memory.counter(name)
        state = self._memory.conversation(ctx.run_id, counter)
        if state.handled is not None and state.handled[0] == ctx.run_step and _same(state.handled[1], messages):
            return messages
        working = await self.outputs.settled(ctx, messages if self.persist else state.working(messages), name, state)
        self._memory.calibrate(name, state.follow(working, self._memory.calibrations.get(name)))
        context = self._context(ctx, state, name, working, parameters, settings)
        target = max(1, self.policy.history.limits(context.window).goal) if state.asked else None
        state.asked = False
        compaction = written(await self._fitted(ctx, state, context, target), working)
        self._reporter.report(ctx.run_id, name, state, compaction, len(working), time.perf_counter() - began)
        if self.mode == 'observe':
            state.sent_as_is()
            state.handled = (ctx.run_step, messages)
            return messages
        self._refuse_if_too_large(ctx.run_id, name, compaction)
        state.settle(compaction, None if self.persist else messages)
        if 'digest' in self.policy.history.strategies:
            state.index_ahead(compaction)
            self._write_ahead(ctx, state, compaction, parameters)
        result = messages if working is messages and not compaction.changed else list(compaction.messages)
        state.handled = (ctx.run_step, result)
        return result

    async def _fitted(
        self, ctx: RunContext[Any], state: Conversation, context: RequestContext, target: int | None
    ) -> Compaction[Message]:
        """The history of a run within its budget, with a summary where there is someone to write it."""
        keep = self.archiving.of(conversation_of(ctx)).keeping(ctx.run_id, context.model, state.archived)
        if self.summariser is None or self.mode != 'act':
            return await self._driven(fit(state.tracker, self.policy.history, context, target=target), keep)
        asking = Asking(self.summariser, ctx.run_id, ctx.usage, prepared=state.ahead)
        context = replace(context, summarising=self.summariser.strategy())
        compaction = await asking.compaction(fit(state.tracker, self.policy.history, context, target=target), keep)
        if compaction.applied:
            state.drop_ahead()
        return compaction

    async def _driven(self, steps: Steps, keep: Keep | None) -> Compaction[Message]:
        """The pipeline's result without a model; only an archive that blocks is waited for."""
        if self.archiving.blocking:
            return await drive_async(steps, _nobody, keep)
        return drive(steps, cast('Callable[[Deposit], Kept] | None', keep))

    def _write_ahead(
        self, ctx: RunContext[Any], state: Conversation, compaction: Compaction[Any], parameters: Any
    ) -> None:
        """Starts the next compaction's summary in the background, if the policy says so and the trigger is near."""
        summariser, limits = self.summariser, compaction.limits
        if summariser is None or not self.policy.summary.ahead or parameters is None or state.ahead is not None:
            return  # without a capability (`parameters`) nobody says when the run ends
        if compaction.outcome != 'below' or compaction.tokens_after < share(limits.trigger, AHEAD):
            return
        context = replace(compaction.context, archive=False, summarising=summariser.strategy())
        steps = fit(frozen(state.tracker), self.policy.history, context, target=max(1, limits.goal))
        asking = Asking(summariser, ctx.run_id, ctx.usage, ahead=True)
        state.ahead = asyncio.get_running_loop().create_task(asking.prepare(steps))

    def _context(
        self,
        ctx: RunContext[Any],
        state: Conversation,
        name: ModelName,
        messages: Sequence[ModelMessage],
        parameters: Any,
        settings: Any,
    ) -> RequestContext:
        return replace(
            request_context(self._memory, name, state, messages, settings, parameters, ctx),
            retry_at=state.retry_at,
            archive=self.archiving.ready and self.mode == 'act',
            recall=any(tool.name == RECALL for tool in getattr(parameters, 'function_tools', ())),
        )

    async def after_overflow(
        self, ctx: RunContext[Any], request: Any, error: BaseException
    ) -> list[ModelMessage] | None:
        """A smaller history for a request that the provider refused as too long.

        None if there is none, if the error says something else, and for the second error of a request.
        """
        if self.mode != 'act' or not is_overflow(error):
            return None
        name = identify(getattr(request, 'model', None) or ctx.model, ctx.run_id)
        counter = self._memory.counter(name)
        state = self._memory.conversation(ctx.run_id, counter)
        if state.refused_at == ctx.run_step:
            return None
        state.refused_at = ctx.run_step
        state.follow(request.messages, None)
        parameters = request.model_request_parameters
        context = self._context(ctx, state, name, request.messages, parameters, request.model_settings)
        before = context.estimate(state.tracker.tokens)
        window = min(window_from(error) or before, before)
        self._memory.learn_window(name, window)
        goal = min(self.policy.history.limits(window).goal, before // 2)
        compaction = written(
            await self._driven(
                fit(state.tracker, self.policy.history, context, target=max(1, goal)),
                self.archiving.of(conversation_of(ctx)).keeping(ctx.run_id, name.full, state.archived),
            ),
            request.messages,
        )
        if not compaction.changed or compaction.tokens_after >= before:
            return None
        state.handle = newest_handle(compaction.messages)
        self._reporter.emit(events.OverflowRetried(ctx.run_id, name.full, before, compaction.tokens_after))
        return list(compaction.messages)

    def _refuse_if_too_large(self, run_id: str | None, name: ModelName, compaction: Compaction[Any]) -> None:
        limit = compaction.limits.hard
        if compaction.outcome == 'stood_aside' or compaction.tokens_after < limit:
            return
        self._reporter.emit(events.RequestRefused(run_id, name.full, compaction.tokens_after, limit))
        held = [str(holder) for holder in compaction.incompressible]
        if compaction.context.overhead >= limit // 4:
            held.insert(0, f'instructions and tool definitions ({compaction.context.overhead:,} tokens)')
        raise RequestTooLarge(compaction.tokens_after, limit, held)

    async def compact_now(
        self, messages: Sequence[ModelMessage], *, model: Any = None, focus: str | None = None
    ) -> Compaction[ModelMessage]:
        """See `Compactor.compact_now`."""
        began = time.perf_counter()
        limits = self.policy.history.limits(self._memory.window(identify(model)))
        summariser = self.summariser if self.mode == 'act' else None
        steps = started(
            messages,
            self.policy,
            max(1, limits.goal),
            model,
            archive=self.archiving.ready,
            recall=self.policy.archive.recall_tool,
            summarising=summariser.strategy(focus) if summariser is not None else None,
        )
        keep = self.archiving.of(conversation_in(messages)).keeping(None, identify(model).full)
        driven = self._driven(steps, keep) if summariser is None else Asking(summariser).compaction(steps, keep)
        compaction = written(await driven, messages)
        self._reporter.compacted(None, compaction, len(messages), time.perf_counter() - began, request=False)
        return compaction


async def choose(ctx: RunContext[Any], model: Any, memory: Memory, messages: list[ModelMessage], settings: Any) -> None:
    """Lets a `CapacityModel` look ahead, so that history and `max_tokens` are made for the model that will answer."""
    chooser = chooser_in(model)
    if chooser is not None:
        state = memory.known(ctx.run_id)
        used = state.used if state is not None else 0
        await chooser.choose(ctx.run_id, used, messages, settings)


async def _nobody(question: Question) -> str:
    raise RuntimeError('no model is at hand to answer')


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return a is b or (len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True)))


def with_limit(request: Any, limit: int) -> Any:
    """A copy of a request context with another `max_tokens`."""
    changed = copy.copy(request)
    changed.model_settings = {**(request.model_settings or {}), 'max_tokens': limit}
    return changed


def with_messages(request: Any, messages: list[ModelMessage]) -> Any:
    """A copy of a request context with other messages; `dataclasses.replace` would reset fields set by the graph."""
    changed = copy.copy(request)
    changed.messages = messages if messages is request.messages else merge_requests(messages)
    return changed
