"""However a run ends, nothing stays behind: no lease, no state; the ledger says what a strict provider saw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent, RunContext
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Budget, BudgetExceeded, Compactor, Ledger, LedgerPolicy, Policy, Store
from compactor.adapters.pydantic_ai import compat
from compactor.run.threads import threads
from compactor.store.reservations import usage
from tests.store.databases import missing_postgres, temporary_postgres

PLENTY = Budget(name='tokens', limit=10**9, unit='tokens', period='day')


class Provider:
    """A provider that writes down what it is sent, and takes its time."""

    def __init__(self, rounds: int = 2, pause: float = 0.0) -> None:
        self.sent = 0
        self._rounds = rounds
        self._pause = pause

    async def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        """An answer after a few turns of the loop; the first ones call a tool."""
        self.sent += 1
        for _ in range(3):
            await asyncio.sleep(self._pause)
        said = sum(isinstance(message, ModelResponse) for message in messages)
        if said < self._rounds - 1:
            return ModelResponse(parts=[ToolCallPart('look', {})])
        return ModelResponse(parts=[TextPart('done')])

    async def stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        """An answer word by word."""
        self.sent += 1
        for _ in range(50):
            await asyncio.sleep(0)
            yield 'word '


class Waits(AbstractCapability[None]):
    """Another hook that takes its time before a request is sent, as one that asks a service does."""

    async def before_model_request(self, ctx: RunContext[None], request_context: Any) -> Any:
        """The same request, some turns of the loop later."""
        for _ in range(5):
            await asyncio.sleep(0)
        return request_context


def agent_of(provider: Provider, compactor: Compactor[None], *others: Waits, first: bool = False) -> Agent[None, str]:
    """An agent with a tool that waits too; `first`: the hooks of others come ahead of ours."""
    model = FunctionModel(provider.answer, stream_function=provider.stream)
    agent = Agent(model, capabilities=[*others, compactor] if first else [compactor, *others])

    @agent.tool_plain
    async def look() -> str:
        await asyncio.sleep(0)
        return 'nothing'

    return agent


def policy(*budgets: Budget) -> Policy:
    """Budgets alone."""
    return Policy(ledger=LedgerPolicy(budgets=budgets, reserve_output=100))


async def cut_off(agent: Agent[None, str], turns: int) -> None:
    """A run that is cancelled after so many turns of the loop."""
    task = asyncio.ensure_future(agent.run('hello'))
    for _ in range(turns):
        await asyncio.sleep(0 if turns % 3 else 0.0005)
        if task.done():
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def nothing_is_left(store: Store, compactor: Compactor[None], sent: int) -> None:
    """No lease and no state; an entry and a count for every request that was sent."""
    found = usage(store, PLENTY, time.time())
    entries = list(Ledger(store).entries(limit=100_000))
    assert found.reserved == 0
    assert len(compactor._runs) == 0
    assert len(entries) == sent
    assert found.used == sum(entry.input_tokens + entry.output_tokens for entry in entries)


def cancelled(path: Path, runs: int, *others: Waits, first: bool = False) -> None:
    """So many runs, each cancelled a little later than the one before; then one that goes through."""
    store = Store(path / 'a.db')
    compactor: Compactor[None] = Compactor(policy(PLENTY), store=store)
    provider = Provider()
    agent = agent_of(provider, compactor, *others, first=first)

    async def all_of_them() -> None:
        for turns in range(runs):
            await cut_off(agent, turns % 120)
        assert (await agent.run('go on')).output == 'done'

    asyncio.run(all_of_them())
    assert threads().drain(10)
    nothing_is_left(store, compactor, provider.sent)


def test_cancelled_at_every_await(tmp_path: Path) -> None:
    """Before it is sent, while the store is asked, while it is answered, between two requests."""
    cancelled(tmp_path, 48)


@pytest.mark.skipif(not compat.TELLS_BEFORE_SENDING, reason='nobody tells what is sent before a request')
@pytest.mark.parametrize('first', [True, False], ids=['ahead', 'behind'])
def test_another_hook_waits(tmp_path: Path, first: bool) -> None:
    """What another hook has held up when the run was cancelled was not sent, and is not counted."""
    cancelled(tmp_path, 36, Waits(), first=first)


@pytest.mark.sweep
def test_two_thousand_are_cancelled(tmp_path: Path) -> None:
    """The same two thousand times."""
    cancelled(tmp_path, 2_000)


@pytest.mark.parametrize('how', ['the reader raises', 'the reader leaves', 'the loop is closed'])
def test_a_stream_that_is_left(tmp_path: Path, how: str) -> None:
    """What was streamed counts, whoever went away."""
    store = Store(tmp_path / 'a.db')
    compactor: Compactor[None] = Compactor(policy(PLENTY), store=store)
    provider = Provider()
    agent = agent_of(provider, compactor)

    async def read() -> None:
        async with agent.run_stream('x') as result:
            async for text in result.stream_text():
                if len(text) < 20:
                    continue
                if how == 'the reader raises':
                    raise ConnectionError('the client went away')
                if how == 'the reader leaves':
                    break
                await asyncio.sleep(60)

    async def main() -> None:
        reading = asyncio.ensure_future(read())
        while how == 'the loop is closed' and not provider.sent:
            await asyncio.sleep(0.001)
        if how != 'the loop is closed':
            await reading

    try:
        asyncio.run(main())
    except (ConnectionError, asyncio.CancelledError):
        assert how != 'the reader leaves'
    nothing_is_left(store, compactor, provider.sent)
    assert provider.sent == 1


def many(store: Store, runs: int) -> None:
    """So many runs at once on one instance, under a budget that has room for half of them."""
    limit = max(1, runs // 2)
    half = Budget(name='half', limit=limit, unit='requests', period='day')
    compactor: Compactor[None] = Compactor(policy(PLENTY, half), store=store)
    provider = Provider(rounds=1, pause=0.05)
    agent = agent_of(provider, compactor)

    async def all_of_them() -> list[object]:
        return await asyncio.gather(*(agent.run(f'go {i}') for i in range(runs)), return_exceptions=True)

    results = asyncio.run(all_of_them())
    refused = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(result, BudgetExceeded) for result in refused)
    assert (len(refused), provider.sent) == (runs - limit, limit)
    found = usage(store, half, time.time())
    assert found.used == limit
    assert found.reserved == 0
    nothing_is_left(store, compactor, limit)


@pytest.mark.parametrize('runs', [1, 64])
def test_many_at_once(tmp_path: Path, runs: int) -> None:
    """A budget admits exactly its limit, and every lease ends."""
    many(Store(tmp_path / 'a.db'), runs)


@pytest.mark.sweep
@pytest.mark.parametrize('runs', [1, 64, 300, 1_000])
@pytest.mark.parametrize('kind', ['sqlite', 'postgres'])
def test_a_thousand_at_once(tmp_path: Path, kind: str, runs: int) -> None:
    """The same with more runs than states are kept, in either database."""
    if kind == 'sqlite':
        many(Store(tmp_path / 'a.db'), runs)
        return
    if missing := missing_postgres():
        pytest.skip(missing)
    with temporary_postgres() as url:
        store = Store(url)
        many(store, runs)
        store.close()
