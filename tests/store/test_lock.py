"""`TurnLock`: one at a time, between threads and between processes."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from compactor.store.lock import Taken, TurnLock

HOLD = """
import sys, pathlib, time
from compactor.store.lock import TurnLock
with TurnLock(pathlib.Path(sys.argv[1])).held(10):
    print('held', flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize('on_disk', [True, False])
def test_one_thread_at_a_time(tmp_path: Path, on_disk: bool) -> None:
    """Reading and writing under the lock loses nothing."""
    lock = TurnLock(tmp_path / 'lock' if on_disk else None)
    count = 0

    def work(_: int) -> None:
        nonlocal count
        with lock.held(60):
            before = count
            for _ in range(50):
                pass
            count = before + 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(300)))
    assert count == 300


def test_two_locks_on_one_file(tmp_path: Path) -> None:
    """Exclude each other, also within a process; after waiting it is said who has it."""
    one, other = TurnLock(tmp_path / 'lock'), TurnLock(tmp_path / 'lock')
    with one.held(1):
        with pytest.raises(Taken, match=r'another process for 0\.05 s'), other.held(0.05):
            raise AssertionError('not reached')
        with pytest.raises(Taken, match='this thread has open'), one.held(600):
            raise AssertionError('not reached')
    with other.held(1), ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lambda: other.held(0.05).__enter__())
        with pytest.raises(Taken, match='another thread'):
            waiting.result()
    with one.held(1):
        assert (tmp_path / 'lock').exists()


def test_an_exception_gives_it_back(tmp_path: Path) -> None:
    """Whatever happens under it."""
    lock = TurnLock(tmp_path / 'folder' / 'lock')
    for _ in range(2):
        with pytest.raises(KeyError), lock.held(1):
            raise KeyError


def test_a_killed_process_gives_it_back(tmp_path: Path) -> None:
    """At once, with nothing to clean up."""
    lock = TurnLock(tmp_path / 'lock')
    with subprocess.Popen(
        [sys.executable, '-c', HOLD, str(tmp_path / 'lock')], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == 'held\n'
        with pytest.raises(Taken, match='another process'), lock.held(0.05):
            raise AssertionError('not reached')
        holder.kill()
        holder.wait()
        with lock.held(10):
            pass
