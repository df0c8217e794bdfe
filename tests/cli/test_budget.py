"""`compactor budget`: limits that hold for every process."""

from __future__ import annotations

import json
import re
import time
from decimal import Decimal
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compactor.errors import ConfigError
from compactor.ledger.budget import Budget, Use
from compactor.policy import Policy
from compactor.store.engine import Store
from compactor.store.limits import all_budgets
from compactor.store.reservations import consume
from tests.cli.terminal import ran, run


def test_set_and_shown(tmp_path: Path) -> None:
    """What is set is kept, and shown with what is spent of it."""
    path = tmp_path / 'store.db'
    code, said, err = run(
        'budget', 'set', 'cap', '--limit', '1,000', '--unit', 'usd', '--period', 'year', '--store', path
    )
    assert (code, said) == (0, 'set: cap, $1,000 a year')
    assert '--unpriced ignore' in err
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


def test_budgets_of_the_policy_are_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside those that were set, before one of the same name, with what is spent of them."""
    path, policy = tmp_path / 'store.db', tmp_path / 'policy.toml'
    policy.write_text('[[ledger.budgets]]\nname = "daily"\nlimit = "100k"\nperiod = "year"\n')
    ran('budget', 'set', 'daily', '--limit', 7, '--period', 'year', '--store', path)
    ran('budget', 'set', 'other', '--limit', '1.5M', '--period', 'year', '--store', path)
    with Store.open(path) as store:
        consume(store, Policy.load(policy).ledger.budgets, Use(tokens=500), time.time())
    shown = json.loads(ran('budget', 'show', '--policy', policy, '--store', path, '--json'))
    wanted = [('daily', 'policy', '100000', '500'), ('other', 'set', '1500000', '0')]
    assert [(one['name'], one['from'], one['limit'], one['used']) for one in shown] == wanted
    monkeypatch.setenv('COMPACTOR_CONFIG', str(policy))
    assert 'policy' in ran('budget', 'show', '--store', path)


def test_what_has_no_price(tmp_path: Path) -> None:
    """An operator may let it through, or give models a weight; the error of a run says so, too."""
    path = tmp_path / 'store.db'
    ran(
        'budget',
        'set',
        'cap',
        '--limit',
        5,
        '--unit',
        'usd',
        '--unpriced',
        'ignore',
        '--weight',
        'a*=0.5',
        '--store',
        path,
    )
    with Store.open(path) as store:
        [budget] = all_budgets(store)
        assert (budget.unpriced, dict(budget.weights)) == ('ignore', {'a*': Decimal('0.5')})
        consume(store, [budget], Use(model='my-own'), time.time())
        refusing = budget.model_copy(update={'unpriced': 'refuse'})
        with pytest.raises(ConfigError, match=r'budget set \.\.\. --unpriced ignore'):
            consume(store, [refusing], Use(model='my-own'), time.time())
    code, _, err = run('budget', 'set', 'cap', '--limit', 5, '--weight', 'a', '--store', path)
    assert (code, 'a pattern and a number' in err) == (1, True)


@pytest.mark.parametrize(
    ('text', 'limit'), [('24M', '24000000'), ('300k', '300000'), ('1.5', '1.5'), ('1_000', '1000')]
)
def test_amounts_of_a_budget(tmp_path: Path, text: str, limit: str) -> None:
    """As every other option reads them, and as a policy does."""
    ran('budget', 'set', 'cap', '--limit', text, '--store', tmp_path / 'store.db')
    [cap] = json.loads(ran('budget', 'show', '--store', tmp_path / 'store.db', '--json'))
    assert cap['limit'] == limit
    assert Budget(name='cap', limit=text).limit == Decimal(limit)


def test_of_a_tenant(tmp_path: Path) -> None:
    """A budget is set, shown and removed for one tenant alone."""
    path = tmp_path / 'store.db'
    ran('budget', 'set', 'cap', '--limit', 10, '--store', path, '--tenant', 'acme')
    assert [
        len(json.loads(run('budget', 'show', '--store', path, '--json', *of)[1])) for of in (('--tenant', 'acme'), ())
    ] == [1, 0]
    assert run('budget', 'remove', 'cap', '--store', path)[0] == 1
    assert ran('budget', 'remove', 'cap', '--store', path, '--tenant', 'acme') == 'removed: cap'
