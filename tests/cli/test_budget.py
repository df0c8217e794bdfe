"""`compactor budget`: limits that hold for every process."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compactor.ledger.budget import Use
from compactor.store.engine import Store
from compactor.store.limits import all_budgets
from compactor.store.reservations import consume
from tests.cli.terminal import ran, run


def test_set_and_shown(tmp_path: Path) -> None:
    """What is set is kept, and shown with what is spent of it."""
    path = tmp_path / 'store.db'
    said = ran('budget', 'set', 'cap', '--limit', '1,000', '--unit', 'usd', '--period', 'year', '--store', path)
    assert said == 'set: cap, $1,000 a year'
    ran('budget', 'set', 'coder', '--limit', 2_000, '--period', 'year', '--agent', 'cod*', '--store', path)
    with Store.open(path) as store:
        consume(store, all_budgets(store), Use(agent='coder', tokens=500, usd=Decimal('2.5')), time.time())
    text = re.sub(r'\d\d-\d\d \d\d:\d\d', 'MM-DD HH:MM', ran('budget', 'show', '--store', path))
    assert text == snapshot("""\
        spent   reserved   limit     unit   period   used        resets
───────────────────────────────────────────────────────────────────────
cap       2.5          0   1,000      usd     year     0%   MM-DD HH:MM
coder     500          0   2,000   tokens     year    25%   MM-DD HH:MM\
""")
    [cap, coder] = json.loads(ran('budget', 'show', '--store', path, '--json'))
    assert (cap['used'], cap['remaining'], cap['unit']) == ('2.5', '997.5', 'usd')
    assert (coder['used'], coder['usage_pct'], coder['agent']) == ('500', 25.0, 'cod*')


def test_set_again_and_removed(tmp_path: Path) -> None:
    """One of the same name is replaced; what is spent stays spent."""
    path = tmp_path / 'store.db'
    ran('budget', 'set', 'cap', '--limit', 10, '--store', path)
    ran('budget', 'set', 'cap', '--limit', 20, '--store', path, '--warn-at', 0)
    [cap] = json.loads(ran('budget', 'show', '--store', path, '--json'))
    assert (cap['limit'], cap['warn_at']) == ('20', None)
    assert ran('budget', 'remove', 'cap', '--store', path) == 'removed: cap'
    code, _, err = run('budget', 'remove', 'cap', '--store', path)
    assert (code, "there is no budget 'cap'" in err) == (1, True)
    code, out, err = run('budget', 'show', '--store', path)
    assert (code, out, 'no budgets are set' in err) == (0, '', True)
    assert json.loads(run('budget', 'show', '--store', path, '--json')[1]) == []


@pytest.mark.parametrize(
    ('arguments', 'said'),
    [
        (['--limit', 'much'], "--limit is a number, not 'much'"),
        (['--limit=-3'], "--limit is an amount, not '-3'"),
        (['--limit', 'inf'], "--limit is an amount, not 'inf'"),
        (['--limit', '1', '--unit', 'euro'], 'unit'),
        (['--limit', '1', '--period', 'fortnight'], 'period'),
        (['--limit', '1', '--time-zone', 'Moon'], 'Moon'),
    ],
)
def test_bad_budgets(tmp_path: Path, arguments: list[str], said: str) -> None:
    """A message, exit code 1, and nothing is made."""
    code, _, err = run('budget', 'set', 'cap', *arguments, '--store', tmp_path / 'store.db')
    assert (code, said in err) == (1, True)
    assert not (tmp_path / 'store.db').exists()
