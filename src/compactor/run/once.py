"""Work for a thread that is done once, whatever becomes of who waits for it: what was begun cannot be called back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from compactor.locks import new_lock

T = TypeVar('T')


class Once(Generic[T]):
    """Work that is done at most once, by a thread or by whoever had been waiting for that.

    Args:
        work: what is to be done.
    """

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._lock = new_lock()
        self._over = False
        self.result: T | None = None
        """What the work gave; None before, and where it raised."""

    def __call__(self) -> T | None:
        """Does the work, or waits until whoever is at it has done it; what it raises is raised to the first alone."""
        with self._lock:
            if not self._over:
                self._over = True
                self.result = self._work()
            return self.result

    def revoke(self) -> T | None:
        """Sees to it that the work is not begun any more; what it gave if it was."""
        with self._lock:
            self._over = True
            return self.result
