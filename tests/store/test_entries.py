"""The ledger in a store: nothing lost, nothing counted twice, the same on both engines."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, inspect, select, text

from compactor.errors import ConfigError, StoreError
from compactor.ledger.entry import Entry
from compactor.ledger.figures import Figures, Total, counted, overall
from compactor.ledger.prices import Prices
from compactor.store import hours, migrations, schema
from compactor.store.engine import Store
from compactor.store.entries import HOUR, Ledger
from compactor.store.responses import ResponseCache
from tests.ledger.entries import NOW, entries, entry
from tests.store.conftest import Clock
from tests.store.databases import missing_postgres, temporary_postgres


@pytest.fixture
def ledger(store: Store) -> Ledger:
    """An empty ledger on either engine."""
    return Ledger(store)


@pytest.fixture(scope='module', params=['sqlite', 'postgres'])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property; `emptied` makes it new."""
    if request.param == 'sqlite':
        with Store.open(tmp_path_factory.mktemp('ledger') / 'store.db', clock=Clock(NOW)) as store:
            yield store
        return
    missing = missing_postgres()
    if missing:
        pytest.skip(missing)
    with temporary_postgres() as url, Store.open(url, clock=Clock(NOW)) as store:
        yield store


def emptied(store: Store) -> Ledger:
    """The ledger of a store without entries."""
    with store.write() as connection:
        connection.execute(schema.entries.delete())
        connection.execute(hours.hours.delete())
    return Ledger(store)


def the_same(found: tuple[Total, ...], expected: tuple[Total, ...]) -> None:
    """Groups and figures are equal, whatever their order; groups without a request do not count."""
    assert {one.group: one.figures for one in found} == {one.group: one.figures for one in expected}


times = st.none() | st.floats(NOW - 31 * HOUR, NOW + HOUR) | st.integers(-31, 1).map(lambda h: (NOW // HOUR + h) * HOUR)


@settings(max_examples=40)
@given(some=entries, since=times, until=times)
def test_sums_in_sql_are_those_of_the_entries(
    shared: Store, some: list[Entry], since: float | None, until: float | None
) -> None:
    """Over any period, hours cut in two included: exact, to the token and the billionth of a dollar."""
    ledger = emptied(shared)
    ledger.record_many(some)
    within = [one for one in some if (since is None or one.at >= since) and (until is None or one.at < until)]
    the_same(ledger.totals(since, until), counted(within))
    for agent, model in (('coder', None), (None, 'b'), ('', 'a')):
        chosen = [one for one in within if agent in (None, one.agent) and model in (None, one.model)]
        the_same(ledger.totals(since, until, agent=agent, model=model), counted(chosen))
    of_one = [one for one in within if one.conversation == 'c1']
    the_same(ledger.totals(since, until, conversation='c1'), counted(of_one))


@settings(max_examples=40)
@given(some=entries)
def test_entries_come_back_as_they_were(shared: Store, some: list[Entry]) -> None:
    """Every field, in the order of time, and of recording where times are equal."""
    ledger = emptied(shared)
    for one in some:
        ledger.record(one)
    assert ledger.entries() == sorted(some, key=lambda one: one.at)
    assert overall(ledger.totals()) == overall(counted(some))


@settings(max_examples=40)
@given(some=entries, before=times.filter(lambda time: time is not None))
def test_cleanup_leaves_what_is_younger(shared: Store, some: list[Entry], before: float) -> None:
    """Entries, and their share in the sums, also of the hour in which the line is drawn."""
    ledger = emptied(shared)
    ledger.record_many(some)
    kept = [one for one in some if one.at >= before]
    assert ledger.count(until=before) == len(some) - len(kept)
    assert ledger.cleanup(before) == len(some) - len(kept)
    assert ledger.entries() == sorted(kept, key=lambda one: one.at)
    the_same(ledger.totals(), counted(kept))
    assert ledger.cleanup(before) == 0


def test_cleanup_in_many_steps(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that no transaction lasts long: hour by hour, and to the end where one moment holds more than a step."""
    monkeypatch.setattr('compactor.store.entries.CHUNK', 3)
    some = [entry(NOW - i * 900) for i in range(40)] + [entry(NOW - 9 * HOUR)] * 20
    ledger.record_many(some)
    kept = [one for one in some if one.at >= NOW - HOUR]
    assert ledger.cleanup(NOW - HOUR) == len(some) - len(kept)
    the_same(ledger.totals(), counted(kept))


def test_filters_and_the_newest(ledger: Ledger) -> None:
    """By agent, model, conversation and time; a limit keeps the newest."""
    some = [
        entry(NOW, agent='a', conversation='x'),
        entry(NOW + 1, agent='b', model='glm', conversation='x'),
        entry(NOW + 2, agent='a', model='glm', conversation='y'),
    ]
    ledger.record_many(some)
    assert ledger.entries(agent='a') == [some[0], some[2]]
    assert ledger.entries(model='glm', conversation='x') == [some[1]]
    assert ledger.entries(NOW + 1, NOW + 2) == [some[1]]
    assert ledger.entries(limit=2) == some[1:]
    assert (ledger.count(), ledger.count(NOW + 1)) == (3, 2)


def test_all_or_none(ledger: Ledger) -> None:
    """An entry that cannot be kept takes the others along, and leaves the sums alone."""
    with pytest.raises(ConfigError, match='amount of dollars'):
        ledger.record_many([entry(), entry(cost='NaN')])
    with pytest.raises(ConfigError, match='seconds since 1970'):
        ledger.record(entry(float('inf')))
    with pytest.raises(ConfigError, match='input_tokens of an entry'):
        ledger.record_many([entry(), entry(input_tokens=2**70)])
    with pytest.raises(ConfigError, match='latency'):
        ledger.record(entry(latency=float('nan')))
    ledger.record_many([])
    assert (ledger.entries(), ledger.totals()) == ([], ())


def test_what_no_database_takes(ledger: Ledger) -> None:
    """NUL and lone surrogates in names become harmless; the rest of the entry is kept, and found again."""
    ledger.record(entry(agent='a\0b', error='bad \ud800', conversation='c\0'))
    [found] = ledger.entries(agent='a\0b', conversation='c\0')
    assert (found.agent, found.error) == ('a\N{REPLACEMENT CHARACTER}b', 'bad ?')
    assert overall(ledger.totals(agent='a\0b')).requests == 1
    assert ledger.conversation('c\0') is not None


def test_costs_are_filled_in(store: Store) -> None:
    """By the prices that the ledger was given; to billionths."""
    prices = Prices.of({'gpt-5': {'input': '0.0375', 'output': 0}}, bundled=False)
    ledger = Ledger(store, prices)
    ledger.record_many([entry(cost=None, input_tokens=1), entry(cost='0.1234567891'), entry(model='x', cost=None)])
    assert [one.cost for one in ledger.entries()] == [Decimal('0.000000038'), Decimal('0.123456789'), None]


def test_many_at_once_lose_nothing(store: Store) -> None:
    """Threads that record into the same sums, in different orders."""
    models = ['a', 'b', 'c', 'd']

    def work(number: int) -> None:
        ledger = Ledger(store)
        for i in range(10):
            turned = models[(number + i) % 4 :] + models[: (number + i) % 4]
            ledger.record_many(entry(model=model, cost='0.000000001') for model in turned)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = overall(Ledger(store).totals())
    assert (whole.requests, whole.nano, whole.input_tokens) == (240, 240, 240_000)


def test_cleanup_while_others_record(store: Store) -> None:
    """The sums of the hour in which the line is drawn are counted again while entries come into it."""
    start = NOW // HOUR * HOUR
    line = start + 1_800
    Ledger(store).record_many(entry(start + i) for i in range(100))
    begun = threading.Barrier(4)

    def record(number: int) -> None:
        begun.wait()
        for i in range(25):
            Ledger(store).record(entry(line + i, model=f'm{number}'))

    def clean() -> None:
        begun.wait()
        for _ in range(5):
            Ledger(store).cleanup(line)

    threads = [threading.Thread(target=record, args=(number,)) for number in range(3)]
    threads.append(threading.Thread(target=clean))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger = Ledger(store)
    assert len(ledger.entries()) == 75
    the_same(ledger.totals(), counted(ledger.entries()))


RECORDING = """
import sys
from compactor.ledger.entry import Entry
from compactor.store.engine import Store
from compactor.store.entries import Ledger

ledger = Ledger(Store.open(sys.argv[1]))
for number in range(10_000):
    ledger.record(Entry(at=1_770_000_000.0 + number, model='m', run=f'{sys.argv[2]}/{number}', input_tokens=1))
    print(number, flush=True)
"""


def test_processes_that_are_killed_lose_nothing_they_had_kept(url: str) -> None:
    """In the middle of writing: every entry that was acknowledged is there, and the sums are those of the entries."""
    acknowledged = set()
    for life in range(4):
        command = [sys.executable, '-c', RECORDING, url, str(life)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                acknowledged.add(f'{life}/{line.strip()}')
                if int(line) == 20 + 7 * life:
                    process.kill()
    with Store.open(url) as store:
        ledger = Ledger(store)
        found = ledger.entries()
        assert acknowledged <= {one.run for one in found}
        assert len(found) <= len(acknowledged) + 4
        the_same(ledger.totals(), counted(found))


def test_a_conversation(ledger: Ledger) -> None:
    """From the start of its first request to its last answer; runs are its tasks."""
    ledger.record_many(
        [
            entry(NOW, conversation='c', run='1', latency=4.0, cost='0.1'),
            entry(NOW + 60, conversation='c', run='1', latency=None, cost='0.2'),
            entry(NOW + 120, conversation='c', run='2', cost='0.3'),
            entry(NOW + 900, conversation='other'),
        ]
    )
    found = ledger.conversation('c')
    assert found is not None
    assert (found.started, found.ended, found.duration, found.tasks) == (NOW - 4, NOW + 120, 124.0, 2)
    assert (found.total.requests, found.total.cost) == (3, Decimal('0.6'))
    assert ledger.conversation('none') is None


def test_reports_over_hours(ledger: Ledger, clock: Clock) -> None:
    """Up to now by the store's clock; a period must be one."""
    clock.now = NOW
    ledger.record_many([entry(NOW - 2 * HOUR, cost='0.5'), entry(NOW - 30 * HOUR, cost='0.25', model='glm')])
    assert ledger.get_summary(24)['total_cost'] == '0.5'
    assert ledger.get_summary(48)['total_cost'] == '0.75'
    assert ledger.get_summary(48)['by_model'].keys() == {'gpt-5', 'glm'}
    assert ledger.summary(48, model='glm').total.requests == 1
    assert [one['model'] for one in ledger.get_efficiency_rankings(48)] == ['glm', 'gpt-5']
    assert (ledger.today(Decimal('0.4')).cost, ledger.today(Decimal('0.4')).alert) == (Decimal('0.5'), True)
    for bad in (0, -1, float('nan')):
        with pytest.raises(ConfigError, match='positive number of hours'):
            ledger.summary(bad)


def test_the_optimization_report(ledger: Ledger, store: Store, clock: Clock) -> None:
    """What the response cache holds is in it, beside the figures of the period."""
    clock.now = NOW
    cache = ResponseCache(store)
    cache.set('k', b'{}', model='gpt-5', prompt='hello', tokens=70)
    assert cache.get('k') is not None
    ledger.record(entry())
    found = ledger.get_optimization_report(24)
    assert found['cache']['total_tokens_saved'] == 70
    assert found['cache']['by_model'] == {'gpt-5': {'entries': 1, 'hits': 1}}
    assert found['metrics']['total_requests'] == 1
    assert found['recommendations'][0]['about'] == 'most_efficient_model'


def test_tables_under_the_names_of_others(ledger: Ledger, store: Store) -> None:
    """`response_cache` and `token_metrics` with their indexes; their columns are compared where they are written."""
    with store.read() as connection:
        seen = inspect(connection)
        assert {'response_cache', 'token_metrics'} <= set(seen.get_table_names())
        assert seen.get_view_names() == []
        for table, index in (('response_cache', 'idx_timestamp'), ('token_metrics', 'idx_model_timestamp')):
            assert [one['name'] for one in seen.get_indexes(table)] == [index]
        assert 'compactor_entries_model_at' in {one['name'] for one in seen.get_indexes('compactor_entries')}


def test_a_database_with_such_a_table_keeps_it(url: str) -> None:
    """An existing database may have a `response_cache` of its own; the store works beside it."""
    with Store(url) as store, store.write() as connection:
        connection.execute(text('DROP TABLE response_cache'))
        connection.execute(text('CREATE TABLE response_cache (mine INTEGER)'))
        connection.execute(text('DROP TABLE token_metrics'))
        connection.execute(text('DROP TABLE compactor_hours'))
        connection.execute(schema.version.delete().where(schema.version.c.version > 1))
    with Store(url) as store:
        Ledger(store).record(entry())
        with store.read() as connection:
            assert connection.execute(text('SELECT mine FROM response_cache')).all() == []
            assert connection.execute(text('SELECT count(*) FROM token_metrics')).scalar() == 0


def test_entries_of_the_first_version_are_summed_up(url: str) -> None:
    """A store from before there were sums by the hour shows the same figures afterwards."""
    some = [entry(NOW - i * 1_000, model=f'm{i % 3}') for i in range(20)]
    with Store(url) as store:
        Ledger(store).record_many(some)
        with store.write() as connection:
            for statement in ('DROP TABLE response_cache', 'DROP TABLE token_metrics', 'DROP TABLE compactor_hours'):
                connection.execute(text(statement))
            connection.execute(schema.version.delete().where(schema.version.c.version > 1))
    with Store(url) as store:
        the_same(Ledger(store).totals(), counted(some))
        with store.read() as connection:
            assert migrations.current(connection) == len(migrations.MIGRATIONS)


def test_a_report_reads_sums_and_not_entries(ledger: Ledger, store: Store) -> None:
    """Four thousand requests of two hours are a few rows."""
    some = [entry(NOW // HOUR * HOUR + i, model=f'm{i % 2}') for i in range(4_000)]
    ledger.record_many(some)
    with store.read() as connection:
        rows = connection.execute(select(func.count()).select_from(hours.hours)).scalar()
    assert rows == 4
    assert overall(ledger.totals()) == sum(map(Figures.of, some), Figures())


def test_the_store_away_is_told(sqlite_url: str) -> None:
    """A typed error; what was recorded before is there."""
    with Store.open(sqlite_url, clock=Clock(NOW)) as store:
        ledger = Ledger(store)
        ledger.record(entry())
        assert store.path is not None
        other = sqlite3.connect(store.path)
        other.execute('DROP TABLE compactor_hours')
        other.commit()
        other.close()
        with pytest.raises(StoreError):
            ledger.record(entry())
        assert len(ledger.entries()) == 1
