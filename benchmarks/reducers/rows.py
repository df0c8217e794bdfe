"""Who is compared: each row is a function from an output and a number of tokens to what is left of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from compactor.outputs.shrink import shrink
from retention.laws import COUNTER, MODEL

from . import peers
from .cases import Case

Row = Callable[[Case, int], str]

OURS = 'ours'
HEAD_TAIL = 'head and tail'
GAP = '\n…\n'


def ours(case: Case, budget: int) -> str:
    """The library's own."""
    arguments = {'command': case.command} if case.command else {}
    return shrink(case.text, budget, tool=case.tool or None, arguments=arguments, failed=None, model=MODEL).text


def head_tail(case: Case, budget: int) -> str:
    """As many whole first lines as fit in half of the budget, and as many last ones; of over-long lines a part."""
    if not COUNTER.exceeds(case.text, budget):
        return case.text
    half = (budget - COUNTER.count(GAP)) // 2
    head = COUNTER.fit(case.text, half)
    tail = COUNTER.fit_end(case.text, half)
    whole = head[: head.rfind('\n') + 1], tail[tail.find('\n') + 1 :]
    head, tail = (line if len(line) > len(cut) // 2 else cut for line, cut in zip(whole, (head, tail), strict=True))
    return COUNTER.fit(f'{head.rstrip()}{GAP}{tail.lstrip()}', budget)


def head(case: Case, budget: int) -> str:
    """The beginning."""
    return COUNTER.fit(case.text, budget)


ROWS: Mapping[str, Row] = {
    OURS: ours,
    HEAD_TAIL: head_tail,
    'head': head,
    'harness': peers.harness,
    'headroom': peers.headroom,
}
"""By name, in the order of the table."""

MISSING = {
    'harness': None if peers.HARNESS else 'pydantic-ai-harness is not installed (benchmarks/requirements.txt)',
    'headroom': None if peers.HEADROOM else 'headroom-ai is not installed (benchmarks/requirements.txt)',
}


def chosen(names: Sequence[str]) -> dict[str, Row]:
    """The rows whose name contains one of `names` (all if none is given), as far as they can run here."""
    found = {row: run for row, run in ROWS.items() if not names or any(name in row for name in names)}
    if not found:
        raise SystemExit(f'no such row; there are: {", ".join(ROWS)}')
    return {row: run for row, run in found.items() if not MISSING.get(row)}
