"""`compactor.watch(model)`: a model whose requests a `Compactor` accompanies where no hooks see them.

A history processor is handed the history and nothing else. Wrapped around the model, this sees request and response:
headers, refusals and usage, the limit of the answer and one that it cut, budgets and the ledger. Where a capability of
the same `Compactor` sees to all of that, it stands aside.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models import Model
from pydantic_ai.models.wrapper import WrapperModel

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.again import with_limit
from compactor.adapters.pydantic_ai.agent.run import run_with
from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.beside import instructions_of, tools_of
from compactor.adapters.pydantic_ai.messages.conversation import conversation_in
from compactor.adapters.pydantic_ai.messages.prompts import last_prompt
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.settings import is_limited, kept_by_provider, thinking_of
from compactor.run.run import Run
from compactor.run.state import RunState
from compactor.run.tasks import this_task

if TYPE_CHECKING:
    from compactor.adapters.pydantic_ai.agent.sending import Sending
    from compactor.run.accounts import Accounts
    from compactor.run.runs import Runs
    from compactor.run.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Watch:
    """What of a `Compactor` accompanies the requests of a model.

    Attributes:
        runs: what is known of runs.
        tasks: limits of answers.
        accounts: the ledger and its budgets; None without a store.
        sending: hears, counts and tells.
    """

    runs: Runs[RunState]
    tasks: Tasks
    accounts: Accounts | None
    sending: Sending


@dataclass(slots=True)
class Asked:
    """A request, as a hook would be told of it."""

    messages: list[ModelMessage]
    model_settings: Any
    model_request_parameters: Any
    model: Any


class Watched(WrapperModel):
    """See the module.

    Args:
        wrapped: the model, or its name.
        watch: gives what accompanies the requests of a model.
    """

    def __init__(self, wrapped: Model | str, watch: Callable[[Model], Watch]) -> None:
        super().__init__(wrapped)
        self._watch = watch

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The model's answer; one that a limit of ours cut is asked for once more."""
        watch = self._watch(self.wrapped)
        asked = Asked(messages, model_settings, model_request_parameters, self.wrapped)
        run = self._run(asked)
        state = watch.runs.state(run.id)
        if watch.sending.at_work or state.enclosed == run.step:
            return await self._send(asked)
        state.home = this_task()
        run, asked = await self._prepared(watch, run, state, asked)
        response: ModelResponse = await watch.sending.accounted(run, state, asked, self._send)
        room = watch.tasks.more_room(run, state, answer_of(run.model, response))
        if room is not None:
            response = await self._again(watch, run, state, with_limit(asked, room), response)
        await self._ended(watch, run, response)
        return response

    async def _again(
        self, watch: Watch, run: Run, state: RunState, roomier: Asked, first: ModelResponse
    ) -> ModelResponse:
        """The second attempt at an answer; what the first took counts too."""
        run = replace(run, settings=roomier.model_settings)
        if watch.accounts is not None:
            await watch.accounts.reserve(run, state)
        second: ModelResponse = await watch.sending.accounted(run, state, roomier, self._send)
        watch.tasks.more_room(run, state, answer_of(run.model, second))  # tells of a second cut; there is no third try
        context = compat.run_context()
        if context is None:
            return replace(second, usage=second.usage + first.usage)
        context.usage.incr(first.usage)
        return second

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        *context: Any,
        **more: Any,
    ) -> AsyncIterator[Any]:
        """The model's stream; what it took is counted at its end."""
        watch = self._watch(self.wrapped)
        asked = Asked(messages, model_settings, model_request_parameters, self.wrapped)

        def opened(request: Any) -> Any:
            streaming: Callable[..., Any] = self.wrapped.request_stream
            return streaming(
                request.messages, request.model_settings, request.model_request_parameters, *context, **more
            )

        under_way = context[0] if context else more.get('run_context')
        run = self._run(asked, under_way)
        state = watch.runs.state(run.id)
        if watch.sending.at_work or state.enclosed == run.step:
            async with opened(asked) as stream:
                yield stream
            return
        state.home = None  # a stream cannot be taken back
        run, asked = await self._prepared(watch, run, state, asked)
        async with watch.sending.streamed(run, state, asked, opened) as stream:
            yield stream
        response = stream.get()
        watch.tasks.more_room(run, state, answer_of(run.model, response))
        await self._ended(watch, run, response)

    async def _send(self, request: Any) -> ModelResponse:
        return await self.wrapped.request(request.messages, request.model_settings, request.model_request_parameters)

    async def _prepared(self, watch: Watch, run: Run, state: RunState, asked: Asked) -> tuple[Run, Asked]:
        """The request with the limit of its answer, and with room set aside in budgets."""
        limit = watch.tasks.limit(run, state)
        if limit is not None and run.max_tokens != limit:
            asked = with_limit(asked, limit)
            run = replace(run, settings=asked.model_settings)
        if watch.accounts is not None:
            await watch.accounts.reserve(run, state)
        return run, asked

    async def _ended(self, watch: Watch, run: Run, response: ModelResponse) -> None:
        """Looks at windows that others share, where the run is over: its last answer calls no tool."""
        if not any(isinstance(part, ToolCallPart) for part in response.parts):
            await watch.sending.ended(run)

    def _run(self, asked: Asked, context: Any = None) -> Run:
        """The run that a request belongs to: the one under way, else what its messages say."""
        context = context or compat.run_context()
        if context is not None:
            return run_with(context, self.wrapped, asked.messages, asked.model_settings, asked)
        run = next((found for message in reversed(asked.messages) if (found := compat.run_id(message))), None)
        name = identify(self.wrapped, run)
        return Run(
            id=run,
            step=sum(isinstance(message, ModelResponse) for message in asked.messages),
            name=name,
            model=self.wrapped,
            usage=None,
            settings=asked.model_settings,
            messages=asked.messages,
            prompt=partial(lambda messages: last_prompt(messages)[0], asked.messages),
            conversation=conversation_in(asked.messages),
            instructions=instructions_of(asked.messages, asked.model_request_parameters),
            tools=tools_of(asked.model_request_parameters, self.wrapped),
            limited=is_limited(asked.model_settings, self.wrapped),
            thinking=thinking_of(asked.model_settings, self.wrapped),
            kept_by_provider=kept_by_provider(asked.model_settings, name),
        )
