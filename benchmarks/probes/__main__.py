"""`python -m benchmarks.probes`: which questions about the removed part are answered, on recorded sessions."""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean, median

from retention import harness
from retention.table import aligned, interval, share

from .harvest import cuts, harvest
from .planted import planted, promoted
from .reading import Kept, Probe
from .rows import ANOTHER, OURS, chosen

CUTS = '60000:8000,120000:15000'


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints a table for each cut."""
    parser = argparse.ArgumentParser(prog='python -m benchmarks.probes', description=__doc__)
    parser.add_argument('--cuts', default=CUTS, help=f'cut:target in tokens, comma-separated (default {CUTS})')
    parser.add_argument('--rows', default='', help='only rows whose name contains one of these, comma-separated')
    parser.add_argument('--limit', type=int, default=16, help='at most so many conversations (default 16)')
    parser.add_argument('--lost', help='print the probes of this class that ours does not answer')
    options = parser.parse_args(arguments)
    if not harness.INSTALLED:
        print('pydantic-ai-harness is not installed (benchmarks/requirements.txt): its rows are left out\n')
    for pair in options.cuts.split(','):
        size, target = map(int, pair.split(':'))
        print(f'\n{size:,} -> {target:,}\n\n{_table(size, target, options)}', flush=True)


Answers = dict[str, list[float]]
"""By class: of each session the share of its probes that were answered."""


def _table(size: int, target: int, options: argparse.Namespace) -> str:
    rows = chosen(options.rows.split(',') if options.rows else [])
    found: dict[str, Answers] = {row: defaultdict(list) for row in rows}
    tokens: dict[str, list[int]] = {row: [] for row in rows}
    bound = stale = 0
    last: dict[str, tuple[list[Probe], Kept | None]] = {}  # by source: sessions of one project share files and words
    foreign: Answers = defaultdict(list)
    for cut in cuts(size, target, options.limit):
        session, extra = planted(cut)
        probes = [*harvest(cut), *extra]  # what is planted is the same in all sessions
        source = session.id.split()[0]
        before, another = next((last[other] for other in last if other != source), ([], None))
        mine: Kept | None = None
        for row, run in rows.items():
            kept = Kept(run(session.history, target))
            tokens[row].append(kept.tokens)
            _note(found[row], kept, probes)
            _note(found[row], kept, before, 'of another session')
            if row == OURS:
                bound += promoted(kept.obligations)
                stale += sum(kept.misleads(probe) for probe in probes)
                _lost(kept, probes, options.lost)
                if another is not None:
                    _note(foreign, another, harvest(cut))
                mine = kept
        last[source] = (harvest(cut), mine)
    if foreign:
        found[ANOTHER], tokens[ANOTHER] = foreign, [0]
    kinds = sorted({kind for answers in found.values() for kind in answers})
    table = [('row', *kinds, 'tokens')]
    for row, answers in found.items():
        table.append((row, *(_cell(answers.get(kind, [])) for kind in kinds), f'{median(tokens[row]):,.0f}'))
    lines = [[line[i] for line in table] for i in range(len(table[0]))]  # a class a line: there are more of them
    return f'{aligned(lines)}\n\nours: pretended rules promoted {bound}, stale values as current {stale}'


def _note(answers: Answers, kept: Kept, probes: Sequence[Probe], kind: str = '') -> None:
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for probe in probes:
        name = kind or (f'{probe.kind}: {probe.origin}' if probe.origin else probe.kind)
        by_kind[name].append(kept.answers(probe))
    for name, each in by_kind.items():
        answers[name].append(fmean(each))


def _lost(kept: Kept, probes: Sequence[Probe], kind: str | None) -> None:
    for probe in probes:
        if probe.kind == kind and not kept.answers(probe):
            print('lost:', probe)


def _cell(values: list[float]) -> str:
    if not values:
        return '-'
    low, high = interval(values)
    return f'{share(fmean(values))} [{share(low)} {share(high)}]'


if __name__ == '__main__':
    main()
