"""A session replayed from its start with a compaction at every trigger, against one compaction at its end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

from pydantic_ai.messages import ModelMessage

from .laws import mended, size, view, view_of_result, violations
from .measure import NEXT, Case, Score, prepare_at, score
from .rows import Compact
from .sessions import Recorded, recorded
from .table import aligned, interval, mean, share, with_interval

TRIGGER, TARGET = 30_000, 15_000
MOST_TOKENS, LEAST_COMPACTIONS = 200_000, 8
LEAST_TOKENS = 120_000
"""Sessions at least this long are replayed."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One session replayed.

    Attributes:
        compactions: how many there were.
        unlawful: how many of them broke a law.
        full: tokens of the whole history at the last one.
        chained: what its result kept of the whole history.
        single: what one compaction of the whole history to the same target keeps.
    """

    id: str
    compactions: int
    unlawful: int
    full: int
    chained: Score
    single: Score


def chains(run: Compact, limit: int | None = None) -> list[Chain]:
    """Every long session replayed with one row."""
    found: list[Chain] = []
    for talk in recorded(least=LEAST_TOKENS):
        if limit is not None and len(found) >= limit:
            break
        whole = replace(talk, messages=mended(talk.messages))
        if size(view(whole.messages)) >= LEAST_TOKENS and (chain := _chain(whole, run)):
            found.append(chain)
    return found


def _chain(talk: Recorded, run: Compact) -> Chain | None:
    states = list(_replayed(talk.messages, run))
    for number in range(len(states), 0, -1):
        index, state, _ = states[number - 1]
        if index + NEXT > len(talk.messages) and number > 1:
            continue
        case = prepare_at(talk, index, TRIGGER)
        if case is not None:
            broken = sum(not lawful for *_, lawful in states[:number])
            return Chain(case.id, number, broken, case.tokens, score(case, state), _single(case, run))
    return None


def _single(case: Case, run: Compact) -> Score:
    return score(case, run(case.history, TARGET))


def _replayed(messages: Sequence[ModelMessage], run: Compact) -> Iterator[tuple[int, list[ModelMessage], bool]]:
    """After each compaction: before which message it was, the history then, and whether it was lawful."""
    state: list[ModelMessage] = []
    held = total = done = 0
    for index, (message, counted) in enumerate(zip(messages, view(messages), strict=True)):
        if message.kind == 'response' and held >= TRIGGER:
            if total > MOST_TOKENS and done >= LEAST_COMPACTIONS:
                return
            before = view(state)
            state = list(run(state, TARGET))
            after = view_of_result(before, state)
            held, done = size(after), done + 1
            yield index, list(state), not violations(before, after)
        state.append(message)
        held += counted.tokens
        total += counted.tokens


HEAD = (
    'row', 'n', 'compactions', 'unlawful', 'chain: evidence [95 % CI]', 'single', 'difference [95 % CI]',
    'recall', 'single', 'actions', 'single', 'user words', 'files', 'errors', 'tokens', 'over',
)  # fmt: skip


def printed(results: dict[str, list[Chain]]) -> str:
    """A line per row; chains with an unlawful compaction are left out of the figures and counted."""
    return aligned([HEAD, *(_line(row, found) for row, found in results.items())])


def _line(row: str, found: list[Chain]) -> tuple[str, ...]:
    kept = [chain for chain in found if not chain.unlawful]
    if not kept:
        return (row, '0', '-', str(len(found)), *('-' for _ in HEAD[4:]))
    counts = [chain.compactions for chain in kept]
    chained, single = [c.chained for c in kept], [c.single for c in kept]
    return (
        row,
        str(len(kept)),
        f'{median(counts):.0f} ({min(counts)}-{max(counts)})',
        str(len(found) - len(kept)),
        with_interval([s.evidence for s in chained]),
        share(fmean(s.evidence for s in single)),
        _signed([c.chained.evidence - c.single.evidence for c in kept]),
        share(mean(s.recall for s in chained)),
        share(mean(s.recall for s in single)),
        share(mean(s.actions for s in chained)),
        share(mean(s.actions for s in single)),
        share(mean(s.user_words for s in chained)),
        share(mean(s.files for s in chained)),
        share(mean(s.errors for s in chained)),
        f'{median(s.tokens for s in chained):,.0f}',
        str(sum(s.tokens > TARGET for s in chained)),
    )


def _signed(values: list[float]) -> str:
    low, high = interval(values)
    return f'{fmean(values):+.3f} [{low:+.3f} {high:+.3f}]'
