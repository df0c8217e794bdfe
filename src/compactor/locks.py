"""Locks that a copied process finds open: `fork` copies a lock that another thread holds, and not that thread.

Servers that fork their workers, and `multiprocessing` by that method, copy a process at any moment. What our locks
guard changes in single steps, so the copy is sound; only the locks themselves have to be opened again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet

_locks: WeakSet[Any] = WeakSet()
_afterwards: list[Callable[[], None]] = []
_owned: WeakKeyDictionary[Any, Callable[[Any], None]] = WeakKeyDictionary()

_copies = 0

T = TypeVar('T')


def new_lock() -> AbstractContextManager[Any]:
    """A lock of the process's threads, which is open in a process that is copied from this one."""
    lock = Lock()
    _locks.add(lock)
    return lock


def copies() -> int:
    """How often this process is a copy: what was begun with another number is its parent's to end."""
    return _copies


def in_copies(work: Callable[[], None]) -> None:
    """What is done first in every process that is copied from this one, once the locks are open."""
    _afterwards.append(work)


def in_copies_of(owner: T, work: Callable[[T], None]) -> None:
    """The same of something that may go; it is handed over if it is still there."""
    _owned[owner] = work


def _opened() -> None:
    global _copies
    _copies += 1
    for lock in list(_locks):
        lock._at_fork_reinit()  # as the standard library does with its own
    for work in _afterwards:
        work()
    for owner, renew in list(_owned.items()):
        renew(owner)


if hasattr(os, 'register_at_fork'):  # there is no forking on Windows
    os.register_at_fork(after_in_child=_opened)
