"""Station 4 in an agent: what models have left, which of them pause, and what is told of it.

Windows and pauses are in this process, or in a store for all that share it. Where the store is away each process counts
for itself, or requests are refused, as policy says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar, cast

from compactor.capacity.cooldown import MAX_MODELS, Cooldowns
from compactor.capacity.counts import MemoryCounts
from compactor.capacity.edges import Crossing, Edges
from compactor.capacity.headers import Reading, readings
from compactor.capacity.limits import Known, LimitTable
from compactor.capacity.nearing import Nearing
from compactor.capacity.windows import NO_TAKING, Reservation, Standing, Taking, Windows, WindowState, status_of
from compactor.errors import StoreError
from compactor.locks import copies, in_copies_of
from compactor.policies.capacity import CapacityPolicy
from compactor.routing.failover import Action, Decision, Failure, action_for, decide
from compactor.run.access import Access
from compactor.run.answer import Response
from compactor.run.circuit import Clock
from compactor.run.clock import monotonic
from compactor.run.once import Once
from compactor.run.reporting import Reporter
from compactor.run.threads import leave
from compactor.telemetry import events
from compactor.telemetry.metrics import limit_type

if TYPE_CHECKING:
    from compactor.store.engine import Store

T = TypeVar('T')


@dataclass(frozen=True, slots=True)
class Books:
    """What is counted, in memory or in a store."""

    windows: Windows
    cooldowns: Cooldowns


@dataclass(frozen=True, slots=True)
class Admission:
    """Whether a request may be sent to a model.

    Attributes:
        reservation: what was set aside for it; None if it may not.
        books: where.
        reason: '' for yes, else 'no room' or 'cooldown'.
        refused: the model has refused since its last answer.
        wait: seconds of the cooldown that are left.
        copy: which copy of a process has set it aside; no other ends it.
    """

    reservation: Reservation | None
    books: Books
    reason: str = ''
    wait: float = 0.0
    refused: bool = True
    copy: int = field(default_factory=copies)


class Capacity:
    """The windows and pauses of all models that one `Compactor` or `CapacityModel` uses.

    Args:
        policy: limits, edges, pauses.
        reporter: hears of warnings and refusals.
        store: shares windows and pauses between processes; None keeps them in this one.
        clock: seconds since 1970.
        chance: a number from 0 to 1, for the jitter of pauses.
        pauses: seconds on a monotonic clock, for the pauses of a failing store.
    """

    def __init__(
        self,
        policy: CapacityPolicy,
        reporter: Reporter,
        store: Store | None,
        clock: Callable[[], float],
        chance: Callable[[], float],
        pauses: Clock = monotonic,
    ) -> None:
        self.policy = policy
        self.clock = clock
        self.chance = chance
        self.table = LimitTable(policy.limits, stale_seconds=policy.stale_seconds)
        self._reporter = reporter
        self._edges = Edges(policy.edges)
        self._nearing = Nearing(policy.edges)
        self._full: set[str] = set()
        self._own = Books(Windows(self.table, MemoryCounts(), policy.thresholds), Cooldowns(chance, policy.cooldown))
        self._shared: Books | None = None
        self._unsettled: list[Once[Any]] = []
        in_copies_of(self, Capacity._copied)
        self._access = Access('capacity', reporter.emit, closed=policy.on_store_error == 'closed', clock=pauses)
        if store is not None:
            from compactor.store.buckets import Buckets
            from compactor.store.cooldowns import StoreStates

            self._shared = Books(
                Windows(self.table, Buckets(store), policy.thresholds),
                Cooldowns(chance, policy.cooldown, StoreStates(store)),
            )

    def _copied(self) -> None:
        """Leaves what is still to be settled to the process that this one is copied from."""
        self._unsettled = []

    # -- before a request ---------------------------------------------------------------------------------------

    async def admit(
        self, model: str, taking: Taking, run_id: str | None = None, *, all_of_it: bool = True
    ) -> Admission:
        """Sets aside what a request may take, if the model neither pauses nor lacks the room.

        Args:
            model: its name.
            taking: the most it may take.
            run_id: the run it is for.
            all_of_it: False leaves what is above `failover_share` of a window alone.

        Raises:
            StoreError: the store is away, and policy says 'closed'.
        """

        def work(books: Books) -> Admission:
            now = self.clock()  # here, as it may have taken a while until a thread was free
            state = books.cooldowns.states.read(model)
            if state is not None and state.left(now) > 0:
                return Admission(None, books, 'cooldown', state.left(now))
            if not all_of_it and any(s.share >= self.policy.failover_share for s in books.windows.states(model, now)):
                return Admission(None, books, 'no room')
            reservation = books.windows.admit(model, taking, now)
            return Admission(reservation, books, 'no room' if reservation is None else '', refused=state is not None)

        if self._nearing.is_overdue(model, self.table.known(model, self.clock())):
            await self._look(model, run_id)  # at what requests took that were given up, which waited for nothing
        admission = await self._on_books(work, run_id, model, undo=_given_back)
        if admission.reason != 'no room':
            self._full.discard(model)
        elif model not in self._full:
            if len(self._full) >= MAX_MODELS:  # all are looked at anew
                self._full.clear()
            self._full.add(model)
            await self._look(model, run_id)
        return admission

    async def _look(self, model: str, run_id: str | None) -> None:
        """Warns of windows that have filled past an edge."""
        now = self.clock()
        known = self.table.known(model, now)
        until = self._nearing.looks(model, known, now)
        if not known:  # a store that is asked nothing is not back for that
            return

        def work(books: Books) -> tuple[tuple[WindowState, ...], float | None]:
            states = books.windows.states(model, now)
            full = bool(states) and states[0].share >= min(self.policy.edges, default=2.0)
            return states, books.windows.runs_out_in(model, now) if full else None

        states, runs_out = await self._on_books(work, run_id, model, needed=False)
        self._nearing.looked(states, until)
        self._reporter.left(tuple(states))
        for crossing in self._edges.crossed(states, now):
            self._reporter.emit(_warning(crossing, runs_out, run_id))

    def most_output(self, model: str, input_tokens: int, *, stated: bool) -> int | None:
        """Tokens that an answer to so much input may take of a model at most, as far as limits are known.

        Args:
            model: its name.
            input_tokens: what the request takes beside it.
            stated: heed limits of policy too, and not only those that a provider has named.
        """
        limits = [known.limit for known in self.table.known(model, self.clock())]
        most = [
            limit.amount - (input_tokens if limit.unit == 'tokens' else 0)
            for limit in limits
            if limit.unit in ('tokens', 'output_tokens') and (stated or limit.source != 'policy')
        ]
        return max(0, min(most)) if most else None

    async def wait(self, model: str, taking: Taking, bound: float, run_id: str | None = None) -> float | None:
        """Seconds until a request may be sent to a model; None if longer than `bound`, or never."""
        now = self.clock()

        def work(books: Books) -> float | None:
            left = books.cooldowns.left(model, now)
            room = books.windows.wait(model, taking, now, bound)
            return None if room is None or max(left, room) > bound else max(left, room)

        return await self._on_books(work, run_id, model)

    async def standing(self, model: str) -> Standing:
        """How a model stands."""
        now = self.clock()

        def work(books: Books) -> Standing:
            left = books.cooldowns.left(model, now)
            states = books.windows.states(model, now)
            return Standing(model, status_of(states, left > 0), left, states, books.windows.runs_out_in(model, now))

        return await self._on_books(work, None, model)

    # -- after it -----------------------------------------------------------------------------------------------

    def learn(self, model: str, provider: str | None, responses: Sequence[Response]) -> None:
        """Takes in what the headers of responses say about limits."""
        if self.policy.learn:
            for response in responses:  # of a stream they came long before its end
                at = response.at if response.at is not None else self.clock()
                self.table.learn(model, readings(response.headers, at, provider), at)

    def learn_readings(self, model: str, found: Sequence[Reading]) -> None:
        """Takes in what the body of a refusal says about limits."""
        if self.policy.learn:
            self.table.learn(model, found, self.clock())

    async def answered(
        self, model: str, taken: Taking, sent_at: float, run_id: str | None = None,
        admission: Admission | None = None, left_at: float | None = None,
    ) -> None:  # fmt: skip
        """Counts what a request took, ends the model's pause, and warns where a window has filled past an edge.

        Args:
            model: its name.
            taken: what the request took.
            sent_at: when it was handed to the model: an answer ends no pause that began later.
            run_id: the run it is for.
            admission: what was set aside for it.
            left_at: when it really left, if that is known.
        """
        now = self.clock()

        def work(books: Books) -> None:
            _settle(books, model, admission, taken, now, left_at)
            if admission is None or admission.refused:
                books.cooldowns.succeeded(model, sent_at)

        await self._on_books(work, run_id, model, admission, needed=False)
        known = self._took(model, taken)
        if self._nearing.is_due(model, known, now, closely=self._shared is None):
            await self._look(model, run_id)

    async def seen(self, model: str, taken: Taking, at: float, run_id: str | None = None) -> None:
        """Counts what a request took that was answered a while ago, and warns as `answered` does; ends no pause."""

        def work(books: Books) -> None:
            books.windows.record(model, taken, at)

        await self._on_books(work, run_id, model, needed=False)
        known = self._took(model, taken)
        if self._nearing.is_due(model, known, self.clock(), closely=self._shared is None):
            await self._look(model, run_id)

    @property
    def is_shared(self) -> bool:
        """Whether other processes may count in the same books."""
        return self._shared is not None

    def _took(self, model: str, taken: Taking) -> Sequence[Known]:
        """Notes what a request took; returns the limits in force for its model."""
        known = self.table.known(model, self.clock())
        self._nearing.took(model, known, taken)
        return known

    async def ended(self, run_id: str | None) -> None:
        """Looks once more, as a run is over, at what it may share with others: they may have taken what it did not."""
        if self._shared is not None:
            for model in self._nearing.unseen():
                await self._look(model, run_id)

    async def refused(
        self, model: str, failure: Failure, sent_at: float, run_id: str | None = None,
        admission: Admission | None = None, workload: str = '', *, begun: bool = False,
    ) -> Decision:  # fmt: skip
        """What to do about an error; where it is a refusal, the model's pause begins.

        `begun` says that a part of an answer had come before.
        """
        now = self.clock()
        action, reason = action_for(failure)
        if action is not Action.NEXT and admission is None:
            return Decision(action, 0.0, reason)
        # A request that timed out, or whose answer is of no use, was answered for nothing; any other took nothing.
        taken = admission.reservation.taking if admission and admission.reservation else NO_TAKING
        if failure.kind not in ('timeout', 'validation') and not begun:
            taken = NO_TAKING

        def work(books: Books) -> tuple[Decision, int]:
            _settle(books, model, admission, taken, now)
            decision = decide(failure, model, books.cooldowns, now, sent_at)
            return decision, books.cooldowns.failures(model) if decision.action is Action.NEXT else 0

        decision, failures = await self._on_books(work, run_id, model, admission, needed=False)
        self._took(model, taken)
        if decision.action is Action.NEXT:
            await self._look(model, run_id)
            figures = (workload, decision.reason, decision.cooldown_seconds, failures)
            self._reporter.emit(events.RateLimited(run_id, model, *figures))
        return decision

    def abandoned(self, admission: Admission) -> None:
        """Counts a request that was cancelled as all that was set aside, as nobody knows how far it got.

        Waits for nothing: whoever is cancelled may not.
        """
        reservation, windows = admission.reservation, admission.books.windows
        if reservation is None or admission.copy != copies():
            return
        self._took(reservation.model, reservation.taking)

        def work() -> None:
            windows.settle(reservation, reservation.taking)

        if admission.books is self._own:
            work()
            return
        self._leave(Once(work))

    # -- the store, which may be away ---------------------------------------------------------------------------

    async def _on_books(
        self,
        work: Callable[[Books], T],
        run_id: str | None,
        model: str,
        admission: Admission | None = None,
        *,
        needed: bool = True,
        undo: Callable[[T], object] | None = None,
    ) -> T:
        """Carries out work on the books that are shared; on this process's own where those are away.

        Where policy says 'closed' that is an error, if the work is `needed`: what was answered already is not lost.
        A thread may still be at it when nobody waits for it any more: what belongs to an `admission` is done in any
        case, and what has an `undo` is undone.
        """
        shared = self._shared
        if shared is None or (admission is not None and admission.books is self._own):
            return work(self._own)
        on_shared = Once(partial(work, shared))
        begun = Event()

        def in_order() -> T:
            begun.set()
            self._settle_left()
            on_shared()
            return cast('T', on_shared.result)

        def undone() -> None:
            found = on_shared.revoke()
            if found is not None and undo is not None:
                undo(found)

        def alone() -> T:
            if begun.is_set() and undo is not None:
                self._leave(Once(undone))
            return work(self._own)

        try:
            return await self._access.ask(in_order, alone, run=run_id, model=model, needed=needed)
        except asyncio.CancelledError:
            if undo is not None:
                self._leave(Once(undone))
            elif admission is not None:
                self._leave(on_shared)
            raise

    def _leave(self, settling: Once[Any]) -> None:
        """Has something settled that nobody waits for any more; whatever asks the store next waits for it."""
        self._unsettled.append(settling)
        leave(self._settle_left)

    def _settle_left(self) -> None:
        for settling in tuple(self._unsettled):
            with suppress(StoreError):  # it then counts until its window is over
                settling()
            with suppress(ValueError):  # another thread has waited for the same
                self._unsettled.remove(settling)


def _given_back(admission: Admission) -> None:
    """Gives back what was set aside for a request that nobody sends."""
    if admission.reservation is not None:
        admission.books.windows.settle(admission.reservation)


def _settle(
    books: Books, model: str, admission: Admission | None, taken: Taking, now: float, left_at: float | None = None
) -> None:
    """Puts what a request took in place of what was set aside for it; counts it alone in books that have not."""
    if admission is not None and admission.reservation is not None and admission.books is books:
        books.windows.settle(admission.reservation, taken, left_at)
    else:
        books.windows.record(model, taken, now)


def _warning(crossing: Crossing, runs_out: float | None, run_id: str | None) -> events.CapacityWarning:
    state = crossing.state
    return events.CapacityWarning(
        run_id,
        state.model,
        state.model.partition(':')[0] if ':' in state.model else '',
        round(state.pct, 1),
        limit_type(state),
        state.taken,
        state.limit.amount,
        round(100 * crossing.edge, 1),
        runs_out,
    )
