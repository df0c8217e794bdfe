"""The sections that say where the figures come from: files, what was merged, rows with something wrong."""

from __future__ import annotations

from datetime import tzinfo

from compactor.analysis.page.text import at, esc, paragraph, section, table
from compactor.analysis.rows import Counted
from compactor.analysis.usage import UsageReport

LISTED = 100
"""Rows of a table."""


def files(report: UsageReport, zone: tzinfo) -> str:
    """What was read, and what of it counts."""
    columns = (
        ('source', ''),
        ('format', 'w'),
        ('from', 'w'),
        ('up to', 'w'),
        ('rows', 'n'),
        ('merged', 'n'),
        ('doubted', 'n'),
        ('bad', 'n'),
    )
    rows = (
        (
            esc(one.name),
            esc(one.format or one.kind),
            at(one.first, zone),
            at(one.last, zone),
            *(f'{n:,}' for n in (one.rows, one.merged, one.doubted, one.bad)),
        )
        for one in report.sources
    )
    return section('Files', table(columns, rows), *map(paragraph, merged_lines(report)), _conflicts(report, zone))


def merged_lines(report: UsageReport) -> list[str]:
    """What was left out so that nothing counts twice, in sentences."""
    merging = report.merging
    said = []
    if merging.identical:
        said.append(f'{merging.identical:,} rows say what another row says, and count once.')
    if merging.conflicting:
        said.append(
            f'{merging.conflicting:,} rows say something else than another row of the same minute, model and region:'
            ' the larger one counts.'
        )
    said += [
        f'{one.long_kept + one.long_dropped:,} rows of {one.seconds:,} seconds and shorter ones tell of the same time:'
        f' the side with more tokens counts ({one.long_dropped:,} long and {one.short_dropped:,} short rows do not).'
        for one in merging.overlaps
    ]
    if merging.ledger_rows:
        said.append(f"{merging.ledger_rows:,} minutes of the ledger are in the provider's exports already.")
    return said


def _conflicts(report: UsageReport, zone: tzinfo) -> str:
    def said(one: Counted) -> str:
        return f'{one.requests:,} / {one.input:,} / {one.output:,} <small>{esc(one.source)}</small>'

    rows = [
        (at(one.start, zone), esc(one.model), said(one.kept), said(one.dropped))
        for one in report.merging.conflicts[:LISTED]
    ]
    columns = (('minute', ''), ('model', 'w'), ('counts: requests / input / output', ''), ('does not', ''))
    return table(columns, rows) if rows else ''


def odd_rows(report: UsageReport) -> str:
    """Lines that were left out or doubted."""
    if not report.odd_rows:
        return ''
    rows = (
        (esc(one.file), f'{one.line:,}', esc(one.reason), f'<code>{esc(one.text)}</code>')
        for one in report.odd_rows[:LISTED]
    )
    bad, doubted = (sum(getattr(one, name) for one in report.sources) for name in ('bad', 'doubted'))
    return section(
        'Rows with something wrong',
        paragraph(f'{bad:,} lines were left out; {doubted:,} were counted with a doubt.'),
        table((('file', 'w'), ('line', 'n'), ('what is wrong', ''), ('begins', 'long')), rows),
    )
