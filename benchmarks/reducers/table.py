"""Averages over the outputs of a kind, and the printed table of one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from retention.table import aligned, interval, share

from .kinds import What
from .rows import OURS
from .score import Score


def per_thousand(scores: Sequence[Score]) -> float:
    """Weight of facts kept per 1,000 tokens of the results, over all of them."""
    return 1_000 * sum(score.kept for score in scores) / max(1, sum(score.tokens for score in scores))


def compared(results: Mapping[str, Sequence[Score]]) -> str:
    """A line per kind: of each row the share kept and the weight kept per 1,000 tokens; ours against the best other.

    The last columns are the mean of ours minus the other row that keeps most of this kind, paired by output, with its
    95 % interval.
    """
    kinds = [what for what in What if any(score.what == what for scores in results.values() for score in scores)]
    others = [row for row in results if row != OURS]
    paired = OURS in results and bool(others)
    head = ['kind', 'n', *results, *(('best other', 'ours - best [95 % CI]') if paired else ())]
    lines: list[Sequence[str]] = [head]
    for what in [*kinds, None]:
        of = {row: [s for s in scores if what is None or s.what == what] for row, scores in results.items()}
        line = [what or 'all', str(len(next(iter(of.values()))))]
        line += [f'{share(fmean(s.share for s in scores))} · {per_thousand(scores):,.0f}' for scores in of.values()]
        if paired:
            best = max(others, key=lambda row: fmean(s.share for s in of[row]))
            gain = [a.share - b.share for a, b in zip(of[OURS], of[best], strict=True)]
            low, high = interval(gain)
            line += [best, f'{fmean(gain):+.3f} [{low:+.3f} {high:+.3f}]']
        lines.append(line)
    over = ['over the budget', '']
    over += [f'{sum(s.over > 0 for s in scores)}' for scores in results.values()]
    lines.append([*over, *(('', '') if paired else ())])
    nothing = [sum(s.tokens == 0 for s in scores) for scores in results.values()]
    if any(nothing):
        lines.append(['raised, or empty', '', *map(str, nothing), *(('', '') if paired else ())])
    valid = [[s.parses for s in scores if s.parses is not None] for scores in results.values()]
    if any(valid):
        shares = [f'{sum(of)} of {len(of)}' for of in valid]
        lines.append(['still JSON', '', *shares, *(('', '') if paired else ())])
    return aligned(lines)
