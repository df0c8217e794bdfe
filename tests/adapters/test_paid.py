"""What is paid for is written down: by the framework's own price, and also where nobody waits for the answer."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import CapacityModel, Compactor, LedgerPolicy, Policy, Store
from compactor.ledger.budget import Budget
from compactor.ledger.entry import Entry
from compactor.store.entries import Ledger
from compactor.store.reservations import usage
from tests.adapters.driver import by_run, drive

RESERVED = 1_000
TOKENS = Budget(name='tokens', limit=10**9, unit='tokens', period='day')
REQUESTS = Budget(name='requests', limit=1_000, unit='requests', period='day')


def told(**more: Any) -> Policy:
    """Two budgets that are only counted."""
    return Policy(ledger=LedgerPolicy(budgets=(TOKENS, REQUESTS), reserve_output=RESERVED, **more))


def entries(store: Store) -> list[Entry]:
    """All there are."""
    return list(Ledger(store).entries())


def used(store: Store) -> tuple[int, int, int]:
    """Tokens and requests that count as spent, and what is still set aside."""
    tokens, requests = (usage(store, budget, time.time()) for budget in (TOKENS, REQUESTS))
    return int(tokens.used), int(requests.used), int(tokens.reserved + requests.reserved)


SHAPES: dict[str, tuple[str, str, RequestUsage, dict[str, Any] | None]] = {
    'an hour in the cache': (
        'anthropic',
        'claude-sonnet-4-5',
        RequestUsage(input_tokens=100_000, cache_write_tokens=90_000, output_tokens=10),
        None,
    ),
    'flex': ('openai', 'gpt-5', RequestUsage(input_tokens=1_000_000, output_tokens=100_000), {'service_tier': 'flex'}),
    'priority': ('openai', 'gpt-5', RequestUsage(input_tokens=90_000, output_tokens=9), {'service_tier': 'priority'}),
    'audio': (
        'google',
        'gemini-2.5-flash',
        RequestUsage(input_tokens=1_000_000, output_tokens=1_000, input_audio_tokens=900_000),
        None,
    ),
}


@pytest.mark.parametrize('shape', SHAPES)
def test_a_cost_is_what_the_framework_says(tmp_path: Path, shape: str) -> None:
    """To the cent, for what a price hangs on besides tokens, through an agent into the ledger."""
    pytest.importorskip('genai_prices')
    provider, model, took, details = SHAPES[shape]
    response = ModelResponse(
        parts=[TextPart('x')], usage=took, model_name=model, provider_name=provider, provider_details=details
    )
    if not hasattr(took, 'cache_write_1h_tokens') and details:
        pytest.skip('this pydantic-ai has one price for all tiers')
    with Store(tmp_path / 'store.db') as store:
        answer = FunctionModel(lambda messages, info: response, model_name=model)
        drive(by_run, Agent(answer, capabilities=[Compactor(store=store)]), 'x')
        [entry] = entries(store)
        assert entry.cost is not None
        assert abs(entry.cost - response.cost().total_price) < 0.005


def waits(asked: list[str]) -> FunctionModel:
    """A model that takes too long, and notes that it was asked."""

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append('once')
        await asyncio.sleep(30)
        return ModelResponse(parts=[TextPart('late')])

    return FunctionModel(answer, model_name='slow')


def test_cancelled_requests_count_as_what_was_set_aside(tmp_path: Path) -> None:
    """They were sent, and nobody knows what they took: entries that say so, in the budgets, and nothing left aside."""

    async def cancelled(agent: Agent[None, str]) -> None:
        for _ in range(5):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(agent.run('a question ' * 100), 0.3)

    with Store(tmp_path / 'store.db') as store:
        asked: list[str] = []
        agent = Agent(waits(asked), capabilities=[Compactor(told(), store=store)])
        asyncio.run(cancelled(agent))
        written = entries(store)
        assert len(written) == len(asked) >= 4  # the first may be cancelled before it is sent
        assert all(entry.estimated and entry.error and 'Cancelled' in entry.error for entry in written)
        assert {entry.output_tokens for entry in written} == {RESERVED}
        tokens = sum(entry.input_tokens + entry.output_tokens for entry in written)
        assert used(store) == (tokens, len(asked), 0)


@pytest.mark.parametrize('error', [TimeoutError('read'), ValueError('refused')], ids=['late', 'refused'])
def test_only_what_came_too_late_is_paid(tmp_path: Path, error: Exception) -> None:
    """A provider goes on writing an answer that nobody waits for; one that refuses takes nothing."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise error

    late = isinstance(error, TimeoutError)
    with Store(tmp_path / 'store.db') as store:
        agent = Agent(FunctionModel(answer), capabilities=[Compactor(told(), store=store)])
        with pytest.raises(type(error)):
            drive(by_run, agent, 'Go.')
        [entry] = entries(store)
        assert entry.estimated is late
        assert used(store) == ((entry.input_tokens + RESERVED, 1, 0) if late else (0, 0, 0))


def test_an_attempt_that_came_too_late_is_paid_too(tmp_path: Path) -> None:
    """Of a chain, the model that was given up counts beside the one that answered."""

    def late(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise TimeoutError('read')

    def answers(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart('ok')], usage=RequestUsage(input_tokens=50, output_tokens=5))

    with Store(tmp_path / 'store.db') as store:
        chain = CapacityModel(FunctionModel(late, model_name='late'), FunctionModel(answers, model_name='answers'))
        drive(by_run, Agent(chain, capabilities=[Compactor(told(), store=store)]), 'Go.')
        attempt, entry = sorted(entries(store), key=lambda one: one.kind)
        assert (attempt.kind, attempt.model, attempt.estimated) == ('failover', 'late', True)
        assert entry.model == 'answers'
        tokens = sum(one.input_tokens + one.output_tokens for one in (attempt, entry))
        assert used(store) == (tokens, 2, 0)


def test_an_answer_without_a_usage_is_estimated(tmp_path: Path) -> None:
    """Where a provider reports none, the request counts with what was counted for it."""

    class Silent(FunctionModel):
        """Reports nothing."""

        async def request(self, *asked: Any, **more: Any) -> ModelResponse:
            """The answer, its usage taken off."""
            response = await super().request(*asked, **more)
            response.usage = RequestUsage()
            return response

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart('ok')])

    with Store(tmp_path / 'store.db') as store:
        drive(by_run, Agent(Silent(answer), capabilities=[Compactor(told(), store=store)]), 'a question ' * 100)
        [entry] = entries(store)
        assert entry.estimated
        assert entry.input_tokens >= 200
        assert used(store) == (entry.input_tokens, 1, 0)
