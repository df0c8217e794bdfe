"""What is shown of a store: figures that add up, the newest first, a tenant's own, and nothing that is a secret."""

from __future__ import annotations

from decimal import Decimal

from inline_snapshot import snapshot

from compactor.ledger.budget import Budget, Use
from compactor.ledger.context import Context
from compactor.store import watched
from compactor.store.archive import StoreArchive
from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.store.limits import set_budget
from compactor.store.reservations import consume
from compactor.watching import views
from compactor.watching.finding import search
from compactor.watching.session_report import session_report
from tests.ledger.entries import entry
from tests.store.conftest import START

SECRET = 'sk-ant-api03-' + 'aB3dE5gH7jK9' * 8
GROWN = Context(8_000, 100_000, {'instructions': 1_000, 'results': 7_000})
CUT = Context(3_000, 100_000, {'instructions': 1_000, 'digest': 2_000}, 52_000, ('digest',))


def filled(store: Store, many: int = 3) -> None:
    """Sessions of two requests each; the second was compacted in the newest of them."""
    for n in range(many):
        at = START - 3_600.0 * (many - n)
        last = CUT if n == many - 1 else GROWN
        told = {'conversation': f's{n}', 'agent': f'agent {n % 2}', 'run': f'r{n}'}
        Ledger(store).record_many(
            [
                entry(at, **told, context=GROWN),
                entry(at + 60, **told, context=last, saved_by_compaction=49_000, added_by_frames=40, task='coding'),
            ]
        )


def test_sessions_come_newest_first(store: Store) -> None:
    """Each with its sums, its context as it was sent last, and how often it was compacted."""
    filled(store)
    newest, *_, oldest = views.sessions(store)
    assert [newest['id'], oldest['id']] == ['s2', 's0']
    assert newest['context'] == {
        'tokens': 3_000,
        'window': 100_000,
        'parts': {'instructions': 1_000, 'digest': 2_000},
    }
    assert (newest['requests'], newest['input_tokens'], newest['compactions'], newest['tasks']) == (2, 2_000, 1, 1)
    assert newest['cost'] == Decimal('0.02')
    assert oldest['compactions'] == 0
    assert [one['id'] for one in views.sessions(store, before=newest['started'])] == ['s1', 's0']


def test_a_session_tells_what_was_compacted_when(store: Store) -> None:
    """By time, size before and after, and strategies; one that is not known is None."""
    filled(store)
    found = views.session(store, 's2')
    assert found is not None
    assert found['compacted'] == [{'at': START - 3_540.0, 'before': 52_000, 'after': 3_000, 'strategies': ['digest']}]
    assert [step['tokens'] for step in found['steps']] == [8_000, 3_000]
    assert views.session(store, 'nobody') is None


def test_an_overview_of_days_agents_and_budgets(store: Store) -> None:
    """Days without a request are there too; a budget stands on its level."""
    filled(store)
    budget = Budget(name='a day', limit=1_000)
    set_budget(store, budget, START)
    consume(store, [budget], Use(tokens=910), START, check=False)
    found = views.overview(store)
    assert len(found['days']) == views.DAYS
    assert sum(day['requests'] for day in found['days']) == 6
    assert found['days'][-1]['cost'] == Decimal('0.04')  # two of the sessions began before midnight
    assert found['agents']['agent 0']['tokens'] == {'input': 4_000, 'output': 400}
    assert [(one['name'], one['level'], one['share']) for one in found['budgets']] == [('a day', 'hot', 0.91)]
    assert found['sessions_total'] == 3
    assert found['today']['requests'] == 4


def test_figures_by_agent(store: Store) -> None:
    """Tokens, cost and efficiency of each, under the names of the plan that asked for them."""
    filled(store)
    assert views.by_agent(store)['agents']['agent 1'] == snapshot(
        {
            'tokens': {'input': 2000, 'output': 200},
            'cost': Decimal('0.02'),
            'unpriced_requests': 0,
            'requests': 2,
            'efficiency': 55000.0,
            'free': False,
            'tokens_per_dollar': 110000.0,
            'saved': 49000,
        }
    )


def test_tenants_see_nothing_of_each_other(store: Store) -> None:
    """Neither sessions, nor sums, nor what archives hold."""
    filled(store)
    StoreArchive(store).put(b'a needle of nobody')
    theirs = store.of('theirs')
    StoreArchive(theirs).put(b'a needle of theirs')
    Ledger(theirs).record(entry(START, conversation='s2', agent='other'))
    assert [one['id'] for one in views.sessions(theirs)] == ['s2']
    assert views.sessions(theirs)[0]['requests'] == 1
    assert watched.count(theirs) == 1
    assert views.overview(theirs)['agents'].keys() == {'other'}
    assert [hit['excerpt'] for hit in search(theirs, 'needle')['hits']] == ['a needle of theirs']
    assert [hit['excerpt'] for hit in search(store, 'needle')['hits']] == ['a needle of nobody']
    assert search(theirs, 'needle')['hits'][0]['scope'] == 'default'


def test_names_from_the_store_are_harmless(store: Store) -> None:
    """On one line, without what nobody sees, without secrets, and not without end."""
    name = f'a\nb\x1b[31m {SECRET} ' + 'x' * 500
    Ledger(store).record(entry(START, conversation=name, agent=name, model='m\u202e'))
    found = views.sessions(store)[0]
    assert found['agent'].startswith(r'a b\x1b[31m ')
    assert SECRET not in found['agent']
    assert len(found['agent']) == views.LONGEST
    assert found['model'] == r'm\u202e'
    assert views.session(store, found['id']) is not None


def test_a_search_shows_no_secret_and_finds_none(store: Store) -> None:
    """What is kept may hold secrets where policy says so: they are neither shown nor found by their letters."""
    StoreArchive(store).put(f'the key of the build is {SECRET} and stays'.encode())
    StoreArchive(store).put(b'\xff\xfe no text')
    hit = search(store, 'BUILD key')['hits'][0]
    assert 'key of the build' in hit['excerpt']
    assert SECRET not in hit['excerpt']
    assert search(store, SECRET[20:60])['hits'] == []
    assert search(store, 'build nowhere')['hits'] == []
    assert search(store, '  ')['hits'] == []


def test_the_report_of_a_session(store: Store) -> None:
    """The newest unless one is named: averages by task, and which model did which."""
    assert session_report(store) is None
    filled(store)
    found = session_report(store)
    assert found is not None
    told = found.to_json()
    assert told['session']['id'] == 's2'
    assert told['session']['efficiency']['avg_input_tokens'] == 2_000
    assert (told['compactions'], told['added_by_frames'], told['saved_tokens']) == (1, 40, 49_000)
    assert [(one.task, one.model, one.requests) for one in found.routes] == [('', 'gpt-5', 1), ('coding', 'gpt-5', 1)]
    assert session_report(store, 'nobody') is None


def test_a_context_that_cannot_be_read_is_none(store: Store) -> None:
    """A newer version may write more, and anybody anything."""
    Ledger(store).record(entry(START, conversation='s', context=GROWN))
    assert Ledger(store).entries()[0].context == GROWN
    from sqlalchemy import update

    from compactor.store.schema import entries

    for text in ('[]', '{', '{"tokens": "many"}', '{"parts": 3}'):
        with store.write() as connection:
            connection.execute(update(entries).values(context=text))
        assert views.sessions(store)[0]['context'] is None
