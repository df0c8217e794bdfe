"""`python -m benchmarks.retention`: what survives a compaction, on recorded sessions, with no model call."""

from __future__ import annotations

import argparse
import gc
import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from . import chain, harness, warm
from .cases import cases
from .measure import score
from .rows import Compact, chosen, timed
from .table import USER_SHARE, Result, compared

CUTS = '120000:15000,60000:15000,120000:8000'


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints the tables."""
    options = _options(arguments)
    rows = chosen(options.rows.split(',') if options.rows else [])
    if not harness.INSTALLED:
        print('pydantic-ai-harness is not installed (benchmarks/requirements.txt): its rows are left out\n')
    start = time.perf_counter()
    if options.warm:
        _warm(options)
        return
    results = _chains(rows, options) if options.chain else _cuts(rows, options)
    print(f'\n{time.perf_counter() - start:.0f} s')
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding='utf-8')


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog='python -m benchmarks.retention', description=__doc__)
    parser.add_argument('--cuts', default=CUTS, help=f'cut:target in tokens, comma-separated (default {CUTS})')
    parser.add_argument('--rows', default='', help='only rows whose name contains one of these, comma-separated')
    parser.add_argument('--limit', type=int, help='at most so many conversations')
    parser.add_argument('--chain', action='store_true', help='replay whole sessions, compacting at every trigger')
    parser.add_argument('--warm', action='store_true', help='time warm compactions by the default strategies instead')
    parser.add_argument('--json', type=Path, help='also write every score to this file')
    parser.add_argument('--cache', type=Path, help='where to keep prepared cases (default: temporary files)')
    return parser.parse_args(arguments)


def _warm(options: argparse.Namespace) -> None:
    for pair in options.cuts.split(','):
        cut, target = map(int, pair.replace('_', '').split(':'))
        print(f'{cut:,} -> {target:,}: {warm.printed(cases(cut, limit=options.limit, cache=options.cache), target)}')


def _cuts(rows: dict[str, Compact], options: argparse.Namespace) -> dict[str, object]:
    every: dict[str, object] = {}
    for pair in options.cuts.split(','):
        cut, target = map(int, pair.replace('_', '').split(':'))
        results: dict[str, list[Result]] = {row: [] for row in rows}
        prepared = cases(cut, limit=options.limit, cache=options.cache)
        gc.freeze()  # or every compaction is charged with the collector's walks over all the cases
        for case in prepared:
            fit = case.user_tokens <= USER_SHARE * target
            assert case.before  # its texts are counted, so that no row pays for that
            for row, run in rows.items():
                compacted, milliseconds = timed(run, case.history, target)
                results[row].append(Result(case.id, score(case, compacted), milliseconds, fit))
        print(f'\n{cut:,} -> {target:,}\n\n{compared(results, target)}', flush=True)
        every[pair] = {row: [asdict(result) for result in found] for row, found in results.items()}
    return every


def _chains(rows: dict[str, Compact], options: argparse.Namespace) -> dict[str, object]:
    results = {row: chain.chains(run, options.limit) for row, run in rows.items()}
    print(f'\nchains, {chain.TRIGGER:,} -> {chain.TARGET:,} at every trigger\n\n{chain.printed(results)}')
    return {row: [asdict(found) for found in chains] for row, chains in results.items()}


if __name__ == '__main__':
    main()
