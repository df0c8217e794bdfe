"""`compactor report`: what the last hours cost, what was saved, and what could be better; or one conversation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.screen import as_csv, as_json, clean, complain, count, facts, screen, table
from compactor.cli.stats import UNNAMED, summary_facts
from compactor.cli.stores import Csv, Hours, Json, StoreUrl, Tenant, cost, one_form, percent, reading, seconds
from compactor.errors import StoreError
from compactor.ledger.report import DAILY_ALERT

if TYPE_CHECKING:
    from compactor.ledger.efficiency import Ranking
    from compactor.ledger.report import ConversationReport, DailyCost, OptimizationReport
    from compactor.ledger.savings import Savings
    from compactor.ledger.trial import TrialReport


def report(
    hours: Hours = 24.0,
    conversation: Annotated[
        str | None, typer.Option('--conversation', metavar='ID', help='Of this conversation instead.')
    ] = None,
    trial: Annotated[
        str | None,
        typer.Option('--trial', metavar='NAME', help='Compare the two sides of a trial of policies instead.'),
    ] = None,
    share: Annotated[
        float, typer.Option('--share', min=0, max=1, metavar='SHARE', help='Of --trial: conversations on side b.')
    ] = 0.5,
    alert: Annotated[
        float | None,
        typer.Option(
            '--alert', min=0, metavar='USD', help='Dollars a day above which to end with exit code 1 (50 to warn only).'
        ),
    ] = None,
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
    csv: Csv = False,
) -> None:
    """Report what was spent and saved, which models are efficient, and what could be better."""
    one_form(json, csv)
    with reading(store, tenant) as found:
        from compactor.ledger.figures import to_json
        from compactor.ledger.prices import Prices
        from compactor.store.entries import Ledger

        ledger = Ledger(found, Prices())
        if conversation is not None:
            one = ledger.conversation(conversation)
            if one is None:
                raise StoreError(f'the store {found.shown} knows no conversation {conversation!r}')
            typer.echo(as_json(to_json(one))) if json else _show_conversation(one)
            return
        if trial is not None:
            from compactor.ledger.trial import Trial, compared

            sides = ledger.axis('session', found.clock() - hours * HOUR)
            result = compared(Trial(trial, share), ((side.name, side.figures) for side in sides))
            typer.echo(as_json(to_json(result))) if json else _show_trial(result)
            return
        threshold = DAILY_ALERT if alert is None else Decimal(str(alert))
        whole, today = ledger.optimization(hours), ledger.today(threshold)
    if json:
        typer.echo(as_json({**to_json(whole), 'today': to_json(today)}))
    elif csv:
        ranked = [
            to_json(one) | {'of': one.of, 'name': one.name}
            for one in (*whole.efficiency_rankings, *whole.agent_rankings)
        ]
        typer.echo(as_csv(RANKED, ([one[name] for name in RANKED] for one in ranked)))
    else:
        _show(whole, today)
    if alert is not None:
        if today.unpriced:
            complain(f'of today, {count(today.unpriced, "request")} of unknown price are not in the sum')
        if today.alert:
            complain(f'today cost {cost(today.cost, today.unpriced)}, more than {cost(today.threshold)}')
            raise typer.Exit(1)


HOUR = 3_600
TRIAL = (
    'each conversation counts once; of intervals like these 95 of 100 hold the true difference: of five measures of'
    ' equal policies one may look different by chance'
)
RANKED = ('of', 'name', 'efficiency', 'free', 'tokens_per_second', 'cost_per_request', 'requests')
"""Columns of the CSV."""
EFFICIENCY = 'efficiency: tokens, input and output, a second, by the dollars of a request; more is better'


def _show(whole: OptimizationReport, today: DailyCost) -> None:
    out = screen()
    out.print(facts([*summary_facts(whole.metrics), ('today', _today(today))]))
    if not whole.metrics.total.requests:
        return
    out.print()
    out.print('Savings', style='bold')
    out.print(facts(_saved(whole.savings)))
    if whole.reacquired:
        rows = ((one.tool, one.way, one.times, one.tokens) for one in whole.reacquired)
        out.print()
        out.print(table('Got again after a compaction', ('', 'way', 'times', 'tokens'), rows))
    for title, ranked in (('Models', whole.efficiency_rankings), ('Agents', whole.agent_rankings)):
        if ranked:
            columns = ('', 'efficiency', 'tokens/s', 'a request', 'requests')
            out.print()
            out.print(table(f'{title}, most efficient first', columns, map(_ranked, ranked)))
    if whole.efficiency_rankings:
        out.print()
        out.print(clean(EFFICIENCY))
    stored = whole.cache
    if stored['total_entries']:
        out.print()
        said = f'{count(stored["total_entries"], "answer")} kept, had {count(stored["total_hits"], "time")},'
        out.print(facts([('response cache', f'{said} {stored["total_tokens_saved"]:,} tokens saved')]))
    out.print()
    out.print('Recommendations', style='bold')
    for one in whole.recommendations:
        out.print(clean(f'- {one.text}'))


def _today(today: DailyCost) -> str:
    text = cost(today.cost, today.unpriced)
    return f'{text}: MORE THAN {cost(today.threshold)} A DAY' if today.alert else text


def _saved(found: Savings) -> Iterator[tuple[str, object]]:
    share = '' if found.share is None else f' ({percent(found.share)})'
    yield 'sent and received', f'{found.tokens_sent:,} tokens'
    yield 'spared by compaction', f'{found.by_compaction:,}'
    yield 'spared by output budgets', f'{found.by_outputs:,}'
    yield 'spared by the response cache', f'{found.by_cache:,}'
    yield 'spent on summaries', f'{-found.spent_on_summaries:,}'
    yield 'saved', f'{found.net:,}{share}'
    yield 'saved, in money', f'{cost(found.cost_saved)} (an estimate)'


def _ranked(one: Ranking) -> tuple[object, ...]:
    efficiency = 'free' if one.free else '-' if one.efficiency is None else f'{one.efficiency:,.0f}'
    speed = '-' if one.tokens_per_second is None else f'{one.tokens_per_second:,.0f}'
    return one.name or UNNAMED, efficiency, speed, cost(one.cost_per_request), one.requests


def _show_trial(found: TrialReport) -> None:
    out = screen()
    sides = found.conversations
    out.print(
        facts([('trial', found.trial.name), ('side a', f'{sides["a"]:,} conversations'), ('side b', f'{sides["b"]:,}')])
    )
    rows = (
        (one.measure, _number(one.a), _number(one.b), _interval(one.low, one.high), one.verdict) for one in found.rows
    )
    out.print()
    out.print(table('By conversation', ('', 'mean of a', 'mean of b', 'b - a, 95 of 100', ''), rows))
    out.print()
    out.print(clean(TRIAL))
    if found.unpriced:
        out.print(clean(f'{count(found.unpriced, "conversation")} of unknown price are not in the cost'))


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:,.4g}' if abs(value) < 1_000 else f'{value:,.0f}'


def _interval(low: float | None, high: float | None) -> str:
    return '-' if low is None or high is None else f'{_number(low)} to {_number(high)}'


def _show_conversation(one: ConversationReport) -> None:
    total, tasks = one.total, max(1, one.tasks)
    out = screen()
    mean = None if total.cost is None else total.cost / tasks
    out.print(
        facts(
            [
                ('conversation', one.conversation),
                ('began', f'{datetime.fromtimestamp(one.started, UTC):%Y-%m-%d %H:%M:%S} UTC'),
                ('took', seconds(one.duration)),
                ('tasks', f'{one.tasks:,}, in {count(total.requests, "request")}'),
                ('tokens', f'{total.tokens:,}, {total.tokens / tasks:,.0f} a task'),
                ('cost', f'{cost(total.cost, total.unpriced)}, {cost(mean, total.unpriced)} a task'),
            ]
        )
    )
    for title, groups in (('By kind of task', one.by_task), ('By model', one.by_model)):
        rows = ((name or UNNAMED, f.requests, f.tokens, cost(f.cost, f.unpriced)) for name, f in groups.items())
        out.print()
        out.print(table(title, ('', 'requests', 'tokens', 'cost'), rows))
