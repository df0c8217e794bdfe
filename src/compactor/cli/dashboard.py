"""`compactor dashboard`: a page of what a store holds, live, on loopback; or figures by agent as JSON."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from compactor.cli.screen import as_json, complain
from compactor.cli.stores import Hours, Json, StoreUrl, Tenant, reading

if TYPE_CHECKING:
    from compactor.policy import Policy
    from compactor.store.engine import Store

NAMED_BY = 'COMPACTOR_DASHBOARD_TOKEN'
"""The variable that names a token of one's own, for who opens the page again and again."""
PORT = 8765
WatchPolicyFile = Annotated[
    Path | None,
    typer.Option('--policy', metavar='FILE', help='TOML file with budgets and alerts (default: COMPACTOR_CONFIG).'),
]


def dashboard(
    host: Annotated[
        str, typer.Option('--host', metavar='ADDRESS', help='Of loopback; no other is served.')
    ] = '127.0.0.1',
    port: Annotated[int, typer.Option('--port', min=0, max=65_535, metavar='N', help='0 for any that is free.')] = PORT,
    policy: WatchPolicyFile = None,
    hours: Hours = 24.0,
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
) -> None:
    """Show sessions, budgets and alerts of a store on a page of this machine, live; it only reads.

    The address that is printed holds the token that opens the page. With --json nothing is served: tokens, cost and
    efficiency of each agent over the last --hours are printed.
    """
    from compactor.policy import Policy

    with reading(store, tenant) as found:
        if json:
            from compactor.ledger.figures import to_json
            from compactor.watching.views import by_agent

            typer.echo(as_json(to_json(by_agent(found, hours))))
            return
        _serve(found, Policy.load(policy), host, port)


def _serve(store: Store, policy: Policy, host: str, port: int) -> None:
    from compactor.store.connections import needs

    needs('dashboard', 'starlette')
    needs('dashboard', 'uvicorn')
    from compactor.dashboard.app import application
    from compactor.dashboard.guard import token_of
    from compactor.dashboard.serving import address, bound, serve
    from compactor.run.reporting import Reporter
    from compactor.watching.alerts import Alerts

    own = os.environ.get(NAMED_BY)
    token = token_of(own) if own else secrets.token_urlsafe(32)
    at = bound(host, port)
    reporter = Reporter(None, observing=True, telemetry=policy.telemetry)
    alerts = Alerts(store, policy.watch, reporter.emit, policy.ledger.budgets) if policy.watch.alerts else None
    app = application(store, token, budgets=policy.ledger.budgets, alerts=alerts, every=policy.watch.every)

    def ready() -> None:
        # A token of one's own is not shown: the page asks for it.
        url = address(host, at.getsockname()[1], token)
        typer.echo(url.partition('#')[0] if own else url)
        complain(f'shows {store.shown}; Ctrl-C ends it')

    serve(app, at, ready)
