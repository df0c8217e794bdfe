"""Who is compared: each row is a function from a history and a target to the compacted history."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from pydantic_ai.messages import ModelMessage

from compactor import Compaction, HistoryPolicy, Policy, compact
from compactor.strategies import STRATEGIES

from . import harness
from .index import index
from .laws import MODEL

Compact = Callable[[Sequence[ModelMessage], int], Sequence[ModelMessage]]


def by_policy(history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """Our default policy."""
    return _whole(compact(history, target_tokens=target, model=MODEL))


def by_strategy(name: str, history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """One strategy alone, as far as it gets."""
    policy = Policy(history=HistoryPolicy(strategies=(name,)))
    return _whole(compact(history, policy, target_tokens=target, model=MODEL))


def by_band(band: float, history: Sequence[ModelMessage], target: int) -> Sequence[ModelMessage]:
    """Our default policy with this share for bands; 0 is without."""
    policy = Policy(history=HistoryPolicy(band=band))
    return _whole(compact(history, policy, target_tokens=target, model=MODEL))


def _whole(compaction: Compaction[ModelMessage]) -> Sequence[ModelMessage]:
    """The messages, if no strategy failed: one that does leaves its work to the next, and would pass unnoticed here."""
    if compaction.failures:
        raise SystemExit(f'a strategy failed: {compaction.failures[0]}')
    return compaction.messages


DEFAULT = 'default policy'
TIERED = 'harness tiered'
CONTROL = 'index (control)'

ROWS: Mapping[str, Compact] = {
    'plain window': partial(by_strategy, 'window'),
    'harness sliding': harness.sliding,
    TIERED: harness.tiered,
    **{f'{name} alone': partial(by_strategy, name) for name in STRATEGIES if name != 'window'},
    DEFAULT: by_policy,
    'without bands': partial(by_band, 0.0),
    **{f'bands of .{share}': partial(by_band, share / 10) for share in (2, 3, 5)},
    CONTROL: index,
}
"""By name, in the order of the table. `window` alone is the plain window."""


def chosen(names: Sequence[str]) -> dict[str, Compact]:
    """The rows whose name contains one of `names` (all if none is given), as far as they can run here."""
    found = {row: run for row, run in ROWS.items() if not names or any(name in row for name in names)}
    if not found:
        raise SystemExit(f'no such row; there are: {", ".join(ROWS)}')
    return {row: run for row, run in found.items() if harness.INSTALLED or not row.startswith('harness')}


def timed(run: Compact, history: Sequence[ModelMessage], target: int) -> tuple[Sequence[ModelMessage], float]:
    """The compacted history, and the milliseconds it took."""
    start = time.perf_counter()
    compacted = run(history, target)
    return compacted, 1_000 * (time.perf_counter() - start)
