"""Two versions of this library on one store: a deployment that rolls on, and one that is taken back.

The newer version is made here of what a next one may do: a step that adds, and values with more in them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, text, update

from compactor import Budget, BudgetExceeded, Compactor, Ledger, LedgerPolicy, Policy, StoreError
from compactor.ledger.budget import Use
from compactor.ledger.entry import Entry
from compactor.run.cut import Cut, parse
from compactor.store import migrations
from compactor.store.archive import StoreArchive
from compactor.store.cuts import StoredCuts
from compactor.store.engine import Store
from compactor.store.limits import readable_budgets, set_budget
from compactor.store.migrations import BREAKING, MIGRATIONS, current, oldest_reader
from compactor.store.reservations import reserve, settle, usage
from compactor.store.responses import ResponseCache
from compactor.store.schema import limits, readers
from compactor.telemetry import events
from tests.adapters.driver import Log, Script, as_capability, go, reading_agent, rounds, small
from tests.store import worker
from tests.store.conftest import START, Clock

NEWER = len(MIGRATIONS) + 1
BUDGET = Budget(name='daily', limit=100, unit='requests')


def more(connection: Connection) -> None:
    """What a next version may add: columns that may be null or have a default, a table, an index."""
    connection.execute(text('ALTER TABLE compactor_entries ADD COLUMN region TEXT'))
    connection.execute(text('ALTER TABLE compactor_archive ADD COLUMN pinned INTEGER DEFAULT 0 NOT NULL'))
    connection.execute(text('ALTER TABLE compactor_buckets ADD COLUMN note TEXT'))
    connection.execute(text('CREATE TABLE compactor_next (id INTEGER PRIMARY KEY)'))
    connection.execute(text('CREATE INDEX compactor_entries_region ON compactor_entries (region)'))


@contextmanager
def next_version(breaking: bool = False) -> Iterator[None]:
    """Within, this library is the version after this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrations, 'MIGRATIONS', (*MIGRATIONS, more))
        if breaking:
            patch.setattr(migrations, 'BREAKING', BREAKING | {NEWER})
        yield


def used(store: Store, number: int) -> dict[str, Any]:
    """Uses everything that a store is for, once; what is there afterwards."""
    ledger = Ledger(store)
    ledger.record(Entry(at=START + number, model='m', provider='p', input_tokens=number, output_tokens=1))
    lease = reserve(store, [BUDGET], Use(model='m'), START)
    settle(store, lease, Use(model='m'), START)
    archive = StoreArchive(store, 'shared')
    archive.put(f'entry {number}'.encode())
    ResponseCache(store).set(f'{number:064}', b'[]', model='m')
    StoredCuts(store, 'shared').put('conversation', f'{number:032}', number, Cut(number, 'p', ((0, 1),)).dump())
    return {
        'input': sorted(entry.input_tokens for entry in ledger.entries()),
        'spent': usage(store, BUDGET, START).used,
        'archived': archive.stored_bytes > 0,
        'cuts': [parse(value).covers for value in StoredCuts(store, 'shared').of('conversation')],
        'cached': ResponseCache(store).get_stats()['total_entries'],
    }


def test_a_deployment_rolls_on_and_back(url: str, clock: Clock) -> None:
    """The old version goes on while the new one is there, starts anew beside it, and is there alone again."""
    old = Store.open(url, clock=clock)
    assert used(old, 1)['input'] == [1]
    with next_version(), Store.open(url, clock=clock) as new:
        assert used(new, 2)['input'] == [1, 2]
        with new.read() as connection:
            assert current(connection) == NEWER
    assert used(old, 3)['input'] == [1, 2, 3]  # still open from before
    old.close()
    with Store.open(url, clock=clock) as again:  # started anew
        found = used(again, 4)
        assert found['input'] == [1, 2, 3, 4]
        assert found['spent'] == 4
        assert found['cuts'] == [4, 3, 2, 1]
        assert found['cached'] == 4
        for number in range(1, 5):
            key = StoreArchive(again, 'shared').put(f'entry {number}'.encode())
            assert StoreArchive(again, 'shared').get(key) == f'entry {number}'.encode()
    with next_version(), Store.open(url, clock=clock) as new:
        assert used(new, 5)['spent'] == 5
        with new.read() as connection:
            assert current(connection) == NEWER


def test_old_processes_write_while_a_new_one_migrates(url: str) -> None:
    """None of them is refused, and nothing that they wrote is lost."""
    with Store.open(url):
        pass
    running = [worker.start(worker.count, url, 150) for _ in range(2)]
    with next_version(), Store.open(url, wait=60.0) as new, new.read() as connection:
        assert current(connection) == NEWER
    assert worker.results(running) == [150, 150]
    late = worker.start(worker.count, url, 10)
    assert worker.results([late]) == [10]


def test_a_step_that_breaks_is_said(url: str, clock: Clock) -> None:
    """Where a newer version says that older ones cannot use its store, they do not, and say what to do."""
    with next_version(breaking=True), Store.open(url, clock=clock):
        pass
    with pytest.raises(StoreError, match=rf'version {NEWER}, newer than this library knows.*upgrade'):
        Store.open(url, clock=clock)


def test_a_store_of_before_there_were_readers(url: str, clock: Clock) -> None:
    """The table is made at the next opening, and the version stays what it was."""
    with Store.open(url, clock=clock) as store:
        with store.write() as connection:
            connection.execute(text('DROP TABLE compactor_readers'))
        store.close()
        with store.read() as connection:
            assert current(connection) == len(MIGRATIONS)
            assert connection.execute(readers.select()).all() == [(len(MIGRATIONS), oldest_reader(len(MIGRATIONS)))]


def test_the_next_version_may_be_used_by_this_one() -> None:
    """Unless it says otherwise."""
    assert oldest_reader(len(MIGRATIONS)) <= len(MIGRATIONS)
    assert oldest_reader(NEWER) <= len(MIGRATIONS)
    assert max(BREAKING) <= len(MIGRATIONS)


# -- values with more in them ------------------------------------------------------------------------------------


def test_an_entry_with_more_in_its_bill_is_read(url: str, clock: Clock) -> None:
    """What an entry is billed for has a field that only the next version knows: the rest of it is read."""
    with Store.open(url, clock=clock) as store:
        Ledger(store).record(Entry(at=START, model='m'))
        told = json.dumps({'terms': {'service_tier': 'flex'}, 'carbon': {'grams': 3}})
        with store.write() as connection:
            connection.execute(text('UPDATE compactor_entries SET billing = :told'), {'told': told})
        (entry,) = Ledger(store).entries()
    assert entry.billing.terms == {'service_tier': 'flex'}


def of_next_version(store: Store) -> None:
    """A budget as only the next version can read it, beside one that both can."""
    set_budget(store, BUDGET, START)
    set_budget(store, BUDGET.model_copy(update={'name': 'next'}), START)
    definition = json.dumps({'name': 'next', 'limit': '5', 'tenant': 'blue'})
    with store.write() as connection:
        connection.execute(update(limits).where(limits.c.name == 'next').values(definition=definition))


def test_a_budget_of_the_next_version_hides_no_other(url: str) -> None:
    """It does not hold here, which is said once; the ledger and the other budgets go on."""
    log = Log()
    with Store.open(url) as store:
        of_next_version(store)
        found, unreadable = readable_budgets(store)
        assert [budget.name for budget in found] == ['daily']
        assert list(unreadable) == ['next']
        compactor: Compactor[None] = Compactor(small(), store=store, on_event=log)
        agent = reading_agent(Script(rounds(3)), **as_capability(compactor))
        for _ in range(2):
            go(agent.run('Go.'))
        assert len(list(Ledger(store).entries())) == 6
        assert usage(store, BUDGET, store.clock()).used == 6
    (told,) = log.of(events.StoreUnavailable)
    assert told.part == 'budgets'
    assert "'next'" in told.reason
    assert 'tenant' in told.reason


def test_a_closed_policy_refuses_what_it_cannot_read(url: str) -> None:
    """Where no request may go without its budgets, one that cannot be read is one that is missing."""
    policy = small().model_copy(update={'ledger': LedgerPolicy(on_store_error='closed')})
    with Store.open(url) as store:
        of_next_version(store)
        compactor: Compactor[None] = Compactor(policy, store=store)
        agent = reading_agent(Script(rounds(3)), **as_capability(compactor))
        for _ in range(2):
            with pytest.raises(StoreError, match="'next'"):
                go(agent.run('Go.'))


def test_a_cut_of_the_next_version_is_told_and_left(url: str) -> None:
    """The conversation is compacted anew; the newer version's cut stays for it."""
    cut = Cut(3, 'f' * 32, ((0, 1),)).dump() | {'version': 2}
    with Store.open(url) as store:
        cuts = StoredCuts(store, 'compactor')
        cuts.put('conversation', 'f' * 32, 3, cut)
        with pytest.raises(ValueError, match='version is 2'):
            parse(cuts.of('conversation')[0])
        cuts.put('conversation', 'e' * 32, 5, Cut(5, 'e' * 32, ((0, 1),)).dump())
        assert [value['version'] for value in cuts.of('conversation')] == [1, 2]


def test_what_a_run_of_the_next_version_left_can_be_gone_on_with(url: str) -> None:
    """An agent of the new version, then one of the old on the same conversation: the same budget, the same archive."""
    policy = small().model_copy(
        update={
            'archive': Policy().archive,
            'ledger': LedgerPolicy(budgets=(Budget(name='few', limit=24, unit='requests'),)),
        }
    )

    def run(history: Any) -> Any:
        with Store.open(url) as store:
            compactor: Compactor[None] = Compactor(policy, store=store)
            agent = reading_agent(Script(rounds(12)), **as_capability(compactor))
            return go(agent.run('Go.', message_history=history)).all_messages()

    with next_version():
        history = run(None)
    history = run(history)
    with next_version(), pytest.raises(BudgetExceeded):
        run(history)
