"""Tenants on one database: each has its own of everything, whatever names it chooses."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from compactor import Budget, BudgetExceeded, ConfigError, Ledger, Store, StoreArchive
from compactor.capacity.cooldown import Cooling
from compactor.ledger.budget import Use
from compactor.ledger.entry import Entry
from compactor.store.buckets import Buckets
from compactor.store.cooldowns import StoreStates
from compactor.store.limits import all_budgets, remove_budget, set_budget
from compactor.store.minutes import minutes
from compactor.store.reservations import consume, release, reserve, settle, usage
from compactor.store.responses import ResponseCache
from compactor.store.tenants import PREFIX, owned

NOW = 1_770_000_000.0
USE = Use(agent='', model='m', tokens=60, requests=1)
BUDGET = Budget(name='daily', limit=100, unit='tokens', period='day')


@pytest.fixture
def tenants(store: Store) -> tuple[Store, Store, Store]:
    """Two tenants, and what belongs to none."""
    return store.of('acme'), store.of('other'), store


def test_entries_and_their_sums(tenants: tuple[Store, Store, Store]) -> None:
    """What one has recorded is in no list, count, sum, report or export of another, also within one hour."""
    for n, store in enumerate(tenants, 1):
        Ledger(store).record_many(
            [Entry(at=NOW + 40 * i, model='m', conversation='c', input_tokens=n, cost=Decimal(n)) for i in range(n)]
        )
    for n, store in enumerate(tenants, 1):
        ledger = Ledger(store)
        assert ledger.count() == n == len(ledger.entries(conversation='c'))
        assert sum(total.figures.input_tokens for total in ledger.totals()) == n * n
        assert sum(total.figures.input_tokens for total in ledger.totals(NOW + 1, NOW + 10_000)) == n * (n - 1)
        report = ledger.conversation('c')
        assert report is not None
        assert sum(found[3] for found in minutes(store)) == n


def test_one_tenants_cleanup_leaves_the_others(tenants: tuple[Store, Store, Store]) -> None:
    """Entries, and sums of hours that are cut in two."""
    for store in tenants:
        Ledger(store).record_many([Entry(at=NOW + 600 * i, model='m', input_tokens=1) for i in range(20)])
    assert Ledger(tenants[0]).cleanup(NOW + 5_000) == 9
    assert [Ledger(store).count() for store in tenants] == [11, 20, 20]
    sums = [sum(total.figures.input_tokens for total in Ledger(store).totals()) for store in tenants]
    assert sums == [11, 20, 20]


def test_budgets(tenants: tuple[Store, Store, Store]) -> None:
    """Set, spent, set aside and removed for one tenant alone, under one name."""
    acme, other, none = tenants
    set_budget(acme, BUDGET, NOW)
    assert [budget.name for budget in all_budgets(acme)] == ['daily']
    assert all_budgets(other) == all_budgets(none) == []
    consume(acme, [BUDGET], USE, NOW)
    with pytest.raises(BudgetExceeded):
        reserve(acme, [BUDGET], USE, NOW)
    lease = reserve(other, [BUDGET], USE, NOW)
    assert usage(other, BUDGET, NOW).reserved == 60
    assert usage(none, BUDGET, NOW).reserved == usage(none, BUDGET, NOW).used == 0
    crossings = settle(other, lease, Use(agent='', model='m', tokens=90, requests=1), NOW)
    assert [crossing.used for crossing in crossings] == [90]
    assert usage(acme, BUDGET, NOW).used == 60
    release(none, reserve(none, [BUDGET], USE, NOW))
    assert not remove_budget(other, 'daily')
    assert remove_budget(acme, 'daily')


def test_capacity(tenants: tuple[Store, Store, Store]) -> None:
    """Windows are counted for each alone, in every way in which they are asked for."""
    acme, other, none = (Buckets(store) for store in tenants)
    acme.record('tokens/m', 10, NOW)
    acme.record_many([('tokens/m', 5, NOW)])
    assert acme.check_and_record([('tokens/m', 60, 20)], 5, NOW) == ()
    [full] = acme.check_and_record([('tokens/m', 60, 20)], 5, NOW)
    assert (full.key, full.used) == ('tokens/m', 20)
    assert acme.totals([('tokens/m', 60), ('other', 60)], NOW) == [20, 0]
    assert other.total('tokens/m', 60, NOW) == none.total('tokens/m', 60, NOW) == 0
    assert other.check_and_record([('tokens/m', 60, 20)], 20, NOW) == ()


def test_pauses(tenants: tuple[Store, Store, Store]) -> None:
    """A model that refused one tenant is asked for another."""
    cooling = Cooling(1, NOW, NOW + 60)
    StoreStates(tenants[0]).change('m', lambda before: cooling)
    assert [StoreStates(store).read('m') for store in tenants] == [cooling, None, None]


def test_answers(tenants: tuple[Store, Store, Store]) -> None:
    """Under one key each finds its own, and forgets only its own."""
    caches = [ResponseCache(store) for store in tenants]
    for n, cache in enumerate(caches):
        cache.set('k', b'%d' % n, model='m', prompt='which order is open?')
    assert [answer.data for cache in caches if (answer := cache.get('k'))] == [b'0', b'1', b'2']
    assert [cache.get_stats()['total_entries'] for cache in caches] == [1, 1, 1]
    assert caches[0].invalidate('*order*') == 1
    assert caches[1].clear_old(-1.0) == 1
    assert [cache.get('k') is not None for cache in caches] == [False, False, True]


def test_what_a_tenants_cache_may_take_is_its_own(store: Store) -> None:
    """One that fills its cache pushes out no answer of another."""
    small = ResponseCache(store.of('other'))
    small.set('k', b'kept', model='m')
    full = ResponseCache(store.of('acme'), max_bytes=2_000)
    for n in range(40):
        full.set(str(n), bytes((n * 7 + i * i) % 251 for i in range(900)), model='m')
    assert full.get_stats()['total_entries'] < 10
    assert small.get('k') is not None


def test_archives(tenants: tuple[Store, Store, Store]) -> None:
    """The same scope and conversation hold different things; sizes are counted apart; clearing one leaves the rest."""
    archives = [StoreArchive(store, 'agent', family=True) for store in tenants]
    keys = [archive.scoped('c').put(b'x' * 500 + b'%d' % n) for n, archive in enumerate(archives)]
    for n, archive in enumerate(archives):
        found = [archive.get(key) is not None for key in keys]
        assert found == [m == n for m in range(3)]
        assert [archive.scoped('c').get(key) is not None for key in keys] == found
    sizes = {archive.scoped('c').stored_bytes for archive in archives}
    assert 0 not in sizes
    assert archives[0].scoped('c').clear() == 1
    assert archives[1].scoped('c').get(keys[1]) is not None


REACHING: list[Callable[[Store, str], Any]] = [
    lambda store, name: StoreArchive(store, name),
    lambda store, name: Buckets(store).record(name, 1, NOW),
    lambda store, name: set_budget(store, Budget(name=name, limit=1), NOW),
    lambda store, name: StoreStates(store).read(name),
]


@pytest.mark.parametrize('reach', REACHING, ids=['archive', 'buckets', 'budget', 'pause'])
def test_no_name_reaches_into_another_tenant(reach: Callable[[Store, str], Any], store: Store) -> None:
    """A name that looks like that of another tenant's thing is refused, whoever chooses it."""
    stolen = owned('acme', 'agent', 100)
    assert stolen.startswith(PREFIX)
    for thief in (store, store.of('other')):
        with pytest.raises(ConfigError, match='may not begin'):
            reach(thief, stolen)


@pytest.mark.parametrize('name', ['a' * 300, 'a\0b', 'a\nb', '\ud800'])
def test_names_that_no_tenant_can_have(name: str, store: Store) -> None:
    """Said at once."""
    with pytest.raises(ConfigError, match='a tenant has'):
        store.of(name)


def test_long_names_stay_apart(store: Store) -> None:
    """What is too long for its column is kept by its hash, and stays the tenant's."""
    acme, other = store.of('acme'), store.of('b' * 200)
    name = 'n' * 100
    set_budget(acme, Budget(name=name, limit=1), NOW)
    assert [budget.name for budget in all_budgets(acme)] == [name]
    assert all_budgets(other) == []
    assert remove_budget(acme, name)
    Buckets(other).record('k' * 200, 3, NOW)
    assert Buckets(other).total('k' * 200, 60, NOW) == 3
    assert Buckets(acme).total('k' * 200, 60, NOW) == 0
    key = StoreArchive(acme, 's' * 100).put(b'1')
    assert StoreArchive(acme, 's' * 100).get(key) == b'1'
    assert StoreArchive(acme, 's' * 99 + 't').get(key) is None


def test_a_tenant_uses_the_stores_own_connections(tmp_path: Path) -> None:
    """Also of a store in memory; closing a tenant's closes nothing, and a tenant's tenant is one of the store."""
    with Store.open(':memory:') as store:
        acme = store.of('acme')
        Ledger(acme).record(Entry(at=NOW, model='m'))
        acme.close()
        assert Ledger(acme.of('acme')).count() == 1
        assert Ledger(acme.of('')).count() == 0
        assert 'acme' in repr(acme)
    with Store.open(tmp_path / 's.db', tenant='acme') as own:
        Ledger(own).record(Entry(at=NOW, model='m'))
    with Store.open(tmp_path / 's.db') as again:
        assert Ledger(again).count() == 0
        assert Ledger(again.of('acme')).count() == 1


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A store as versions left it that knew no tenants."""
    path = tmp_path / 'old.db'
    with Store.open(path) as store:
        Ledger(store).record(Entry(at=NOW, model='m', input_tokens=7))
        ResponseCache(store).set('k', b'1', model='m')
        with store.write() as connection:
            connection.execute(text('DROP INDEX compactor_entries_tenant'))
            for table in ('compactor_entries', 'compactor_hours', 'compactor_responses'):
                connection.execute(text(f'ALTER TABLE {table} DROP COLUMN tenant'))
            connection.execute(text('DELETE FROM compactor_schema WHERE version > 4'))
    return path


def test_what_was_kept_before_belongs_to_nobody(old: Path) -> None:
    """A store of an older version is brought up to date, and loses nothing."""
    with Store.open(old) as store:
        assert sum(total.figures.input_tokens for total in Ledger(store).totals()) == 7
        assert ResponseCache(store).get('k') is not None
        assert Ledger(store.of('acme')).count() == 0
        Ledger(store).record(Entry(at=NOW, model='m', input_tokens=1))
        assert sum(total.figures.input_tokens for total in Ledger(store).totals()) == 8
