"""`compactor cleanup`: what is old goes, what is younger stays."""

from __future__ import annotations

import json
import time
from pathlib import Path

from compactor.store.engine import Store
from compactor.store.responses import ResponseCache
from tests.cli.ledgers import made
from tests.cli.terminal import ran, run
from tests.ledger.entries import HOUR, entry


def test_entries_and_answers(tmp_path: Path) -> None:
    """Both, by age; a dry run only counts."""
    now = time.time()
    path = made(tmp_path, [entry(now - hours * HOUR) for hours in (1, 30, 40)])
    with Store.open(path, clock=lambda: now - 50 * HOUR) as store:
        ResponseCache(store, ttl=100 * HOUR).set('k', b'{}', model='m')
    assert ran('cleanup', '--older-than', 24, '--store', path, '--dry-run') == '2 entries would go'
    assert ran('cleanup', '--older-than', 24, '--store', path) == 'deleted: 2 entries, 1 cached answer'
    again = json.loads(ran('cleanup', '--older-than', 24, '--store', path, '--json'))
    assert again == {'entries': 0, 'responses': 0, 'deleted': True}
    assert json.loads(ran('stats', '--hours', 100, '--store', path, '--json'))['total_requests'] == 1


def test_an_age_must_be_said(tmp_path: Path) -> None:
    """Nothing is deleted by accident."""
    assert run('cleanup', '--store', tmp_path / 'store.db')[0] == 2
    assert run('cleanup', '--older-than', -1, '--store', tmp_path / 'store.db')[0] == 2
