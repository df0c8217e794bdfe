"""`compactor cleanup`: deletes what the ledger and the response cache hold from long ago."""

from __future__ import annotations

from typing import Annotated

import typer

from compactor.cli.screen import as_json, count, plain
from compactor.cli.stores import Json, StoreUrl, Tenant, reading


def cleanup(
    older_than: Annotated[
        float | None,
        typer.Option(
            '--older-than',
            min=0,
            metavar='H',
            help='Hours; what is younger stays. Without it: cached answers of 24 hours and more, no ledger entry.',
        ),
    ] = None,
    store: StoreUrl = None,
    tenant: Tenant = '',
    dry_run: Annotated[bool, typer.Option('--dry-run', help='Only say how many entries would go.')] = False,
    yes: Annotated[bool, typer.Option('--yes', '-y', help='Do not ask where everything would go.')] = False,
    json: Json = False,
) -> None:
    """Delete cached answers older than 24 hours; with --older-than, ledger entries and answers older than that.

    Archives stay, as what they hold cannot be restored without them, and so do budgets. 0 deletes everything, and asks
    first.
    """
    with reading(store, tenant) as found:
        from compactor.store.entries import HOUR, Ledger
        from compactor.store.responses import ResponseCache
        from compactor.token_optimizer.cache import MAX_AGE_HOURS, TokenCache

        age = MAX_AGE_HOURS if older_than is None else older_than
        # What was paid is kept until somebody says how much of it may go: an account is not a cache.
        ledger, before = Ledger(found), found.clock() - age * HOUR if older_than is not None else float('-inf')
        if dry_run:
            gone = {'entries': ledger.count(until=before)}
        else:
            if older_than == 0 and not yes:
                held = _entries(ledger.count())
                typer.confirm(
                    plain(f'Delete all of {found.shown}, {held} and every cached answer?'), abort=True, err=True
                )
            answers = ResponseCache(found).clear_old(age)
            if not found.tenant:  # the table of that cache has no place for one
                answers += TokenCache(found).clear_old(age)
            gone = {'entries': 0 if older_than is None else ledger.cleanup(before), 'responses': answers}
    if json:
        typer.echo(as_json({**gone, 'deleted': not dry_run}))
    elif dry_run:
        typer.echo(f'{_entries(gone["entries"])} would go')
    else:
        typer.echo(f'deleted: {_entries(gone["entries"])}, {count(gone["responses"], "cached answer")}')


def _entries(number: int) -> str:
    return '1 entry' if number == 1 else f'{number:,} entries'
