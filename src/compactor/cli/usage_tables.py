"""The usage report on a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group, RenderableType
from rich.table import Table

from compactor.analysis.figure import divided, shown
from compactor.analysis.page.origins import merged_lines
from compactor.analysis.page.tables import standing_lines
from compactor.cli.screen import NAME_WIDTH, clean, complain, screen, table
from compactor.ledger.periods import zone_of

if TYPE_CHECKING:
    from compactor.analysis.usage import UsageReport

LISTED = 30
"""Rows of a table; --html and --json have more."""
FORMULA = 24
"""Columns that a formula needs beside its figure; with fewer it stands below."""
NAMED = 10
"""Odd rows that are named one by one."""


def show(report: UsageReport) -> None:
    """Prints the report."""
    out = screen()
    out.print(_figures(report))
    for title, columns, rows, whole in (
        ('Sessions', SESSIONS, list(_sessions(report)), int(report.figure('sessions').value or 0)),
        (f'Days ({report.rules.time_zone})', _day_columns(report), list(_days(report)), len(report.days)),
    ):
        out.print()
        out.print(table(title, columns, rows))
        if whole > len(rows):
            out.print(f'the newest {len(rows)} of {whole:,}; --html and --json have more')
    out.print()
    for line in (f'{report.rules.session_rule}', *standing_lines(report), f'trend: {report.trend.text}'):
        out.print(clean(f'- {line}'))
    for title, lines in (('Two periods', _comparison(report)), ('Claims', _claims(report)), ('Files', _files(report))):
        _listed(title, lines)
    for one in report.odd_rows[:NAMED]:
        complain(f'{one.file}, line {one.line:,}: {one.reason}{"" if one.kept else " (left out)"}')
    if len(report.odd_rows) > NAMED:
        complain(f'and {len(report.odd_rows) - NAMED:,} more lines; --html and --json name them')


SESSIONS = ('', 'began', 'minutes', 'requests', 'input', 'input a request', 'verdict')


def _day_columns(report: UsageReport) -> tuple[str, ...]:
    """Headings of the days; what no row says, and a limit that nobody named, has no column."""
    caches = ('provider cache',) if report.has_caches else ()
    costs = ('cost',) if report.has_costs else ()
    limits = () if report.rules.daily_limit is None else ('input / limit', 'total / limit', 'verdict')
    return ('', 'requests', 'input', 'output', *caches, *costs, *limits)


def _figures(report: UsageReport) -> RenderableType:
    """Names, values, and formulas that go on in the next line rather than being cut."""
    rows = [(one.name, one.shown, one.formula + (f' = {one.worked}' if one.worked else '')) for one in report.figures]
    name, value = (max(map(cell_len, column)) for column in list(zip(*rows, strict=True))[:2])
    if screen().width < name + value + FORMULA:
        lines = ((clean(f'{name}: {value}'), clean(f'  {formula}')) for name, value, formula in rows)
        return Group(*(line for pair in lines for line in pair))
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    made.add_column('', max_width=NAME_WIDTH)
    made.add_column('value', justify='right', no_wrap=True)
    made.add_column('formula', overflow='fold')
    for row in rows:
        made.add_row(*map(clean, row))
    return made


def _sessions(report: UsageReport) -> Iterator[tuple[object, ...]]:
    zone = zone_of(report.rules.time_zone)
    for one in report.sessions[-LISTED:]:
        began = f'{datetime.fromtimestamp(one.start, UTC).astimezone(zone):%Y-%m-%d %H:%M}'
        yield one.number, began, one.minutes, one.requests, one.input, shown(one.per_request), one.verdict


def _days(report: UsageReport) -> Iterator[tuple[object, ...]]:
    for one in report.days[-LISTED:]:
        shares = [one.share, one.share_other]
        if report.rules.limit_counts == 'total':
            shares.reverse()
        row: list[object] = [one.date, one.requests, one.input, one.output]
        if report.has_caches:
            row.append(shown(divided(one.cache_read, one.input), 'share'))
        if report.has_costs:
            row.append(shown(one.cost, 'usd'))
        if report.rules.daily_limit is not None:
            row += [*(shown(share, 'share') for share in shares), one.verdict]
        yield tuple(row)


def _comparison(report: UsageReport) -> Iterator[str]:
    if report.comparison is not None:
        yield report.comparison.text
        yield report.comparison.caveat


def _claims(report: UsageReport) -> Iterator[str]:
    for one in report.claims:
        yield f'{one.text}: {one.verdict}; {one.found}'
        if one.subsets is not None:
            yield f'  {one.subsets.text}'


def _files(report: UsageReport) -> Iterator[str]:
    for one in report.sources:
        kinds = (('left out', one.bad), ('doubted', one.doubted), ('counted elsewhere', one.merged))
        said = ''.join(f', {number:,} {what}' for what, number in kinds if number)
        of = f' ({one.format})' if one.format else ''
        yield f'{one.name}: {one.rows:,} rows{said}{of}'
    yield from merged_lines(report)


def _listed(title: str, lines: Iterable[str]) -> None:
    some = list(lines)
    if some:
        out = screen()
        out.print()
        out.print(title, style='bold')
        for line in some:
            out.print(clean(line if line.startswith('  ') else f'- {line}'))
