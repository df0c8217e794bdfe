"""What watches capacity never spoils a request that would have gone well, nor keeps it longer than it must."""

from __future__ import annotations

import types
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel

from compactor import CapacityModel, Compactor, Policy, Store, StoreError
from compactor.adapters.pydantic_ai.heard import Heard, listen
from compactor.capacity.windows import Taking
from compactor.run.answer import Response
from compactor.telemetry import events
from compactor.testing import Api, Failure, Reply, StrictProvider
from tests.adapters.chains import Playing, Time, chain, openai_model
from tests.adapters.driver import go
from tests.wire.driver import requires


class OddHooks(TestModel):
    """Its client has hooks that are none."""

    @property
    def client(self) -> Any:
        """Not quite an HTTP client."""

        async def close() -> None:
            raise AssertionError

        hooks: dict[str, Any] = {'request': None, 'response': None}
        return types.SimpleNamespace(_client=types.SimpleNamespace(event_hooks=hooks, aclose=close))


class NoClient(TestModel):
    """Its client cannot be made."""

    @property
    def client(self) -> Any:
        """None."""
        raise RuntimeError('no key')


class NoAddress(TestModel):
    """Nobody knows where it is."""

    @property
    def base_url(self) -> str:
        """None."""
        raise RuntimeError('not connected')


@pytest.mark.parametrize('kind', [OddHooks, NoClient])
def test_odd_models_answer_as_they_do_alone(kind: type[TestModel]) -> None:
    """What cannot be listened to is not listened to."""
    assert go(Agent(CapacityModel(TestModel(), kind(call_tools=[]))).run('hi')).output == 'success (no tool calls)'
    assert go(Agent(CapacityModel(kind(call_tools=[]))).run('hi')).output == 'success (no tool calls)'
    assert go(Agent(kind(call_tools=[]), capabilities=[Compactor()]).run('hi')).output == 'success (no tool calls)'


def test_a_model_without_an_address_hears_all_there_is() -> None:
    """Nobody can tell whose it was."""
    said = Response(200, 'http://127.0.0.1/v1', {})
    assert Heard(responses=[said]).of(NoAddress()) == [said]


def test_a_client_for_threads_is_left_alone() -> None:
    """It would call a hook that is to be awaited, and never await it."""
    hooks: dict[str, list[Any]] = {'request': [], 'response': []}
    model = types.SimpleNamespace(client=types.SimpleNamespace(_client=types.SimpleNamespace(event_hooks=hooks)))
    with listen(model):
        assert model.client._client.event_hooks is hooks


@pytest.mark.parametrize('api', ['openai', 'anthropic'])
def test_an_sdk_that_tries_again_by_itself_does_not_in_a_chain(api: Api) -> None:
    """The next model is asked at once, and not after the pauses that the SDK would make."""
    requires(api)
    refused = Playing(Failure(429, headers={'retry-after-ms': '1'}), Reply('too late'))
    with chain(refused, api=api) as links:
        for model in links.model.models:
            sdk: Any = model
            sdk.client.max_retries = 2
        assert go(Agent(links.model).run('hi')).output == 'from b'
        assert links.asked == (1, 1)
        assert len(links.of(events.FailoverTriggered)) == 1


def test_what_a_model_took_long_to_refuse_is_not_asked_for_again_at_once() -> None:
    """Another request's pause is over by then, so this refusal begins one, and the next model is asked."""
    time = Time()
    asked: list[str] = []

    def slow(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append('first')
        model._capacity._own.cooldowns.failed('function:first', time.now + 1)  # another request, meanwhile
        time.now += 60
        raise ModelHTTPError(503, 'first')

    first = FunctionModel(slow, model_name='first')
    model = CapacityModel(first, TestModel(), clock=time, sleep=time.sleep)
    assert go(Agent(model).run('hi')).output == 'success (no tool calls)'
    assert asked == ['first']


@pytest.mark.parametrize('rule', ['open', 'closed'])
def test_budgets_that_cannot_be_read_follow_the_ledgers_rule(tmp_path: Path, rule: str) -> None:
    """A route is then decided without them, or the request is refused."""
    (tmp_path / 'a.db').mkdir()
    stations: dict[str, Any] = {
        'routing': {'rules': [{'workload': 'coding', 'chain': ['test:test']}]},
        'ledger': {'budgets': [{'name': 'all', 'limit': 5}], 'on_store_error': rule},
    }
    heard: list[events.Event] = []
    model = CapacityModel(
        TestModel(), policy=Policy(**stations), workload='coding', store=Store(tmp_path / 'a.db'), on_event=heard.append
    )
    if rule == 'closed':
        with pytest.raises(StoreError):
            go(Agent(model).run('hi'))
    else:
        assert go(Agent(model).run('hi')).output == 'success (no tool calls)'
        assert 'routing' in [event.part for event in heard if isinstance(event, events.StoreUnavailable)]


def test_what_is_known_of_models_is_bounded() -> None:
    """However many there are."""
    compactor: Compactor[None] = Compactor()
    capacity = compactor._capacity
    assert capacity is not None

    async def many() -> None:
        for number in range(1_500):
            await capacity.answered(f'm{number}', Taking(1, 1), 0.0)

    go(many())
    assert len(capacity._nearing._looked) <= 1_024
    assert len(capacity._nearing.unseen()) <= 1_024


def test_a_stream_that_cannot_say_what_it_was_has_been_read_all_the_same() -> None:
    """Its figures are a nicety."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> Any:
        yield 'a'

    model = CapacityModel(FunctionModel(stream_function=stream, model_name='m'))

    async def read() -> None:
        async with model.request_stream([], None, ModelRequestParameters()) as one:
            vars(one)['get'] = lambda: 1 / 0
            async for _ in one:
                pass

    go(read())


def test_state_at_one_provider_does_not_keep_another_from_a_history_that_it_can_take() -> None:
    """The setting of one provider says nothing to the other, which has to be sent all there is."""
    text = 'the parser drops a row when a cell holds a comma. ' * 60
    history: list[Any] = []
    for number in range(20):
        history.append(ModelRequest(parts=[UserPromptPart(f'Note {number}: {text}')]))
        history.append(ModelResponse(parts=[TextPart('Noted.')]))
    stations: dict[str, Any] = {'tokens': {'windows': {'openai:gpt-a': 8_000}}}
    with StrictProvider(Playing(Reply('ok')), 8_000) as server:

        def refuses(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            raise ModelHTTPError(429, 'm')

        time = Time()
        first = FunctionModel(refuses, model_name='m')
        model = CapacityModel(first, openai_model(server), policy=Policy(**stations), clock=time, sleep=time.sleep)
        settings: Any = {'anthropic_context_management': {'edits': []}}
        agent = Agent(model, model_settings=settings)
        assert go(agent.run('And?', message_history=history)).output == 'ok'
        assert len(server.requests) == 1


@pytest.mark.parametrize('refused', [False, True])
def test_a_store_that_is_away_is_told_once_and_left_alone(tmp_path: Path, refused: bool) -> None:
    """Also of a model of which no limit is known, and where an error says nothing of capacity."""
    (tmp_path / 'a.db').mkdir()
    statuses = [503, 503, 400, 503]

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if refused:
            raise ModelHTTPError(statuses.pop(), 'm')
        return ModelResponse(parts=[TextPart('ok')])

    heard: list[events.Event] = []
    store = Store(tmp_path / 'a.db')
    plug: Compactor[None] = Compactor(store=store, on_event=heard.append)
    agent = Agent(FunctionModel(answer, model_name='m'), capabilities=[plug])
    for _ in range(4):
        with suppress(ModelHTTPError):
            go(agent.run('hi'))
    away = [event.part for event in heard if isinstance(event, events.StoreUnavailable)]
    assert away.count('capacity') == 1
