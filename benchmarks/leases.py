"""What budgets hold when runs are cancelled at every await, and when many ask at once; exits with 1 if they do not.

    python -m benchmarks.leases [--cancelled N] [--at-once N ...] [--stores sqlite postgres]

The provider writes down what it is sent. Runs are cancelled a turn of the loop later than the one before, each time
with another hook waiting ahead of ours, behind it, or not at all; the ledger has to say what the provider saw. Of runs
at once the budget admits exactly half. PostgreSQL is looked for at COMPACTOR_POSTGRES (default: the local server).
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.adapters.test_left import PLENTY, Provider, Waits, agent_of, cut_off, policy
from tests.store.databases import missing_postgres, temporary_postgres

from compactor import Budget, BudgetExceeded, Compactor, Ledger, Store
from compactor.run.threads import threads
from compactor.store.reservations import usage

COLUMNS = ('what', 'store', 'runs', 'sent', 'refused', 'entries', 'set aside', 'states', 'wall s', 'CPU s')
TURNS = 120
"""Turns of the loop after which the last of a round is cancelled."""


Work = Callable[[Store], tuple[list[object], bool]]


@contextmanager
def a_store(kind: str) -> Iterator[Store]:
    """An empty store of a kind."""
    if kind == 'sqlite':
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / 'store.db') as store:
            yield store
    else:
        with temporary_postgres() as url, Store.open(url) as store:
            yield store


def row(what: str, store: Store, compactor: Compactor[None], runs: int, sent: int, refused: int) -> list[object]:
    """What is left of so many runs."""
    threads().drain(10)
    entries = list(Ledger(store).entries(limit=1_000_000))
    found = usage(store, PLENTY, time.time())
    counted = sum(entry.input_tokens + entry.output_tokens for entry in entries)
    if found.used != counted:
        what += f' ({found.used} tokens counted, {counted} in the ledger)'
    kind = 'sqlite' if store.is_sqlite else 'postgres'
    return [what, kind, runs, sent, refused, len(entries), found.reserved, len(compactor._runs)]


def line(cells: list[object]) -> str:
    """A row of the table."""
    return '| ' + ' | '.join(f'{one:,}' if isinstance(one, int) else str(one) for one in cells) + ' |'


def cancelled(store: Store, runs: int, hook: str) -> tuple[list[object], bool]:
    """So many runs, each cancelled a little later than the one before; then ten that go through."""
    compactor: Compactor[None] = Compactor(policy(PLENTY), store=store)
    provider = Provider()
    others = [] if hook == 'alone' else [Waits()]
    agent = agent_of(provider, compactor, *others, first=hook == 'a hook ahead waits')

    async def all_of_them() -> int:
        for turns in range(runs):
            await cut_off(agent, turns % TURNS)
        return sum([(await agent.run('go on')).output == 'done' for _ in range(10)])

    fine = asyncio.run(all_of_them())
    made = row(f'cancelled, {hook}', store, compactor, runs + 10, provider.sent, 0)
    return made, fine == 10 and made[5] == provider.sent and made[6:8] == [0, 0] and '(' not in str(made[0])


def at_once(store: Store, runs: int) -> tuple[list[object], bool]:
    """So many runs at once on one instance, under a budget that has room for half of them."""
    limit = max(1, runs // 2)
    half = Budget(name='half', limit=limit, unit='requests', period='day')
    compactor: Compactor[None] = Compactor(policy(PLENTY, half), store=store)
    provider = Provider(rounds=1, pause=0.05)
    agent = agent_of(provider, compactor)

    async def all_of_them() -> list[object]:
        return await asyncio.gather(*(agent.run(f'go {i}') for i in range(runs)), return_exceptions=True)

    refused = sum(isinstance(one, BudgetExceeded) for one in asyncio.run(all_of_them()))
    made = row('at once', store, compactor, runs, provider.sent, refused)
    fine = (provider.sent, refused, made[5]) == (limit, runs - limit, limit) and made[6:8] == [0, 0]
    return made, fine and usage(store, half, time.time()).used == limit and '(' not in str(made[0])


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--cancelled', type=int, default=2_000)
    parser.add_argument('--at-once', type=int, nargs='*', default=[1, 64, 300, 1_000])
    parser.add_argument('--stores', nargs='+', choices=('sqlite', 'postgres'), default=('sqlite', 'postgres'))
    options = parser.parse_args()
    print('| ' + ' | '.join(COLUMNS) + ' |')
    print('|' + '---|' * len(COLUMNS))
    wrong = 0
    for kind in options.stores:
        missing = missing_postgres() if kind == 'postgres' else None
        if missing is not None:
            print(f'skipped: {missing}')
            continue
        each = -(-options.cancelled // len(HOOKS))
        works: list[Work] = [partial(cancelled, runs=each, hook=hook) for hook in HOOKS] if each else []
        works += [partial(at_once, runs=runs) for runs in options.at_once]
        for work in works:
            began, busy = time.monotonic(), time.process_time()
            with a_store(kind) as store:
                made, fine = work(store)
            made += [f'{time.monotonic() - began:.1f}', f'{time.process_time() - busy:.1f}']
            print(line(made), flush=True)
            wrong += not fine
    if wrong:
        print(f'{wrong} of these are not as they have to be')
    return 1 if wrong else 0


HOOKS = ('alone', 'a hook ahead waits', 'a hook behind waits')

if __name__ == '__main__':
    sys.exit(main())
