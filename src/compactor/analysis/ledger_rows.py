"""Reads the ledger into the workspace: requests by the minute in which they ended, as an export would have them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from compactor.analysis.cells import MONEY
from compactor.analysis.database import Workspace
from compactor.analysis.rows import Source
from compactor.store.minutes import MINUTE, minutes

if TYPE_CHECKING:
    from compactor.store.engine import Store

BILLIONTH = 10 ** (MONEY - 9)
"""A billionth of a dollar, as the workspace has money."""


def read_ledger(work: Workspace, source: int, store: Store) -> Source:
    """Adds the minutes of a ledger to the workspace; the provider stands where exports have the region.

    Raises:
        StoreError: the store cannot be read.
    """
    plain = work.folder / f'{source}.csv'
    with plain.open('w', encoding='utf-8', newline='') as out:
        writer = csv.writer(out, lineterminator='\n')
        for start, model, provider, *tokens, cost in minutes(store):
            paid = '' if cost is None else cost * BILLIONTH
            writer.writerow((model, provider, start, MINUTE, *tokens, paid, '', '', 0))
    work.add_plain(source, plain)
    rows, first, last = work.one('SELECT count(*), min(start), max(start + lasts) FROM rows WHERE source = ?', [source])
    return Source(store.shown, 'ledger', rows, first=first, last=last)
