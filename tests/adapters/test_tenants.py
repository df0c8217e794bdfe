"""Tenants of one process and one store: each has its own of everything, whatever ids its clients choose."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart, ToolReturnPart

from compactor import (
    Budget,
    BudgetExceeded,
    CapacityModel,
    Compactor,
    ConfigError,
    Ledger,
    Policy,
    Store,
    cache_tool,
    restore,
)
from compactor.run.within import enclosing
from compactor.store.limits import set_budget
from compactor.telemetry.events import CutForgotten, CutResumed
from tests.adapters.driver import (
    Log,
    Script,
    as_capability,
    by_run,
    call,
    drive,
    go,
    new_agent,
    output,
    reading_agent,
    rounds,
    say,
    small,
)
from tests.adapters.test_remembered_cut import through_json, without_metadata

POLICY = small().model_copy(update={'archive': Policy().archive})
CONVERSATION = 'chosen-by-a-client'
conversing = pytest.mark.skipif(
    'conversation_id' not in signature(Agent.run).parameters,
    reason='this version of pydantic-ai knows no conversations',
)


def lived(store: Store, tenant: str, record: list[ModelMessage] | None = None, log: Log | None = None) -> Any:
    """A run of a tenant's that compacts, in a conversation whose id the client has chosen; it, and its record."""
    compactor: Compactor[None] = Compactor(POLICY, store=store, tenant=tenant, on_event=log)
    script = Script(rounds(12))
    agent = reading_agent(script, **as_capability(compactor))
    result = drive(by_run, agent, 'Go.', message_history=record, conversation_id=CONVERSATION)
    return compactor, script, result.all_messages()


@conversing
def test_neither_archive_nor_cut_is_found_by_another(tmp_path: Path) -> None:
    """With the same conversation, and with the very record of another tenant: nothing of it is given back."""
    with Store.open(tmp_path / 's.db') as store:
        _, script, record = lived(store, 'acme')
        log, foreign = Log(), Log()
        lived(store, 'acme', without_metadata(record), log)
        lived(store, 'other', without_metadata(record), foreign)
        assert [event.where for event in log.of(CutResumed)] == ['store']
        assert not foreign.of(CutResumed)
        assert foreign.of(CutForgotten)
        owner, other = (Compactor[None](POLICY, store=store, tenant=tenant).archive for tenant in ('acme', 'other'))
        assert owner is not None
        assert other is not None
        sent = script.seen[-1]
        returned = [part.content for m in restore(sent, owner) for part in m.parts if isinstance(part, ToolReturnPart)]
        assert returned.count(output(2, 450)) == 1
        theirs = restore(sent, other)  # to another tenant, a note is text that leads nowhere
        assert all(one is was for one, was in zip(theirs, sent, strict=True))


def recalling(step: int) -> Any:
    """Asks the archive for a step, then answers."""

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        if k == 1:
            return ModelResponse(parts=[ToolCallPart('recall', {'step': step}, tool_call_id='r')])
        return say('Done.')

    return decide


@conversing
@pytest.mark.parametrize(('tenant', 'told'), [('acme', True), ('other', False)])
def test_recall_reads_the_tenants_own(tenant: str, told: bool, tmp_path: Path) -> None:
    """A record that names an archive is no key to it."""
    with Store.open(tmp_path / 's.db') as store:
        compactor: Compactor[None] = Compactor(POLICY, store=store, tenant='acme', persist=True)
        agent = reading_agent(Script(rounds(12)), **as_capability(compactor))
        record = drive(by_run, agent, 'Go.', conversation_id=CONVERSATION).all_messages()
        reader: Compactor[None] = Compactor(POLICY, store=store, tenant=tenant, persist=True)
        agent = reading_agent(Script(recalling(2)), **as_capability(reader))
        result = drive(by_run, agent, 'Go on.', message_history=through_json(record), conversation_id=CONVERSATION)
        parts = [part for message in result.new_messages() for part in message.parts]
        # An unknown tool is answered by a retry message in 1.x.
        [answer] = [str(part.content) for part in parts if part.part_kind in ('tool-return', 'retry-prompt')]
        assert (output(4, 450) in answer) == told
        assert ('Expired' in answer or 'Unknown tool name' in answer) != told


def test_ledger_and_budgets(tmp_path: Path) -> None:
    """What one has spent is in no other's ledger, and a budget of one stops no other."""
    with Store.open(tmp_path / 's.db') as store:
        set_budget(store.of('acme'), Budget(name='daily', limit=2, unit='requests', period='day'), store.clock())
        agents = {
            tenant: reading_agent(
                Script(rounds(4)), **as_capability(Compactor(small(), store=tmp_path / 's.db', tenant=tenant))
            )
            for tenant in ('acme', 'other')
        }
        with pytest.raises(BudgetExceeded):
            drive(by_run, agents['acme'], 'Go.')
        assert drive(by_run, agents['other'], 'Go.').output.startswith('Done')
        assert [Ledger(store.of(tenant)).count() for tenant in ('acme', 'other', '')] == [2, 4, 0]


def test_capacity(tmp_path: Path) -> None:
    """A window that one tenant has filled is empty for another."""
    limits = [{'model': '*', 'unit': 'requests', 'window': 'hour', 'amount': 1}]
    policy = Policy.model_validate({'capacity': {'limits': limits}})
    with Store.open(tmp_path / 's.db') as store:
        chains = [
            CapacityModel(Script(rounds(1)).model, policy=policy, store=store, tenant=t) for t in ('acme', 'other')
        ]
        drive(by_run, new_agent(chains[0]), 'Go.')
        used = [go(chain.standing())[0].windows[0].used for chain in chains]
    assert used == [1, 0]


def test_the_tenant_of_a_store_is_the_tenant(tmp_path: Path) -> None:
    """Whoever hands over a tenant's store need not say it twice; what is said goes before it."""
    with Store.open(tmp_path / 's.db', tenant='acme') as store:
        for tenant in (None, 'other'):
            compactor: Compactor[None] = Compactor(small(), store=store, tenant=tenant)
            drive(by_run, reading_agent(Script(rounds(2)), **as_capability(compactor)), 'Go.')
        assert [Ledger(store.of(tenant)).count() for tenant in ('acme', 'other')] == [2, 2]


def test_a_name_that_none_can_have() -> None:
    """Said when the compactor is made, with a store and without one."""
    for store in (None, ':memory:'):
        with pytest.raises(ConfigError, match='a tenant has up to 200'):
            Compactor(store=store, tenant='a\nb')


def test_a_tools_cached_result_is_the_tenants_own() -> None:
    """Two tenants' agents share the function, and each calls it."""
    calls: list[int] = []

    @cache_tool()
    def read(n: int) -> str:
        """Reads."""
        calls.append(n)
        return f'balance of whoever asked: {len(calls)}'

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        return call(1) if k == 1 else say(str(messages[-1].parts[-1].content))  # type: ignore[union-attr]

    said = [
        drive(
            by_run, new_agent(Script(decide).model, tools=[read], capabilities=[Compactor(tenant=tenant)]), 'Go.'
        ).output
        for tenant in ('acme', 'other', 'acme')
    ]
    assert said == ['balance of whoever asked: 1', 'balance of whoever asked: 2', 'balance of whoever asked: 1']


@pytest.mark.parametrize(('inner', 'seen'), [('acme', 1), ('', 1), ('other', 0)])
def test_nothing_is_handed_up_to_another_tenant(inner: str, seen: int) -> None:
    """An agent within an agent: what it has left out is recalled by a run of its own tenant, or where it has none."""
    found: list[int] = []
    within = reading_agent(Script(rounds(2)), capabilities=[Compactor(POLICY, tenant=inner)])
    outer = new_agent(Script(asking).model, capabilities=[Compactor(POLICY, tenant='acme')])

    @outer.tool_plain
    async def ask(n: int) -> str:
        await within.run('Go.')
        around = enclosing()
        found.append(len(around.archives) if around is not None else -1)
        return 'asked'

    drive(by_run, outer, 'Go.')
    assert found == [seen]


def asking(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
    """Asks the other agent, then answers."""
    return call(1, tool='ask') if k == 1 else say('Done.')
