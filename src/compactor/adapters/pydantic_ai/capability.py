"""`Compactor`: the one object that plugs into an agent, as a capability or as a history processor.

Here are the hooks that the framework calls; each is a few lines. The way of a request is in `requests.py`, what is
known from earlier requests in `memory.py` and `conversation.py`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic_ai import RunContext, exceptions
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import FunctionToolset

from compactor.adapters.pydantic_ai.archive import newest_handle
from compactor.adapters.pydantic_ai.archiving import conversation_of
from compactor.adapters.pydantic_ai.capacity import Capacity
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.overflow import is_overflow, window_from
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.adapters.pydantic_ai.requests import Mode, Requests, with_limit, with_messages
from compactor.adapters.pydantic_ai.sending import Sending
from compactor.adapters.pydantic_ai.setup import archive_in, policy_of
from compactor.adapters.pydantic_ai.summariser import Summariser
from compactor.adapters.pydantic_ai.tasks import Tasks, asked_again
from compactor.adapters.pydantic_ai.tools import compact_tool, recall_tool
from compactor.archive.archive import Archive
from compactor.archive.recall import Fit
from compactor.compaction import Compaction
from compactor.errors import ConfigError
from compactor.policy import Policy
from compactor.request.figures import TaskFigures
from compactor.store.engine import Store
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.adapters.pydantic_ai.accounts import Accounts

RetryModelRequest: Any = getattr(exceptions, 'RetryModelRequest', None)
"""Asks for another attempt at the same request; only newer versions have it."""


class Compactor(AbstractCapability[AgentDepsT]):
    """Keeps every request of an agent inside its budget.

        agent = Agent('cerebras:zai-glm-4.7', capabilities=[Compactor('cerebras')])          # >= 1.71, 2.x
        agent = Agent('cerebras:zai-glm-4.7', history_processors=[Compactor('cerebras')])    # 1.x

    One instance may serve any number of agents, runs and threads at once.

    Args:
        policy: a `Policy`, a preset's name, or the path of a TOML file. Names and paths take the environment
            (`COMPACTOR_*`) into account, a `Policy` is taken as it is.
        summariser: a model, or its name, that adds a summary of goal, decisions, dead ends and next step to every
            digest, as `policy.summary` says; its tokens count in the run's usage, its requests do not. Where it
            fails, the digest goes without. Needs the strategy 'digest' in the policy. Default: no model is asked.
        store: a `Store`, its URL or the path of a SQLite file: there every model request is written down, budgets are
            counted (`policy.ledger`) and the archive is kept. Default: nothing is. Needs a capability, but for the
            archive.
        archive: keeps what is taken out of histories, for the recall tool and `restore`. Default: in the store, else in
            memory, as `policy.archive` says; instances that share one can read each other's handles.
        on_event: called with every `compactor.telemetry.events.Event`; what it raises is logged, never raised, but what
            it waits for, the agent waits for: see `compactor.telemetry.sinks.Queued`.
        mode: 'act', or 'observe' to measure and report without changing or refusing anything.
        persist: False sends the compacted history but leaves the run's own record whole. Needs a capability.
        id: see `AbstractCapability.id`; needed when one agent has several.
        clock: seconds on a monotonic clock, for the pauses of a failing summariser or archive.

    Raises:
        ConfigError: unknown preset or mode, unreadable file, invalid policy.
        RequestTooLarge: (from the run) the request cannot be brought under the policy's hard limit.
    """

    # The base class is a dataclass whose equality compares ids only; two compactors are never interchangeable.
    __hash__ = object.__hash__
    __eq__ = object.__eq__

    def __init__(
        self,
        policy: Policy | str | Path = 'default',
        *,
        summariser: Any = None,
        store: Store | str | Path | None = None,
        archive: Archive | None = None,
        on_event: events.Sink | None = None,
        mode: Mode = 'act',
        persist: bool = True,
        id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if mode not in ('act', 'observe'):
            raise ConfigError(f"mode must be 'act' or 'observe', got {mode!r}")
        self.id = id
        self.description = None
        self.defer_loading = False
        told = policy_of(policy)
        opened = store if isinstance(store, Store) or store is None else Store(store)
        if archive is None and told.archive.enabled:
            archive = archive_in(opened, id or 'compactor', told.archive.max_bytes)
        self._memory = Memory(told.tokens)
        self._reporter = Reporter(on_event, mode == 'observe', told.telemetry)
        asked: Summariser | None = None
        if summariser is not None:
            asked = Summariser(summariser, told.summary, told.tokens.windows, self._reporter.emit, clock)
        self._requests = Requests(told, mode, persist, archive, asked, self._memory, self._reporter, clock)
        self._tasks = Tasks(told.tasks, mode == 'act', self._memory, self._reporter)
        self._accounts: Accounts | None = None
        if opened is not None:
            from compactor.adapters.pydantic_ai.accounts import Accounts

            self._accounts = Accounts(opened, told.ledger, mode == 'act', self._reporter, clock)
            self._reporter.on_summary = self._accounts.hear
        self._capacity: Capacity | None = None
        if told.capacity.enabled:
            now = opened.clock if opened is not None else time.time
            self._capacity = Capacity(told.capacity, self._reporter, opened, now, random.random, clock)
        self._sending = Sending(
            self._requests, self._tasks, self._accounts, self._capacity, self._memory, self._reporter
        )
        self._told_processor_mode = False

    @property
    def policy(self) -> Policy:
        """Every number."""
        return self._requests.policy

    @property
    def mode(self) -> Mode:
        """Whether it acts or only observes."""
        return self._requests.mode

    @property
    def persist(self) -> bool:
        """Whether the run's own record is rewritten too."""
        return self._requests.persist

    @property
    def archive(self) -> Archive | None:
        """Where what was taken out of histories is kept; None where nothing is."""
        return self._requests.archive

    @property
    def task_figures(self) -> TaskFigures:
        """By task: requests whose answer was limited, answers that the limit cut, and those asked for once more."""
        return self._tasks.figures

    def __repr__(self) -> str:
        return f'Compactor(mode={self.mode!r}, persist={self.persist})'

    @classmethod
    def get_serialization_name(cls) -> str | None:
        """None: a compactor holds callables and state, so it does not travel in agent specs."""
        return None

    # -- as a history processor ---------------------------------------------------------------------------------

    async def __call__(self, ctx: RunContext[Any], messages: list[ModelMessage]) -> list[ModelMessage]:
        """Processes the history in `history_processors=[...]` (1.x) and `ProcessHistory(...)`."""
        if not self._told_processor_mode:
            self._told_processor_mode = True
            self._reporter.emit(events.ProcessorMode(ctx.run_id, None, PROCESSOR_MODE_MISSES))
        if not self.persist:
            raise ConfigError('persist=False needs capabilities=[Compactor(...)]: a history processor always persists')
        return await self._requests.process(ctx, messages, ctx.model, None, ctx.model_settings)

    @property
    def model_settings(self) -> Callable[[RunContext[Any]], Any]:
        """For `Agent(model_settings=...)`: the policy's `max_tokens` where hooks are missing."""
        return self._tasks.settings

    # -- as a capability ----------------------------------------------------------------------------------------

    def get_toolset(self) -> FunctionToolset[AgentDepsT] | None:
        """The tools `recall` and, if the policy says so, `compact_history`; None in observe mode."""
        if self.mode != 'act':
            return None
        tools: list[Any] = []
        if self.archive is not None and self.policy.archive.recall_tool:
            tools.append(recall_tool(self._archive_of, self.policy.archive.recall_tokens, self._handle, self._fit))
        if self.policy.history.compact_tool:
            tools.append(compact_tool(self._ask))
        return FunctionToolset(tools, id=f'compactor:{self.id}' if self.id else 'compactor') if tools else None

    def _archive_of(self, ctx: RunContext[Any]) -> Archive:
        """The archive of a run's conversation."""
        archive = self._requests.archiving.of(conversation_of(ctx)).archive
        assert archive is not None, 'there is no recall tool without an archive'
        return archive

    def _handle(self, ctx: RunContext[Any]) -> str | None:
        """The handle of what was left out of a run's history: as it was sent, or as the run records it."""
        state = self._memory.known(ctx.run_id)
        return (state.handle if state is not None else None) or newest_handle(ctx.messages)

    def _fit(self, ctx: RunContext[Any]) -> Fit:
        return self._memory.counter(identify(ctx.model, ctx.run_id)).fit

    def _ask(self, ctx: RunContext[Any]) -> None:
        state = self._memory.known(ctx.run_id)
        if state is not None:
            state.asked = True

    def get_model_settings(self) -> Any:
        """No settings: it is asked before each request, in the task that drives the run (see `Tasks.at_home`)."""
        wanted = self._accounts is not None or (self._tasks.limits and self.mode == 'act')
        return self._tasks.at_home if wanted else None

    async def before_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Brings the history within its budget before it is sent."""
        if self.persist:
            processed = await self._requests.process_request(ctx, request_context)
            if processed is not request_context.messages and self.mode == 'act':
                request_context.messages = processed
                ctx.messages[:] = processed
        self._tasks.set_limit(ctx, request_context)
        if self._accounts is not None:
            name, state = self._sending.state(ctx, request_context)
            state.limited = ctx.run_step
            if self.persist or state.handled_in(ctx.run_step):
                await self._accounts.reserve(ctx, name, state, request_context)
        return request_context

    async def wrap_model_request(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Sends the compacted history of `persist=False`; what a limit of ours has cut is asked for once more."""
        if not self.persist:
            kept = await self._requests.process_request(ctx, request_context)
            request_context = with_messages(request_context, kept)
            if self._accounts is not None:  # 1.x calls this hook after `before_model_request`, 2.x around it
                name, state = self._sending.state(ctx, request_context)
                if state.limited == ctx.run_step:
                    await self._accounts.reserve(ctx, name, state, request_context)
        before = ctx.usage.output_tokens
        response = await self._sending.accounted(ctx, request_context, handler)
        if RetryModelRequest is not None:  # `after_model_request` has asked, if there was need
            return response
        room = self._tasks.more_room(ctx, request_context, response)
        if room is None:
            return response
        counted = 0 < response.usage.output_tokens <= ctx.usage.output_tokens - before

        async def again(request: Any) -> Any:
            return await asked_again(ctx, request, response, counted, handler)

        roomier = with_limit(request_context, room)
        if self._accounts is not None:
            await self._accounts.reserve(ctx, *self._sending.state(ctx, roomier), roomier)
        second = await self._sending.accounted(ctx, roomier, again)
        self._tasks.more_room(ctx, roomier, second)  # tells of a second cut; there is no third attempt
        return second

    async def after_model_request(self, ctx: RunContext[AgentDepsT], *, request_context: Any, response: Any) -> Any:
        """Asks for another attempt at an answer that a limit of ours has cut, where the framework has such (2.64)."""
        room = None if RetryModelRequest is None else self._tasks.more_room(ctx, request_context, response)
        if room is None:
            return response
        await self._sending.answered(ctx, request_context, response)
        if self._accounts is not None:
            name, state = self._sending.state(ctx, request_context)
            await self._accounts.reserve(ctx, name, state, with_limit(request_context, room))
        raise RetryModelRequest

    async def on_model_request_error(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, error: Exception
    ) -> Any:
        """Compacts once more if the provider says too long, where `wrap_model_request` may send only once (2.54)."""
        smaller = await self._requests.after_overflow(ctx, request_context, error)
        if smaller is None:
            raise error
        again = with_messages(request_context, smaller)
        if RetryModelRequest is None:
            return await again.model.request(again.messages, again.model_settings, again.model_request_parameters)
        self._sending.state(ctx, request_context)[1].resend = again.messages
        raise RetryModelRequest

    async def prepare_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Hands what is new to the second attempt that a hook has asked for: a smaller history, more room (2.64)."""
        state = self._sending.state(ctx, request_context)[1]
        if state.resend is not None:
            request_context.messages, state.resend = state.resend, None
        self._tasks.give_room(ctx, request_context)
        return request_context

    async def after_tool_execute(
        self, ctx: RunContext[AgentDepsT], *, call: Any, tool_def: Any, args: Any, result: Any
    ) -> Any:
        """Brings what a tool returned within its budget."""
        return await self._requests.outputs.returned(ctx, call, args if isinstance(args, dict) else {}, result)

    async def wrap_tool_execute(
        self,
        ctx: RunContext[AgentDepsT],
        *,
        call: Any,
        tool_def: Any,
        args: Any,
        handler: Callable[[Any], Awaitable[Any]],
    ) -> Any:
        """Brings what a failing tool says to the model within its budget."""
        try:
            return await handler(args)
        except Exception as error:
            await self._requests.outputs.failed(ctx, call, args if isinstance(args, dict) else {}, error)
            raise

    async def after_run(self, ctx: RunContext[AgentDepsT], *, result: Any) -> Any:
        """Forgets the run."""
        await self._give_back(ctx)
        self._memory.forget(ctx.run_id)
        self._tasks.forget(ctx.run_id)
        return result

    async def on_run_error(self, ctx: RunContext[AgentDepsT], *, error: BaseException) -> Any:
        """Forgets the run, but not what a refusal says that no other hook was shown (streams before 2.64)."""
        window = window_from(error) if self.mode == 'act' and is_overflow(error) else None
        if window is not None:
            self._memory.learn_window(identify(ctx.model, ctx.run_id), window)
        await self._give_back(ctx)
        self._memory.forget(ctx.run_id)
        self._tasks.forget(ctx.run_id)
        raise error

    # -- between runs -------------------------------------------------------------------------------------------

    async def compact_now(
        self, messages: Sequence[ModelMessage], *, model: Any = None, focus: str | None = None
    ) -> Compaction[ModelMessage]:
        """Compacts a history to the policy's goal, whatever its trigger says; for use between runs.

        Args:
            messages: the history, such as `result.all_messages()`.
            model: the model that will go on with it.
            focus: what the summary shall give most room to; without a summariser it changes nothing.

        Raises:
            HistoryError: `messages` is not a list of pydantic-ai messages.
        """
        return await self._requests.compact_now(messages, model=model, focus=focus)

    # -- for the hooks ------------------------------------------------------------------------------------------

    async def _give_back(self, ctx: RunContext[Any]) -> None:
        """What was set aside for a request that was interrupted."""
        state = self._memory.known(ctx.run_id)
        if self._accounts is not None and state is not None and state.lease is not None:
            await self._accounts.release(state, ctx, identify(ctx.model, ctx.run_id))


PROCESSOR_MODE_MISSES = (
    'persist=False',
    'the recall tool',
    'retry after a context overflow',
    'summaries written ahead',
    'max_tokens (use Agent(model_settings=compactor.model_settings))',
)
