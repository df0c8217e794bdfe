"""A tool that asks another agent: usage, budgets, conversation and archives of both, and what the parent can recall."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.usage import RunUsage

from compactor import Budget, BudgetExceeded, Compactor, Ledger, LedgerPolicy, OutputsPolicy, Policy, Store
from compactor.adapters.pydantic_ai import compat
from compactor.run.runs import RUNS
from compactor.run.within import Enclosing, call_of, enclosing
from tests.adapters.driver import Script, as_capability, go, new_agent, say, small

NOTE = re.compile(r'recall ([0-9a-f]{16})\]')
SHARED, OWN, NONE = 'the same compactor', 'one of its own', 'none'
pairs = pytest.mark.parametrize('pair', [SHARED, OWN, NONE])

LINES = [f'line {n}: nothing to see in module number {n * 7919 % 9973}' for n in range(600)]
LOG = '\n'.join([*LINES[:300], 'ERROR: the reactor in hall 7 is at 2,900 degrees', *LINES[300:]])


def policy(**ledger: Any) -> Policy:
    """Room for two conversations, little for an output."""
    found = small(max_input_tokens=20_000)
    return found.model_copy(
        update={
            'archive': Policy().archive,
            'outputs': OutputsPolicy(tools={'read_log': 300}),
            'ledger': LedgerPolicy(**ledger),
        }
    )


def quoting(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A child that reads the log and answers with what it was shown of it, its note included."""
    if k == 1:
        return ModelResponse(parts=[ToolCallPart('read_log', {}, tool_call_id='log')])
    shown = next(part.content for part in messages[-1].parts if isinstance(part, ToolReturnPart))
    return say(f'The log says: {shown}')


def family(
    compactor: Compactor[None] | None, of_child: Compactor[None] | None, decide: Any = None, child: Any = quoting
) -> tuple[Any, Script, list[Any]]:
    """A parent whose tool `research` asks a child; the parent's script, and what the child's runs gave."""
    results: list[Any] = []

    def asks_and_recalls(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 1:
            return ModelResponse(parts=[ToolCallPart('research', {'what': 'the log'}, tool_call_id='ask')])
        if k == 2:
            answer = next(p.content for p in messages[-1].parts if isinstance(p, ToolReturnPart))
            handles = NOTE.findall(str(answer))
            asked = {'output': handles[0] if handles else '', 'pattern': 'reactor'}
            return ModelResponse(parts=[ToolCallPart('recall', asked, tool_call_id='again')])
        return say('Done.')

    script = Script(decide or asks_and_recalls)
    parent = new_agent(script.model, name='parent', **({} if compactor is None else as_capability(compactor)))

    async def research(ctx: RunContext[None], what: str) -> str:
        reader = new_agent(Script(child).model, name='child', **({} if of_child is None else as_capability(of_child)))
        reader.tool_plain(read_log)
        result = await reader.run(f'Look into {what}.', usage=ctx.usage)
        results.append(result)
        return str(result.output)

    parent.tool(research)
    return parent, script, results


def read_log() -> str:
    """The log."""
    return LOG


def recalled(messages: list[ModelMessage]) -> str:
    """What `recall` gave back."""
    parts = [part for message in messages for part in message.parts]
    return next(str(part.content) for part in parts if isinstance(part, ToolReturnPart) and part.tool_name == 'recall')


@pairs
@pytest.mark.parametrize('kept', ['in memory', 'in a store'])
def test_the_parent_recalls_what_the_child_was_shown(pair: str, kept: str, tmp_path: Path) -> None:
    """A child hands up a shortened output by its note: the parent reads the whole of it, or of the child's answer."""
    stores = [None, None] if kept == 'in memory' else [Store(tmp_path / 'a.db'), Store(tmp_path / 'b.db')]
    mine: Compactor[None] = Compactor(policy(), store=stores[0])
    its = {SHARED: mine, OWN: Compactor[None](policy(), store=stores[1], id='child'), NONE: None}[pair]
    parent, _, _ = family(mine, its)
    result = go(parent.run('Find out about the reactor.'))
    assert 'ERROR: the reactor in hall 7 is at 2,900 degrees' in recalled(result.all_messages())
    for store in stores:
        if store is not None:
            store.close()


def test_only_what_was_handed_up_is_shared() -> None:
    """The parent's archive has the output that the child named, and no other of the child's."""
    mine: Compactor[None] = Compactor(policy())
    its: Compactor[None] = Compactor(policy(), id='child')

    def secretive(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return quoting(k, messages, info) if k == 1 else say('Nothing to tell.')

    parent, _, _ = family(mine, its, child=secretive)
    go(parent.run('Find out about the reactor.'))
    assert len(its.archive) == 1  # type: ignore[arg-type]
    assert len(mine.archive) == 0  # type: ignore[arg-type]


def test_usage_is_the_sum_and_costs_belong_to_the_conversation(tmp_path: Path) -> None:
    """Usage counts both; in the ledger each has its name and run, and the parent's conversation."""
    with Store.open(tmp_path / 'store.db') as store:
        compactor: Compactor[None] = Compactor(policy(), store=store)
        parent, _, results = family(compactor, compactor)
        usage = RunUsage()
        result = go(parent.run('Find out about the reactor.', usage=usage))
        entries = list(Ledger(store).entries())
    assert [entry.agent for entry in entries] == ['parent', 'child', 'child', 'parent', 'parent']
    assert len({entry.run for entry in entries}) == 2
    assert len({entry.conversation for entry in entries}) == 1
    conversation = compat.conversation_id(result.all_messages()[-1])
    if conversation is not None:
        assert entries[0].conversation == conversation
        assert compat.conversation_id(results[0].all_messages()[-1]) != conversation
    assert usage.requests == 5
    assert usage.input_tokens == sum(entry.input_tokens for entry in entries)


def test_a_budget_holds_for_both(tmp_path: Path) -> None:
    """What the child spends is spent; a budget that it would exceed ends the parent's run with the budget's name."""
    with Store.open(tmp_path / 'store.db') as store:
        budgets = (Budget(name='few', limit=2, unit='requests', period='day'),)
        compactor: Compactor[None] = Compactor(policy(budgets=budgets), store=store)
        parent, script, _ = family(compactor, compactor)
        with pytest.raises(BudgetExceeded, match='few'):
            go(parent.run('Find out about the reactor.'))
        assert [entry.agent for entry in Ledger(store).entries()] == ['parent', 'child']
        assert len(script.seen) == 1


@pairs
def test_parallel_children_keep_apart(pair: str) -> None:
    """More children at once than states are kept for: none mixes with another, and the parent is not let go of."""
    count = RUNS + 6
    mine: Compactor[None] = Compactor(policy())
    its = {SHARED: mine, OWN: Compactor[None](policy(), id='child'), NONE: None}[pair]

    def many(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 1:
            calls = [ToolCallPart('ask', {'n': n}, tool_call_id=f'ask{n}') for n in range(count)]
            return ModelResponse(parts=calls)
        return say('Done.')

    parent = new_agent(Script(many).model, name='parent', **as_capability(mine))
    together, states = asyncio.Event(), []
    waiting = 0

    async def ask(ctx: RunContext[None], n: int) -> str:
        async def number() -> str:
            nonlocal waiting
            waiting += 1
            if waiting == count:
                together.set()
            await together.wait()
            states.append(mine._runs.known(ctx.run_id))
            return f'number {n}'

        def child(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            if k == 1:
                return ModelResponse(parts=[ToolCallPart('number', {}, tool_call_id='n')])
            return say(str(messages[-1].parts[0].content))  # type: ignore[union-attr]

        plugged = {} if its is None else as_capability(its)
        reader = new_agent(Script(child).model, name=f'child{n}', **plugged)
        reader.tool_plain(number)
        return str((await reader.run('Which number?')).output)

    parent.tool(ask)
    result = go(parent.run('Go.'))
    answers = [str(part.content) for part in result.all_messages()[2].parts if isinstance(part, ToolReturnPart)]
    assert sorted(answers) == sorted(f'number {n}' for n in range(count))
    assert states[0] is not None
    assert all(state is states[0] for state in states)
    assert len(mine._runs) == 0


def test_a_child_within_a_child_hands_up_twice() -> None:
    """What the grandchild was shown comes up through both, each with an archive of its own."""
    first, second, third = (Compactor[None](policy(), id=f'level{n}') for n in range(3))
    inner, _, _ = family(second, third, decide=lambda k, m, i: _passing(k, m))

    def outer(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 1:
            return ModelResponse(parts=[ToolCallPart('delegate', {}, tool_call_id='d')])
        if k == 2:
            handle = NOTE.findall(str(messages[-1].parts[0].content))[0]  # type: ignore[union-attr]
            asked = {'output': handle, 'pattern': 'reactor'}
            return ModelResponse(parts=[ToolCallPart('recall', asked, tool_call_id='r')])
        return say('Done.')

    top = new_agent(Script(outer).model, name='top', **as_capability(first))

    async def delegate(ctx: RunContext[None]) -> str:
        return str((await inner.run('Ask for it.', usage=ctx.usage)).output)

    top.tool(delegate)
    assert 'hall 7 is at 2,900 degrees' in recalled(go(top.run('Go.')).all_messages())


def _passing(k: int, messages: list[ModelMessage]) -> ModelResponse:
    if k == 1:
        return ModelResponse(parts=[ToolCallPart('research', {'what': 'the log'}, tool_call_id='ask')])
    return say(str(messages[-1].parts[0].content))  # type: ignore[union-attr]


def test_a_sync_tool_may_run_an_agent_too() -> None:
    """`run_sync` within a tool that has a thread of its own belongs to the run around it as well."""
    compactor: Compactor[None] = Compactor(policy())
    seen: list[Enclosing | None] = []

    def child(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append(enclosing())
        return say('Done.')

    def parent_decides(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart('ask', {}, tool_call_id='a')]) if k == 1 else say('Done.')

    parent = new_agent(Script(parent_decides).model, **as_capability(compactor))

    def ask() -> str:
        loop = asyncio.new_event_loop()
        try:
            reader = new_agent(Script(child).model, **as_capability(compactor))
            return str(loop.run_until_complete(reader.run('Go.')).output)
        finally:
            loop.close()

    parent.tool_plain(ask)
    go(parent.run('Go.'))
    assert len(seen) == 1
    assert seen[0] is not None
    assert seen[0].conversation


def test_the_outermost_conversation_counts() -> None:
    """However deep, costs belong to the conversation that began it."""
    with call_of('first'), call_of('second') as inner:
        assert inner.conversation == 'first'
    assert enclosing() is None
