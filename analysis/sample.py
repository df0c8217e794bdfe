"""What the notebooks read: your files if you name them, else generated ones that belong to nobody.

| environment variable | names |
|---|---|
| `COMPACTOR_EXPORTS` | usage exports, put together as in PATH (`a.csv:b.csv`) |
| `COMPACTOR_LEDGER` | a store with a ledger: a SQLite file, or a database's URL |
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from compactor.errors import ConfigError
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from compactor.store.engine import Store
from compactor.store.entries import Ledger

FIXTURES = Path(__file__).resolve().parent.parent / 'fixtures' / 'usage'
SAMPLE = (FIXTURES / 'early.csv', FIXTURES / 'late.csv')
"""Two generated exports that overlap; `fixtures/usage/answers.json` says what is in them."""
EXPORTS, LEDGER = 'COMPACTOR_EXPORTS', 'COMPACTOR_LEDGER'
NOW = datetime(2026, 3, 30, tzinfo=UTC).timestamp()
"""When the sample ledger ends."""
DAYS, SEED = 14, 20_260_330
PRICED, UNPRICED = 'example-large', 'example-local'
PRICES = Prices.of({PRICED: {'input': '2.00', 'output': '6.00'}}, bundled=False)
"""Invented dollars for a million tokens of one model; of the other nobody knows the price."""


def exports() -> tuple[Path, ...]:
    """The usage exports that are meant."""
    named = os.environ.get(EXPORTS, '')
    return tuple(Path(one) for one in named.split(os.pathsep) if one) or SAMPLE


def ledger() -> Ledger:
    """The ledger that is meant, with the prices by which savings are estimated.

    Raises:
        ConfigError: the file that is named does not exist.
    """
    named = os.environ.get(LEDGER)
    if not named:
        return sample_ledger()
    if '://' not in named and not Path(named).exists():
        raise ConfigError(f'{LEDGER} names {named}, which does not exist')
    return Ledger(Store.open(named, clock=time.time), Prices())


def sample_ledger() -> Ledger:
    """Two weeks that a seed made up, in a store in memory that is gone with the process.

    Its savings are invented: they show what the charts can show, not what the library achieves.
    """
    made = Ledger(Store.open('sqlite://', clock=lambda: NOW), PRICES)
    made.record_many(invented())
    return made


def invented() -> Iterator[Entry]:
    """The entries of the sample: conversations that grow and are compacted, on working days more than on Sundays."""
    chance = random.Random(SEED)
    for day in range(DAYS):
        begins = NOW - (DAYS - day) * 86_400
        weekend = datetime.fromtimestamp(begins, UTC).weekday() >= 5
        for number in range(chance.randint(0, 1) if weekend else chance.randint(2, 4)):
            model = UNPRICED if chance.random() < 0.3 else PRICED
            start = begins + 8 * 3_600 + number * 9_000
            yield from _conversation(chance, start, model, f'day-{day + 1}-{number + 1}')


def _conversation(chance: random.Random, start: float, model: str, name: str) -> Iterator[Entry]:
    """One conversation; its history grows by what tools return, and is cut back whenever it goes over 30,000."""
    held, spared = 3_000, 0
    for turn in range(chance.randint(12, 40)):
        whole = round(chance.lognormvariate(7.6, 0.9))
        kept = min(whole, 2_000)
        at = start + turn * 75
        entry = Entry(
            at, model, 'example', agent='coder', conversation=name, run=name, latency=chance.uniform(1.5, 9.0)
        )
        held += kept
        if held > 30_000:
            goal = chance.randint(9_000, 14_000)
            if turn % 2:  # every other digest has goal and decisions written by a model
                yield replace(entry, kind='summary', input_tokens=held - goal, output_tokens=chance.randint(300, 700))
            spared, held = spared + held - goal, goal
        answer = chance.randint(60, 900)
        if chance.random() < 0.04:  # the same question again: the response cache answers
            yield replace(
                entry, kind='cache', cache_hit=True, latency=0.002, saved_by_cache=held + answer, cost=Decimal(0)
            )
            continue
        yield replace(
            entry,
            input_tokens=held,
            output_tokens=answer,
            # Until the first compaction the marks of a policy cost a few tokens and spare none.
            saved_by_compaction=spared or -40,
            saved_by_outputs=whole - kept,
        )
