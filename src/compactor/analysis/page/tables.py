"""The sections of the report, each a function of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from compactor.analysis.figure import divided, shown
from compactor.analysis.page.text import at, esc, lasted, more, paragraph, section, table
from compactor.analysis.usage import Model, UsageReport

LISTED = 150
"""Rows of a table, so that the file stays small; `--json` has all."""
SIGNS = {
    'below target': ('good', '✓'),
    'above target': ('bad', '▲'),
    'limit reached': ('bad', '■'),
    'reproduced': ('good', '✓'),
    'partly': ('so-so', '◐'),
    'not reproducible': ('bad', '✗'),
}
"""A sign beside each verdict, because colour alone is not seen by everybody, nor printed."""


def verdict(text: str) -> str:
    """A verdict with its sign."""
    kind, sign = SIGNS.get(text, ('quiet', '·'))
    return f'<span class="verdict {kind}"><span aria-hidden="true">{sign}</span> {esc(text)}</span>'


def headline(report: UsageReport) -> str:
    """The figures that are read first, each with its formula in small print."""
    cards = (
        f'<div class="card"><b>{esc(one.shown)}</b><span>{esc(one.name)}</span>'
        f'<small>{esc(one.formula)}{"<br>= " + esc(one.worked) if one.worked else ""}</small></div>'
        for one in report.figures
        if one.headline
    )
    return f'<div class="cards">{"".join(cards)}</div>'


def standing(report: UsageReport) -> str:
    """How sessions and days stand to the targets, in a sentence each."""
    return ''.join(f'<li>{esc(line)}</li>' for line in standing_lines(report))


def standing_lines(report: UsageReport) -> Iterator[str]:
    """The same for any screen."""
    rules = report.rules
    judged = [one for one in report.sessions if one.requests]
    above = sum(one.verdict == 'above target' for one in judged)
    target = f'{rules.target_tokens:,} input tokens a request'
    yield f'{above:,} of {len(judged):,} sessions at or above the target of {target}, {len(judged) - above:,} below it'
    if rules.daily_limit is None:
        yield 'no daily limit was named (--daily-limit), so days are not judged'
        return
    full = sum(one.verdict == 'limit reached' for one in report.days)
    high = full + sum(one.verdict == 'above target' for one in report.days)
    limit = f'{rules.target_share:.0%} of {rules.daily_limit:,} {_counts(rules.limit_counts)} a day'
    yield f'{high:,} of {len(report.days):,} days at or above the target of {limit}; on {full:,} the limit was reached'
    other = sum((one.share_other or 0) >= 1 for one in report.days)
    way = _counts('total' if rules.limit_counts == 'input' else 'input')
    yield f'if it counted {way}, it would have been reached on {other:,}'


def _counts(name: str) -> str:
    return 'input tokens' if name == 'input' else 'tokens of input and output'


def days(report: UsageReport) -> str:
    """Days against the limit."""
    rules, some = report.rules, report.days[-LISTED:]
    counts = ('input', 'total') if rules.limit_counts == 'input' else ('total', 'input')
    priced = report.has_costs
    columns = [('day', 'day'), ('requests', 'n w' if priced else 'n'), ('input', 'n'), ('output', 'n w')]
    if report.has_caches:
        columns += [('provider cache', 'n w')]
    if priced:
        columns += [('cost', 'n')]
    if rules.daily_limit is not None:
        columns += [(f'{counts[0]} / limit', 'n'), (f'{counts[1]} / limit', 'n w'), ('verdict', '')]

    def rows() -> Iterator[list[str]]:
        for one in reversed(some):
            hours = '' if one.hours == 24 else f' <small>({one.hours:g} h)</small>'
            row = [esc(one.date) + hours, f'{one.requests:,}', f'{one.input:,}', f'{one.output:,}']
            if report.has_caches:
                row += [shown(divided(one.cache_read, one.input), 'share')]
            if priced:
                row += [shown(one.cost, 'usd')]
            if rules.daily_limit is not None:
                row += [_bar(one.share or 0), shown(one.share_other, 'share'), verdict(one.verdict)]
            yield row

    said = f'Days of {rules.time_zone}; a row belongs to the day it begins in.'
    if report.has_caches:
        said += ' Provider cache: the share of the input that the provider had cached.'
    chart = (
        '<figure><div id="costs-chart" class="chart"></div><figcaption>Cost by day, in dollars.</figcaption></figure>'
        if priced
        else ''
    )
    return section(
        'Days', paragraph(said, 'quiet'), chart, table(columns, rows()), more(len(some), len(report.days), 'days')
    )


def _bar(share: float) -> str:
    return f'<span class="bar"><i style="width:{min(share, 1):.1%}"></i></span>{share:.1%}'


def sessions(report: UsageReport, zone: tzinfo) -> str:
    """Every session with its verdict, and the trend."""
    some = report.sessions[-LISTED:]
    columns = [('#', 'n'), ('began', ''), ('lasted', 'n w'), ('requests', 'n'), ('input', 'n w')]
    columns += [('input a request', 'n'), ('busiest minute', 'n w'), ('verdict', '')]
    rows = (
        (
            f'{one.number:,}',
            at(one.start, zone),
            lasted(one.end - one.start),
            f'{one.requests:,}',
            f'{one.input:,}',
            shown(one.per_request),
            f'{one.peak:,}',
            verdict(one.verdict),
        )
        for one in some
    )
    rule = report.rules.session_rule
    return section(
        'Sessions',
        paragraph(f'{rule[0].upper()}{rule[1:]}. Input a request is Σ input / Σ requests of the session.', 'quiet'),
        '<figure><div id="sessions-chart" class="chart"></div><figcaption>Input tokens a request, session by session;'
        ' the dashed line is the target.</figcaption></figure>',
        paragraph(f'Trend: {report.trend.text}.'),
        table(columns, rows),
        more(len(some), int(report.figure('sessions').value or 0), 'sessions'),
    )


def comparison(report: UsageReport, zone: tzinfo) -> str:
    """Two periods against each other."""
    one = report.comparison
    if one is None:
        return ''
    columns = (('', ''), ('from', ''), ('up to', ''), ('sessions', 'n'), ('requests', 'n'), ('input a request', 'n'))

    def moment(when: float | None, none: str) -> str:
        return none if when is None else at(int(when), zone)

    rows = (
        (
            name,
            moment(side.span.since, 'the beginning'),
            moment(side.span.until, 'the end'),
            f'{side.sessions:,}' + (f' <small>({side.straddling:,} end later)</small>' if side.straddling else ''),
            f'{side.requests:,}',
            shown(side.per_request),
        )
        for name, side in (('before', one.before), ('after', one.after))
    )
    return section(
        'Two periods',
        paragraph(f'{one.text}.'),
        table(columns, rows),
        paragraph(one.caveat, 'quiet'),
        f'<p class="quiet"><small>{esc(one.formula)}</small></p>',
    )


def claims(report: UsageReport) -> str:
    """What came of the claims."""
    rows = (
        (
            esc(one.text),
            verdict(one.verdict),
            esc(one.found) + (f'<br><small>{esc(one.subsets.text)}</small>' if one.subsets else ''),
        )
        for one in report.claims
    )
    return (
        section('Claims', table((('claim', ''), ('verdict', ''), ('what the rows give', 'long')), rows))
        if report.claims
        else ''
    )


def figures(report: UsageReport) -> str:
    """All figures with their formulas."""
    rows = (
        (
            esc(one.name),
            esc(one.shown),
            esc(one.formula) + (f' <small>= {esc(one.worked)}</small>' if one.worked else ''),
        )
        for one in report.figures
    )
    return section('All figures', table((('figure', ''), ('value', 'n'), ('formula', 'long')), rows))


def models(report: UsageReport) -> str:
    """Models and regions."""

    def row(one: Model) -> list[str]:
        cells = [esc(one.model or '(none)'), esc(one.region or '-')]
        cells += [f'{one.requests:,}', f'{one.input:,}', f'{one.output:,}']
        return [*cells, shown(one.cost, 'usd')] if report.has_costs else cells

    columns = [('model', ''), ('region', 'w'), ('requests', 'n'), ('input', 'n'), ('output', 'n w')]
    if report.has_costs:
        columns += [('cost', 'n')]
    return section('Models', table(columns, map(row, report.models[:LISTED]), 'no rows'))
