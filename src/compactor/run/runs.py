"""The registry of the runs in flight: one state for each, forgotten in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from compactor.bounded import Bounded
from compactor.locks import in_copies_of, new_lock
from compactor.run.clock import world

S = TypeVar('S')

RUNS = 64
"""Runs whose state is kept at once; one beyond them that has nothing in flight is read afresh at its next request."""


OVER = 1024
"""Runs that were broken off whose ids are remembered."""


class Runs(Generic[S]):
    """Safe to share between threads.

    Args:
        make: the state of a run of which nothing is known yet.
        in_flight: whether a state must not be let go for the sake of another; default: any may.
        disown: takes from a state what only one process may give back.
    """

    def __init__(
        self,
        make: Callable[[], S],
        in_flight: Callable[[S], bool] | None = None,
        disown: Callable[[S], None] = lambda state: None,
    ) -> None:
        self._make = make
        self._lock = new_lock()
        self._states: Bounded[str, S] = Bounded(RUNS, in_flight)
        self._over: Bounded[str, bool] = Bounded(OVER)
        self._disown = disown
        in_copies_of(self, Runs._copied)

    def _copied(self) -> None:
        """Forgets all runs in a process that is copied from theirs, which goes on with them, and pays for them."""
        for state in self._states.values():
            self._disown(state)
        self._states.clear()

    def __len__(self) -> int:
        """How many runs are known."""
        return len(self._states)

    def state(self, run: str | None) -> S:
        """The state of a run, new if there is none; of a run without an id it is not kept."""
        if not run:
            return self._make()
        with self._lock:
            if _key(run) in self._over:
                return self._make()
            return self._states.of(_key(run), self._make)

    def over(self, run: str | None) -> bool:
        """Whether a run was broken off, so that nobody waits for what it still does."""
        return _key(run) in self._over

    def begin(self, run: str | None) -> None:
        """Says that a run begins, maybe once more, as a durable engine does it."""
        if run:
            with self._lock:
                self._over.pop(_key(run), None)
                self._states.of(_key(run), self._make)

    def known(self, run: str | None) -> S | None:
        """The state of a run, if there is one."""
        return self._states.get(_key(run))

    def all(self) -> list[S]:
        """The states of all runs that are known."""
        with self._lock:
            return list(self._states.values())

    def forget(self, run: str | None, *, broken_off: bool = False) -> S | None:
        """Lets a run go; the state that it had, if any.

        Of a run that was broken off, hooks may still be called: what they note is kept nowhere.
        """
        with self._lock:
            if broken_off and run:
                self._over.of(_key(run), lambda: True)
            return self._states.pop(_key(run), None)


def _key(run: str | None) -> str:
    return run + world() if run else ''
