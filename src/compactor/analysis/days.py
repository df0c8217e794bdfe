"""Days of a time zone, and how much of the daily limit each of them took."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from compactor.analysis.database import SUMS, Workspace
from compactor.analysis.figure import Figure, divided, paid
from compactor.analysis.rules import Rules
from compactor.ledger.periods import period_at, zone_of

QUARTER = 900
"""Days begin at a quarter of an hour of UTC, wherever clocks are."""
Verdict = Literal['below target', 'above target', 'limit reached', 'no limit']


@dataclass(frozen=True, slots=True)
class Day:
    """One day.

    Attributes:
        date: such as '2026-01-27'.
        hours: how long it is: 23 or 25 where clocks are put forward or back.
        requests: requests of the day; a row belongs to the day that it begins in.
        input: input tokens.
        output: output tokens.
        share: what counts against the daily limit, as a share of it; None without a limit.
        share_other: the same with the other way of counting, input for total or total for input.
        verdict: how that stands to the target.
        cache_read: of the input, what the provider had cached.
        cost: dollars that rows say; None where none says any.
    """

    date: str
    hours: float
    requests: int
    input: int
    output: int
    share: float | None
    share_other: float | None
    verdict: Verdict
    cache_read: int = 0
    cost: Decimal | None = None


def days_of(work: Workspace, rules: Rules) -> tuple[Day, ...]:
    """The days with rows, oldest first."""
    first, last = work.one('SELECT min(start), max(start) FROM minutes')
    if first is None:
        return ()
    calendar = list(_calendar(first, last, rules.time_zone))
    work.run('CREATE TEMP TABLE days AS SELECT unnest(?::BIGINT[]) AS begins', [[begins for begins, _ in calendar]])
    hours = {begins: (ends - begins) / 3_600 for begins, ends in calendar}
    rows = work.all(
        f'SELECT begins, {SUMS} FROM (SELECT start // {QUARTER} * {QUARTER} AS start, {SUMS} FROM minutes GROUP BY 1) q'
        ' ASOF JOIN days ON q.start >= days.begins GROUP BY begins ORDER BY begins'
    )
    work.run('DROP TABLE days')
    zone = zone_of(rules.time_zone)
    return tuple(
        _day(f'{datetime.fromtimestamp(begins, zone):%Y-%m-%d}', hours[begins], rules, *said) for begins, *said in rows
    )


def busiest(days: tuple[Day, ...], rules: Rules) -> tuple[Figure, ...]:
    """How full the fullest day was."""
    if rules.daily_limit is None or not days:
        return ()
    day = max(days, key=lambda one: one.share or 0)
    counted = _counted(day.input, day.output, rules.limit_counts)
    return (
        Figure(
            'daily_share_max',
            'of the daily limit on the fullest day',
            day.share,
            'share',
            f'Σ {_what(rules.limit_counts)} of a day in {rules.time_zone} / daily limit',
            f'{counted:,} / {rules.daily_limit:,} on {day.date}',
            True,
        ),
    )


def _calendar(first: int, last: int, time_zone: str) -> Iterator[tuple[int, int]]:
    day = period_at(first, 'day', time_zone)
    while day.start <= last:
        yield day.start, day.end
        day = period_at(day.end, 'day', time_zone)


def _day(
    date: str,
    hours: float,
    rules: Rules,
    requests: int,
    input_: int,
    output: int,
    cache_read: int,
    cache_write: int,
    cost: int | None,
) -> Day:
    limit, counts = rules.daily_limit, rules.limit_counts
    told, more = (date, hours, requests, input_, output), (cache_read, paid(cost))
    if limit is None:
        return Day(*told, None, None, 'no limit', *more)
    other: Literal['input', 'total'] = 'total' if counts == 'input' else 'input'
    share = divided(_counted(input_, output, counts), limit) or 0.0
    verdict: Verdict = (
        'limit reached' if share >= 1 else 'below target' if share < rules.target_share else 'above target'
    )
    return Day(*told, share, divided(_counted(input_, output, other), limit), verdict, *more)


def _counted(input_: int, output: int, counts: Literal['input', 'total']) -> int:
    return input_ if counts == 'input' else input_ + output


def _what(counts: Literal['input', 'total']) -> str:
    return 'input tokens' if counts == 'input' else '(input + output)'
