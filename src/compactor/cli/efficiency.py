"""`compactor efficiency-report`: what one session took, and what each of its tasks took on average, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from compactor.cli.screen import as_json, facts, screen, table
from compactor.cli.stats import UNNAMED
from compactor.cli.stores import Json, StoreUrl, Tenant, cost, reading, seconds
from compactor.errors import ConfigError, StoreError

NAME = 'efficiency-report.json'


def efficiency_report(
    session: Annotated[
        str | None, typer.Argument(metavar='[SESSION]', help='The id of a conversation (default: the newest).')
    ] = None,
    out: Annotated[
        Path | None, typer.Option('--out', metavar='FILE', help=f'Write it as JSON, such as {NAME}.')
    ] = None,
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
) -> None:
    """Report how efficient a session was: duration, tasks, tokens, cost, averages, and which models did which tasks."""
    with reading(store, tenant) as found:
        from compactor.ledger.figures import to_json
        from compactor.watching.session_report import session_report

        report = session_report(found, session)
        if report is None:
            wanted = 'no session at all' if session is None else f'no session {session!r}'
            raise StoreError(f'the store {found.shown} knows {wanted}')
    told = to_json(report)
    if out is not None:
        from compactor.files import write_whole

        try:
            write_whole(out, as_json(told) + '\n')
        except OSError as error:
            raise ConfigError(f'{out} cannot be written: {error.strerror or error}') from None
    if json:
        typer.echo(as_json(told))
        return
    one, total = report.conversation, report.conversation.total
    tasks = max(1, one.tasks)
    mean = None if total.cost is None else total.cost / tasks
    lines = [
        ('session', one.conversation),
        ('took', seconds(one.duration)),
        ('tasks', f'{one.tasks:,}'),
        ('input', f'{total.input_tokens:,} tokens, {total.input_tokens / tasks:,.0f} a task'),
        ('output', f'{total.output_tokens:,} tokens, {total.output_tokens / tasks:,.0f} a task'),
        ('cost', f'{cost(total.cost, total.unpriced)}, {cost(mean, total.unpriced)} a task'),
        ('saved', f'{report.saved:,} tokens, in {report.compactions:,} compactions and otherwise'),
        ('added by frames', f'{report.added_by_frames:,} tokens'),
    ]
    output = screen()
    output.print(facts(lines))
    output.print()
    rows = (
        (
            route.task or UNNAMED,
            route.workload,
            route.model,
            route.requests,
            route.tokens,
            cost(route.cost, route.unpriced),
        )
        for route in report.routes
    )
    columns = ('', 'workload', 'model', 'requests', 'tokens', 'cost')
    output.print(table('By kind of task: which model did it', columns, rows))
