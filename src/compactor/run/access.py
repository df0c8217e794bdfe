"""The one way to live without a store: what asks it goes through here, so that a store that is away costs little.

A store that fails twice in a row is left alone for a while. Its first failure is told; then the work is done without
it, or is an error, as policy says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from compactor.errors import StoreError
from compactor.run.circuit import Circuit, Clock
from compactor.run.clock import monotonic, replayed
from compactor.run.threads import beside_within
from compactor.secrets.redact import redact
from compactor.telemetry import events

T = TypeVar('T')
U = TypeVar('U')

log = logging.getLogger('compactor')

FAILURES = 2
"""Failures in a row after which a store is left alone."""
PAUSE = 30.0
"""Seconds for which it is left alone."""
LONGEST = 15.0
"""Seconds that a store is waited for: longer than its own time limits for connections, locks and statements."""
IN_A_WORKFLOW = (
    'this run is carried out in a durable workflow, which may not ask a database; what the engine calls from it may'
    ' (a step, an activity)'
)


class Access:
    """The way to a store.

    Args:
        part: the part of the library that asks, such as 'ledger': so that people know what they go without.
        emit: hears of a store that is away.
        closed: it is asked however often it has failed, and where it is needed its absence is an error; else the work
            is done without it.
        clock: seconds on a monotonic clock.
        lost: how often the store was found gone while it was open; each time is told once.
        there: where it is needed and was never reached, that is an error too.
        failures: failures in a row after which it is left alone.
    """

    def __init__(
        self,
        part: str,
        emit: Callable[[events.Event], None],
        *,
        closed: bool = False,
        clock: Clock = monotonic,
        lost: Callable[[], int] = int,
        there: bool = False,
        failures: int = FAILURES,
    ) -> None:
        self.circuit = Circuit(failures, PAUSE, clock)
        self._part = part
        self._emit = emit
        self._closed = closed
        self._told = False
        self._there = there
        self._lost, self._told_lost = lost, lost()
        self.opened = False
        """Whether the store was ever reached."""

    async def ask(
        self,
        work: Callable[[], T],
        without: Callable[[], U],
        *,
        run: str | None = None,
        model: str | None = None,
        needed: bool = False,
    ) -> T | U:
        """What the store says, asked in a thread; what is said without it, where it is away.

        Args:
            work: asks the store.
            without: stands in for it.
            run: id of the run it is for, if any.
            model: the model it is for, if known.
            needed: an answer without the store will not do where policy says 'closed'.

        Raises:
            StoreError: the store is away, it is needed, and policy says 'closed' or it has to be there; or it may not
                be asked, as in a durable workflow.
        """
        if replayed():
            return self._in_a_workflow(without, run, model, needed)
        if self.circuit.wait > 0 and not self._closed:
            return without()
        try:
            found = await self._answer(work)
        except StoreError as error:
            self._failed(error, run, model)
            if needed and (self._closed or (self._there and not self.opened)):
                raise
            return without()
        self._reached(run, model)
        return found

    async def _answer(self, work: Callable[[], T]) -> T:
        try:
            return await beside_within(LONGEST, work)
        except TimeoutError as error:
            raise StoreError(str(error) or f'no answer within {LONGEST:g} s') from error

    def tell(self, work: Callable[[], object], *, run: str | None = None, model: str | None = None) -> None:
        """Has something written down at once, where nothing can be awaited any more; never raises `StoreError`."""
        if replayed():
            return
        try:
            work()
        except StoreError as error:
            self._failed(error, run, model)
        else:
            self._reached(run, model)

    def _failed(self, error: StoreError, run: str | None, model: str | None) -> None:
        if self.circuit.failures == 0:
            self._emit(events.StoreUnavailable(run, model, self._part, str(error)))
            if not self.opened:
                log.error('the %s has no store: %s', self._part, redact(str(error)))
        self.circuit.failed()

    def _reached(self, run: str | None, model: str | None) -> None:
        self.opened = True
        self.circuit.succeeded()
        lost = self._lost()
        if lost != self._told_lost:
            self._told_lost = lost
            self._emit(events.StoreLost(run, model, self._part))

    def _in_a_workflow(self, without: Callable[[], U], run: str | None, model: str | None, needed: bool) -> U:
        """What is said without the store, where a run may not ask one; told once."""
        if not self._told:
            self._told = True
            self._emit(events.StoreUnavailable(run, model, self._part, IN_A_WORKFLOW))
        if needed:
            raise StoreError(IN_A_WORKFLOW)
        return without()


def nothing() -> None:
    """What is said without a store, where nobody needs to hear anything."""
