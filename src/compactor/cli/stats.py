"""`compactor stats`: requests, tokens and money, by model, agent and task, or along the time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.amounts import moment
from compactor.cli.screen import as_csv, as_json, clean, count, facts, screen, table
from compactor.cli.stores import Csv, Json, StoreUrl, Tenant, cost, one_form, percent, reading, seconds

if TYPE_CHECKING:
    from compactor.ledger.axis import Stretch
    from compactor.ledger.figures import Figures
    from compactor.ledger.summary import Summary

COLUMNS = ('', 'requests', 'input', 'output', 'cost', 'time', 'provider\ncache', 'response\ncache')
CACHES = (
    'provider cache: share of the input that the provider had cached; response cache: share of the requests that were'
    ' answered here and not sent'
)
UNNAMED = '(none)'
FAR_BACK = {'hour': 24.0, 'day': 30 * 24.0, 'week': 26 * 168.0, 'month': 366 * 24.0, 'session': 168.0}
"""Hours that are shown along the time unless it is said how far back."""
HOUR = 3_600


def stats(
    hours: Annotated[float | None, typer.Option('--hours', min=0.01, metavar='N', help='How far back (24).')] = None,
    agent: Annotated[str | None, typer.Option('--agent', metavar='NAME', help="Only this agent's.")] = None,
    model: Annotated[str | None, typer.Option('--model', metavar='NAME', help="Only this model's.")] = None,
    by: Annotated[
        str | None, typer.Option('--by', metavar='STEP', help='Along the time: hour, day, week, month or session.')
    ] = None,
    since: Annotated[str | None, typer.Option('--since', metavar='TIME', help='From when, instead of --hours.')] = None,
    until: Annotated[str | None, typer.Option('--until', metavar='TIME', help='Up to when.')] = None,
    time_zone: Annotated[str, typer.Option('--time-zone', metavar='ZONE', help='Whose days and months.')] = 'UTC',
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Show requests, tokens and costs of the last hours, or of any time, hour by hour or month by month."""
    from compactor.ledger.axis import step_of

    one_form(json, csv)
    step = None if by is None else step_of(by)
    begin = None if since is None else moment(since, time_zone)
    end = None if until is None else moment(until, time_zone)
    with reading(store, tenant) as found:
        from compactor.ledger.figures import to_json
        from compactor.ledger.summary import summarise
        from compactor.store.entries import Ledger

        ledger, now = Ledger(found), found.clock()
        far = hours or FAR_BACK.get(by or '', 24.0)
        first = begin if begin is not None else (now if end is None else end) - far * HOUR
        if step is not None:
            some = ledger.axis(step, first, end, time_zone=time_zone, agent=agent, model=model)
            _along(some, by or '', time_zone, json=json, csv=csv)
            return
        far = ((now if end is None else end) - first) / HOUR
        summary = summarise(ledger.totals(first, end, agent=agent, model=model), far)
        shown = found.shown
    if json:
        typer.echo(as_json(to_json(summary)))
    elif csv:
        typer.echo(as_csv(('by', 'name', *_names()), _csv_rows(summary)))
    else:
        _show(
            summary,
            shown,
            None if since is None and until is None else f'{since or "the last hours"} to {until or "now"}',
        )


def _along(some: Sequence[Stretch], by: str, time_zone: str, *, json: bool, csv: bool) -> None:
    """What happened along the time."""
    from compactor.ledger.figures import to_json
    from compactor.ledger.periods import zone_of

    if json:
        typer.echo(as_json(to_json(some)))
        return
    if csv:
        from datetime import datetime

        zone = zone_of(time_zone)
        ends = ([datetime.fromtimestamp(at, zone).isoformat() for at in (one.start, one.end)] for one in some)
        rows = ((one.name, *pair, *_values(one.figures)) for one, pair in zip(some, ends, strict=True))
        typer.echo(as_csv((by, 'start', 'end', *_names()), rows))
        return
    out = screen()
    if not some:
        out.print('nothing happened in that time')
        return
    rows_ = ((one.name or UNNAMED, *_row(one.figures)) for one in some)
    out.print(table(f'By {by} ({time_zone})', COLUMNS, rows_))
    out.print()
    out.print(clean(CACHES))


def _show(summary: Summary, shown: str, period: str | None) -> None:
    out = screen()
    told = [(name, period if name == 'period' and period else value) for name, value in summary_facts(summary)]
    out.print(facts([('store', shown), *told]))
    if not summary.total.requests:
        return
    for title, groups in _groups(summary):
        out.print()
        out.print(table(f'By {title}', COLUMNS, ((name or UNNAMED, *_row(one)) for name, one in groups.items())))
    out.print()
    out.print(clean(CACHES))


def _groups(summary: Summary) -> Iterator[tuple[str, Mapping[str, Figures]]]:
    yield 'model', summary.by_model
    yield 'agent', summary.by_agent
    yield 'task', summary.by_task
    yield 'kind of request', summary.by_kind


def summary_facts(summary: Summary) -> Iterator[tuple[str, object]]:
    """What the figures of a period say together."""
    total = summary.total
    yield 'period', f'the last {summary.period_hours:g} hours'
    if not total.requests:
        yield 'requests', 'none'
        return
    failed = f', {total.failed:,} failed' if total.failed else ''
    guessed = f', {total.estimated:,} without usage of their provider' if total.estimated else ''
    yield 'requests', f'{total.requests:,}{failed}{guessed}'
    yield 'tokens', f'{total.tokens:,} ({total.input_tokens:,} sent, {total.output_tokens:,} received)'
    missing = (
        f', without {count(total.unpriced, "request")} of unknown price' if total.unpriced and total.priced else ''
    )
    yield 'cost', f'{cost(total.cost)}{missing}'
    yield 'time', f'{seconds(total.mean_seconds)} a request on average'
    read, written = f'{total.cache_read_tokens:,} tokens read', f'{total.cache_write_tokens:,} written'
    yield 'provider cache', f'{read}, {percent(total.read_rate)} of the input; {written}'
    yield 'response cache', f'{count(total.hits, "hit")}, {percent(total.hit_rate)} of the requests'


def _row(one: Figures) -> tuple[object, ...]:
    return (
        one.requests,
        one.input_tokens,
        one.output_tokens,
        cost(one.cost, one.unpriced),
        seconds(one.mean_seconds),
        percent(one.read_rate),
        percent(one.hit_rate),
    )


def _names() -> list[str]:
    from compactor.ledger.figures import Figures
    from compactor.ledger.summary import figures_json

    return list(figures_json(Figures()))


def _values(one: Figures) -> list[object]:
    from compactor.ledger.figures import to_json
    from compactor.ledger.summary import figures_json

    return list(to_json(figures_json(one)).values())


def _csv_rows(summary: Summary) -> Iterator[tuple[object, ...]]:
    yield ('total', '', *_values(summary.total))
    for title, groups in _groups(summary):
        for name, one in groups.items():
            yield (title, name, *_values(one))
