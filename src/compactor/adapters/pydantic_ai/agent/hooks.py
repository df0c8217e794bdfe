"""The hooks that the framework calls around the requests, the tools and the end of a run; each is a few lines."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.tools import AgentDepsT

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.again import asked_again, with_limit, with_messages, with_parameters
from compactor.adapters.pydantic_ai.agent.arrival import declared
from compactor.adapters.pydantic_ai.agent.plugged import Plugged
from compactor.adapters.pydantic_ai.agent.remembered import with_remembered
from compactor.adapters.pydantic_ai.agent.run import run_of
from compactor.adapters.pydantic_ai.agent.sending import Send
from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.beside import tools_of, without_ours
from compactor.adapters.pydantic_ai.messages.writer import with_content
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.overflow import window_from
from compactor.run.requests import Processed, Records
from compactor.run.run import Run
from compactor.run.state import RunState
from compactor.run.tasks import this_task
from compactor.run.tool_names import RECALL
from compactor.run.within import enclosing


class Hooks(Plugged[AgentDepsT]):
    """A `Compactor` as a capability."""

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractCapability[AgentDepsT]:
        """The compactor that a run has: this one, but for the preset 'auto'."""
        suiting = self._suiting(ctx.model, ctx.run_id)
        await suiting._requests.keys.key(ctx.run_id)
        return suiting

    def get_model_settings(self) -> Any:
        """No settings: it is asked before each request, in the task that drives the run; streams have their own."""
        wanted = self._accounts is not None or (self._tasks.limits and self.mode == 'act')
        return self._at_home if wanted else None

    def _at_home(self, ctx: RunContext[Any]) -> dict[str, Any]:
        state = self._runs.known(ctx.run_id)  # it is asked before the run begins, too
        if state is not None:
            state.home = this_task()
        return {}

    async def before_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Brings the history within its budget before it is sent."""
        self._broken_off(ctx)
        state = self._runs.state(ctx.run_id)
        if self.persist:
            self._put(ctx, request_context, state, await self._process(ctx, request_context, state, 'compactions'))
        elif state.enclosed != ctx.run_step:  # 1.x calls this hook before `wrap_model_request`, 2.x within it
            state.unsized = ctx.run_step
            return request_context
        return await self._sized(ctx, request_context, state)

    def _broken_off(self, ctx: RunContext[Any]) -> None:
        """Sends nothing for a run that is over: the framework's task for a request may outlive its run by a moment."""
        if self._runs.over(ctx.run_id):
            raise asyncio.CancelledError('the run was broken off')

    async def _sized(self, ctx: RunContext[AgentDepsT], request_context: Any, state: RunState) -> Any:
        """A request with its limit, and with what it may take set aside; its history is the one that is sent."""
        run = self._run_of(ctx, request_context)
        limit = self._tasks.limit(run, state)
        if limit is not None:
            request_context.model_settings = {**(request_context.model_settings or {}), 'max_tokens': limit}
            run = self._run_of(ctx, request_context)
        if self._accounts is not None:
            await self._accounts.reserve(run, state)
        return request_context

    async def wrap_model_request(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Sends the compacted history, and notes with the answer how it was cut, where the record stays whole."""
        self._broken_off(ctx)
        state = self._runs.state(ctx.run_id)
        state.enclosed = ctx.run_step
        await self._remember(ctx, state, request_context.messages)
        if state.durable is None:
            state.durable = compat.in_durable_context(ctx)
        if not state.offering and any(
            tool.name == RECALL for tool in request_context.model_request_parameters.function_tools
        ):
            state.name_taken = True
        if not tools_of(
            request_context.model_request_parameters, compat.request_model(request_context) or ctx.model
        ).more:
            request_context = with_parameters(request_context, without_ours(request_context.model_request_parameters))
        if not self.persist:
            if state.processed != ctx.run_step:  # else a history processor of ours has come before (1.x)
                sent = (await self._process(ctx, request_context, state, 'nothing')).sent
                request_context = with_messages(request_context, sent)
            if state.unsized == ctx.run_step:
                request_context = await self._sized(ctx, copy.copy(request_context), state)
        elif state.sending is not None:
            request_context, state.sending = with_messages(request_context, state.sending), None
        run = self._run_of(ctx, request_context)
        response = await self._answered(ctx, run, state, request_context, handler)
        return await self._requests.answered(run, state, response)

    async def _answered(
        self, ctx: RunContext[AgentDepsT], run: Run, state: RunState, request_context: Any, handler: Send
    ) -> Any:
        """The answer to a request; what a limit of ours has cut is asked for once more."""
        before = ctx.usage.output_tokens
        later = compat.TELLS_BEFORE_SENDING
        handler = self._remembering(state, handler)
        response = await self._sending.accounted(run, state, request_context, handler, later=later)
        if compat.RetryModelRequest is not None:  # `after_model_request` has asked, if there was need
            return response
        room = self._tasks.more_room(self._run_of(ctx, request_context), state, answer_of(run.model, response))
        if room is None:
            return response
        counted = 0 < response.usage.output_tokens <= ctx.usage.output_tokens - before

        async def again(request: Any) -> Any:
            return await asked_again(ctx, request, response, counted, handler)

        roomier = with_limit(request_context, room)
        run = self._run_of(ctx, roomier)
        if self._accounts is not None:
            await self._accounts.reserve(run, state)
        second = await self._sending.accounted(run, state, roomier, again)
        self._tasks.more_room(run, state, answer_of(run.model, second))  # tells of a second cut; there is no third try
        return second

    async def after_model_request(self, ctx: RunContext[AgentDepsT], *, request_context: Any, response: Any) -> Any:
        """Asks for another attempt at an answer that a limit of ours has cut, where the framework has such (2.64)."""
        if compat.RetryModelRequest is None:
            return response
        state, run = self._runs.state(ctx.run_id), self._run_of(ctx, request_context)
        room = self._tasks.more_room(run, state, answer_of(run.model, response))
        if room is None:
            return response
        await self._sending.answered(run, state, response)
        if self._accounts is not None:
            await self._accounts.reserve(self._run_of(ctx, with_limit(request_context, room)), state)
        state.out = False
        raise compat.RetryModelRequest

    async def on_model_request_error(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, error: Exception
    ) -> Any:
        """Compacts once more if the provider says too long, where `wrap_model_request` may send only once (2.54)."""
        state = self._runs.state(ctx.run_id)
        smaller = await self._sending.smaller(self._run_of(ctx, request_context), state, error)
        if smaller is None:
            raise error
        again = with_messages(request_context, smaller)
        if compat.RetryModelRequest is None:
            again = with_remembered(again, state.remembered)
            return await again.model.request(again.messages, again.model_settings, again.model_request_parameters)
        state.resend = again.messages
        state.out = False
        raise compat.RetryModelRequest

    async def prepare_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Hands what is new to the second attempt that a hook has asked for: a smaller history, more room (2.64).

        It is also the first hook that sees which tools have come along, and the last before the request is sent.
        """
        self._broken_off(ctx)
        state = self._runs.state(ctx.run_id)
        asked = compat.request_model(request_context) or ctx.model
        request_context.model_request_parameters = declared(
            request_context.model_request_parameters,
            request_context.messages,
            identify(asked, ctx.run_id),
            state,
        )
        if state.resend is not None:
            request_context.messages, state.resend = state.resend, None
        room = self._tasks.given_room(ctx.run_step, state)
        if room is not None:
            request_context.model_settings = {**(request_context.model_settings or {}), 'max_tokens': room}
        self._sending.leaves(asked, state)
        return request_context

    async def after_tool_execute(
        self, ctx: RunContext[AgentDepsT], *, call: Any, tool_def: Any, args: Any, result: Any
    ) -> Any:
        """Brings what a tool returned within its budget."""
        return await self._shrunk(ctx, call, args, result)

    async def wrap_tool_execute(
        self,
        ctx: RunContext[AgentDepsT],
        *,
        call: Any,
        tool_def: Any,
        args: Any,
        handler: Callable[[Any], Awaitable[Any]],
    ) -> Any:
        """Brings what a failing tool says to the model within its budget; agents that it asks are within this run."""
        state = self._runs.known(ctx.run_id)
        try:
            with self._sending.heard(run_of(ctx)), self._requests.outputs.call(run_of(ctx), state) as within:
                result = await handler(args)
            await self._requests.outputs.handed_up(run_of(ctx), state, within, result)
            return result
        except Exception as error:
            retry = getattr(error, 'tool_retry', None)
            said = getattr(retry, 'content', None)
            if isinstance(said, str) and self.mode == 'act':
                smaller = await self._shrunk(ctx, call, args, said, failed=True)
                if smaller is not said:
                    error.tool_retry = with_content(retry, smaller)  # type: ignore[attr-defined]
            raise

    async def _shrunk(
        self, ctx: RunContext[AgentDepsT], call: Any, args: Any, said: Any, failed: bool | None = None
    ) -> Any:
        run, state = run_of(ctx), self._runs.known(ctx.run_id)
        within = enclosing()
        if within is not None:  # else it was handed up before
            await self._requests.outputs.handed_up(run, state, within, said)
        arguments = args if isinstance(args, dict) else {}
        return await self._requests.outputs.returned(
            run, state, call.tool_name, call.tool_call_id, arguments, said, failed
        )

    async def wrap_run(self, ctx: RunContext[AgentDepsT], *, handler: Callable[[], Awaitable[Any]]) -> Any:
        """Lets the run go however it ends: cancelled at any moment, left by whoever reads its stream, with its loop."""
        self._runs.begin(ctx.run_id)
        try:
            return await handler()
        except BaseException as error:
            self._left(ctx, error)
            raise

    async def after_run(self, ctx: RunContext[AgentDepsT], *, result: Any) -> Any:
        """Forgets the run."""
        await self._forget(ctx)
        return result

    async def on_run_error(self, ctx: RunContext[AgentDepsT], *, error: BaseException) -> Any:
        """Forgets the run, but not what a refusal says that no other hook was shown (streams before 2.64)."""
        window = window_from(error) if self.mode == 'act' else None
        if window is not None:
            self._learned.learn_window(identify(ctx.model, ctx.run_id), window)
        await self._forget(ctx, error)
        raise error

    # -- for the hooks ------------------------------------------------------------------------------------------

    async def _process(self, ctx: RunContext[AgentDepsT], request: Any, state: RunState, records: Records) -> Processed:
        """What to send for the request of a hook, and what to record."""
        model = compat.request_model(request) or ctx.model
        await self._remember(ctx, state, request.messages)
        await self._choose(ctx, model, request.messages, request.model_settings, state)
        return await self._requests.process(self._run_of(ctx, request), state, records)

    def _run_of(self, ctx: RunContext[AgentDepsT], request: Any) -> Run:
        """The run of a request, with what is to be in it counted."""
        run = run_of(ctx, request)
        text = self._runs.state(ctx.run_id).remembered
        return replace(run, instructions=(*run.instructions, text)) if text else run

    async def _remember(self, ctx: RunContext[AgentDepsT], state: RunState, messages: list[Any]) -> None:
        """Asks, once for each request, for what is to be in it: what the application keeps, and frames."""
        if self.mode != 'act' or state.remembered_in == ctx.run_step:
            return
        text = '' if self._remembered is None else await self._remembered.text(ctx)
        framed = self._frames.of(messages, identify(ctx.model, ctx.run_id))
        state.framed, state.framed_as = 0, ''
        if framed is not None and framed.text:
            state.framed = self._learned.counter(identify(ctx.model, ctx.run_id)).count(framed.text)
            state.framed_as = framed.task
            text = f'{text}\n\n{framed.text}' if text else framed.text
        state.remembered, state.remembered_in = text, ctx.run_step

    def _remembering(self, state: RunState, handler: Send) -> Send:
        """Sends what is to be in every request with each attempt."""
        if not state.remembered:
            return handler
        return lambda request: handler(with_remembered(request, state.remembered))

    @staticmethod
    def _put(ctx: RunContext[AgentDepsT], request: Any, state: RunState, done: Processed) -> None:
        """Hands on what is sent, and what is recorded if that is to change.

        From 2.54 on, `wrap_model_request` encloses this hook, and what it sets is sent and not recorded; before, it is
        both, and what is only sent has to wait for that hook.
        """
        if done.record is not None:
            ctx.messages[:] = done.record
        if state.enclosed == ctx.run_step:
            request.messages = done.sent
            return
        if done.record is not None:
            request.messages = done.record
        state.sending = done.sent if done.sent is not request.messages else None

    async def _forget(self, ctx: RunContext[Any], error: BaseException | None = None) -> None:
        """Lets a run go, and gives back what was set aside for a request that was interrupted."""
        state = self._runs.forget(ctx.run_id, broken_off=error is not None)  # first: while it waits, nothing is sent
        if state is not None:
            state.over = error is not None
        if self._accounts is not None and state is not None:
            if state.out:  # the run ends while a request is under way, of which its own hook may hear only later
                self._sending.interrupted(run_of(ctx), state, error or asyncio.CancelledError())
            elif state.lease is not None:
                await self._accounts.release(run_of(ctx), state)
        await self._sending.ended(run_of(ctx))
        if state is not None:
            await self._life.forgotten(state, run_of(ctx))

    def _left(self, ctx: RunContext[Any], error: BaseException) -> None:
        """Ends at once what is left of a run that nobody drives any more: nothing that is awaited is sure to end."""
        state = self._runs.forget(ctx.run_id, broken_off=True)
        if state is None:
            return
        state.over = True
        self._sending.interrupted(run_of(ctx), state, error)
        state.drop_ahead()
