"""One transaction at a time: between threads by a lock of the process, between processes by a lock on a file.

Not `filelock`: whoever finds it taken sleeps for a poll interval of 50 ms, a hundred times as long as our transactions
take; in one comparison with eight busy processes it let a third fewer of them through, and the longest wait was three
times as long. Here the pauses begin at a twentieth of a millisecond. The file is held by the operating system's own
lock, which a killed process gives back; and no package is needed.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock, get_ident

from compactor.errors import StoreError
from compactor.store.location import OWNER_ONLY_FILE, prepare

FIRST_PAUSE, LONGEST_PAUSE = 0.000_05, 0.001
"""Seconds between two looks at a lock that another process holds: doubled from the first to the longest."""

if os.name == 'nt':
    import msvcrt

    def _take(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined, unused-ignore]

    def _give(file: int) -> None:
        os.lseek(file, 0, os.SEEK_SET)
        msvcrt.locking(file, msvcrt.LK_UNLCK, 1)  # type: ignore[attr-defined, unused-ignore]
else:
    import fcntl

    def _take(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _give(file: int) -> None:
        # Said aloud and not left to closing: a process forked meanwhile has the open file too.
        fcntl.flock(file, fcntl.LOCK_UN)


class Taken(Exception):
    """A lock was not given back in time; the message says who holds it: 'has been locked by another process'."""


class TurnLock:
    """Lets one transaction at a time through.

    Args:
        path: a file that all processes lock; None where there is only this one. It is made, never removed.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._threads = Lock()
        self._holder: int | None = None

    @contextmanager
    def held(self, wait: float) -> Iterator[None]:
        """Holds the lock.

        Args:
            wait: seconds to wait for it at most.

        Raises:
            Taken: it was held all that time, or this very thread holds it already and would wait for itself.
            StoreError: the file cannot be made or locked.
        """
        if self._holder == get_ident():
            raise Taken('is locked by a transaction that this thread has open: end that one first')
        until = time.monotonic() + wait
        if not self._threads.acquire(timeout=wait):
            raise Taken(f'has been locked by another thread for {wait:g} s')
        try:
            self._holder = get_ident()
            if self.path is None:
                yield
                return
            # Opened each time, so that a file that was moved away does not part those who have it open from others.
            file = _open(self.path)
            try:
                _wait_for(file, wait, until)
                try:
                    yield
                finally:
                    _give(file)
            finally:
                os.close(file)
        finally:
            self._holder = None
            self._threads.release()


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY_FILE)
    except OSError:
        prepare(path)  # the folder is missing; or it says what is
        return os.open(path, os.O_RDWR)


def _wait_for(file: int, wait: float, until: float) -> None:
    pause = FIRST_PAUSE
    while True:
        try:
            _take(file)
        except (BlockingIOError, PermissionError):  # Windows says permission denied
            if time.monotonic() >= until:
                raise Taken(f'has been locked by another process for {wait:g} s') from None
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 (so that waiting processes do not march in step)
            pause = min(pause * 2, LONGEST_PAUSE)
        except OSError as error:
            raise StoreError(
                f'the file system of the store cannot lock files ({error}): put the store on another'
            ) from None
        else:
            return
