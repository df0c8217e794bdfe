"""What the store costs: transactions per second, and how long one takes, on a SQLite file and on PostgreSQL.

    python benchmarks/store.py [--operations 2000] [--processes 8] [--entries 1000000]
                               [--postgres URL | --no-postgres] [--json]

Each row is measured twice: by one process that is alone, and by several at once on the same key and the same budgets,
the worst case. Then the ledger is filled, and reports over it are timed.

The SQLite file lies in a temporary folder; on PostgreSQL a database is made and dropped.

Nothing is asserted: the last column says whether a wanted figure was reached, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from time import perf_counter, time
from typing import Any

from compactor.ledger.budget import Budget, Use
from compactor.ledger.entry import Entry
from compactor.store.archive import StoreArchive
from compactor.store.buckets import Buckets
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.store.reservations import reserve, settle

SERVER = os.environ.get('COMPACTOR_POSTGRES', 'postgresql+psycopg://root@127.0.0.1/test')
DOCUMENT = 23_000
"""Bytes of an archived document."""
BATCH = 100
"""Ledger entries that are written in one transaction where they are written together."""
WANTED_P99 = 2.0
"""Milliseconds that check-and-record may take on a SQLite file, alone, at the 99th percentile."""
WANTED_REPORT = 1_000.0
"""Milliseconds that a report over the whole ledger may take."""
WEEK = 7 * 86_400.0
TOGETHER, ROUNDS = 5_000, 5
LIMITS = [('tokens', 60.0, 10**15), ('tokens', 18_000.0, 10**15), ('tokens', 86_400.0, 10**15)]
BUDGETS = (
    Budget(name='a day', limit=10**15),
    Budget(name='a month', limit=10**6, unit='usd', period='month'),
)
USE = Use('glm-4.7', 'cerebras', 'coder', 9_000, 1, Decimal('0.0125'))


@dataclass(frozen=True)
class Row:
    """One line of the table; times in milliseconds."""

    engine: str
    what: str
    processes: int
    per_second: float
    p50: float
    p99: float
    longest: float
    verdict: str = ''


def check_and_record(store: Store) -> Callable[[int], Any]:
    """Three windows on one key."""
    buckets = Buckets(store)
    return lambda _: buckets.check_and_record(LIMITS, 9_000, time())


def reserve_and_settle(store: Store) -> Callable[[int], Any]:
    """Two budgets, two transactions."""
    return lambda _: settle(store, reserve(store, BUDGETS, USE, time()), USE)


def ledger_entries(store: Store, together: int) -> Callable[[int], Any]:
    """Rows of the ledger, so many in a transaction."""
    from sqlalchemy import insert

    from compactor.store.schema import entries

    empty = {column.name: '' for column in entries.c if not column.nullable and column.name != 'id'}
    numbers = {name: 0 for name in empty if name.endswith('tokens') or name.startswith('saved')}
    row = empty | numbers | {'at': time(), 'kind': 'request', 'streamed': False, 'cache_hit': False}

    def write(_: int) -> None:
        with store.write() as connection:
            connection.execute(insert(entries), [row] * together)

    return write


def archive_put(store: Store) -> Callable[[int], Any]:
    """Documents that are new."""
    archive = StoreArchive(store)
    text = ' '.join(f'{n * 2_654_435_761 % 2**32:08x} is line {n}' for n in range(2_000)).encode()[:DOCUMENT]
    return lambda n: archive.put(f'{os.getpid()} {n} '.encode() + text)


def archive_get(store: Store) -> Callable[[int], Any]:
    """A document."""
    archive = StoreArchive(store, 'reads')
    key = archive.put(os.urandom(DOCUMENT // 2).hex().encode())
    return lambda _: archive.get(key)


WORK: dict[str, tuple[Callable[[Store], Callable[[int], Any]], int]] = {
    'check and record, 3 windows': (check_and_record, 1),
    'reserve + settle, 2 budgets': (reserve_and_settle, 1),
    'ledger entry, one at a time': (lambda store: ledger_entries(store, 1), 1),
    f'ledger entries, {BATCH} at a time': (lambda store: ledger_entries(store, BATCH), BATCH),
    'archive put, 23 kB': (archive_put, 1),
    'archive get, 23 kB': (archive_get, 1),
}


def worked(url: str, what: str, operations: int, start: Any) -> tuple[float, float, list[float]]:
    """Carries out a kind of work; when it began and ended, and how long each operation took in seconds."""
    with Store.open(url) as store:
        once = WORK[what][0](store)
        for n in range(20):
            once(-1 - n)
        if start is not None:
            start.wait()
        took = []
        begun = perf_counter()
        for n in range(operations):
            before = perf_counter()
            once(n)
            took.append(perf_counter() - before)
        return begun, perf_counter(), took


def _in_process(url: str, what: str, operations: int, start: Any, results: Any) -> None:
    results.put(worked(url, what, operations, start))


def measured(engine: str, url: str, what: str, processes: int, operations: int) -> Row:
    """A row of the table."""
    if processes == 1:
        runs = [worked(url, what, operations, None)]
    else:
        spawn = multiprocessing.get_context('spawn')
        start, results = spawn.Barrier(processes), spawn.Queue()
        arguments = (url, what, max(1, operations // processes), start, results)
        workers = [spawn.Process(target=_in_process, args=arguments) for _ in range(processes)]
        for worker in workers:
            worker.start()
        runs = [results.get() for _ in workers]
        for worker in workers:
            worker.join()
    took = sorted(seconds * 1_000 for *_, times in runs for seconds in times)
    elapsed = max(end for _, end, _ in runs) - min(begun for begun, *_ in runs)
    p99 = took[int(len(took) * 0.99)]
    wanted = engine == 'sqlite' and processes == 1 and what.startswith('check')
    verdict = ('reached' if p99 < WANTED_P99 else 'missed') + f' (< {WANTED_P99:g} ms p99)' if wanted else ''
    rate = len(took) * WORK[what][1] / elapsed
    return Row(engine, what, processes, rate, took[len(took) // 2], p99, took[-1], verdict)


@contextmanager
def postgres(server: str) -> Iterator[str]:
    """An empty database on a server."""
    from sqlalchemy import NullPool, create_engine, text

    engine = create_engine(server, poolclass=NullPool, isolation_level='AUTOCOMMIT')
    name = f'compactor_bench_{os.getpid()}'
    with engine.connect() as connection:
        connection.execute(text(f'CREATE DATABASE {name}'))
    try:
        yield f'{server.rpartition("/")[0]}/{name}'
    finally:
        with engine.connect() as connection:
            connection.execute(text(f'DROP DATABASE {name} WITH (FORCE)'))


def rows(engine: str, url: str, operations: int, processes: int) -> Iterator[Row]:
    """All rows of one engine."""
    for what in WORK:
        for several in (1, processes):
            yield measured(engine, url, what, several, operations)


def reports(engine: str, url: str, entries: int) -> Iterator[Row]:
    """Reports of the ledger over spans that begin inside an hour, once it holds so many entries of a week."""
    now = time()
    with Store.open(url) as store:
        ledger = Ledger(store)
        for start in range(0, entries, TOGETHER):
            ledger.record_many(
                Entry(
                    at=now - WEEK * (entries - i) / entries,
                    model=f'model-{i % 9}',
                    provider='cerebras',
                    agent=f'agent-{i % 8}',
                    task=('coding', 'review', '')[i % 3],
                    conversation=str(i // 200),
                    input_tokens=9_000 + i % 1_000,
                    output_tokens=300,
                    cost=Decimal('0.0125'),
                    latency=1.5,
                )
                for i in range(start, min(entries, start + TOGETHER))
            )
        for hours in (24.0, 160.5, 1_000.0):
            took = []
            for _ in range(ROUNDS):
                began = perf_counter()
                ledger.optimization(hours)
                took.append(1_000 * (perf_counter() - began))
            took.sort()
            middle = took[len(took) // 2]
            verdict = f'wanted < {WANTED_REPORT:,.0f} ms: {"reached" if middle < WANTED_REPORT else "MISSED"}'
            what = f'report, {hours:g} h of {entries:,}'
            yield Row(engine, what, 1, 1_000 / middle, middle, took[-1], took[-1], verdict)


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--operations', type=int, default=2_000)
    parser.add_argument('--processes', type=int, default=8)
    parser.add_argument('--entries', type=int, default=1_000_000, help='in the ledger for the reports; 0 for none')
    parser.add_argument('--postgres', default=SERVER)
    parser.add_argument('--no-postgres', action='store_true')
    parser.add_argument('--json', action='store_true')
    given = parser.parse_args()
    table: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        table += rows('sqlite', f'sqlite:///{Path(folder) / "store.db"}', given.operations, given.processes)
        if given.entries:
            table += reports('sqlite', f'sqlite:///{Path(folder) / "full.db"}', given.entries)
    if not given.no_postgres:
        with postgres(given.postgres) as url:
            table += rows('postgres', url, given.operations, given.processes)
        if given.entries:
            with postgres(given.postgres) as url:
                table += reports('postgres', url, given.entries)
    if given.json:
        print(json.dumps([asdict(row) for row in table], indent=2))
        return
    print(f'Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {os.cpu_count()} cores')
    print(f'{"engine":9} {"what":34} {"processes":>9} {"per second":>11} {"p50 ms":>8} {"p99 ms":>8} {"max ms":>8}')
    for row in table:
        print(
            f'{row.engine:9} {row.what:34} {row.processes:9} {row.per_second:11,.0f} {row.p50:8.2f} {row.p99:8.2f}'
            f' {row.longest:8.1f}  {row.verdict}'
        )


if __name__ == '__main__':
    main()
