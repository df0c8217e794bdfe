"""`python -m benchmarks.reducers`: what is left of real tool outputs at the same budget, with no model call."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import laws, speed
from .cases import Case, cases
from .kinds import What
from .rows import MISSING, Row, chosen
from .score import Score, attempted, score
from .table import compared

BUDGETS = '300,800,2000'
REQUIRED_AT = 800
"""The budget at which the required shares are printed."""
BY_LAW = ('ours',)
"""Rows whose results are checked by the laws; what others break is in the tables (over the budget, invalid JSON)."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables."""
    options = _options(arguments)
    rows = chosen(options.rows.split(',') if options.rows else [])
    for reason in filter(None, MISSING.values()):
        print(f'{reason}: its row is left out')
    start = time.perf_counter()
    found = cases(options.limit)
    kinds = [What(kind) for kind in What if not options.kinds or any(part in kind for part in options.kinds.split(','))]
    found = [case for case in found if case.what in kinds and case.facts]
    print(f'{len(found)} outputs; share of the facts kept · weight kept per 1,000 tokens; only outputs over the budget')
    every = {budget: _budget(rows, found, budget) for budget in map(int, options.budgets.split(','))}
    if not options.no_laws:
        _laws(rows, found, list(every))
    if not options.no_speed:
        print(f'\nspeed of ours at {speed.BUDGET} tokens\n\n{speed.printed(found)}')
    print(f'\n{time.perf_counter() - start:.0f} s')
    if options.json:
        scores = {b: {row: list(map(asdict, of)) for row, of in results.items()} for b, results in every.items()}
        options.json.write_text(json.dumps(scores, indent=1), encoding='utf-8')


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.reducers', description=__doc__)
    parser.add_argument('--budgets', default=BUDGETS, help=f'tokens, comma-separated (default {BUDGETS})')
    parser.add_argument('--kinds', default='', help='only kinds whose name contains one of these, comma-separated')
    parser.add_argument('--rows', default='', help='only rows whose name contains one of these, comma-separated')
    parser.add_argument('--limit', type=int, help='at most so many outputs, spread over all')
    parser.add_argument('--no-laws', action='store_true', help='leave the laws out')
    parser.add_argument('--no-speed', action='store_true', help='leave the speeds out')
    parser.add_argument('--json', type=Path, help='also write every score to this file')
    return parser.parse_args(arguments)


def _budget(rows: dict[str, Row], found: Sequence[Case], budget: int) -> dict[str, list[Score]]:
    over = [case for case in found if case.tokens > budget]
    results = {row: [score(case, attempted(run, case, budget), budget) for case in over] for row, run in rows.items()}
    if over:
        print(f'\n{budget:,} tokens\n\n{compared(results)}', flush=True)
    if over and budget == REQUIRED_AT:
        print(f'\nrequired at {budget} tokens, where it fits\n\n{laws.required(results)}', flush=True)
    return results


def _laws(rows: dict[str, Row], found: Sequence[Case], budgets: Sequence[int]) -> None:
    counts: dict[str, Counter[str]] = {row: Counter() for row in rows if row in BY_LAW}
    examples: dict[str, str] = {}
    for row, count in counts.items():
        for budget in budgets:
            for case in found:
                for law in laws.broken(rows[row], case, budget):
                    count[law] += 1
                    if row == BY_LAW[0]:
                        examples.setdefault(law, f'{case.id} at {budget}')
    checked = dict.fromkeys(counts, len(found) * len(budgets))
    print(f'\nlaws\n\n{laws.printed(counts, checked, examples)}', flush=True)


if __name__ == '__main__':
    main()
