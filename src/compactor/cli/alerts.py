"""`compactor alerts`: looks at a store now and then, and tells of figures that have gone beyond the value of a rule."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from compactor.cli.dashboard import WatchPolicyFile
from compactor.cli.screen import as_json, complain, plain
from compactor.cli.stores import Json, StoreUrl, Tenant, reading
from compactor.errors import ConfigError, StoreError


def alerts(
    policy: WatchPolicyFile = None,
    once: Annotated[
        bool, typer.Option('--once', help='Look once; exit code 1 if anything is beyond its value.')
    ] = False,
    store: StoreUrl = None,
    tenant: Tenant = '',
    json: Json = False,
) -> None:
    """Tell, as they happen, of figures of a store beyond the rules in `[[watch.alerts]]` of a policy.

    Each is told once, until it has fallen below again: here, as an event, and to the webhook that the policy names.
    """
    from compactor.policy import Policy

    loaded = Policy.load(policy)
    if not loaded.watch.alerts:
        raise ConfigError('there is no rule: set [[watch.alerts]] with name, measure and above in the file of --policy')
    from compactor.run.reporting import Reporter
    from compactor.watching.alerts import Alerts

    reporter = Reporter(None, observing=True, telemetry=loaded.telemetry)
    with reading(store, tenant) as found:
        looking = Alerts(found, loaded.watch, reporter.emit, loaded.ledger.budgets)
        while True:
            try:
                new = looking.look()
            except StoreError as error:
                if once:
                    raise
                complain(f'error: {error}')
                new = []
            for one in new:
                said = one.to_json()
                subject = f' of {one.subject}' if one.subject else ''
                text = f'{one.rule.name}: {one.rule.measure}{subject} is {one.value:,.6g}, above {one.rule.above:,.6g}'
                typer.echo(as_json(said) if json else plain(text))
            if once:
                raise typer.Exit(1 if new else 0)
            time.sleep(loaded.watch.every)
