"""A store for the commands that read one: figures of the last hours, made now."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from compactor.ledger.entry import Entry
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from tests.ledger.entries import HOUR, entry


def made(folder: Path, entries: Sequence[Entry]) -> Path:
    """A store with these entries."""
    folder.mkdir(exist_ok=True)
    path = folder / 'store.db'
    with Store.open(path) as store:
        Ledger(store).record_many(entries)
    return path


def some(now: float | None = None) -> list[Entry]:
    """Five requests of two agents: a dear model, a free one, one of unknown price, a hit, a summary."""
    at = (time.time() if now is None else now) - 0.5 * HOUR
    return [
        entry(at, agent='coder', task='coding', conversation='c1', run='r1', cost='0.25', saved_by_compaction=4_000),
        entry(at, agent='critic', model='glm:free', conversation='c1', run='r2', cost='0', latency=1.0),
        entry(at, agent='critic', model='new\x1b[31m', cost=None, latency=None, error='ModelHTTPError: 500'),
        entry(at, agent='coder', cost='0', input_tokens=0, output_tokens=0, latency=0.0, cache_hit=True),
        entry(at, kind='summary', model='glm:free', input_tokens=500, output_tokens=50, cost='0'),
    ]
