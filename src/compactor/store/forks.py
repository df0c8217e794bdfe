"""Before a process copies itself, its SQLite stores let go of their connections.

SQLite remembers per process which locks it holds on a file. A copy inherits that memory and not the locks, so that it
could wait for ever for a transaction that only its parent has, or damage the file once the parent has ended.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, ExitStack, suppress
from pathlib import Path
from typing import Protocol
from weakref import WeakSet

from compactor.errors import StoreError
from compactor.store.lock import Taken


class Resting(Protocol):
    """A store on a file, which can stand still."""

    @property
    def path(self) -> Path | None:
        """Its file."""

    def at_rest(self, *, alone: bool) -> AbstractContextManager[None]:
        """No transaction and no connection of its file in this process; `alone` takes the file's lock."""


_stores: WeakSet[Resting] = WeakSet()
_waiting = ExitStack()


def let_go_before_fork(store: Resting) -> None:
    """From now on the store stands still while the process is copied, and opens anew on both sides."""
    _stores.add(store)


def _before() -> None:
    held = set()
    for store in list(_stores):
        # Whoever copies the process in the middle of a transaction of its own is not kept waiting for it.
        with suppress(Taken, StoreError):
            _waiting.enter_context(store.at_rest(alone=store.path not in held))
            held.add(store.path)


if hasattr(os, 'register_at_fork'):  # there is no forking on Windows
    os.register_at_fork(before=_before, after_in_parent=_waiting.close, after_in_child=_waiting.close)
