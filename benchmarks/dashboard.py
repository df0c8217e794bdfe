"""How fast the dashboard is beside a store that holds many sessions.

    python -m benchmarks.dashboard [--sessions 10000] [--live 40] [--archived 2000] [--postgres URL] [--json]

A store is filled with generated sessions, the real server is started on loopback in a process of its own, and a real
client asks what a browser asks: the page, the overview, a session, a search. Then entries are recorded one after the
other by this process, and the time until the stream has told of each is taken.

Nothing is asserted: the last column says whether a wanted figure was reached, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any
from urllib.request import Request, urlopen

from compactor.ledger.budget import Budget, Use
from compactor.ledger.context import Context
from compactor.ledger.entry import Entry
from compactor.store.archive import StoreArchive
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.store.limits import set_budget
from compactor.store.reservations import consume

FIRST_VIEW = 1.0
"""Seconds that the requests of the first view may take together."""
LIVE = 0.2
"""Seconds from an entry in the store to the reader of the stream."""
DAYS = 30
DAY = 86_400.0
AGENTS = ('coder', 'reviewer', 'researcher', 'importer', 'triage')
MODELS = (
    ('zai-glm-4.7', 'cerebras', Decimal('0.0000021')),
    ('gpt-5-mini', 'openai', Decimal('0.0000009')),
    ('claude-sonnet-4-5', 'anthropic', Decimal('0.0000055')),
    ('llama-3.3-70b:free', 'openrouter', Decimal(0)),
)
TASKS = ('coding', 'debugging', 'review', 'question', 'writing')
STRATEGIES = (('clear', 'digest'), ('digest',), ('prune', 'dedupe', 'digest'))
TOKEN = 'benchmark-token-of-the-dashboard'


@dataclass(frozen=True)
class Row:
    """One line of the table; times in seconds."""

    what: str
    median: float
    longest: float
    wanted: float | None = None

    @property
    def verdict(self) -> str:
        """Whether the wanted figure was reached."""
        return '' if self.wanted is None else 'yes' if self.longest < self.wanted else 'NO'


def entries_of(number: int, ended: float, chance: random.Random) -> Iterator[Entry]:
    """The requests of one session: its context grows, is compacted, and grows again."""
    agent = AGENTS[number % len(AGENTS)]
    model, provider, price = MODELS[chance.choices(range(4), (5, 3, 2, 1))[0]]
    window, tokens, removed = 131_072, chance.randint(3_000, 9_000), 0
    requests = chance.randint(4, 12)
    at = ended - 40.0 * requests
    for step in range(requests):
        tokens += chance.randint(1_500, 16_000)
        before: int = 0
        if tokens > 0.5 * window:
            before, tokens = tokens, round(tokens * chance.uniform(0.3, 0.45))
            removed += before - tokens
        applied = STRATEGIES[step % 3] if before else ()
        output = chance.randint(80, 1_400)
        at += chance.uniform(15, 40)
        yield Entry(
            at=min(at, ended),
            model=model,
            provider=provider,
            agent=agent,
            conversation=f'{agent}-{number:05}',
            run=f'{number}-{step // 4}',
            task=TASKS[(number + step // 4) % len(TASKS)],
            input_tokens=tokens,
            output_tokens=output,
            cache_read_tokens=round(tokens * chance.uniform(0.2, 0.8)),
            cost=price * (tokens + 4 * output),
            latency=chance.uniform(0.8, 9.0),
            finish_reason='stop',
            saved_by_compaction=removed,
            error='ModelHTTPError: 503' if chance.random() < 0.01 else None,
            context=Context(tokens, window, parts_of(tokens, bool(removed)), before, applied),
        )


def parts_of(tokens: int, compacted: bool) -> dict[str, int]:
    """What a context of so many tokens is made of."""
    fixed = {'instructions': 900, 'tools': 2_100, 'user': 450}
    left = max(0, tokens - sum(fixed.values()))
    shares = {'results': 0.62, 'agent': 0.11, 'calls': 0.13, 'thinking': 0.14}
    if compacted:
        shares = {'digest': 0.3, 'results': 0.42, 'agent': 0.09, 'calls': 0.1, 'thinking': 0.09}
    return {**fixed, **{name: round(left * share) for name, share in shares.items()}}


def fill(store: Store, sessions: int, archived: int, seed: int = 7) -> None:
    """Fills a store with sessions of a month, budgets and an archive."""
    chance = random.Random(seed)
    ledger, now = Ledger(store), store.clock()
    batch: list[Entry] = []
    for number in range(sessions):
        age = (DAYS * DAY - 7_200) * (1 - (number + 1) / sessions) ** 1.3
        batch += entries_of(number, now - age - chance.uniform(2, 90), chance)
        if len(batch) > 5_000:
            ledger.record_many(batch)
            batch = []
    ledger.record_many(batch)
    for budget, used in (
        (Budget(name='tokens a day', limit=24_000_000), 0.58),
        (Budget(name='dollars a month', limit=2_000, unit='usd', period='month', unpriced='ignore'), 0.78),
        (Budget(name='reviewer, a day', limit=400, unit='requests', agent='reviewer'), 0.93),
        (Budget(name='premium requests', limit=300, unit='requests', period='month'), 0.97),
    ):
        set_budget(store, budget, now)
        parts = budget.limit * Decimal(str(used))
        use = Use(
            agent='reviewer',
            requests=int(parts) if budget.unit == 'requests' else 0,
            tokens=int(parts) if budget.unit == 'tokens' else 0,
            usd=parts,
        )
        consume(store, [budget], use, now, check=False)
    archive = StoreArchive(store)
    for number in range(archived):
        archive.put(f'result of read_file, step {number}\nE   AssertionError: row {number} is missing\n'.encode() * 20)


@contextmanager
def served(url: str, policy: Path | None = None) -> Iterator[str]:
    """The real command on a free port; gives its address, without the token."""
    more = [] if policy is None else ['--policy', str(policy)]
    command = [sys.executable, '-m', 'compactor', 'dashboard', '--port', '0', '--store', url, *more]
    environment = os.environ | {'COMPACTOR_DASHBOARD_TOKEN': TOKEN}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            line = process.stdout.readline() if process.stdout is not None else ''
            yield line.strip().rstrip('/')
        finally:
            process.terminate()


def asked(address: str, path: str) -> Any:
    """An open answer of the server."""
    return urlopen(Request(address + path, headers={'Authorization': f'Bearer {TOKEN}'}), timeout=30)


def timed(address: str, paths: tuple[str, ...], rounds: int) -> list[float]:
    """Seconds that some requests take one after the other, by round."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        for path in paths:
            with asked(address, path) as answer:
                answer.read()
        found.append(time.perf_counter() - began)
    return found


def live(address: str, store: Store, times: int) -> list[float]:
    """Seconds from the record of an entry to the event that tells of it."""
    found: list[float] = []
    with asked(address, '/api/live') as stream:
        _next(stream, '')
        for number in range(times):
            time.sleep(0.15 + 0.013 * (number % 7))  # at any moment between two looks
            name = f'live-{number}'
            Ledger(store).record(Entry(at=store.clock(), model='m', conversation=name, run=name, input_tokens=1))
            began = time.perf_counter()
            _next(stream, name)
            found.append(time.perf_counter() - began)
    return found


def _next(stream: Any, wanted: str) -> None:
    """Reads on to the event that names a session."""
    for line in stream:
        if line.startswith(b'data: ') and wanted.encode() in line:
            return
    raise RuntimeError('the stream ended')


def measured(url: str, sessions: int, archived: int, times: int) -> list[Row]:
    """All rows for one store."""
    with Store.open(url) as store:
        began = time.perf_counter()
        fill(store, sessions, archived)
        print(f'filled: {sessions:,} sessions, {Ledger(store).count():,} entries, {time.perf_counter() - began:.1f} s')
        with served(url) as address:
            first = timed(address, ('/', '/api/overview'), 1)
            again = timed(address, ('/', '/api/overview'), 7)
            rows = [
                Row('first view, just started: page and overview', first[0], first[0], FIRST_VIEW),
                Row('first view, again', median(again), max(again), FIRST_VIEW),
            ]
            for what, path in (
                ('50 sessions, older', f'/api/sessions?before={store.clock() - 5 * DAY}'),
                ('one session', '/api/session?id=coder-00005'),
                ('search in the archive', '/api/search?q=assertionerror+missing'),
            ):
                some = timed(address, (path,), 7)
                rows.append(Row(what, median(some), max(some)))
            some = live(address, store, times)
            rows.append(Row('live: from the entry to its reader', median(some), max(some), LIVE))
    return rows


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument('--sessions', type=int, default=10_000)
    parser.add_argument('--archived', type=int, default=2_000)
    parser.add_argument('--live', type=int, default=40)
    parser.add_argument('--postgres', help='the URL of an empty database, in the place of a SQLite file')
    parser.add_argument('--json', action='store_true')
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.postgres or f'sqlite:///{folder}/store.db'
        rows = measured(url, given.sessions, given.archived, given.live)
    if given.json:
        print(json.dumps([{**asdict(row), 'verdict': row.verdict} for row in rows], indent=2))
        return
    print(f'{"":46} {"median":>9} {"longest":>9} {"wanted":>8}')
    for row in rows:
        wanted = '' if row.wanted is None else f'{row.wanted * 1_000:.0f} ms'
        print(f'{row.what:46} {row.median * 1_000:6.0f} ms {row.longest * 1_000:6.0f} ms {wanted:>8} {row.verdict}')


if __name__ == '__main__':
    main()
