"""Laws of every result: within the budget, never larger, deterministic, idempotent, JSON where the output was JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from retention.laws import COUNTER
from retention.table import aligned

from .cases import Case
from .kinds import parses
from .rows import Row
from .score import REQUIRED, Score

LAWS = ('never raises', 'within budget', 'never larger', 'deterministic', 'idempotent', 'JSON stays JSON')


def broken(run: Row, case: Case, budget: int) -> list[str]:
    """The laws that a row breaks on an output."""
    try:
        result = run(case, budget)
        again = run(replace(case, text=result), budget)
    except Exception:  # noqa: BLE001 - the law is that there is none, of whatever kind
        return [LAWS[0]]
    held = {
        'within budget': not COUNTER.exceeds(result, budget),
        'never larger': len(result) <= len(case.text) or COUNTER.count(result) <= COUNTER.count(case.text),
        'deterministic': run(case, budget) == result,
        'idempotent': again == result,
        'JSON stays JSON': not case.is_json or parses(result) or (result.startswith('"') and parses(f'[{result}]')),
    }
    return [law for law, holds in held.items() if not holds]


def printed(counts: Mapping[str, Counter[str]], checked: Mapping[str, int], examples: Mapping[str, str]) -> str:
    """A table: row, law, how often it was broken, in which case first."""
    lines: list[Sequence[str]] = [('row', 'results', *LAWS)]
    for row, count in counts.items():
        lines.append((row, str(checked[row]), *(str(count[law]) if count[law] else 'all' for law in LAWS)))
    notes = [f'first broken: {law}: {example}' for law, example in examples.items()]
    return '\n'.join([f'{aligned(lines)}\n(all: never broken; else how often)', *notes])


def required(scores: Mapping[str, Iterable[Score]]) -> str:
    """A table: what must be kept of each kind where it fits, and what is."""
    lines: list[Sequence[str]] = [('kind', 'fact', 'needed', 'outputs', 'facts', *scores)]
    for what, needs in REQUIRED.items():
        for name, need in needs:
            shares: list[str] = []
            outputs = facts = 0
            for found in scores.values():
                there = [score.required[name] for score in found if score.what == what and name in score.required]
                outputs, facts = len(there), sum(n for n, _ in there)
                kept = sum(k for _, k in there)
                shares.append(f'{kept / facts:.3f}' if facts else '-')
            lines.append((what, name, f'{need:.2f}', str(outputs), str(facts), *shares))
    return aligned(lines)
