"""Prompts through an agent: ordered answers, honest figures, failures that stay their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import Compactor, ConfigError, Ledger, Store, count_batch, counter_for, process_batch, process_request
from compactor.adapters.pydantic_ai.cache.noted import NotedModel
from compactor.ledger.entry import Entry
from compactor.ledger.prices import Prices
from tests.adapters.driver import go, new_agent

PRICES = Prices.of({'echo': {'input': '1', 'output': '2'}}, bundled=False)


class Echo:
    """A model that answers what it was asked, and knows how many asked at once."""

    def __init__(self) -> None:
        self.times = 0
        self.now = 0
        self.most = 0

    async def _request(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.times += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        prompt = str(messages[-1].parts[-1].content)  # type: ignore[union-attr]
        if prompt == 'fail':
            raise RuntimeError('no answer')
        usage = RequestUsage(input_tokens=1_000, output_tokens=500)
        return ModelResponse(parts=[TextPart(prompt.upper())], usage=usage, finish_reason='stop', model_name='echo')

    @property
    def agent(self) -> Agent[None, Any]:
        """An agent with this model."""
        return new_agent(FunctionModel(self._request, model_name='echo'))


def test_one_request_and_what_it_took(tmp_path: Path) -> None:
    """The first time the model is asked; the second time nothing is spent."""
    echo = Echo()

    async def twice() -> list[Any]:
        return [
            await process_request('hello', echo.agent, store=tmp_path / 'store.db', prices=PRICES) for _ in range(2)
        ]

    (response, first), (again, second) = go(twice())
    assert (response, again, echo.times) == ('HELLO', 'HELLO', 1)
    assert (first.prompt_tokens, first.completion_tokens, first.total_tokens) == (1_000, 500, 1_500)
    assert (first.cost, first.cache_hit) == (Decimal('0.002'), False)
    assert first.efficiency is not None
    assert first.efficiency == pytest.approx(1_500 / first.response_time / 0.002)
    assert (second.total_tokens, second.cost, second.cache_hit, second.free) == (0, Decimal(0), True, True)
    assert second.efficiency is None
    assert first.model == 'function:echo'


def test_without_a_cache_and_without_a_price(tmp_path: Path) -> None:
    """Every request is sent; an unknown price is none."""
    echo = Echo()

    async def twice() -> list[Any]:
        where = tmp_path / 'store.db'
        return [
            await process_request('hello', echo.agent, use_cache=False, store=where, prices=Prices(bundled=False))
            for _ in '12'
        ]

    results = go(twice())
    assert echo.times == 2
    assert [result.metrics.cost for result in results] == [None, None]
    assert [result.metrics.efficiency for result in results] == [None, None]


def test_a_batch_keeps_its_order_and_its_bound(tmp_path: Path) -> None:
    """Answers stand where their prompts stood; a failure is an item; equal prompts are asked once."""
    echo = Echo()
    told: list[tuple[int, int]] = []
    prompts = [*(f'prompt {i}' for i in range(20)), 'fail', 'prompt 3', 'fail']
    items = go(
        process_batch(
            prompts,
            echo.agent,
            concurrency=4,
            store=tmp_path / 'store.db',
            prices=PRICES,
            progress=lambda done, of: told.append((done, of)),
        )
    )
    assert [item.prompt for item in items] == prompts
    assert [item.response for item in items if item.ok] == [p.upper() for p in prompts if p != 'fail']
    assert [str(item.error) for item in items if not item.ok] == ['no answer', 'no answer']
    assert echo.most <= 4
    assert echo.times == 22
    assert told == [(n, 23) for n in range(1, 24)]


def test_what_is_sent_is_in_the_ledger(tmp_path: Path) -> None:
    """Without a `Compactor` on the agent: requests, answers of the cache, failures; with one, once all the same."""
    with Store(tmp_path / 'store.db') as store:
        echo = Echo()
        go(process_batch(['a', 'a', 'fail'], echo.agent, store=store, prices=PRICES, concurrency=1))
        found = Ledger(store).entries()
        assert [(one.kind, one.model, one.input_tokens, one.cost, one.error) for one in found] == [
            ('request', 'echo', 1_000, Decimal('0.002'), None),
            ('cache', 'echo', 0, Decimal(0), None),
            ('request', 'echo', 0, Decimal(0), 'RuntimeError: no answer'),
        ]
        assert found[1].saved_by_cache == 1_500
        watched = Agent(echo.agent.model, capabilities=[Compactor(store=store)])
        go(process_request('b', watched, use_cache=False, store=store))
        assert len(Ledger(store).entries()) == 4


def test_a_streamed_request_is_noted() -> None:
    """When it has been read to its end; one that broke as failed."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield 'half '
        if 'break' in str(messages[-1].parts[-1].content):  # type: ignore[union-attr]
            raise RuntimeError('the line broke')
        yield 'and half'

    async def read(prompt: str) -> list[Entry]:
        noted = NotedModel(FunctionModel(stream_function=stream))
        with suppress(RuntimeError):
            async with Agent(noted).run_stream(prompt) as result:
                assert await result.get_output() == 'half and half'
        return noted.entries('reader')

    (whole,), (broken,) = go(read('hello')), go(read('break'))
    assert (whole.error, whole.agent, whole.output_tokens > 0) == (None, 'reader', True)
    # pydantic-ai 1.x cancels what it reads from, 2.x hands the error on.
    assert broken.error in ('RuntimeError: the line broke', 'CancelledError: ')
    assert broken.output_tokens == 0


def test_an_empty_batch(tmp_path: Path) -> None:
    """There is nothing to do."""
    assert go(process_batch([], Echo().agent, store=tmp_path / 'store.db')) == []


def test_a_bar(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is drawn on standard error, and changes no result."""
    items = go(process_batch(['a', 'b'], Echo().agent, store=tmp_path / 'store.db', progress=True))
    assert [item.response for item in items] == ['A', 'B']
    assert capsys.readouterr().out == ''


def test_bad_use(tmp_path: Path) -> None:
    """Refused before anything is sent."""
    with pytest.raises(ConfigError, match='concurrency'):
        go(process_batch(['a'], Echo().agent, concurrency=0))
    with pytest.raises(ConfigError, match='no model'):
        go(process_request('a', Agent(), store=tmp_path / 'store.db'))


@given(st.lists(st.text(max_size=60), max_size=30), st.sampled_from([None, 'openai:gpt-4o', 'claude-opus-4-7']))
def test_a_batch_of_texts_is_counted_like_each_of_them(texts: list[str], model: str | None) -> None:
    """In order, whatever is in them."""
    assert count_batch(texts, model) == [counter_for(model).count(text) for text in texts]
