"""What a chain sets aside comes back or is counted, however a request ends; and counting never spoils an answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from compactor import CachedModel, CapacityModel, Compactor, Policy, Store
from compactor.capacity.headers import Reading
from compactor.testing import Call, Failure, RateLimit, RateLimits, Reply, StrictProvider
from tests.adapters.chains import START, Playing, Time, chain, openai_model
from tests.adapters.driver import go

TOKENS = {'model': '*', 'unit': 'tokens', 'window': 'hour', 'amount': 100_000}


def told(**capacity: Any) -> Policy:
    """A policy that counts tokens an hour and sets 700 aside for an answer."""
    stations: dict[str, Any] = {'capacity': {'limits': [TOKENS], 'reserve_output': 700, **capacity}}
    return Policy(**stations)


def counted(model: CapacityModel) -> tuple[int, int]:
    """What is taken and what is set aside in the window of a chain's first model."""
    window = go(model.standing())[0].windows[0]
    return window.taken, window.reserved


def waiting(began: asyncio.Event) -> FunctionModel:
    """A model that never answers."""

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        began.set()
        await asyncio.Event().wait()
        raise AssertionError

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        await answer(messages, info)
        yield ''

    return FunctionModel(answer, stream_function=stream, model_name='waits')


async def streamed(model: Any) -> None:
    """Reads a stream to its end."""
    async with Agent(model).run_stream('hi') as stream:
        async for _ in stream.stream_text(debounce_by=None):
            await asyncio.sleep(0)


@pytest.mark.parametrize('shared', [False, True])
@pytest.mark.parametrize('streaming', [False, True])
def test_a_cancelled_request_holds_nothing(tmp_path: Path, shared: bool, streaming: bool) -> None:
    """Nobody knows how far it got, so it counts like a time-out: as all that was set aside, and as over."""

    async def cancelled() -> CapacityModel:
        began = asyncio.Event()
        model = CapacityModel(waiting(began), policy=told(), store=Store(tmp_path / 'a.db') if shared else None)
        task = asyncio.ensure_future(streamed(model) if streaming else Agent(model).run('hi'))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return model

    taken, reserved = counted(go(cancelled()))
    assert (taken >= 700, reserved) == (True, 0)


@pytest.mark.parametrize('answers', [False, True])
def test_a_request_that_is_cancelled_while_a_store_is_busy_holds_nothing(tmp_path: Path, answers: bool) -> None:
    """What it had set aside is settled before the store is asked anything else, also where its answer had come."""
    store = Store(tmp_path / 'a.db')
    asked = asyncio.Event()
    may_answer = asyncio.Event()

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.set()
        await may_answer.wait()
        return ModelResponse(parts=[TextPart('ok')])

    model = CapacityModel(FunctionModel(answer), policy=told(), store=store)

    async def cancelled() -> tuple[int, int]:
        task = asyncio.ensure_future(Agent(model).run('hi'))
        await asked.wait()
        with store.write():  # whoever settles waits for its turn
            if answers:
                may_answer.set()
                await asyncio.sleep(0.2)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            looking = asyncio.ensure_future(model.standing())
            await asyncio.sleep(0.2)
        window = (await looking)[0].windows[0]
        return window.taken, window.reserved

    taken, reserved = go(cancelled())
    assert (taken > 0, reserved) == (True, 0)


def test_a_request_that_is_cancelled_while_it_is_let_in_takes_nothing(tmp_path: Path) -> None:
    """The store may have set something aside by then, and nobody is left to send anything."""
    store = Store(tmp_path / 'a.db')
    model = CapacityModel(TestModel(), policy=told(), store=store)
    go(Agent(model).run('hi'))
    before = counted(model)

    async def cancelled() -> None:
        task = asyncio.ensure_future(Agent(model).run('hi'))
        with store.write():  # the request waits for its turn
            await asyncio.sleep(0.3)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    go(cancelled())
    assert counted(model) == before


def removed(path: Path) -> None:
    """Puts a folder where a store's file was."""
    for one in path.parent.glob(f'{path.name}*'):
        one.unlink()
    path.mkdir()


def losing(path: Path) -> FunctionModel:
    """A model while whose answer the store goes away."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if not path.is_dir():
            removed(path)
        return ModelResponse(parts=[TextPart('ok')])

    return FunctionModel(answer, model_name='loses')


def test_a_store_that_goes_away_in_between_leaves_no_debt(tmp_path: Path) -> None:
    """What was set aside in the store is not taken off what this process counts for itself."""
    model = CapacityModel(losing(tmp_path / 'a.db'), policy=told(), store=Store(tmp_path / 'a.db'))
    assert go(Agent(model).run('hi')).output == 'ok'
    own = model._capacity._own.windows.counts
    assert own.total('taken/tokens/function:loses', 3_600, model._capacity.clock()) > 0


@pytest.mark.parametrize('chained', [True, False])
def test_an_answer_that_is_there_is_never_lost(tmp_path: Path, chained: bool) -> None:
    """A store that goes away while a request is under way refuses the next one, not the answer of this one."""
    policy, store = told(on_store_error='closed'), Store(tmp_path / 'a.db')
    model = losing(tmp_path / 'a.db')
    if chained:
        agent = Agent(CapacityModel(model, policy=policy, store=store))
    else:
        agent = Agent(model, capabilities=[Compactor(policy, store=store)])
    assert go(agent.run('hi')).output == 'ok'


def test_a_stream_that_breaks_has_taken_something() -> None:
    """A provider counts what it has read, although nobody says how much."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield 'one '
        raise ModelHTTPError(503, 'm')

    model = CapacityModel(FunctionModel(stream_function=stream, model_name='breaks'), policy=told())
    with pytest.raises(ModelHTTPError):
        go(streamed(model))
    taken, reserved = counted(model)
    assert (taken >= 700, reserved) == (True, 0)


def test_an_answer_from_a_cache_takes_nothing() -> None:
    """No provider was asked."""
    model = CapacityModel(CachedModel(TestModel()), policy=told())
    agent = Agent(model)
    go(agent.run('hi'))
    before = counted(model)
    go(agent.run('hi'))
    assert counted(model) == before


def test_a_limit_that_was_learned_keeps_no_request_out() -> None:
    """`max_tokens` above what a window gives in all is no reason not to ask: most answers are shorter."""
    first, second = TestModel(model_name='first'), TestModel(model_name='second')
    model = CapacityModel(first, second)
    model._capacity.learn_readings('test:first', [Reading('output_tokens', 'minute', 1_000, 1_000)])
    agent = Agent(model, model_settings={'max_tokens': 4_000})
    assert go(agent.run('hi')).response.model_name == 'first'


def test_a_long_history_leaves_the_guess_of_an_answer_alone() -> None:
    """A limit of output tokens has nothing to do with the input."""
    limits = [{'model': '*', 'unit': 'output_tokens', 'window': 'minute', 'amount': 5_000}]
    seen: list[int] = []

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        (window,) = model._capacity._own.windows.states('function:m', model._capacity.clock())
        seen.append(window.reserved)
        return ModelResponse(parts=[TextPart('ok')])

    model = CapacityModel(FunctionModel(answer, model_name='m'), policy=told(limits=limits))
    go(Agent(model).run('word ' * 6_000))
    assert seen == [700]


def test_a_chain_of_one_leaves_the_cause_of_an_error_alone() -> None:
    """A chain around it, and whoever reads the log, want to know what it came from."""
    cause = TimeoutError('slow')

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        raise ModelAPIError('m', 'no answer') from cause

    model = CapacityModel(FunctionModel(answer, model_name='m'), policy=told(max_wait=0), sleep=Time().sleep)
    with pytest.raises(ModelAPIError) as caught:
        go(Agent(model).run('hi'))
    assert caught.value.__cause__ is cause


def test_nobody_learns_from_the_usage_of_another_model() -> None:
    """A model that is passed over was measured too, but the figures of the answer are somebody else's."""
    second = Playing(*[Reply(calls=(Call('look'),))] * 3, Reply('done'))
    with chain(Playing(Failure(429, headers={'retry-after': '20'})), second) as links:
        go(Agent(links.model, tools=[look]).run('hi'))
        (underway,) = links.model._runs._states.values()
        assert links.asked == (1, 4)
    assert {name.full: state.anchor is not None for (name, _), state in underway.counted.items()} == {
        'openai:model-a': False,
        'openai:model-b': True,
    }


def look() -> str:
    """Looks."""
    return 'nothing'


def test_what_a_stream_says_is_left_was_so_when_it_began() -> None:
    """The headers of a long stream are old when it ends, and must not replace newer ones."""
    time = Time()
    limits = RateLimits((RateLimit('tokens', 'minute', 9_000),), style='openai', enforce=False)
    with StrictProvider(Playing(Reply('a b c')), limits=limits) as server:
        model = CapacityModel(openai_model(server), clock=time, sleep=time.sleep)

        async def slowly() -> None:
            async with Agent(model).run_stream('hi') as stream:
                time.now += 40
                async for _ in stream.stream_text(debounce_by=None):
                    await asyncio.sleep(0)

        go(slowly())
    (known,) = model._capacity.table.known('openai:gpt-a', time.now)
    assert known.told_at == START


def test_a_chain_within_a_chain_counts_once(tmp_path: Path) -> None:
    """Both on one store: the outer one counts what goes through the inner one, not the model in it."""
    store = Store(tmp_path / 'a.db')
    inner = CapacityModel(TestModel(), policy=told(), store=store)
    go(Agent(CapacityModel(inner, policy=told(), store=store)).run('hi'))
    alone = CapacityModel(TestModel(), policy=told())
    go(Agent(alone).run('hi'))
    assert counted(inner) == counted(alone)


def test_no_password_of_an_address_is_in_a_name() -> None:
    """Names are in events and errors."""
    address = 'https://me:secret@gateway.example/v1?key=hidden'

    class Elsewhere(TestModel):
        @property
        def base_url(self) -> str:
            return address

    model = CapacityModel(TestModel(), Elsewhere())
    assert [standing.model for standing in go(model.standing())] == [
        'test:test',
        'test:test at https://gateway.example/v1',
    ]
