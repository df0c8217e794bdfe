"""What a chart of tokens over time shows: the busiest minute and the mean of each stretch of time."""

from __future__ import annotations

from dataclasses import dataclass

from compactor.analysis.database import Workspace

WIDTHS = (60, 300, 900, 1_800, 3_600, 10_800, 21_600, 86_400, 7 * 86_400, 30 * 86_400)
"""Seconds that one point of a chart may stand for."""
POINTS = 700
"""So many stretches at most, whether something happened in them or not."""


@dataclass(frozen=True, slots=True)
class Series:
    """Tokens over time.

    Attributes:
        seconds: how long each stretch is; so long, too, are the shortest rows at least.
        starts: when each begins; stretches without tokens are left out.
        peak: tokens, input and output, in the busiest minute (or longer row) of each.
        mean: tokens a minute, over the whole stretch.
    """

    seconds: int
    starts: tuple[int, ...]
    peak: tuple[int, ...]
    mean: tuple[int, ...]


def series_of(work: Workspace) -> Series:
    """The series, in as many stretches as a chart can show."""
    first, last, shortest = work.one('SELECT min(start), max(start), min(lasts) FROM minutes')
    if first is None:
        return Series(60, (), (), ())
    fitting = (width for width in WIDTHS if width >= shortest and (last - first) // width < POINTS)
    width = next(fitting, WIDTHS[-1])
    rows = work.all(
        f'SELECT start // {width} * {width} AS begins, max(input + output), sum(input + output)::BIGINT FROM minutes'
        ' GROUP BY begins HAVING sum(input + output) > 0 ORDER BY begins'
    )
    starts, peak, sums = zip(*rows, strict=True) if rows else ((), (), ())
    return Series(width, starts, peak, tuple(round(one * 60 / width) for one in sums))
