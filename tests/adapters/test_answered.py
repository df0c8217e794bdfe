"""`RequestAnswered`: one for each answer, however it came, with what the ledger says of it too."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import CachedModel, Compactor, Ledger, LedgerPolicy, Policy, Store
from compactor.policy import TaskPolicy
from compactor.request.max_tokens import LIMITS
from compactor.telemetry.events import AnswerCut, RequestAnswered
from tests.adapters.driver import (
    WAYS,
    Log,
    Script,
    Way,
    as_capability,
    by_run,
    drive,
    new_agent,
    reading_agent,
    rounds,
    say,
    session,
    small,
)

every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))


@every_way
@pytest.mark.parametrize('stored', [True, False], ids=['ledger', 'plain'])
def test_every_answer_is_told_once(way: Way, stored: bool) -> None:
    """As many as there are requests, in every way of running, with a ledger and without."""
    log, script = Log(), Script(rounds(6))
    store = Store('sqlite://') if stored else None
    session(way, reading_agent(script, **as_capability(Compactor(small(), store=store, on_event=log))), ['a', 'b'])
    told = log.of(RequestAnswered)
    assert len(told) == len(script.seen) == 12
    assert len({event.run_id for event in told}) == 2
    assert all(event.output_tokens > 0 for event in told)
    if store is not None:
        store.close()


@every_way
def test_it_says_what_the_ledger_says(way: Way) -> None:
    """Savings, tokens and cost are those of the entries, one by one."""
    log, script = Log(), Script(rounds(6))
    ledger = LedgerPolicy(prices={'*': {'input': Decimal(1), 'output': Decimal(4)}})
    with Store.open('sqlite://') as store:
        policy = small().model_copy(update={'ledger': ledger})
        session(way, reading_agent(script, **as_capability(Compactor(policy, store=store, on_event=log))), ['a', 'b'])
        entries = sorted(Ledger(store).entries(), key=lambda entry: entry.at)
    assert [
        (
            event.input_tokens,
            event.output_tokens,
            event.saved_by_compaction,
            event.saved_by_outputs,
            event.finish_reason,
        )
        for event in log.of(RequestAnswered)
    ] == [
        (
            entry.input_tokens,
            entry.output_tokens,
            entry.saved_by_compaction,
            entry.saved_by_outputs,
            entry.finish_reason,
        )
        for entry in entries
    ]
    assert any(event.saved_by_compaction > 0 for event in log.of(RequestAnswered))
    for event in log.of(RequestAnswered):
        assert event.cost == Decimal(event.input_tokens + 4 * event.output_tokens) / 1_000_000


def test_an_answer_that_is_asked_for_again_is_told_too() -> None:
    """The answer that our limit has cut, and the one that took its place."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        limit = (info.model_settings or {})['max_tokens']
        cut = limit <= LIMITS[max(LIMITS, key=lambda task: LIMITS[task])]
        usage = RequestUsage(input_tokens=100, output_tokens=limit if cut else 4_000)
        return ModelResponse(parts=[TextPart('def main')], usage=usage, finish_reason='length' if cut else 'stop')

    log = Log()
    compactor: Compactor[None] = Compactor(Policy(tasks=TaskPolicy(max_output_by_task=LIMITS)), on_event=log)
    drive(by_run, new_agent(FunctionModel(answer), **as_capability(compactor)), 'Implement the whole parser.')
    assert [event.asked_again for event in log.of(AnswerCut)] == [6_000]
    assert [(event.task, event.finish_reason) for event in log.of(RequestAnswered)] == [
        ('code_generation', 'length'),
        ('code_generation', 'stop'),
    ]


def test_an_answer_from_the_cache_says_what_it_saved() -> None:
    """It is marked, cost nothing, and saved what it would have taken."""
    log = Log()
    with Store.open('sqlite://') as store:
        model = CachedModel(Script(lambda k, messages, info: say('It is a parser.')).model, store=store)
        agent = new_agent(model, **as_capability(Compactor(small(), on_event=log)))
        session(by_run, agent, ['What is it?'])
        session(by_run, agent, ['What is it?'])
    first, second = log.of(RequestAnswered)
    assert (first.cached, first.saved_by_cache) == (False, 0)
    assert (second.cached, second.input_tokens, second.output_tokens) == (True, 0, 0)
    assert second.saved_by_cache == first.input_tokens + first.output_tokens
