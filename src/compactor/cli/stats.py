"""`compactor stats`: requests, tokens and money of the last hours, by model, agent and task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.screen import as_json, count, facts, screen, table
from compactor.cli.stores import Hours, Json, StoreUrl, cost, opened, percent, seconds

if TYPE_CHECKING:
    from compactor.ledger.figures import Figures
    from compactor.ledger.summary import Summary

COLUMNS = ('', 'requests', 'input', 'output', 'cost', 'time', 'cached')
UNNAMED = '(none)'


def stats(
    hours: Hours = 24.0,
    agent: Annotated[str | None, typer.Option('--agent', metavar='NAME', help="Only this agent's.")] = None,
    model: Annotated[str | None, typer.Option('--model', metavar='NAME', help="Only this model's.")] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Show requests, tokens and costs of the last hours."""
    with opened(store) as found:
        from compactor.ledger.figures import to_json
        from compactor.store.entries import Ledger

        summary = Ledger(found).summary(hours, agent=agent, model=model)
        shown = found.shown
    if json:
        typer.echo(as_json(to_json(summary)))
    else:
        _show(summary, shown)


def _show(summary: Summary, shown: str) -> None:
    out = screen()
    out.print(facts([('store', shown), *summary_facts(summary)]))
    if not summary.total.requests:
        return
    for title, groups in (
        ('By model', summary.by_model),
        ('By agent', summary.by_agent),
        ('By task', summary.by_task),
        ('By kind of request', summary.by_kind),
    ):
        out.print()
        out.print(table(title, COLUMNS, _rows(groups)))


def summary_facts(summary: Summary) -> Iterator[tuple[str, object]]:
    """What the figures of a period say together."""
    total = summary.total
    yield 'period', f'the last {summary.period_hours:g} hours'
    if not total.requests:
        yield 'requests', 'none'
        return
    failed = f', {total.failed:,} failed' if total.failed else ''
    yield 'requests', f'{total.requests:,}{failed}'
    yield 'tokens', f'{total.tokens:,} ({total.input_tokens:,} sent, {total.output_tokens:,} received)'
    missing = (
        f', without {count(total.unpriced, "request")} of unknown price' if total.unpriced and total.priced else ''
    )
    yield 'cost', f'{cost(total.cost)}{missing}'
    yield 'time', f'{seconds(total.mean_seconds)} a request on average'
    yield 'cache', f'{count(total.hits, "hit")}, {percent(total.hit_rate)} of the requests'


def _rows(groups: Mapping[str, Figures]) -> Iterator[tuple[object, ...]]:
    for name, one in groups.items():
        yield (
            name or UNNAMED,
            one.requests,
            one.input_tokens,
            one.output_tokens,
            cost(one.cost, one.unpriced),
            seconds(one.mean_seconds),
            percent(one.hit_rate),
        )
