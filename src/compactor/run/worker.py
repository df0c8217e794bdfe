"""Heavy work off the event loop, one piece at a time: a first reading of a long history, a compaction, a large output.

Two threads that compute make a loop wait longer for the interpreter than one does, and four longer still, so that only
one of ours has its turn. What waits for an archive or a database gives its turn away meanwhile (`aside`), so that a
database that hangs holds up nobody else's work.

A loop without threads, as a durable workflow has, does its work at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from threading import local
from time import sleep
from typing import TypeVar

from compactor.locks import in_copies, new_lock
from compactor.run.clock import replayed
from compactor.run.collector import COLLECTOR
from compactor.run.threads import Threads, threads
from compactor.tokens.encodings import alone

T = TypeVar('T')
U = TypeVar('U')

EACH = 8
"""Calls after which a worker gives way."""
WAITING = 8
"""Threads at most: one at work, the others waiting for something outside of this process, or for their turn."""
LIGHT = 20_000
"""Characters that may be read, counted or cut in the loop itself: at most about five milliseconds' work."""
FEW = 128
"""Messages that may be read, or parsed again, in the loop itself: as many milliseconds."""

_turn = new_lock()
_mine = local()
_worker: Threads | None = None


def worker() -> Threads:
    """The process's threads for heavy work; made when they are first asked for."""
    global _worker
    if _worker is None:
        _worker = Threads(WAITING, 'compactor-work')
        in_copies(_worker.copied)
    return _worker


def quiet() -> bool:
    """Whether no heavy work is under way, and none waits."""
    return _worker is None or _worker.drain(0.0)


async def apart(work: Callable[[], T]) -> T:
    """The result of heavy work, for which the event loop does not wait; in a loop without threads it is done at once.

    Whoever is cancelled meanwhile does not wait for it either: it may go on for a while, so it must not change what
    others use.
    """
    if replayed():
        return work()
    return await asyncio.wrap_future(worker().do(partial(copy_context().run, _in_turn, work)))


def leave(work: Callable[[], object]) -> None:
    """Has heavy work done that nobody waits for; what it raises is nobody's."""
    worker().do(partial(_in_turn, work))


def aside(work: Callable[[], T], seconds: float) -> T:
    """The result of what waits for something outside of this process; others have their turn meanwhile.

    Raises:
        TimeoutError: it takes longer than so many seconds; it is left to its thread then.
    """
    had = getattr(_mine, 'turn', False)
    if had:
        _turn.__exit__(None, None, None)
        _mine.turn = False
    try:
        return threads().do(partial(copy_context().run, work)).result(max(0.0, seconds))
    finally:
        if had:
            _turn.__enter__()
            _mine.turn = True


def giving_way(function: Callable[[U], T]) -> Callable[[U], T]:
    """The same function, for many calls in a row: between some of them a worker lets others have the interpreter.

    A thread goes from one short call of compiled code (a message as JSON) to the next for up to a tenth of a second
    before a waiting loop has its turn, whatever the interval after which it should; with this, some ten milliseconds.
    """
    calls = 0

    def called(argument: U) -> T:
        nonlocal calls
        calls += 1
        if calls % EACH == 0 and getattr(_mine, 'turn', False):
            sleep(0)
        return function(argument)

    return called


def _in_turn(work: Callable[[], T]) -> T:
    with _turn, COLLECTOR.put_off(), alone():
        _mine.turn = True
        try:
            return work()
        finally:
            _mine.turn = False
