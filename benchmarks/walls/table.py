"""The printed table of a scenario, and what is wanted of ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .controls import OURS
from .runs import Row

MOST_REFUSED = 0.01
"""Of the 429s of no control."""
LEAST_THROUGHPUT = 0.95
MOST_OVER = 0.01
BUSY = 5.0
"""Seconds of lag from which a row says more about the machine than about the control."""

HEAD = (
    'control', 'workers', 'sent', '429s', 'lost', 'late', 'failovers', 'throughput', 'over', 'reserved', 'unused',
    'return s', 'p50 s', 'p99 s', 'lag s',
)  # fmt: skip


def lines(rows: Sequence[Row], counted: Sequence[Row]) -> list[Sequence[str]]:
    """A line per row; `over` is that of the same row at a primary that only counts, where there is one."""
    return [HEAD, *(_line(row, counting(row, counted)) for row in rows)]


def counting(row: Row, counted: Sequence[Row]) -> Row | None:
    """The same row at a primary that does not enforce its limits."""
    return next((one for one in counted if (one.control, one.workers) == (row.control, row.workers)), None)


def _line(row: Row, counted: Row | None) -> Sequence[str]:
    return (
        row.control,
        str(row.workers),
        str(row.sent),
        str(row.refused),
        str(row.lost.total()),
        str(row.late),
        str(row.by_fallback),
        _percent(row.throughput),
        '-' if counted is None else _percent(counted.over),
        f'{row.reserved:,}',
        f'{row.unused:,}',
        'never' if row.returned is None else f'{row.returned:.1f}',
        f'{row.middle:.1f}',
        f'{row.slowest:.1f}',
        f'{row.lag:.1f}',
    )


def wanted(rows: Sequence[Row], counted: Sequence[Row]) -> Iterator[str]:
    """A line per row of ours and wanted figure."""
    for row in rows:
        if row.control not in OURS:
            continue
        none = next((one.refused for one in rows if one.control == 'none' and one.workers == row.workers), None)
        other = counting(row, counted)
        checks: list[tuple[str, str, bool]] = []
        if none is not None:
            most = MOST_REFUSED * none
            checks.append((f'429s <= {most:.1f}, 1 % of no control', str(row.refused), row.refused <= most))
        checks.append(('lost 0', str(row.lost.total()), not row.lost))
        checks.append(('throughput >= 95 %', _percent(row.throughput), row.throughput >= LEAST_THROUGHPUT))
        if other is not None:
            checks.append(('over <= 1 %', _percent(other.over), other.over <= MOST_OVER))
        for what, found, reached in checks:
            yield f'{row.control}, {row.workers} workers: {what}: {found} {"reached" if reached else "MISSED"}'


def told(rows: Sequence[Row]) -> Iterator[str]:
    """What was raised and what was told, row by row, and where the machine was too busy."""
    for row in rows:
        for what, counts in (('lost', row.lost), ('events', row.events)):
            if counts:
                listed = ', '.join(f'{name} {count}' for name, count in counts.most_common())
                yield f'{row.control}, {row.workers} workers: {what}: {listed}'
        if row.lag > BUSY:
            yield f'{row.control}, {row.workers} workers: the machine was too busy: sent up to {row.lag:.0f} s late'


def _percent(share: float) -> str:
    return f'{100 * share:.1f} %'
