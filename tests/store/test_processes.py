"""Many processes on one store, some of them killed: nothing is lost, nothing is let in too much."""

from __future__ import annotations

import os

import pytest

from compactor.ledger.budget import Budget, Use
from compactor.store.archive import StoreArchive
from compactor.store.buckets import Buckets
from compactor.store.engine import Store
from compactor.store.reservations import TTL, reserve, usage
from tests.store import worker
from tests.store.conftest import START

sizes = pytest.mark.parametrize(
    ('processes', 'operations'), [(3, 150), pytest.param(8, 4_000, marks=pytest.mark.sweep)]
)


@sizes
def test_no_update_is_lost(url: str, processes: int, operations: int) -> None:
    """What processes record at once adds up to what each of them recorded."""
    done = worker.results([worker.start(worker.count, url, operations) for _ in range(processes)])
    assert done == [operations] * processes
    with Store.open(url) as store:
        assert Buckets(store).total('shared', 86_400, START) == processes * operations


@sizes
def test_a_limit_admits_exactly_what_it_says(url: str, processes: int, operations: int) -> None:
    """Of more attempts than there is room for, as many succeed as the limit allows, and not one more."""
    limit = min(1_000, processes * operations // 2)
    done = worker.results([worker.start(worker.admit, url, operations, limit) for _ in range(processes)])
    assert sum(done) == limit


@pytest.mark.parametrize(('processes', 'operations'), [(3, 60), pytest.param(8, 500, marks=pytest.mark.sweep)])
def test_a_budget_is_never_overshot(url: str, processes: int, operations: int) -> None:
    """Processes that reserve, settle and give back on one budget never spend more than it allows, and can spend all."""
    limit = processes * operations // 2
    done = worker.results([worker.start(worker.spend, url, operations, limit) for _ in range(processes)])
    budget = worker.shared(limit)
    with Store.open(url) as store:
        stands = usage(store, budget, START)
        assert stands.used == sum(done) <= limit
        assert stands.reserved == 0
        assert stands.remaining == 0


@pytest.mark.parametrize('operations', [6, pytest.param(100, marks=pytest.mark.sweep)])
@pytest.mark.skipif(not hasattr(os, 'fork'), reason='writers are forked')
def test_a_killed_writer_loses_nothing_it_acknowledged(url: str, operations: int) -> None:
    """Whatever a process said was written is there after it was killed, and the file is sound."""
    (found,) = worker.results([worker.start(worker.kills, url, operations)])
    with Store.open(url) as store:
        archive = StoreArchive(store)
        keys: list[str] = found['acknowledged']
        assert len(keys) >= operations // 2
        assert archive.held(keys) == set(keys)
        assert all(archive.get(key) is not None for key in keys[-20:])
        written = Buckets(store).total('written', 86_400, START)
        assert len(keys) <= written <= len(keys) + operations  # one that was written and not said, each
        if store.is_sqlite:
            with store.read() as connection:
                assert connection.exec_driver_sql('PRAGMA integrity_check').scalars().all() == ['ok']


def test_an_archive_outlives_its_process(url: str) -> None:
    """What another process archived is read byte for byte, by key and by handle."""
    (keys,) = worker.results([worker.start(worker.put, url, 3)])
    with Store.open(url) as store:
        archive = StoreArchive(store, 'shared')
        assert [archive.get(key) for key in keys] == [f'text {n} '.encode() + b'\xe9' for n in range(3)]
        assert archive.get(keys[0][:16]) == b'text 0 \xe9'


def test_a_reservation_of_a_dead_process_comes_back(store: Store) -> None:
    """What nobody settles is free again when its lease has run out."""
    budget = Budget(name='small', limit=10)
    reserve(store, [budget], Use(tokens=10), START)
    assert usage(store, budget, START).remaining == 0
    assert usage(store, budget, START + TTL).remaining == 10
    reserve(store, [budget], Use(tokens=10), START + TTL)
