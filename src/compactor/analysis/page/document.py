"""Puts the report together: `html_of` is the whole file as text."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

from compactor.analysis.page import origins, tables
from compactor.analysis.page.text import at, esc, section
from compactor.analysis.usage import UsageReport
from compactor.ledger.periods import period_at, zone_of

POINTS = 500
"""Sessions in the chart."""


def html_of(report: UsageReport, title: str = 'Token usage') -> str:
    """The report as one HTML file.

    It asks for nothing: scripts and styles stand in it, and its content security policy lets only these two scripts run
    and nothing be fetched.

    Args:
        report: what it shows.
        title: its title.
    """
    zone = zone_of(report.rules.time_zone)
    firsts = [one.first for one in report.sources if one.first is not None]
    lasts = [one.last for one in report.sources if one.last is not None]
    span = (
        f'{at(min(firsts), zone)} to {at(max(lasts), zone)}, {report.rules.time_zone}'
        if firsts and lasts
        else 'no rows'
    )
    scripts = (_file('uplot/uPlot.iife.min.js'), _file('report.js'))
    body = (
        tables.headline(report),
        f'<ul class="standing">{tables.standing(report)}</ul>',
        section(
            'Tokens a minute',
            '<figure><div id="minutes-chart" class="chart"></div><figcaption>'
            f'Input and output together. {esc(_caption(report))}</figcaption></figure>',
        ),
        tables.days(report),
        tables.sessions(report, zone),
        tables.comparison(report, zone),
        tables.claims(report),
        tables.figures(report),
        tables.models(report),
        origins.files(report, zone),
        origins.odd_rows(report),
    )
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src 'unsafe-inline';"
        " base-uri 'none'; form-action 'none'"
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark"><meta name="referrer" content="no-referrer">'
        f'<title>{esc(title)}</title><style>{_file("uplot/uPlot.min.css")}{_file("report.css")}</style></head><body>'
        f'<header><h1>{esc(title)}</h1><p class="quiet">{esc(span)}</p></header><main>{"".join(body)}</main>'
        '<noscript><p class="quiet">The charts need scripts; all figures are in the tables.</p></noscript>'
        f'<script type="application/json" id="data">{_json(_data(report))}</script>'
        f'<script>{scripts[0]}</script><script>{scripts[1]}</script></body></html>\n'
    )


def _caption(report: UsageReport) -> str:
    seconds = report.series.seconds
    if seconds == 60:
        return 'Each bar is a minute.'
    hours = 'an hour' if seconds == 3_600 else f'{seconds / 3_600:g} hours'
    width = f'{seconds // 60} minutes' if seconds < 3_600 else hours
    return f'Each bar is the busiest minute of {width}; the smaller bar in it is their mean.'


def _data(report: UsageReport) -> dict[str, Any]:
    series = report.series
    some = [one for one in report.sessions if one.per_request is not None][-POINTS:]
    return {
        'zone': report.rules.time_zone,
        'minutes': [series.starts, series.peak, series.mean],
        'seconds': series.seconds,
        'sessions': [[one.number for one in some], [round(one.per_request or 0) for one in some]],
        'target': report.rules.target_tokens,
        'costs': _costs(report),
    }


def _costs(report: UsageReport) -> list[list[float | int]]:
    """When each of the newest days begins, and its dollars; days without a row cost nothing."""
    if not report.has_costs:
        return [[], []]
    zone = report.rules.time_zone
    known = {one.date: float(one.cost or 0) for one in report.days[-POINTS:]}
    begins: list[float | int] = []
    costs: list[float | int] = []
    day = period_at(_noon(min(known), zone), 'day', zone)
    while len(begins) < POINTS and (date := at(day.start, zone_of(zone), '%Y-%m-%d')) <= max(known):
        begins.append(day.start)
        costs.append(round(known.get(date, 0.0), 6))
        day = period_at(day.end, 'day', zone)
    return [begins, costs]


def _noon(date: str, zone: str) -> float:
    return datetime.fromisoformat(f'{date}T12:00').replace(tzinfo=zone_of(zone)).timestamp()


def _json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    text = json.dumps(value, separators=(',', ':'))
    return text.replace('<', '\\u003c').replace('>', '\\u003e').replace('&', '\\u0026')


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@cache
def _file(name: str) -> str:
    text = (resources.files('compactor') / 'analysis' / 'page' / name).read_text('utf-8').strip()
    assert '</script' not in text.lower()
    return text
