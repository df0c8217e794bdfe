"""What time it is: the process's own, but in an event loop that keeps a time of its own, that loop's.

A durable workflow is carried out again from its beginning after a crash, and whatever it does then must be what it did
before. An engine that enforces this runs it in a loop of its own, which has no threads, and whose time is the same each
time over.
"""

from __future__ import annotations

import asyncio
import time
from itertools import count
from weakref import WeakKeyDictionary


def replayed() -> bool:
    """Whether the loop that runs is one that may not have threads: work is done at once there, or not at all."""
    loop = asyncio._get_running_loop()
    return loop is not None and type(loop).run_in_executor is asyncio.AbstractEventLoop.run_in_executor


def world() -> str:
    """Tells one carrying out of a workflow from the next, which has the same ids; '' where nothing is replayed."""
    loop = asyncio._get_running_loop()
    if loop is None or not replayed():
        return ''
    found = _worlds.get(loop)
    if found is None:
        found = _worlds[loop] = f'@{next(_numbers)}'
    return found


_worlds: WeakKeyDictionary[asyncio.AbstractEventLoop, str] = WeakKeyDictionary()
_numbers = count()


def monotonic() -> float:
    """Seconds on a clock that only goes forward: the running loop's, whatever it counts from."""
    loop = asyncio._get_running_loop()
    return time.monotonic() if loop is None else loop.time()


def wall() -> float:
    """Seconds since 1970."""
    return asyncio.get_running_loop().time() if replayed() else time.time()
