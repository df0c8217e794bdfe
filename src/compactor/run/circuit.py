"""Keeps a failing helper (a summariser, an archive) from costing every request: a circuit breaker, a time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from compactor.run.clock import monotonic

T = TypeVar('T')
Clock = Callable[[], float]


@dataclass(slots=True)
class Circuit:
    """Leaves a helper alone for `pause` seconds after `limit` failures in a row, then lets it try once more."""

    limit: int
    pause: float
    clock: Clock = monotonic
    failures: int = 0
    until: float = 0.0

    @property
    def wait(self) -> float:
        """Seconds for which it is still left alone; 0 if it may be asked."""
        return max(0.0, self.until - self.clock()) if self.failures >= self.limit else 0.0

    def failed(self) -> None:
        """Counts a failure."""
        self.failures += 1
        if self.failures >= self.limit:
            self.until = self.clock() + self.pause

    def succeeded(self) -> None:
        """Forgets the failures."""
        self.failures = 0


async def within(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, or `TimeoutError` after so many seconds, even if it does not heed its cancellation."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task}, timeout=max(0.0, seconds))
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        if not task.done():
            _leaving.add(task)
            task.add_done_callback(_left)
            task.cancel()


def give_up(task: asyncio.Future[Any]) -> None:
    """Cancels work that nobody waits for any more, whichever loop it is of."""
    loop = task.get_loop()
    if task.done() and not task.cancelled():
        task.exception()  # looked at, as in `_left`
    if task.done() or loop.is_closed():  # what a loop did not end before it was closed never goes on
        return
    _leaving.add(task)
    if loop is asyncio._get_running_loop():
        task.add_done_callback(_left)
        task.cancel()
    else:
        loop.call_soon_threadsafe(task.add_done_callback, _left)
        loop.call_soon_threadsafe(task.cancel)


async def given_up(tasks: Iterable[asyncio.Future[Any]], seconds: float) -> None:
    """Waits until those of these that are of this loop have ended, but no longer than this."""
    mine = {task for task in tasks if task.get_loop() is asyncio.get_running_loop() and not task.done()}
    if mine:
        await asyncio.wait(mine, timeout=seconds)


_leaving: set[asyncio.Future[Any]] = set()
"""Cancelled work that has not ended yet; the event loop itself holds its tasks weakly."""


def _left(task: asyncio.Future[Any]) -> None:
    _leaving.discard(task)
    if not task.cancelled():
        task.exception()  # looked at, so that nobody complains that it never was
