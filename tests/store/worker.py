"""What other processes do in tests: `python -m tests.store.worker <what> <url> <number> ...`; prints JSON."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from compactor.errors import BudgetExceeded
from compactor.ledger.budget import Budget, Use
from compactor.store.archive import StoreArchive
from compactor.store.buckets import Buckets
from compactor.store.engine import Store
from compactor.store.reservations import release, reserve, settle
from tests.store.conftest import START

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0
"""Seconds that a worker waits for its turn: many of them share few cores."""


def shared(limit: int) -> Budget:
    """The budget that `spend` spends."""
    return Budget(name='shared', limit=limit, unit='requests')


def count(url: str, operations: int) -> int:
    """Records so often, in windows that never fill up."""
    with Store.open(url, wait=PATIENCE) as store:
        buckets = Buckets(store)
        limits = [('shared', 60.0, 10**9), ('shared', 18_000.0, 10**9)]
        return sum(not buckets.check_and_record(limits, 1, START) for _ in range(operations))


def admit(url: str, operations: int, limit: int) -> int:
    """Tries so often to record under a limit; how often it was let in."""
    with Store.open(url, wait=PATIENCE) as store:
        buckets = Buckets(store)
        return sum(not buckets.check_and_record([('door', 60.0, limit)], 1, START) for _ in range(operations))


def spend(url: str, operations: int, limit: int) -> int:
    """Tries so often to reserve and settle a request, gives some back; how many it settled."""
    settled = 0
    budget = shared(limit)
    with Store.open(url, wait=PATIENCE) as store:
        for _ in range(operations):
            try:
                lease = reserve(store, [budget], Use(), START)
            except BudgetExceeded:
                continue
            if random.random() < 0.1:
                release(store, lease)
            else:
                settle(store, lease, Use(), START)
                settled += 1
    return settled


def put(url: str, operations: int) -> list[str]:
    """Archives so many texts; their keys."""
    with Store.open(url) as store:
        archive = StoreArchive(store, 'shared')
        return [archive.put(f'text {n} \udce9'.encode('utf-8', 'surrogateescape')) for n in range(operations)]


def kills(url: str, operations: int) -> dict[str, list[str]]:
    """Starts writers and kills each after a moment; what they had acknowledged."""
    acknowledged: list[str] = []
    waiting: list[tuple[int, int]] = []
    for n in range(operations):
        waiting.append(_writer(url, n))
        if len(waiting) == 3 or n == operations - 1:
            for process, pipe in waiting:
                os.read(pipe, 1)  # it has begun to write
                _pause(random.uniform(0, 0.05))
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
                with os.fdopen(pipe, 'r') as told:
                    acknowledged += (line for line in told.read().splitlines(keepends=False) if len(line) == 64)
            waiting.clear()
    return {'acknowledged': acknowledged}


def _writer(url: str, n: int) -> tuple[int, int]:
    read, write = os.pipe()
    process = os.fork()
    if process:
        os.close(write)
        return process, read
    os.close(read)
    store = Store.open(url, wait=PATIENCE)
    archive, buckets = StoreArchive(store), Buckets(store)
    os.write(write, b'.\n')
    i = 0
    while True:
        key = archive.put(f'{n} {i} '.encode() * 200)
        buckets.record('written', 1, START)
        os.write(write, f'{key}\n'.encode())
        i += 1


def _pause(seconds: float) -> None:
    import select

    select.select([], [], [], seconds)


def start(what: Any, url: str, *numbers: int) -> subprocess.Popen[str]:
    """Starts one of the functions above in a process of its own."""
    command = [sys.executable, '-m', 'tests.store.worker', what.__name__, url, *map(str, numbers)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def results(processes: list[subprocess.Popen[str]]) -> list[Any]:
    """What they returned, when all have ended."""
    told = [process.communicate()[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return [json.loads(text) for text in told]


if __name__ == '__main__':
    work = {function.__name__: function for function in (count, admit, spend, put, kills)}[sys.argv[1]]
    print(json.dumps(work(sys.argv[2], *map(int, sys.argv[3:]))))
