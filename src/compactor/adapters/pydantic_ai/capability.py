"""`Compactor`: the one object that plugs into an agent, as a capability or as a history processor.

It only translates and performs effects: what to do with a history is decided by `pipeline.fit`, what is known
between two requests of a run lies in `Conversation`.
"""

from __future__ import annotations

import asyncio
import copy
import logging
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from pydantic_ai import RunContext, exceptions
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelMessage, ModelRequest
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import FunctionToolset

from compactor import errors
from compactor.adapters.pydantic_ai.archive import keeping, newest_handle
from compactor.adapters.pydantic_ai.compact import started, written
from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.messages import SERVER_SETTINGS, merge_requests
from compactor.adapters.pydantic_ai.models import ModelName, identify
from compactor.adapters.pydantic_ai.overflow import is_overflow, window_from
from compactor.adapters.pydantic_ai.summariser import Asking, Summariser
from compactor.adapters.pydantic_ai.tools import RECALL, compact_tool, recall_tool
from compactor.archive.archive import Archive, MemoryArchive
from compactor.archive.recall import Fit
from compactor.errors import ConfigError
from compactor.history.message import Message
from compactor.history.track import frozen
from compactor.pipeline import Compaction, RequestContext, drive, fit
from compactor.policy import Policy, share
from compactor.telemetry import events
from compactor.telemetry.report import events_of
from compactor.tokens.calibrate import Calibration
from compactor.tokens.counter import Counter, counter_for
from compactor.tokens.windows import context_window

Mode = Literal['act', 'observe']

CONVERSATIONS = 64
"""Runs whose state is kept at once; a run beyond them is read afresh at its next request."""
AHEAD = 0.8
"""Share of the trigger from which a summary may be written ahead."""
MODELS = 64
"""Models whose calibration and learned window are kept."""

RetryModelRequest: Any = getattr(exceptions, 'RetryModelRequest', None)
"""Asks for another attempt at the same request; only newer versions have it."""

log = logging.getLogger('compactor')


class RequestTooLarge(errors.RequestTooLarge, AgentRunError):
    """`compactor.RequestTooLarge`, as an error of the agent run too."""


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
        archive: keeps what is taken out of histories, for the recall tool and `restore`. Default: one in memory, as
            `policy.archive` says; instances that share one can read each other's handles.
        on_event: called with every `compactor.telemetry.events.Event`; what it raises is logged, never raised.
        mode: 'act', or 'observe' to measure and report without changing or refusing anything.
        persist: False sends the compacted history but leaves the run's own record whole. Needs a capability.
        id: see `AbstractCapability.id`; needed when one agent has several.
        clock: seconds on a monotonic clock, for the pauses of a failing summariser.

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
        self.policy = _policy(policy)
        self.mode: Mode = mode
        self.persist = persist
        self.archive = archive
        if archive is None and self.policy.archive.enabled:
            self.archive = MemoryArchive(self.policy.archive.max_bytes)
        self._summariser: Summariser | None = None
        if summariser is not None:
            windows = self.policy.tokens.windows
            self._summariser = Summariser(summariser, self.policy.summary, windows, self._emit, clock)
        self._on_event = on_event
        self._sink_failed = False
        self._told_processor_mode = False
        self._lock = Lock()
        self._conversations: OrderedDict[str, Conversation] = OrderedDict()
        self._calibrations: OrderedDict[ModelName, Calibration] = OrderedDict()
        self._windows: OrderedDict[ModelName, int] = OrderedDict()

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
            self._emit(events.ProcessorMode(ctx.run_id, None, PROCESSOR_MODE_MISSES))
        if not self.persist:
            raise ConfigError('persist=False needs capabilities=[Compactor(...)]: a history processor always persists')
        return await self._process(ctx, messages, ctx.model, None, ctx.model_settings)

    @property
    def model_settings(self) -> Callable[[RunContext[Any]], Any]:
        """For `Agent(model_settings=...)`: the policy's `max_tokens` where hooks are missing."""
        most = self.policy.tasks.default_max_output
        return lambda ctx: {} if most is None else {'max_tokens': most}

    # -- as a capability ----------------------------------------------------------------------------------------

    def get_toolset(self) -> FunctionToolset[AgentDepsT] | None:
        """The tools `recall` and, if the policy says so, `compact_history`; None in observe mode."""
        if self.mode != 'act':
            return None
        tools: list[Any] = []
        if self.archive is not None and self.policy.archive.recall_tool:
            tools.append(recall_tool(self.archive, self.policy.archive.recall_tokens, self._handle, self._fit))
        if self.policy.history.compact_tool:
            tools.append(compact_tool(self._ask))
        return FunctionToolset(tools, id=f'compactor:{self.id}' if self.id else 'compactor') if tools else None

    def _handle(self, ctx: RunContext[Any]) -> str | None:
        """The handle of what was left out of a run's history: as it was sent, or as the run records it."""
        state = self._conversations.get(ctx.run_id or '')
        return (state.handle if state is not None else None) or newest_handle(ctx.messages)

    def _fit(self, ctx: RunContext[Any]) -> Fit:
        return self._counter(identify(ctx.model)).fit

    def _ask(self, ctx: RunContext[Any]) -> None:
        state = self._conversations.get(ctx.run_id or '')
        if state is not None:
            state.asked = True

    async def before_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Brings the history within its budget before it is sent."""
        if self.persist:
            processed = await self._process_request(ctx, request_context)
            if processed is not request_context.messages and self.mode == 'act':
                request_context.messages = processed
                ctx.messages[:] = processed
        self._limit_output(request_context)
        return request_context

    async def wrap_model_request(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Sends the compacted history of `persist=False`, and compacts once more if the provider says too long."""
        if not self.persist:
            kept = await self._process_request(ctx, request_context)
            request_context = _with_messages(request_context, kept)
        try:
            return await handler(request_context)
        except Exception as error:
            smaller = self._after_overflow(ctx, request_context, error)
            if smaller is None:
                raise
        return await handler(_with_messages(request_context, smaller))

    async def on_model_request_error(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, error: Exception
    ) -> Any:
        """Compacts once more if the provider says too long, where `wrap_model_request` may send only once (2.54)."""
        smaller = self._after_overflow(ctx, request_context, error)
        if smaller is None:
            raise error
        again = _with_messages(request_context, smaller)
        if RetryModelRequest is None:
            return await again.model.request(again.messages, again.model_settings, again.model_request_parameters)
        self._conversation_of(ctx, request_context).resend = again.messages
        raise RetryModelRequest

    async def prepare_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Hands the smaller history to the second attempt that `on_model_request_error` has asked for (2.64)."""
        state = self._conversation_of(ctx, request_context)
        if state.resend is not None:
            request_context.messages, state.resend = state.resend, None
        return request_context

    async def after_run(self, ctx: RunContext[AgentDepsT], *, result: Any) -> Any:
        """Forgets the run."""
        self._forget(ctx.run_id)
        return result

    async def on_run_error(self, ctx: RunContext[AgentDepsT], *, error: BaseException) -> Any:
        """Forgets the run, but not what a refusal says that no other hook was shown (streams before 2.64)."""
        window = window_from(error) if self.mode == 'act' and is_overflow(error) else None
        if window is not None:
            self._learn(identify(ctx.model), window)
        self._forget(ctx.run_id)
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
        limits = self.policy.history.limits(self._window(identify(model)))
        summariser = self._summariser if self.mode == 'act' else None
        steps = started(
            messages,
            self.policy,
            max(1, limits.goal),
            model,
            archive=self.archive is not None,
            recall=self.policy.archive.recall_tool,
            summarising=summariser.strategy(focus) if summariser is not None else None,
        )
        keep = keeping(self.archive)
        compaction = await Asking(summariser).compaction(steps, keep) if summariser is not None else drive(steps, keep)
        return written(compaction, messages)

    # -- the way of a request -----------------------------------------------------------------------------------

    async def _process_request(self, ctx: RunContext[Any], request: Any) -> list[ModelMessage]:
        model = getattr(request, 'model', None) or ctx.model
        parameters = request.model_request_parameters
        return await self._process(ctx, request.messages, model, parameters, request.model_settings)

    async def _process(
        self, ctx: RunContext[Any], messages: list[ModelMessage], model: Any, parameters: Any, settings: Any
    ) -> list[ModelMessage]:
        """The history to send for one request of a run; raises `RequestTooLarge` if nothing helps."""
        began = time.perf_counter()
        name = identify(model)
        counter = self._counter(name)
        state = self._conversation(ctx.run_id, counter)
        if state.handled is not None and state.handled[0] == ctx.run_step and _same(state.handled[1], messages):
            return messages
        working = messages if self.persist else state.working(messages)
        self._calibrations_put(name, state.follow(working, self._calibrations.get(name)))
        context = self._context(ctx, state, name, self._counter(name), working, parameters, settings)
        target = max(1, self.policy.history.limits(context.window).goal) if state.asked else None
        state.asked = False
        compaction = written(await self._fitted(ctx, state, context, target), working)
        self._report(ctx.run_id, name, state, compaction, len(working), time.perf_counter() - began)
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
        keep = keeping(self.archive)
        if self._summariser is None or self.mode != 'act':
            return drive(fit(state.tracker, self.policy.history, context, target=target), keep)
        asking = Asking(self._summariser, ctx.run_id, ctx.usage, prepared=state.ahead)
        context = replace(context, summarising=self._summariser.strategy())
        compaction = await asking.compaction(fit(state.tracker, self.policy.history, context, target=target), keep)
        if compaction.applied:
            state.drop_ahead()
        return compaction

    def _write_ahead(
        self, ctx: RunContext[Any], state: Conversation, compaction: Compaction[Any], parameters: Any
    ) -> None:
        """Starts the next compaction's summary in the background, if the policy says so and the trigger is near."""
        summariser, limits = self._summariser, compaction.limits
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
        counter: Counter,
        messages: Sequence[ModelMessage],
        parameters: Any,
        settings: Any,
    ) -> RequestContext:
        calibrate = self.policy.tokens.calibrate and counter.method != 'exact'
        kept = next((key for key in SERVER_SETTINGS if (settings or {}).get(key)), None)
        if kept is None and state.tracker.server_state:
            kept = 'a message holds a compaction by the provider'
        return RequestContext(
            counter=counter,
            overhead=_overhead(ctx, state, counter, messages, parameters),
            window=self._window(name),
            provider=name.provider,
            model=name.full,
            anchor=state.anchor if calibrate else None,
            sending=True,
            server_state=kept,
            retry_at=state.retry_at,
            archive=self.archive is not None and self.mode == 'act',
            recall=any(tool.name == RECALL for tool in getattr(parameters, 'function_tools', ())),
        )

    def _after_overflow(self, ctx: RunContext[Any], request: Any, error: BaseException) -> list[ModelMessage] | None:
        """A smaller history for a request that the provider refused as too long.

        None if there is none, if the error says something else, and for the second error of a request.
        """
        if self.mode != 'act' or not is_overflow(error):
            return None
        name = identify(getattr(request, 'model', None) or ctx.model)
        counter = self._counter(name)
        state = self._conversation(ctx.run_id, counter)
        if state.refused_at == ctx.run_step:
            return None
        state.refused_at = ctx.run_step
        state.follow(request.messages, None)
        parameters = request.model_request_parameters
        context = self._context(ctx, state, name, counter, request.messages, parameters, request.model_settings)
        before = context.estimate(state.tracker.tokens)
        window = min(window_from(error) or before, before)
        self._learn(name, window)
        goal = min(self.policy.history.limits(window).goal, before // 2)
        compaction = written(
            drive(fit(state.tracker, self.policy.history, context, target=max(1, goal)), keeping(self.archive)),
            request.messages,
        )
        if not compaction.changed or compaction.tokens_after >= before:
            return None
        state.handle = newest_handle(compaction.messages)
        self._emit(events.OverflowRetried(ctx.run_id, name.full, before, compaction.tokens_after))
        return list(compaction.messages)

    def _refuse_if_too_large(self, run_id: str | None, name: ModelName, compaction: Compaction[Any]) -> None:
        limit = compaction.limits.hard
        if compaction.outcome == 'stood_aside' or compaction.tokens_after < limit:
            return
        self._emit(events.RequestRefused(run_id, name.full, compaction.tokens_after, limit))
        held = [str(holder) for holder in compaction.incompressible]
        if compaction.context.overhead >= limit // 4:
            held.insert(0, f'instructions and tool definitions ({compaction.context.overhead:,} tokens)')
        raise RequestTooLarge(compaction.tokens_after, limit, held)

    def _limit_output(self, request: Any) -> None:
        """Sets the policy's `max_tokens` where the user set none; the settings' own dict is never changed."""
        most = self.policy.tasks.default_max_output
        settings = request.model_settings or {}
        if most is not None and self.mode == 'act' and 'max_tokens' not in settings:
            request.model_settings = {**settings, 'max_tokens': most}

    # -- what is kept between requests --------------------------------------------------------------------------

    def _conversation(self, run_id: str | None, counter: Counter) -> Conversation:
        encoding = (counter.encoding, counter.family)
        with self._lock:
            found = self._conversations.get(run_id) if run_id else None
            if found is None or found.encoding != encoding:
                found = Conversation.start(counter)
            if run_id:
                _put(self._conversations, run_id, found, CONVERSATIONS)
            return found

    def _conversation_of(self, ctx: RunContext[Any], request: Any) -> Conversation:
        name = identify(getattr(request, 'model', None) or ctx.model)
        return self._conversation(ctx.run_id, self._counter(name))

    def _learn(self, name: ModelName, window: int) -> None:
        with self._lock:
            _put(self._windows, name, window, MODELS)

    def _forget(self, run_id: str | None) -> None:
        with self._lock:
            state = self._conversations.pop(run_id or '', None)
        if state is not None:
            state.drop_ahead()

    def _counter(self, name: ModelName) -> Counter:
        counter = counter_for(name.full)
        learned = self._calibrations.get(name)
        if learned is not None and learned.samples and self.policy.tokens.calibrate:
            return counter.calibrated(learned.ratio)
        return counter

    def _calibrations_put(self, name: ModelName, calibration: Calibration | None) -> None:
        with self._lock:
            _put(
                self._calibrations,
                name,
                calibration or Calibration.seed(counter_for(name.full).ratio),
                MODELS,
            )

    def _window(self, name: ModelName) -> int | None:
        """The smaller of the window the tables know and the one a refusal has taught."""
        known = context_window(name.full, self.policy.tokens.windows)
        learned = self._windows.get(name)
        return min(known, learned) if known and learned else known or learned

    # -- events -------------------------------------------------------------------------------------------------

    def _report(
        self,
        run_id: str | None,
        name: ModelName,
        state: Conversation,
        compaction: Compaction[Any],
        messages: int,
        seconds: float,
    ) -> None:
        near = compaction.tokens_after >= compaction.limits.warning and compaction.outcome != 'stood_aside'
        if near and not state.warned:
            self._emit(events.NearLimit(run_id, name.full, compaction.tokens_after, compaction.limits.hard))
        state.warned = near
        if self._on_event is not None:
            for event in events_of(compaction, run_id, messages, seconds, observed=self.mode == 'observe'):
                self._emit(event)

    def _emit(self, event: events.Event) -> None:
        if self._on_event is None:
            return
        try:
            self._on_event(event)
        except Exception:
            if not self._sink_failed:
                log.exception('on_event failed; further failures of this sink are not logged')
            self._sink_failed = True


PROCESSOR_MODE_MISSES = (
    'persist=False',
    'the recall tool',
    'retry after a context overflow',
    'summaries written ahead',
    'max_tokens (use Agent(model_settings=compactor.model_settings))',
)


def _policy(policy: Policy | str | Path) -> Policy:
    if isinstance(policy, Policy):
        return policy
    if isinstance(policy, Path) or policy.endswith('.toml'):
        return Policy.load(policy)
    return Policy.load(preset=policy)


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return a is b or (len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True)))


def _put(mapping: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    """Stores the newest entry and lets the least recently used one go."""
    mapping[key] = value
    mapping.move_to_end(key)
    while len(mapping) > most:
        mapping.popitem(last=False)


def _with_messages(request: Any, messages: list[ModelMessage]) -> Any:
    """A copy of a request context with other messages; `dataclasses.replace` would reset fields set by the graph."""
    changed = copy.copy(request)
    changed.messages = messages if messages is request.messages else merge_requests(messages)
    return changed


def _overhead(
    ctx: RunContext[Any],
    state: Conversation,
    counter: Counter,
    messages: Sequence[ModelMessage],
    parameters: Any,
) -> int:
    """Tokens of instructions and tool definitions, which travel beside the messages."""
    parts = getattr(parameters, 'instruction_parts', None)
    last = messages[-1] if messages else None
    if parts is not None:
        texts = [part.content for part in parts]
    else:
        texts = [last.instructions] if isinstance(last, ModelRequest) and last.instructions else []
    if parameters is not None:
        tools = [*parameters.function_tools, *parameters.output_tools]
    else:  # a history processor is not told; newer versions let it ask
        tools = list(getattr(getattr(ctx, 'tool_manager', None), 'tool_defs', ()) or ())
    return counter.scale(sum(counter.base(text) for text in texts) + state.tool_tokens(tools, counter))
