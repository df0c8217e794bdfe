"""`compactor cleanup`: what is old goes, what is younger stays."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

from compactor.store.engine import Store
from compactor.store.responses import ResponseCache
from compactor.token_optimizer.cache import TokenCache
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


def test_without_an_age_only_answers_go(tmp_path: Path) -> None:
    """Cached answers of 24 hours and more, of both caches; what was paid stays in the ledger."""
    now = time.time()
    path = made(tmp_path, [entry(now - 300 * HOUR), entry(now - HOUR)])
    for hours in (25, 23):
        then = now - hours * HOUR
        with Store.open(path, clock=partial(float, then)) as store:
            ResponseCache(store, ttl=100 * HOUR).set(f'k{hours}', b'{}', model='m')
            TokenCache(store).set('prompt', f'm{hours}', 'answer', 1)
    assert ran('cleanup', '--store', path, '--dry-run') == '0 entries would go'
    assert ran('cleanup', '--store', path) == 'deleted: 0 entries, 2 cached answers'
    assert json.loads(ran('stats', '--hours', 500, '--store', path, '--json'))['total_requests'] == 2
    assert run('cleanup', '--older-than', -1, '--store', path)[0] == 2


def test_everything_only_after_a_question(tmp_path: Path) -> None:
    """0 hours is all there is: asked first, on stderr, and nothing goes without a yes."""
    path = made(tmp_path, [entry(time.time() - HOUR), entry(time.time() - 2)])
    everything = ('cleanup', '--older-than', 0, '--store', path)
    code, out, err = run(*everything)
    assert (code, out) == (1, '')
    assert 'Delete all of' in err
    assert '2 entries and every cached answer?' in err
    assert ran('cleanup', '--older-than', 0, '--store', path, '--dry-run') == '2 entries would go'
    assert ran(*everything, '--yes') == 'deleted: 2 entries, 0 cached answers'
