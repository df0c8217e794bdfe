"""`StoreArchive`: an archive that outlives its process, bounded, in scopes."""

from __future__ import annotations

import os
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from compactor import ConfigError
from compactor.archive.archive import Archive, Holding, blocks, key_of
from compactor.store.archive import HOUR, StoreArchive
from compactor.store.engine import Store
from compactor.store.schema import archive as table
from tests.store.conftest import Clock


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=2_000))
def test_what_is_put_comes_back(data: bytes) -> None:
    """Byte for byte, under its hash and the first 16 digits of it; a shorter or another key finds nothing."""
    with Store.open(':memory:') as store:
        archive = StoreArchive(store)
        key = archive.put(data)
        assert key == key_of(data)
        assert archive.get(key) == archive.get(key[:16]) == data
        assert archive.get(key[:15]) is None
        assert archive.get('0' * 64) is None
        assert archive.held([key, '0' * 64]) == {key}


def test_it_is_an_archive_that_blocks(store: Store) -> None:
    """So the library calls it in a thread; what it holds is not sent again; it never lists its keys."""
    archive: Archive = StoreArchive(store)
    assert blocks(archive)
    assert isinstance(archive, Holding)
    assert not any(hasattr(archive, name) for name in ('keys', '__iter__', '__getitem__', 'items'))


def test_it_survives_a_restart(url: str) -> None:
    """Another store on the same database reads what the first has written."""
    data = os.urandom(5_000)
    with Store.open(url) as store:
        key = StoreArchive(store).put(data)
    with Store.open(url) as store:
        assert StoreArchive(store).get(key) == data


def test_scopes_do_not_see_each_other(store: Store) -> None:
    """Not even with the right key; what is cleared in one stays in the other."""
    mine, theirs = StoreArchive(store, 'mine'), StoreArchive(store, 'theirs')
    key = mine.put(b'mine')
    assert theirs.get(key) is None
    assert theirs.held([key]) == set()
    theirs.put(b'mine')
    assert mine.clear() == 1
    assert mine.get(key) is None
    assert mine.stored_bytes == 0
    assert theirs.get(key) == b'mine'


def test_the_least_recently_used_goes_first(store: Store, clock: Clock) -> None:
    """The bound holds at all times; reading an entry keeps it."""
    archive = StoreArchive(store, max_bytes=4_000)
    data = [os.urandom(1_000) for _ in range(6)]
    keys = []
    for some in data[:3]:
        keys.append(archive.put(some))
        clock.now += 2 * HOUR
    assert archive.get(keys[0]) == data[0]
    for some in data[3:]:
        clock.now += 2 * HOUR
        keys.append(archive.put(some))
        assert archive.stored_bytes <= 4_000
    assert [archive.get(key) is not None for key in keys] == [False, False, False, True, True, True] or (
        archive.get(keys[0]) is not None and archive.get(keys[1]) is None
    )
    assert archive.get(keys[-1]) == data[-1]


def test_the_books_balance(store: Store, clock: Clock) -> None:
    """What it says it holds is what lies in the table, also after somebody has removed entries behind its back."""
    archive = StoreArchive(store, max_bytes=20_000)
    keys = [archive.put(os.urandom(1_000)) for _ in range(30)]

    def lying() -> int:
        with store.read() as connection:
            return sum(connection.execute(select(table.c.size)).scalars())

    assert archive.stored_bytes == lying() <= 20_000
    with store.write('archive/default') as connection:
        connection.execute(table.delete().where(table.c.key.in_(archive_keys := keys[15:])))
    assert archive.held(archive_keys) == set()
    for _ in range(30):
        archive.put(os.urandom(1_000))
    assert archive.stored_bytes == lying() <= 20_000
    assert lying() > 15_000


def test_an_entry_larger_than_the_archive_is_not_held(store: Store) -> None:
    """It does not push out everything else for nothing."""
    archive = StoreArchive(store, max_bytes=2_000)
    small = archive.put(b'small')
    assert archive.get(archive.put(os.urandom(5_000))) is None
    assert archive.get(small) == b'small'


def test_an_entry_that_nobody_uses_expires(store: Store, clock: Clock) -> None:
    """Its time begins anew when it is read, asked for or stored again; then it is gone, and so are its bytes."""
    archive = StoreArchive(store, ttl=600)
    keys = [archive.put(data) for data in (b'read', b'held', b'stored', b'left')]
    clock.now += 400
    assert archive.get(keys[0]) == b'read'
    assert archive.held(keys[1:2]) == {keys[1]}
    assert archive.put(b'stored') == keys[2]
    clock.now += 400
    assert archive.held(keys) == set(keys[:3])
    assert archive.get(keys[3]) is None
    clock.now += 10_000
    assert archive.held(keys) == set()
    archive.put(b'new')
    with store.read() as connection:
        assert connection.execute(select(table.c.key)).scalars().all() == [key_of(b'new')]
    assert archive.stored_bytes == len(zlib.compress(b'new', 1))


def test_reading_writes_at_most_once_an_hour(store: Store, clock: Clock) -> None:
    """However often an entry is read."""
    archive = StoreArchive(store)
    key = archive.put(b'often')
    noted = set()
    for _ in range(20):
        clock.now += HOUR / 8
        archive.get(key)
        archive.held([key])
        with store.read() as connection:
            noted.add(connection.execute(select(table.c.used)).scalar())
    assert len(noted) == 3  # when it was put, and twice in two and a half hours


def test_what_was_damaged_counts_as_gone(store: Store) -> None:
    """Nobody is given other bytes than were put in."""
    archive = StoreArchive(store)
    keys = [archive.put(data) for data in (b'one', b'two')]
    for key, damage in zip(keys, (b'no zlib', zlib.compress(b'other')), strict=True):
        with store.write('archive/default') as connection:
            connection.execute(update(table).where(table.c.key == key).values(data=damage))
        assert archive.get(key) is None


def test_many_keys_at_once(store: Store) -> None:
    """More than a statement may have parameters."""
    archive = StoreArchive(store)
    key = archive.put(b'one of many')
    assert archive.held([key, *(f'{n:064x}' for n in range(40_000))]) == {key}


def test_what_makes_no_sense_is_refused() -> None:
    """A mistake in the configuration is said at once."""
    with Store(':memory:') as store:
        for scope in ('', 's' * 101):
            with pytest.raises(ConfigError, match='a scope has 1 to 100'):
                StoreArchive(store, scope)
        with pytest.raises(ConfigError, match='max_bytes'):
            StoreArchive(store, max_bytes=-1)
        with pytest.raises(ConfigError, match='ttl must be longer'):
            StoreArchive(store, ttl=0)
