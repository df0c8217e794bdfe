"""Averages over conversations, their intervals, and the printed tables."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median

from .measure import Score
from .rows import CONTROL, TIERED

RESAMPLES = 2_000
SEED = 20_261_121
USER_SHARE = 0.3
"""Of the target: up to here the users' own words are to be kept whole."""


@dataclass(frozen=True, slots=True)
class Result:
    """One row on one conversation; `words_fit` says whether the users' prompts fit in their share of the target."""

    id: str
    score: Score
    milliseconds: float
    words_fit: bool

    @property
    def counts(self) -> bool:
        """Only lawful results count."""
        return not self.score.unlawful


def mean(values: Iterable[float | None]) -> float | None:
    """The mean of what is there."""
    there = [value for value in values if value is not None]
    return fmean(there) if there else None


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of the mean over conversations, by bootstrap with a fixed seed."""
    draw = random.Random(SEED)
    means = sorted(fmean(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return means[int(0.025 * RESAMPLES)], means[int(0.975 * RESAMPLES) - 1]


def share(value: float | None) -> str:
    """A share with three digits, '-' where there is none."""
    return '-' if value is None else f'{value:.3f}'.removeprefix('0') if value < 1 else '1.00'


def with_interval(values: Sequence[float]) -> str:
    """The mean and its interval."""
    if not values:
        return '-'
    low, high = interval(values)
    return f'{share(fmean(values))} [{share(low)} {share(high)}]'


HEAD = (
    'row', 'n', 'evidence [95 % CI]', 'recall', 'actions', 'user words', 'if fit', 'files', 'errors',
    'tokens', 'over', 'unlawful', 'ms', '> tiered',
)  # fmt: skip


def compared(results: Mapping[str, Sequence[Result]], target: int) -> str:
    """The table of one cut: a line per row."""
    tiered = {r.id: r.score.evidence for r in results.get(TIERED, ()) if r.counts}
    return aligned([HEAD, *(_line(row, rs, target, tiered) for row, rs in results.items())])


def _line(row: str, results: Sequence[Result], target: int, tiered: Mapping[str, float]) -> tuple[str, ...]:
    # The control is unlawful by its nature and shown nevertheless.
    counted = [r for r in results if r.counts or row == CONTROL]
    scores = [r.score for r in counted]
    better = [r.score.evidence > tiered[r.id] for r in counted if r.id in tiered]
    return (
        row,
        str(len(counted)),
        with_interval([s.evidence for s in scores]),
        share(mean(s.recall for s in scores)),
        share(mean(s.actions for s in scores)),
        share(mean(s.user_words for s in scores)),
        share(mean(r.score.user_words for r in counted if r.words_fit)),
        share(mean(s.files for s in scores)),
        share(mean(s.errors for s in scores)),
        f'{median(s.tokens for s in scores):,.0f}' if scores else '-',
        str(sum(s.tokens > target for s in scores)),
        str(sum(not r.counts for r in results)),
        f'{median(r.milliseconds for r in counted):.0f}' if counted else '-',
        f'{100 * fmean(better):.0f} %' if better and row != TIERED else '-',
    )


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns as a Markdown table."""
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ['| ' + ' | '.join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)) + ' |' for line in lines]
    text.insert(1, '|' + '|'.join('-' * (w + 2) for w in widths) + '|')
    return '\n'.join(text)
