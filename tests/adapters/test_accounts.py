"""Every model request stands in the ledger, none goes beyond a budget, and no store stops a run that may go on."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import (
    BudgetExceeded,
    CachedModel,
    Compactor,
    ConfigError,
    HistoryPolicy,
    LedgerPolicy,
    Policy,
    Store,
    StoreError,
    restore,
)
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.conversation import conversation_in
from compactor.ledger.budget import Budget
from compactor.ledger.entry import Entry
from compactor.store.archive import StoreArchive
from compactor.store.entries import Ledger
from compactor.store.limits import set_budget
from compactor.store.reservations import usage
from compactor.telemetry.events import BudgetRefused, BudgetWarning, StoreLost, StoreUnavailable
from tests.adapters.driver import (
    WAYS,
    Log,
    Script,
    Way,
    as_capability,
    by_run,
    by_stream,
    drive,
    new_agent,
    reading_agent,
    rounds,
    say,
    small,
)

every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store on disk."""
    with Store.open(tmp_path / 'store.db') as opened:
        yield opened


def entries(store: Store) -> list[Entry]:
    """All entries, oldest first."""
    return sorted(Ledger(store).entries(), key=lambda entry: entry.at)


def counting(*budgets: Budget, **ledger: Any) -> Policy:
    """A policy with these budgets."""
    return Policy(history=HistoryPolicy(max_input_tokens=100_000), ledger=LedgerPolicy(budgets=budgets, **ledger))


def paid(answer: str = 'Done.', input_tokens: int = 100, output_tokens: int = 20) -> FunctionModel:
    """A model that reports its usage."""

    def request(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        usage = RequestUsage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=40)
        return ModelResponse(parts=[TextPart(answer)], usage=usage, finish_reason='stop')

    return FunctionModel(request, model_name='gpt-4o')


@every_way
def test_every_request_is_an_entry(store: Store, way: Way) -> None:
    """However the agent is run: one a request, with its model and run."""
    agent = reading_agent(Script(rounds(4)), name='reader', **as_capability(Compactor(small(), store=store)))
    drive(way, agent, 'Go.')
    found = entries(store)
    assert len(found) == 4
    assert len({entry.run for entry in found}) == 1
    assert all(entry.latency is not None and entry.error is None for entry in found)
    assert all(entry.input_tokens > 0 for entry in found)
    assert {entry.streamed for entry in found} == {way is by_stream}


def test_what_an_entry_says(store: Store) -> None:
    """Usage as reported, the price that the policy sets, why the answer ended."""
    policy = counting(prices={'gpt-4o': {'input': 2, 'output': 10, 'cache_read': 1}})
    drive(by_run, new_agent(paid(), name='teller', **as_capability(Compactor(policy, store=store))), 'Go.')
    [entry] = entries(store)
    assert (entry.input_tokens, entry.output_tokens, entry.cache_read_tokens) == (100, 20, 40)
    assert entry.cost == Decimal('0.00036')
    assert (entry.finish_reason, entry.kind, entry.cache_hit) == ('stop', 'request', False)


def test_the_task_of_a_request(store: Store) -> None:
    """What the prompt was taken for, where the policy limits answers by task."""
    agent = new_agent(paid(), **as_capability(Compactor('cerebras', store=store)))
    drive(by_run, agent, 'Explain why the import is slow.')
    drive(by_run, agent, 'Write a function that parses dates.')
    assert [entry.task for entry in entries(store)] == ['explanation', 'code_generation']


def test_savings_are_what_was_not_sent(store: Store) -> None:
    """Each request after a compaction carries less by what that took out."""
    agent = reading_agent(Script(rounds(12)), **as_capability(Compactor(small(), store=store)))
    drive(by_run, agent, 'Go.')
    saved = [entry.saved_by_compaction for entry in entries(store)]
    assert saved[0] == 0
    assert saved[-1] > 1_000
    assert saved == sorted(saved)


def test_a_failure_is_an_entry_too(store: Store) -> None:
    """It says what failed, and counts no tokens."""

    def request(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise RuntimeError('the provider is away')

    agent = new_agent(FunctionModel(request), **as_capability(Compactor(counting(), store=store)))
    with pytest.raises(RuntimeError):
        drive(by_run, agent, 'Go.')
    [entry] = entries(store)
    assert entry.error == 'RuntimeError: the provider is away'
    assert entry.input_tokens == 0


def test_a_hit_of_the_cache_costs_nothing(store: Store) -> None:
    """It is marked, and says what it saved."""
    model = CachedModel(paid(), store=store)
    agent = new_agent(model, **as_capability(Compactor(counting(), store=store)))
    drive(by_run, agent, 'Go.')
    drive(by_run, agent, 'Go.')
    first, second = entries(store)
    assert (first.cache_hit, second.cache_hit) == (False, True)
    assert (second.kind, second.input_tokens, second.saved_by_cache, second.cost) == ('cache', 0, 120, Decimal(0))


@pytest.mark.parametrize('text', ['## Goal\nGo on reading.', ''], ids=['used', 'useless'])
def test_a_summary_is_an_entry(store: Store, text: str) -> None:
    """Under the summariser's name, beside the request it was written for; paid and counted, used or not."""

    def summarise(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        usage = RequestUsage(input_tokens=500, output_tokens=50, cache_read_tokens=400)
        return ModelResponse(parts=[TextPart(text)], usage=usage)

    summariser = FunctionModel(summarise, model_name='small')
    budget = Budget(name='all', limit=10**9, unit='tokens', period='day')
    policy = small().model_copy(update={'ledger': LedgerPolicy(budgets=(budget,))})
    agent = reading_agent(Script(rounds(12)), **as_capability(Compactor(policy, store=store, summariser=summariser)))
    drive(by_run, agent, 'Go.')
    written = entries(store)
    summaries = [entry for entry in written if entry.kind == 'summary']
    assert summaries
    assert {entry.model for entry in summaries} == {'small'}
    assert {entry.input_tokens / (entry.cache_read_tokens or 1) for entry in summaries} == {500 / 400}
    assert usage(store, budget, store.clock()).used == sum(one.input_tokens + one.output_tokens for one in written)


def test_a_budget_refuses_before_anything_is_sent(store: Store) -> None:
    """Its error is one of the run and says when there is room again; a warning came before."""
    budget = Budget(name='daily', limit=2, unit='requests', period='day', warn_at=0.5)
    log, asked = Log(), Script(lambda k, messages, info: say('Done.'))
    agent = new_agent(asked.model, **as_capability(Compactor(counting(budget), store=store, on_event=log)))
    drive(by_run, agent, 'Go.')
    drive(by_run, agent, 'Go.')
    with pytest.raises(BudgetExceeded) as raised:
        drive(by_run, agent, 'Go.')
    assert isinstance(raised.value, AgentRunError)
    assert (raised.value.budget, raised.value.unit, raised.value.limit) == ('daily', 'requests', 2)
    assert len(asked.seen) == 2
    assert [event.used for event in log.of(BudgetWarning)] == [1]
    assert len(log.of(BudgetRefused)) == 1


def test_tokens_are_counted_as_used_not_as_reserved(store: Store) -> None:
    """What was set aside for a long answer is given back."""
    budget = Budget(name='tokens', limit=10_000, unit='tokens', period='day')
    policy = counting(budget, reserve_output=8_000)
    agent = new_agent(paid(), **as_capability(Compactor(policy, store=store)))
    for _ in range(5):
        drive(by_run, agent, 'Go.')
    found = usage(store, budget, store.clock())
    assert (int(found.used), int(found.reserved)) == (600, 0)


@pytest.mark.parametrize('persist', [True, False])
def test_the_first_request_is_set_aside_whole(store: Store, persist: bool) -> None:
    """Its own input counts, not that of the request before: a budget that it would exceed lets nothing through."""
    budget = Budget(name='tokens', limit=1_000, unit='tokens', period='day')
    asked = Script(lambda k, messages, info: say('Done.'))
    policy = counting(budget, reserve_output=10)
    agent = new_agent(asked.model, **as_capability(Compactor(policy, store=store, persist=persist)))
    with pytest.raises(BudgetExceeded) as raised:
        drive(by_run, agent, 'word ' * 2_000)
    assert raised.value.wanted > 2_000
    assert not asked.seen
    assert not entries(store)


def test_a_limit_of_ours_is_what_is_set_aside(store: Store) -> None:
    """The `max_tokens` that the policy sets for a task, not the policy's guess for answers without a limit."""
    budget = Budget(name='tokens', limit=4_500, unit='tokens', period='day')
    asked = Script(lambda k, messages, info: say('Done.'))
    policy = Policy.preset('cerebras').model_copy(
        update={'ledger': LedgerPolicy(budgets=(budget,), reserve_output=9_000)}
    )
    drive(by_run, new_agent(asked.model, **as_capability(Compactor(policy, store=store))), 'Explain the import.')
    assert len(asked.seen) == 1


def test_a_failed_request_gives_back_what_was_set_aside(store: Store) -> None:
    """Nothing stays reserved after an error, also in a stream's."""
    budget = Budget(name='tokens', limit=10_000, unit='tokens', period='day')

    def request(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise RuntimeError('away')

    agent = new_agent(FunctionModel(request), **as_capability(Compactor(counting(budget), store=store)))
    for _ in range(4):
        with pytest.raises(RuntimeError):
            drive(by_run, agent, 'Go.')
    found = usage(store, budget, store.clock())
    assert (int(found.used), int(found.reserved)) == (0, 0)


def test_a_budget_set_from_outside_holds_for_every_process(store: Store) -> None:
    """What `compactor budget set` keeps in the store is asked like a policy's own."""
    set_budget(store, Budget(name='outside', limit=1, unit='requests', period='day'), store.clock())
    agent = new_agent(paid(), **as_capability(Compactor(counting(), store=store)))
    drive(by_run, agent, 'Go.')
    with pytest.raises(BudgetExceeded, match='outside'):
        drive(by_run, agent, 'Go.')


def test_observing_counts_and_refuses_nothing(store: Store) -> None:
    """Entries are written, budgets are not asked."""
    budget = Budget(name='none', limit=0, unit='requests', period='day')
    agent = new_agent(paid(), **as_capability(Compactor(counting(budget), store=store, mode='observe')))
    drive(by_run, agent, 'Go.')
    assert len(entries(store)) == 1


def test_a_store_that_is_away(tmp_path: Path) -> None:
    """Open: the run goes on and says so once; closed: it is refused. When the store is back, so is the ledger."""
    path = tmp_path / 'store.db'
    budget = Budget(name='daily', limit=9, unit='requests', period='day')
    now = [0.0]
    log = Log()
    with Store(path) as store:
        agent = new_agent(
            paid(), **as_capability(Compactor(counting(budget), store=store, on_event=log, clock=lambda: now[0]))
        )
        drive(by_run, agent, 'Go.')
        closed = new_agent(paid(), **as_capability(Compactor(counting(budget, on_store_error='closed'), store=store)))
        drive(by_run, closed, 'Go.')
        store.close()
        path.unlink()
        path.mkdir()
        for _ in range(3):
            assert drive(by_run, agent, 'Go.').output == 'Done.'
        assert sorted(event.part for event in log.of(StoreUnavailable)) == ['capacity', 'ledger']  # once each
        with pytest.raises(StoreError, match=r'store\.db'):
            drive(by_run, closed, 'Go.')
        path.rmdir()
        now[0] += 100
        drive(by_run, agent, 'Go.')
        assert len(entries(store)) == 1


def test_a_store_that_never_was_there(tmp_path: Path) -> None:
    """Budgets that nobody can count are an error at the first request, which names the cure; a ledger alone is not."""
    path = tmp_path / 'store.db'
    path.mkdir()
    with Store(path) as store:
        alone = new_agent(paid(), **as_capability(Compactor(counting(), store=store)))
        assert drive(by_run, alone, 'Go.').output == 'Done.'
        budget = Budget(name='daily', limit=5, unit='requests', period='day')
        agent = new_agent(paid(), **as_capability(Compactor(counting(budget), store=store)))
        with pytest.raises(StoreError, match='put the store elsewhere'):
            drive(by_run, agent, 'Go.')


def test_budgets_without_a_store() -> None:
    """Nobody would count them: that is said when the compactor is made, whichever way it will be plugged in."""
    budget = Budget(name='daily', limit=5, unit='requests', period='day')
    with pytest.raises(ConfigError, match=r'the budgets \(daily\) need a store'):
        Compactor(counting(budget))


def test_a_store_that_is_deleted_is_told(tmp_path: Path) -> None:
    """Its file goes while it is open: it is made anew, and one event says that what it held is gone."""
    log, path = Log(), tmp_path / 'store.db'
    with Store(path) as store:
        agent = new_agent(paid(), **as_capability(Compactor(counting(), store=store, on_event=log)))
        drive(by_run, agent, 'Go.')
        assert not log.of(StoreLost)
        path.unlink()
        drive(by_run, agent, 'Go.')
        assert [event.part for event in log.of(StoreLost)] == ['ledger']


def test_the_archive_outlives_the_process(tmp_path: Path) -> None:
    """A history compacted by one program is restored by another, byte for byte."""
    url = f'sqlite:///{tmp_path / "store.db"}'
    policy = small().model_copy(update={'archive': Policy().archive})
    with Store.open(url) as store:
        compactor: Compactor[None] = Compactor(policy, store=store, persist=True)
        kept = drive(by_run, reading_agent(Script(rounds(12)), **as_capability(compactor)), 'Go.').all_messages()
    with Store.open(url) as store:
        again: Compactor[None] = Compactor(policy, store=store)
        assert again.archive is not None
        restored = restore(kept, again.archive)
    calls = [part for message in restored for part in message.parts if part.part_kind == 'tool-call']
    assert len(kept) < len(restored)
    assert len(calls) == 22


def test_an_archive_finds_nothing_of_another_conversation(store: Store) -> None:
    """Where the version knows conversations, each has a scope of its own; who has the whole archive finds them all."""
    policy = small().model_copy(update={'archive': Policy().archive})
    compactor: Compactor[None] = Compactor(policy, store=store, persist=True)
    kept = drive(by_run, reading_agent(Script(rounds(12)), **as_capability(compactor)), 'Go.').all_messages()
    handle = newest_handle(kept)
    assert handle is not None
    whole = compactor.archive
    assert isinstance(whole, StoreArchive)
    assert whole.get(handle) is not None
    assert whole.scoped('another conversation').get(handle) is None
    mine = conversation_in(kept)
    if mine is not None:
        assert whole.scoped(mine).get(handle) is not None
        assert StoreArchive(store, whole.scope).get(handle) is None
    assert len(restore(kept, whole)) > len(kept)
