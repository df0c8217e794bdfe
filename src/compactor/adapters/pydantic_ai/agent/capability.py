"""`Compactor`: the one object that plugs into an agent, as a capability or as a history processor.

Here are the hooks that the framework calls; each is a few lines. The way of a request is in `run/requests.py`, what is
known from earlier requests in `run/state.py`.
"""

from __future__ import annotations

import asyncio
import copy
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic_ai import RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.tools import AgentDepsT
from pydantic_ai.toolsets import FunctionToolset

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.agent.again import asked_again, with_limit, with_messages, with_parameters
from compactor.adapters.pydantic_ai.agent.arrival import declared, must_be_there
from compactor.adapters.pydantic_ai.agent.by_name import ByName
from compactor.adapters.pydantic_ai.agent.errors import BudgetExceeded, RequestTooLarge
from compactor.adapters.pydantic_ai.agent.remembered import Remember, Remembered, with_remembered
from compactor.adapters.pydantic_ai.agent.run import run_of, run_with
from compactor.adapters.pydantic_ai.agent.sending import Send, Sending
from compactor.adapters.pydantic_ai.agent.summariser import Summariser
from compactor.adapters.pydantic_ai.agent.tools import OurTools, compact_tool, first_to_offer, recall_tool
from compactor.adapters.pydantic_ai.agent.watched import Watch, Watched
from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.beside import tools_of, without_ours
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.conversation import conversation_in
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.messages.left_out import anything_left_out
from compactor.adapters.pydantic_ai.messages.writer import with_content
from compactor.adapters.pydantic_ai.models import chooser_in, identify
from compactor.adapters.pydantic_ai.overflow import window_from
from compactor.adapters.pydantic_ai.served import told_by_servers
from compactor.adapters.pydantic_ai.setup import (
    accounted,
    archive_for,
    archive_in,
    follows_model,
    make_ready,
    policy_of,
    store_for,
    summariser_in,
)
from compactor.archive.archive import Archive
from compactor.archive.recall import Fit
from compactor.compaction import Compaction
from compactor.errors import ConfigError
from compactor.history.seal import Key, Seal
from compactor.offline import started
from compactor.outputs.own import OutputKind
from compactor.pipeline import Steps
from compactor.policy import Policy
from compactor.request.figures import TaskFigures
from compactor.run.access import Access
from compactor.run.clock import monotonic, replayed, wall
from compactor.run.cuts import Cuts
from compactor.run.keyring import Keyring
from compactor.run.keys import KeyLike
from compactor.run.learned import Learned
from compactor.run.life import Life
from compactor.run.reporting import Reporter
from compactor.run.requests import Mode, Processed, Records, Requests
from compactor.run.run import Run
from compactor.run.runs import Runs
from compactor.run.state import RunState
from compactor.run.tasks import Tasks, this_task
from compactor.run.tool_names import RECALL
from compactor.run.walls import Capacity
from compactor.run.within import enclosing
from compactor.run.worker import apart
from compactor.store.engine import Store
from compactor.strategies import Summarise
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.run.accounts import Accounts


class Compactor(AbstractCapability[AgentDepsT]):
    """Keeps every request of an agent inside its budget.

        agent = Agent('cerebras:zai-glm-4.7', capabilities=[Compactor('cerebras')])          # >= 1.71, 2.x
        agent = Agent('cerebras:zai-glm-4.7', history_processors=[Compactor('cerebras')])    # 1.x

    One instance may serve any number of agents, runs and threads at once.

    Args:
        policy: a `Policy`, a preset's name, or the path of a TOML file. Names and paths take the environment
            (`COMPACTOR_*`) into account, a `Policy` is taken as it is. The preset 'auto' follows from the name of the
            model that a run goes to: `cerebras` where it holds that word, else `default`.
        summariser: a model, or its name, that adds a summary of goal, decisions, dead ends and next step to every
            digest, as `policy.summary` says; its tokens count in the run's usage, its requests do not. Where it
            fails, the digest goes without. Needs the strategy 'digest' or 'summarise' in the policy. 'auto' takes the
            one that `policy.routing`, else the table `workloads`, names first for the workload 'summariser'.
            Default: no model is asked.
        store: a `Store`, its URL or the path of a SQLite file: there every model request is written down, budgets are
            counted (`policy.ledger`) and the archive is kept. Default: nothing is. Needs a capability, but for the
            archive.
        archive: keeps what is taken out of histories, for the recall tool and `restore`. Default: in the store, else in
            memory, as `policy.archive` says; instances that share one can read each other's handles.
        on_event: called with every `compactor.telemetry.events.Event`; what it raises is logged, never raised, but what
            it waits for, the agent waits for: see `compactor.telemetry.sinks.Queued`.
        mode: 'act', or 'observe' to measure and report without changing or refusing anything.
        persist: True rewrites the run's own record where a compaction rewrites what is sent, and leaves a mark in it.
            False records every step, sends the compacted history, and remembers the cut with the record. Default:
            False as a capability; a history processor always records what it sends.
        remember: what is to be in every request: a function, of the run's context or of nothing, that returns a text,
            several, or None (it may be async), or a list of texts, functions and objects (told as `str` tells them). It
            is asked for each request, stands at its end, behind what is cached, and is never recorded. What it raises
            ends the run. Needs a capability.
        reducers: kinds of output of your own, before those that are built in.
        key: the secret by which notes of ours in histories (marks, pins, remembered cuts) are known again: a text that
            is hard to guess, or several (a list, or with commas between them: the first writes, all read). Default:
            `COMPACTOR_KEY`, else the store's secret, else one in the user's state folder.
        tenant: whose conversations these are: archive, recall, ledger, budgets, capacity and remembered cuts are then
            this tenant's alone, whatever ids a client sends. Default: the store's.
        logfire: an instance of Logfire (`logfire.configure(local=True)`), or a tracer provider of OpenTelemetry, that
            events are sent to. Default: what the process has configured.
        id: see `AbstractCapability.id`; needed when one agent has several.
        clock: seconds on a monotonic clock, for the pauses of a failing summariser or archive.

    Raises:
        ConfigError: unknown preset, summariser or mode, unreadable file, invalid policy, budgets without a store.
        StoreError: (from the run) there are budgets, and their store could never be opened.
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
        persist: bool | None = None,
        remember: Remember | None = None,
        reducers: Sequence[OutputKind] = (),
        key: KeyLike | None = None,
        tenant: str | None = None,
        logfire: Any = None,
        id: str | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        if mode not in ('act', 'observe'):
            raise ConfigError(f"mode must be 'act' or 'observe', got {mode!r}")
        self.id = id
        self.description = None
        self.defer_loading = False
        told = policy_of(policy)
        make_ready()
        self._by_name: ByName[Compactor[Any]] | None = None
        opened = store_for(store, tenant)
        accounted(told, opened)
        if archive is None and told.archive.enabled:
            archive = archive_in(opened, id or 'compactor', told.archive.max_bytes)
        elif archive is not None and tenant:
            archive = archive_for(archive, tenant)
        self._learned = Learned(told.tokens)
        self._runs: Runs[RunState] = Runs(lambda: RunState(FORMAT.reader_beside), lambda state: state.in_flight)
        self._reporter = Reporter(on_event, mode == 'observe', told.telemetry, logfire=logfire)
        asked: Summariser | None = None
        if summariser is not None:
            named = summariser_in(told) if summariser == 'auto' else summariser
            asked = Summariser(named, told.summary, told.tokens.windows, self._reporter.emit, clock)
            asked.asks_servers = told.tokens.ask_servers
        cuts = Cuts(FORMAT, self._reporter.emit)
        keys = Keyring(key, None, None, self._reporter.emit)
        if opened is not None:
            from compactor.store.cuts import StoredCuts

            access = Access('cuts', self._reporter.emit, clock=clock)
            kept_by = StoredCuts(opened, id or 'compactor')
            cuts = Cuts(FORMAT, self._reporter.emit, kept_by, access, told.outputs.patterns())
            keys = Keyring(key, opened, Access('keys', self._reporter.emit, clock=clock), self._reporter.emit)
        self._persist = persist
        self._remembered = None if remember is None else Remembered(remember)
        self._archive = archive
        self._requests = Requests(
            told,
            mode,
            archive,
            asked,
            FORMAT,
            cuts,
            self._learned,
            self._reporter,
            clock,
            RequestTooLarge,
            reducers,
            tenant if tenant is not None or opened is None else opened.tenant,
            keys=keys,
        )
        self._tasks = Tasks(told.tasks, mode == 'act', self._learned, self._reporter, FORMAT.last_prompt)
        self._accounts: Accounts | None = None
        if opened is not None:
            from compactor.run.accounts import Accounts

            self._accounts = Accounts(opened, told.ledger, mode == 'act', self._reporter, clock, BudgetExceeded)
            if asked is not None:
                asked.on_paid = self._accounts.hear
        self._capacity: Capacity | None = None
        if told.capacity.enabled:
            now = opened.clock if opened is not None else wall
            self._capacity = Capacity(told.capacity, self._reporter, opened, now, random.random, clock)
        self._sending = Sending(self._requests, self._tasks, self._accounts, self._capacity, self._reporter)
        self._life = Life(self._runs, self._accounts, None if isinstance(store, Store) else opened)
        self._told_processor_mode = False
        if follows_model(policy):

            def alike(suiting: Policy) -> Compactor[Any]:
                kin: Compactor[Any] = Compactor(
                    suiting,
                    summariser=summariser,
                    store=opened,
                    archive=archive,
                    on_event=on_event,
                    mode=mode,
                    persist=persist,
                    remember=remember,
                    reducers=reducers,
                    key=key,
                    logfire=logfire,
                    id=id,
                    clock=clock,
                )
                kin._tasks.figures = self._tasks.figures
                kin._requests.outputs.tenant = self._requests.outputs.tenant  # store and archive are its own already
                return kin

            self._by_name = ByName(partial(policy_of, policy), alike, self, lambda one: one.policy)

    @property
    def policy(self) -> Policy:
        """Every number."""
        return self._requests.policy

    @property
    def mode(self) -> Mode:
        """Whether it acts or only observes."""
        return self._requests.mode

    @property
    def persist(self) -> bool | None:
        """Whether the run's own record is rewritten too."""
        return self._persist

    @property
    def archive(self) -> Archive | None:
        """Where what was taken out of histories is kept; None where nothing is."""
        return self._archive

    @property
    def key(self) -> Key:
        """The key of its notes, for `compact`, `pin` and `restore`; a store's secret is in it from the first run on."""
        return self._requests.keys.known

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

    # -- its life -----------------------------------------------------------------------------------------------

    async def ready(self, *models: Any) -> None:
        """Reads what is needed to count for some models, so that none of their requests has to wait for it.

        The vocabulary that most models are counted with is read when a Compactor is made, in about a fifth of a
        second, once a process. OpenAI's older ones (gpt-4, gpt-3.5, embeddings) have another. To read it holds up the
        whole process for about a tenth of a second wherever it is done: do it before there is anything to hold up.

        Args:
            models: models, or their names.
        """
        for model in models:
            await apart(partial(make_ready, identify(model).full))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends what is under way beside the runs, writes down what waits, and closes the store if it was opened here.

        Whoever keeps one compactor as long as the process need not; it may be used again.
        """
        for kin in self._by_name.made if self._by_name is not None else ():
            await kin.aclose()
        await self._life.aclose()

    # -- as a history processor ---------------------------------------------------------------------------------

    async def __call__(self, ctx: RunContext[Any], messages: list[ModelMessage]) -> list[ModelMessage]:
        """Processes the history in `history_processors=[...]` (1.x) and `ProcessHistory(...)`."""
        suiting = self._suiting(ctx.model, ctx.run_id)
        if suiting is not self:
            return await suiting(ctx, messages)
        if not self._told_processor_mode:
            self._told_processor_mode = True
            missing = PROCESSOR_MODE_MISSES if self._accounts is None else (*PROCESSOR_MODE_MISSES, LEDGER)
            self._reporter.emit(events.ProcessorMode(ctx.run_id, None, missing))
        if self.persist is False:
            raise ConfigError('persist=False needs capabilities=[Compactor(...)]: a history processor always persists')
        if self._remembered is not None:
            raise ConfigError('remember needs capabilities=[Compactor(...)]: a history processor records what it sends')
        state = self._runs.state(ctx.run_id)
        if state.enclosed == ctx.run_step and state.handled_in(ctx.run_step):
            return messages  # plugged in as a capability too, which has come first
        state.processed = ctx.run_step
        await self._choose(ctx, ctx.model, messages, ctx.model_settings, state)
        run = run_with(ctx, ctx.model, messages, ctx.model_settings)
        await self._sending.seen(run)
        return (await self._requests.process(run, state, 'everything')).sent

    @property
    def model_settings(self) -> Callable[[RunContext[Any]], Any]:
        """For `Agent(model_settings=...)`: the policy's `max_tokens` where hooks are missing."""
        return self._settings

    def _settings(self, ctx: RunContext[Any]) -> dict[str, Any]:
        suiting = self._suiting(ctx.model, ctx.run_id)
        if suiting is not self:
            return suiting._settings(ctx)
        limit = self._tasks.wanted(run_of(ctx), self._runs.state(ctx.run_id))
        return {} if limit is None else {'max_tokens': limit}

    def watch(self, model: Any) -> WrapperModel:
        """A model whose requests this compactor accompanies where it is plugged in as a history processor.

            agent = Agent(compactor.watch('cerebras:zai-glm-4.7'), history_processors=[compactor])

        With it come refusals, headers, budgets, the ledger, limits by task, and an answer that one has cut is asked for
        once more. Beside the capability it does nothing.
        """
        return Watched(model, self._watching)

    def _watching(self, model: Any) -> Watch:
        one = self._suiting(model)
        return Watch(one._runs, one._tasks, one._accounts, one._sending)

    def _suiting(self, model: Any, run: str | None = None) -> Compactor[Any]:
        """This one, or with the preset 'auto' the one whose policy suits the model."""
        return self if self._by_name is None else self._by_name.suiting(model, run)

    # -- as a capability ----------------------------------------------------------------------------------------

    async def for_run(self, ctx: RunContext[AgentDepsT]) -> AbstractCapability[AgentDepsT]:
        """The compactor that a run has: this one, but for the preset 'auto'."""
        suiting = self._suiting(ctx.model, ctx.run_id)
        await suiting._requests.keys.key(ctx.run_id)
        return suiting

    def get_toolset(self) -> FunctionToolset[AgentDepsT] | None:
        """The tools `recall` and, if the policy says so, `compact_history`; None in observe mode."""
        if self.mode != 'act':
            return None
        tools: list[Any] = []
        if self.archive is not None and self.policy.archive.recall_tool:
            most = self.policy.archive.recall_tokens
            about = (self._archive_of, most, self._handle, self._fit, self._offers_recall)
            tools.append(recall_tool(*about, self._requests.secrets))
        if self.policy.history.compact_tool:
            tools.append(compact_tool(self._ask))
        return OurTools(tools, id=f'compactor:{self.id}' if self.id else 'compactor') if tools else None

    def _archive_of(self, ctx: RunContext[Any]) -> Archive:
        """The archive of a run's conversation."""
        archive = self._requests.archiving.of(run_of(ctx).conversation).archive
        assert archive is not None, 'there is no recall tool without an archive'
        return archive

    def _handle(self, ctx: RunContext[Any]) -> str | None:
        """The handle of what was left out of a run's history: as it was sent, or as the run records it."""
        state = self._runs.known(ctx.run_id)
        run = run_of(ctx)
        return (state.handle if state is not None else None) or newest_handle(
            ctx.messages, self._requests.seal_of(ctx.messages, run.conversation)
        )

    def _fit(self, ctx: RunContext[Any]) -> Fit:
        return self._learned.counter(identify(ctx.model, ctx.run_id)).fit

    def _offers_recall(self, ctx: RunContext[Any]) -> bool:
        """Whether something was left out of a run's conversation that the tool can give back."""
        state = self._runs.state(ctx.run_id)
        if not state.looked:
            state.looked = True
            state.left_out = (
                state.left_out
                or anything_left_out(ctx.messages, self._requests.seal_of(ctx.messages, run_of(ctx).conversation))
                or must_be_there(ctx.model)
            )
        if not state.left_out or not self._requests.affords_recall(identify(ctx.model, ctx.run_id)):
            return False
        if RECALL in compat.tool_names(ctx):
            state.name_taken = True
        if state.name_taken:
            self._reporter.emit_once(events.ToolNameTaken(ctx.run_id, None, RECALL, 'archive.recall_tool = false'))
            return False
        state.offering = first_to_offer(ctx.run_id, self)
        return state.offering

    def _ask(self, ctx: RunContext[Any], focus: str) -> str:
        return self._requests.asked(run_of(ctx), self._runs.state(ctx.run_id), focus)

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
        state = self._runs.state(ctx.run_id)
        if self.persist:
            self._put(ctx, request_context, state, await self._process(ctx, request_context, state, 'compactions'))
        elif state.enclosed != ctx.run_step:  # 1.x calls this hook before `wrap_model_request`, 2.x within it
            state.unsized = ctx.run_step
            return request_context
        return await self._sized(ctx, request_context, state)

    async def _sized(self, ctx: RunContext[AgentDepsT], request_context: Any, state: RunState) -> Any:
        """A request with its limit, and with what it may take set aside; its history is the one that is sent."""
        limit = self._tasks.limit(self._run_of(ctx, request_context), state)
        if limit is not None:
            request_context.model_settings = {**(request_context.model_settings or {}), 'max_tokens': limit}
        if self._accounts is not None:
            await self._accounts.reserve(self._run_of(ctx, request_context), state)
        return request_context

    async def wrap_model_request(
        self, ctx: RunContext[AgentDepsT], *, request_context: Any, handler: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        """Sends the compacted history, and notes with the answer how it was cut, where the record stays whole."""
        if self._runs.over(ctx.run_id):  # the framework begins a request in a task that may outlive its run by a moment
            raise asyncio.CancelledError('the run was broken off')
        state = self._runs.state(ctx.run_id)
        state.enclosed = ctx.run_step
        await self._remember(ctx, state)
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
        handler = self._remembering(state, handler)
        response = await self._sending.accounted(run, state, request_context, handler)
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
        raise compat.RetryModelRequest

    async def prepare_model_request(self, ctx: RunContext[AgentDepsT], request_context: Any) -> Any:
        """Hands what is new to the second attempt that a hook has asked for: a smaller history, more room (2.64).

        It is also the first hook that sees which tools have come along.
        """
        state = self._runs.state(ctx.run_id)
        model = identify(compat.request_model(request_context) or ctx.model, ctx.run_id)
        request_context.model_request_parameters = declared(
            request_context.model_request_parameters, request_context.messages, model, state
        )
        if state.resend is not None:
            request_context.messages, state.resend = state.resend, None
        room = self._tasks.given_room(self._run_of(ctx, request_context), state)
        if room is not None:
            request_context.model_settings = {**(request_context.model_settings or {}), 'max_tokens': room}
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
        await self._remember(ctx, state)
        await self._choose(ctx, model, request.messages, request.model_settings, state)
        return await self._requests.process(self._run_of(ctx, request), state, records)

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

    async def _choose(
        self, ctx: RunContext[Any], model: Any, messages: list[ModelMessage], settings: Any, state: RunState
    ) -> None:
        """Asks local servers for their windows, and lets a `CapacityModel` look ahead.

        History and `max_tokens` are then made for the model that answers.
        """
        chooser = chooser_in(model) if self.mode == 'act' else None
        if self.policy.tokens.ask_servers and not replayed() and not compat.in_durable_context(ctx):
            for told in await told_by_servers(model):
                self._learned.serve(told.name, told.served.window)
                if chooser is not None:
                    chooser.serve(told.name, told.served.window)
        if chooser is not None:
            await chooser.choose(ctx.run_id, state.used, messages, settings)

    def _run_of(self, ctx: RunContext[AgentDepsT], request: Any) -> Run:
        """The run of a request, with what is to be in it counted."""
        run = run_of(ctx, request)
        text = self._runs.state(ctx.run_id).remembered
        return replace(run, instructions=(*run.instructions, text)) if text else run

    async def _remember(self, ctx: RunContext[AgentDepsT], state: RunState) -> None:
        """Asks, once for each request, for what is to be in it."""
        if self._remembered is not None and self.mode == 'act' and state.remembered_in != ctx.run_step:
            state.remembered, state.remembered_in = await self._remembered.text(ctx), ctx.run_step

    def _remembering(self, state: RunState, handler: Send) -> Send:
        """Sends what is to be in every request with each attempt."""
        if not state.remembered:
            return handler
        return lambda request: handler(with_remembered(request, state.remembered))

    async def _forget(self, ctx: RunContext[Any], error: BaseException | None = None) -> None:
        """Lets a run go, and gives back what was set aside for a request that was interrupted."""
        state = self._runs.known(ctx.run_id)
        if self._accounts is not None and state is not None:
            if state.out:  # the run ends while a request is under way, of which its own hook may hear only later
                self._sending.interrupted(run_of(ctx), state, error or asyncio.CancelledError())
            elif state.lease is not None:
                await self._accounts.release(run_of(ctx), state)
        await self._sending.ended(run_of(ctx))
        self._runs.forget(ctx.run_id)
        if state is not None:
            await self._life.forgotten(state, run_of(ctx))

    def _left(self, ctx: RunContext[Any], error: BaseException) -> None:
        """Ends at once what is left of a run that nobody drives any more: nothing that is awaited is sure to end."""
        state = self._runs.forget(ctx.run_id, broken_off=True)
        if state is None:
            return
        if self._accounts is not None:
            if state.out:
                self._sending.interrupted(run_of(ctx), state, error)
            else:
                self._accounts.abandoned(run_of(ctx), state)
        state.drop_ahead()

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
        suiting = self._suiting(model)
        if suiting is not self:
            return await suiting.compact_now(messages, model=model, focus=focus)
        name, policy = identify(model), self.policy
        goal = max(1, policy.history.limits(self._learned.window(name)).goal)

        def start(archive: bool, summarising: Summarise | None, seal: Seal) -> Steps:
            recall = policy.archive.recall_tool
            return started(
                FORMAT,
                messages,
                policy,
                goal,
                name.provider,
                name.full,
                seal,
                archive=archive,
                recall=recall,
                summarising=summarising,
                goes_on_from=going_on(model),
            )

        return await self._requests.between_runs(messages, conversation_in(messages), name, start, focus)


PROCESSOR_MODE_MISSES = (
    'persist=False',
    'the recall tool',
    'retry after a context overflow (use compactor.watch(model))',
    'summaries written ahead',
    'max_tokens (use compactor.watch(model), or Agent(model_settings=compactor.model_settings))',
)
LEDGER = 'the ledger and its budgets (use compactor.watch(model))'
"""What is missing there besides where there is a store."""
