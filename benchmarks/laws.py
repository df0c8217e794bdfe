"""The laws over every recorded conversation, as a table; exits with 1 on any violation.

    python benchmarks/laws.py [--sources NAME ...] [--targets N ...] [--limit N]

Every conversation is compacted to every target and held against `tests/laws/laws.py`, which shares no code with the
checker that runs in production. A conversation that cannot be brought to its target is no violation; what holds its
tokens is named by kind of part.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.corpus import NAMES, Conversation, conversations
from tests.laws.laws import Case, faults, run

from compactor import Policy

TARGETS = (4_000, 8_000, 15_000, 50_000)
COLUMNS = ('source', 'target', 'conversations', 'compactions', 'repaired', 'violations', 'failures', 'not fitting')


@dataclass(slots=True)
class Row:
    """What came of one source at one target.

    Attributes:
        conversations: how many were read.
        compactions: how many were rewritten by a strategy.
        repaired: how many came with defects that were mended.
        violations: what broke a law.
        failures: strategies that were left out.
        unfit: how many stayed above the target.
        held: in those, how often a kind of part was the largest that is left.
    """

    source: str
    target: int
    conversations: int = 0
    compactions: int = 0
    repaired: int = 0
    violations: list[str] = field(default_factory=list)
    failures: int = 0
    unfit: int = 0
    held: Counter[str] = field(default_factory=Counter)

    def take(self, conversation: Conversation) -> None:
        """Compacts one conversation and holds it against the laws."""
        done = run(Case(Policy(), self.target, None, sending=False), conversation.messages)
        result = done.result
        self.conversations += 1
        self.compactions += bool(result.applied)
        self.repaired += bool(result.repairs)
        self.failures += len(result.failures)
        self.violations += [f'{conversation.source} {conversation.id}: {fault}' for fault in faults(done)]
        if not result.fits:
            self.unfit += 1
            largest = result.incompressible[0]
            self.held[f'{largest.kind} of {largest.tool}' if largest.tool else largest.kind] += 1

    def cells(self) -> list[str]:
        """The row as text."""
        held = ', '.join(f'{name} {count}' for name, count in self.held.most_common(3))
        numbers = (self.conversations, self.compactions, self.repaired, len(self.violations), self.failures)
        unfit = f'{self.unfit} ({held})' if self.unfit else '0'
        return [self.source, f'{self.target:,}', *(f'{n:,}' for n in numbers), unfit]


def measured(sources: Iterable[str], targets: Sequence[int], limit: int | None) -> list[Row]:
    """A row per source and target; conversations are read once."""
    rows: list[Row] = []
    for source in sources:
        group = [Row(source, target) for target in targets]
        for conversation in conversations(source, limit=limit):
            for row in group:
                row.take(conversation)
        rows += group
        print(f'{source} done', file=sys.stderr, flush=True)
    return rows


def total(rows: Iterable[Row]) -> Row:
    """All rows together."""
    whole = Row('all', 0)
    for row in rows:
        whole.conversations += row.conversations
        whole.compactions += row.compactions
        whole.repaired += row.repaired
        whole.violations += row.violations
        whole.failures += row.failures
        whole.unfit += row.unfit
        whole.held += row.held
    return whole


def table(rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    return '\n'.join(f'| {" | ".join(row)} |' for row in (COLUMNS, ['---'] * len(COLUMNS), *rows))


def main() -> int:
    """Prints the table and the violations; 1 if there are any."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sources', nargs='+', choices=NAMES, default=NAMES)
    parser.add_argument('--targets', nargs='+', type=int, default=TARGETS)
    parser.add_argument('--limit', type=int, help='conversations a source at most')
    options = parser.parse_args()
    rows = measured(options.sources, options.targets, options.limit)
    whole = total(rows)
    print(table([*(row.cells() for row in rows), whole.cells()]))
    for violation in whole.violations:
        print(violation)
    return 1 if whole.violations else 0


if __name__ == '__main__':
    raise SystemExit(main())
