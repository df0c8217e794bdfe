"""How a store is brought to the newest version."""

from __future__ import annotations

import pytest
from sqlalchemy import Connection, insert, text

from compactor import StoreError
from compactor.store import migrations
from compactor.store.buckets import Buckets
from compactor.store.engine import Store
from compactor.store.migrations import MIGRATIONS, current, reflected
from compactor.store.schema import metadata, version
from tests.store.conftest import START, Clock


def test_the_migrations_make_what_the_schema_says(store: Store) -> None:
    """Every table with all of its columns, primary keys and indexes."""
    with store.read() as connection:
        found = reflected(connection)
        assert current(connection) == len(MIGRATIONS)
    assert set(found.tables) == set(metadata.tables)
    for name, table in metadata.tables.items():
        assert [column.name for column in found.tables[name].columns] == [column.name for column in table.columns]
        assert found.tables[name].primary_key.columns.keys() == table.primary_key.columns.keys()
        there = {tuple(index.columns.keys()) for index in found.tables[name].indexes}
        assert {tuple(index.columns.keys()) for index in table.indexes} <= there


def test_opening_again_changes_nothing(url: str) -> None:
    """A store of the newest version is left alone."""
    for _ in range(2):
        with Store.open(url) as store, store.read() as connection:
            assert connection.execute(version.select()).all()[-1][0] == len(MIGRATIONS)
            assert len(connection.execute(version.select()).all()) == len(MIGRATIONS)


def test_a_newer_store_is_refused(url: str) -> None:
    """It is not touched, and the message says what to do; the same store object works once it may."""
    with Store.open(url) as store:
        with store.write() as connection:
            connection.execute(insert(version).values(version=len(MIGRATIONS) + 1, at=START))
        store.close()
        for use in (store.write, store.read):
            with pytest.raises(StoreError, match=r'newer than this library knows.*upgrade'), use():
                raise AssertionError('not reached')


def test_an_old_store_is_migrated(url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """The steps that are missing are carried out once and in order, and what was there stays."""
    monkeypatch.setattr(migrations, 'MIGRATIONS', MIGRATIONS[:1])
    with Store.open(url, clock=clock) as store:
        Buckets(store).record('a', 1, START)
    done: list[int] = []

    def second(connection: Connection) -> None:
        done.append(2)
        connection.execute(text('ALTER TABLE compactor_cooldowns ADD COLUMN reason TEXT'))

    def third(connection: Connection) -> None:
        done.append(3)

    monkeypatch.setattr(migrations, 'MIGRATIONS', (*MIGRATIONS[:1], second, third))
    for _ in range(2):
        with Store.open(url, clock=clock) as store:
            assert Buckets(store).total('a', 60, START) == 1
            with store.read() as connection:
                assert 'reason' in reflected(connection).tables['compactor_cooldowns'].columns
    assert done == [2, 3]


def test_a_step_that_fails_leaves_the_store_as_it_was(url: str, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration is a transaction: the old version goes on working with the old library."""
    with Store.open(url, clock=clock) as store:
        Buckets(store).record('a', 1, START)

    def broken(connection: Connection) -> None:
        connection.execute(text('ALTER TABLE compactor_cooldowns ADD COLUMN reason TEXT'))
        connection.execute(text('SELECT 1 FROM nowhere'))

    with monkeypatch.context() as patched:
        patched.setattr(migrations, 'MIGRATIONS', (*MIGRATIONS, broken))
        with pytest.raises(StoreError, match='nowhere'):
            Store.open(url, clock=clock)
    with Store.open(url, clock=clock) as store, store.read() as connection:
        assert 'reason' not in reflected(connection).tables['compactor_cooldowns'].columns
