"""`compactor cleanup`: deletes what the ledger and the response cache hold from long ago."""

from __future__ import annotations

from typing import Annotated

import typer

from compactor.cli.screen import as_json, count
from compactor.cli.stores import Json, StoreUrl, opened


def cleanup(
    older_than: Annotated[
        float, typer.Option('--older-than', min=0, metavar='H', help='Hours; what is younger stays.')
    ],
    store: StoreUrl = None,
    dry_run: Annotated[bool, typer.Option('--dry-run', help='Only say how many entries would go.')] = False,
    json: Json = False,
) -> None:
    """Delete ledger entries and cached answers that are older.

    Archives stay, as what they hold cannot be restored without them, and so do budgets.
    """
    with opened(store) as found:
        from compactor.store.entries import HOUR, Ledger
        from compactor.store.responses import ResponseCache

        ledger, before = Ledger(found), found.clock() - older_than * HOUR
        if dry_run:
            gone = {'entries': ledger.count(until=before)}
        else:
            gone = {'entries': ledger.cleanup(before), 'responses': ResponseCache(found).clear_old(older_than)}
    if json:
        typer.echo(as_json({**gone, 'deleted': not dry_run}))
    elif dry_run:
        typer.echo(f'{_entries(gone["entries"])} would go')
    else:
        typer.echo(f'deleted: {_entries(gone["entries"])}, {count(gone["responses"], "cached answer")}')


def _entries(number: int) -> str:
    return '1 entry' if number == 1 else f'{number:,} entries'
