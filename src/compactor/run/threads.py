"""Work that waits for a file or a database, off the event loop: a few threads of ours, shared by all loops.

Not the loop's own threads: those are the application's, whose tools would wait for our store and our store for its
tools, and a process cannot end before the last of them has. Ours do not keep a process alive: at its end what is under
way has `GRACE` seconds. A process that was copied begins without threads and without the work of its parent.
"""

from __future__ import annotations

import asyncio
import atexit
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from threading import Condition, Thread
from typing import Any, TypeVar

from compactor.locks import in_copies
from compactor.run.clock import replayed

T = TypeVar('T')

MOST = 32
"""Threads at most; more work than that waits."""
IDLE = 30.0
"""Seconds after which a thread without work ends."""
GRACE = 2.0
"""Seconds that work under way has when the interpreter ends."""

_Work = tuple['Future[Any]', Callable[[], Any]]


class Threads:
    """A few daemon threads that begin with the first work.

    Args:
        most: of these at most; more work than that waits.
        name: what they are called.
    """

    def __init__(self, most: int = MOST, name: str = 'compactor-store') -> None:
        self._most = most
        self._name = name
        self._forget()

    def _forget(self) -> None:
        self._changed = Condition()
        self._waiting: deque[_Work] = deque()
        self._idle = self._alive = self._busy = 0
        self.ended = time.monotonic()
        """When work ended last, on a monotonic clock."""

    def copied(self) -> None:
        """Begins anew in a copied process: neither the threads nor what waits for them are its own."""
        self._forget()

    def do(self, work: Callable[[], T]) -> Future[T]:
        """Has work done; the future has its result, or what it raised."""
        future: Future[T] = Future()
        with self._changed:
            self._waiting.append((future, work))
            if self._idle >= len(self._waiting):
                self._changed.notify_all()
                return future
            if self._alive >= self._most:
                return future
            self._alive += 1
        try:
            Thread(target=self._serve, name=self._name, daemon=True).start()
        except RuntimeError:  # no thread is to be had, as when the interpreter ends
            with self._changed:
                self._alive -= 1
            self._at_once(future)
        return future

    def drain(self, seconds: float) -> bool:
        """Waits until there is nothing under way; False where that takes longer."""
        until = time.monotonic() + seconds
        with self._changed:
            while self._waiting or self._busy:
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(left)
        return True

    def _serve(self) -> None:
        changed = self._changed
        while True:
            with changed:
                self._idle += 1
                changed.wait_for(lambda: self._waiting, IDLE)
                self._idle -= 1
                if not self._waiting:
                    self._alive -= 1
                    return
                one = self._waiting.popleft()
                self._busy += 1
            _carry_out(*one)
            del one  # its result belongs to whoever asked
            with changed:
                self.ended = time.monotonic()
                self._busy -= 1
                changed.notify_all()

    def _at_once(self, future: Future[Any]) -> None:
        with self._changed:
            mine = next((one for one in self._waiting if one[0] is future), None)
            if mine is not None:
                self._waiting.remove(mine)
        if mine is not None:
            _carry_out(*mine)


def _carry_out(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever asked is told
        future.set_exception(error)
    else:
        future.set_result(result)


_threads: Threads | None = None


def threads() -> Threads:
    """The process's threads; made when they are first asked for, since a module may be loaded where there are none."""
    global _threads
    if _threads is None:
        _threads = Threads()
        in_copies(_threads.copied)
        atexit.register(lambda: threads().drain(GRACE))
    return _threads


def idle() -> bool:
    """Whether no thread of ours is at work, and nothing waits for one."""
    return _threads is None or _threads.drain(0.0)


async def beside(work: Callable[[], T]) -> T:
    """The result of work, for which the event loop does not wait; in a loop without threads it is done at once."""
    if replayed():
        return work()
    return await asyncio.wrap_future(threads().do(partial(copy_context().run, work)))


async def beside_within(seconds: float, work: Callable[[], T]) -> T:
    """The same for no longer than so many seconds; it is handed to a thread at once and not taken back by a cancel.

    Its time begins when a thread begins with it. While it waits for one its time begins anew whenever other work ends:
    many who ask at once are no sign that what they ask is away.

    Raises:
        TimeoutError: it takes longer. What has not begun by then is not begun; what has is left to its thread.
    """
    if replayed():
        return work()
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    mine, asked = threads(), time.monotonic()
    begun: list[float] = []

    def begin() -> T:
        begun.append(time.monotonic())
        return work()

    def tell(_: object) -> None:
        with suppress(RuntimeError):  # of a loop that is closed nobody waits any more
            loop.call_soon_threadsafe(over.set)

    under_way = mine.do(partial(copy_context().run, begin))
    under_way.add_done_callback(tell)
    while not under_way.done():
        left = (begun[0] if begun else max(asked, mine.ended)) + seconds - time.monotonic()
        if left <= 0:
            under_way.cancel()
            raise TimeoutError
        with suppress(TimeoutError):
            async with asyncio.timeout(left):
                await over.wait()
    return under_way.result()


def leave(work: Callable[[], object]) -> None:
    """Has work done that nobody waits for; what it raises is nobody's."""
    threads().do(work)
