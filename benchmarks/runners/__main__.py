"""`python -m benchmarks.runners`: what is left of outputs of runners, compilers and linters, and of logs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from .score import KINDS, OWN, Output, alarms, kept, published, read

WANTED = {(800, 'names'): 0.99, (800, 'errors'): 0.99, (800, 'totals'): 0.99} | {
    (300, 'names'): 0.97,
    (300, 'errors'): 0.92,
    (300, 'totals'): 0.99,
}
"""Shares that are to be kept at least, by budget and kind: the worst of known and blind."""
SEEDS = 5


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a line for each set of outputs, budget and kind."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.runners', description=__doc__)
    parser.add_argument('--tokens', type=int, nargs='+', default=[300, 800])
    parser.add_argument('--missed', action='store_true', help='also print what is missing where')
    options = parser.parse_args(arguments)
    corpus = os.environ.get('COMPACTOR_CORPUS')
    sets: dict[str, list[Output]] = {'made here': list(read(OWN)), 'published': list(published())}
    if corpus and (folder := Path(corpus) / 'runners').is_dir():
        sets = {'recorded': list(read(folder)), **sets}
    for name, outputs in sets.items():
        for tokens in options.tokens:
            result = kept(outputs, tokens)
            for kind in KINDS:
                shares = {way: result.shares[way, kind] for way in ('known', 'blind') if (way, kind) in result.shares}
                if not shares:
                    continue
                wanted = WANTED.get((tokens, kind))
                said = '' if wanted is None else f'  wanted {wanted:.2f}'
                each = ', '.join(f'{way} {share:.3f}' for way, share in shares.items())
                print(f'{name:10}{tokens:5} {kind:7}{result.outputs["known", kind]:4} outputs  {each}{said}')
            for line in result.missed if options.missed else ():
                print(f'    {line}')
    right, total, lost = alarms(300, range(SEEDS))
    print(f'logs       300 alarm kept in {right:,} of {total:,}')
    for line in lost:
        print(f'    {line}')


if __name__ == '__main__':
    main()
