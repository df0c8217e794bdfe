"""The index of archived steps in either database: the order of a plain ranking, scopes, deletion, older stores."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text, update

from compactor.archive.archive import Archive, MemoryArchive
from compactor.archive.finding import places
from compactor.archive.ranking import Found, Query, Searching, ranked
from compactor.archive.spaces import put_in
from compactor.archive.terms import bag
from compactor.store import search
from compactor.store.archive import StoreArchive
from compactor.store.engine import Store
from compactor.store.schema import archive as table
from tests.archive.test_finding import STEPS
from tests.store.conftest import Clock

QUERIES = ('row filter', 'budget', 'drop_duplicates pytest', 'import rows reservation', 'tests', 'zeppelin', 'Müller')
MORE = {n: f'--- agent\nmail number {n} to Müller about {"budget " * (n % 5)}rows' for n in range(5, 40)}


def kept(archive: Archive, steps: dict[int, str]) -> dict[int, str]:
    """Puts steps into an archive; their keys by ordinal."""
    return {n: archive.put(put_in('step', text.encode())) for n, text in steps.items()}


def everything(key: str) -> bool:
    """Nothing is kept back."""
    return True


def found(archive: StoreArchive, query: Query | str) -> Found:
    """What the index of an archive finds."""
    asked = archive.search(Query(query) if isinstance(query, str) else query, everything)
    assert asked is not None
    return asked


def rows(store: Store) -> int:
    """How many entries the index has."""
    with store.read() as connection:
        return int(connection.execute(text(f'SELECT count(*) FROM {search.NAME}')).scalar() or 0)


def test_the_order_is_the_same_everywhere(store: Store) -> None:
    """SQLite, PostgreSQL, and an archive without an index name the same steps, in the same order of scores."""
    archive, memory = StoreArchive(store), MemoryArchive()
    assert isinstance(archive, Searching)
    here, there = kept(archive, STEPS | MORE), kept(memory, STEPS | MORE)
    bags = {key: bag(text) for key, text in zip(there.values(), (STEPS | MORE).values(), strict=True)}
    for query in map(Query, QUERIES):
        told = found(archive, query)
        plain = dict(ranked(bags, query))
        assert {hit.key: pytest.approx(hit.score) for hit in told.hits} == plain
        assert [hit.score for hit in told.hits] == sorted((hit.score for hit in told.hits), reverse=True)
        assert len(places(archive, here, query, None).found) == len(places(memory, there, query, None).found)


def test_scopes_and_tenants_do_not_find_each_other(store: Store) -> None:
    """A conversation finds its own; all of them together are found where that is asked for, of one tenant only."""
    acme, other = StoreArchive(store.of('acme')), StoreArchive(store.of('other'))
    first, second = acme.scoped('first'), acme.scoped('second')
    key = first.put(put_in('step', b'the budget of acme'))
    foreign = other.scoped('first').put(put_in('step', b'the budget of others'))
    assert [hit.key for hit in found(first, 'budget').hits] == [key]
    assert found(second, 'budget').hits == ()
    assert [hit.key for hit in found(second.all_of_them, 'budget').hits] == [key]
    assert [hit.key for hit in found(other.scoped('x').all_of_them, 'budget').hits] == [foreign]
    assert found(StoreArchive(store).all_of_them, 'budget').hits == ()


def test_what_leaves_the_archive_leaves_the_index(store: Store, clock: Clock) -> None:
    """By clearing, by age, by want of room, and by whoever deletes the row."""
    archive = StoreArchive(store, ttl=100.0)
    kept(archive, STEPS)
    assert rows(store) == 4
    clock.now += 200
    archive.put(put_in('step', b'the newest budget'))
    assert rows(store) == 1
    assert archive.clear() == 1
    assert rows(store) == 0
    small = StoreArchive(store, 'small', max_bytes=600)
    for n in range(20):
        clock.now += 1
        small.put(put_in('step', f'budget {n} {n * 7919} {n * 104729}'.encode()))
    with store.read() as connection:
        held = len(connection.execute(select(table.c.key)).all())
    assert rows(store) == held < 20
    with store.write() as connection:
        connection.execute(table.delete())
    assert rows(store) == 0


def test_only_steps_are_indexed(store: Store) -> None:
    """Neither messages nor manifests nor outputs, which have handles of their own."""
    archive = StoreArchive(store)
    for data in (put_in('message', b'budget'), put_in('manifest', b'budget'), b'budget'):
        archive.put(data)
    assert found(archive, 'budget').hits == ()


def test_no_secret_is_indexed(store: Store) -> None:
    """Also where an archive was told to keep them."""
    archive = StoreArchive(store)
    archive.put(put_in('step', b'the token is ghp_' + b'a1B2' * 9))
    assert found(archive, 'token').hits
    assert not found(archive, 'ghp_' + 'a1B2' * 9).hits


def test_an_older_store_is_indexed_step_by_step(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a version without an index has stored is found after some searches, each of which indexes a little."""
    archive = StoreArchive(store)
    kept(archive, STEPS | MORE)
    with store.write() as connection:
        connection.execute(text(f'DELETE FROM {search.NAME}'))
        connection.execute(update(table).values(indexed=None))
    monkeypatch.setattr(search, 'AT_ONCE', 15)
    waiting = [found(archive, 'budget').waiting for _ in range(4)]
    assert waiting == [24, 9, 0, 0]
    assert rows(store) == len(STEPS | MORE)


def test_a_store_without_an_index_is_searched_all_the_same(store: Store) -> None:
    """A SQLite without FTS5: each step is read."""
    archive = StoreArchive(store)
    held = kept(archive, STEPS)
    with store.write() as connection:
        if store.is_sqlite:
            connection.execute(text(f'DROP TRIGGER {search.NAME}_forgets'))
            connection.execute(text(f'DROP TABLE {search.NAME}_vocabulary'))
        connection.execute(text(f'DROP TABLE {search.NAME}'))
    assert archive.search(Query('budget'), everything) is None
    assert [place.step for place in places(archive, held, Query('budget'), None).found] == [4]
    archive.put(put_in('step', b'one more budget'))


def test_a_hostile_query_is_harmless(store: Store) -> None:
    """No character of a question means anything to a database."""
    archive = StoreArchive(store)
    kept(archive, STEPS)
    for query in ('"', 'NEAR(a b) * ^', "x' OR ''='", 'budget:* & !a | (b', 'budget ' * 999, '\0\ud800é'):
        assert len(found(archive, query).hits) <= len(STEPS)
