"""`Compactor`: the one object that plugs into an agent, as a capability or as a history processor.

Here it is made. The hooks that the framework calls are in `hooks.py`, a processor's in `processor.py`, the tools in
`offered.py`; the way of a request is in `run/requests.py`, what is known from earlier requests in `run/state.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from pydantic_ai.tools import AgentDepsT

from compactor.adapters.pydantic_ai.agent.between_runs import BetweenRuns
from compactor.adapters.pydantic_ai.agent.by_name import ByName
from compactor.adapters.pydantic_ai.agent.errors import BudgetExceeded, RequestTooLarge
from compactor.adapters.pydantic_ai.agent.hooks import Hooks
from compactor.adapters.pydantic_ai.agent.offered import Offered
from compactor.adapters.pydantic_ai.agent.processor import Processor
from compactor.adapters.pydantic_ai.agent.remembered import Remember, Remembered
from compactor.adapters.pydantic_ai.agent.sending import Sending
from compactor.adapters.pydantic_ai.agent.summariser import Summariser
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.models import identify
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
from compactor.errors import ConfigError
from compactor.history.seal import Key
from compactor.outputs.own import OutputKind
from compactor.policy import Policy
from compactor.request.figures import TaskFigures
from compactor.run.access import Access
from compactor.run.clock import monotonic, wall
from compactor.run.cuts import Cuts
from compactor.run.frames import Frames
from compactor.run.keyring import Keyring
from compactor.run.keys import KeyLike
from compactor.run.learned import Learned
from compactor.run.life import Life
from compactor.run.reporting import Reporter
from compactor.run.requests import Mode, Requests
from compactor.run.runs import Runs
from compactor.run.state import RunState
from compactor.run.tasks import Tasks
from compactor.run.walls import Capacity
from compactor.run.worker import apart
from compactor.store.engine import Store
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.run.accounts import Accounts


class Compactor(Hooks[AgentDepsT], Offered[AgentDepsT], Processor[AgentDepsT], BetweenRuns[AgentDepsT]):
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
        self._runs: Runs[RunState] = Runs(
            lambda: RunState(FORMAT.reader_beside), lambda state: state.in_flight, RunState.disown
        )
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
        self._frames = Frames(told.frames, told.tasks.table(), FORMAT.last_prompt)
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
            booked=opened is not None,
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
