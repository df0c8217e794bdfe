"""Locks that a copied process finds open: `fork` copies a lock that another thread holds, and not that thread.

Servers that fork their workers, and `multiprocessing` by that method, copy a process at any moment. What our locks
guard changes in single steps, so the copy is sound; only the locks themselves have to be opened again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any
from weakref import WeakSet

_locks: WeakSet[Any] = WeakSet()
_afterwards: list[Callable[[], None]] = []


def new_lock() -> AbstractContextManager[Any]:
    """A lock of the process's threads, which is open in a process that is copied from this one."""
    lock = Lock()
    _locks.add(lock)
    return lock


def in_copies(work: Callable[[], None]) -> None:
    """What is done first in every process that is copied from this one, once the locks are open."""
    _afterwards.append(work)


def _opened() -> None:
    for lock in list(_locks):
        lock._at_fork_reinit()  # as the standard library does with its own
    for work in _afterwards:
        work()


if hasattr(os, 'register_at_fork'):  # there is no forking on Windows
    os.register_at_fork(after_in_child=_opened)
