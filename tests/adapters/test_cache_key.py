"""What makes two requests the same for the response cache, by where a field stands; and who gets which answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturn,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RequestUsage

from compactor.adapters.pydantic_ai.cache.cached import CachedModel
from compactor.adapters.pydantic_ai.request_key import request_key
from compactor.store.engine import Store
from compactor.telemetry.events import StoreUnavailable
from tests.adapters.driver import Log, by_run, drive, new_agent

PARAMETERS = ModelRequestParameters()
NAMES = (
    'id',
    'metadata',
    'usage',
    'timestamp',
    'finish_reason',
    'provider_details',
    'tool_call_id',
    'run_id',
    'vendor_id',
    'kind',
    'part_kind',
    'parts',
)


def asked(rows: Any, args: Any = None, **of_result: Any) -> list[ModelMessage]:
    """A history in which a tool returned rows."""
    return [
        ModelRequest(parts=[UserPromptPart('Which order is open?')]),
        ModelResponse(parts=[ToolCallPart('orders', args or {}, tool_call_id='c1')]),
        ModelRequest(parts=[ToolReturnPart('orders', rows, tool_call_id='c1', **of_result)]),
    ]


def key(messages: Sequence[ModelMessage], model: Any = 'm', settings: Any = None) -> str:
    """The key of a request."""
    return request_key(model, messages, settings, PARAMETERS)


SHAPES: dict[str, Callable[[Any], Any]] = {
    'a row': lambda row: row,
    'rows': lambda row: [row],
    'deep': lambda row: {'content': [{'rows': [row]}]},
    'a part in a text': lambda row: [{'part_kind': 'text', 'content': 'x', **row}],
}


@pytest.mark.parametrize('name', NAMES)
@pytest.mark.parametrize('shape', SHAPES)
def test_a_field_of_data_is_data(name: str, shape: str) -> None:
    """Whatever it is called, in results and in arguments."""
    one, other = (SHAPES[shape]({name: said, 'open': True}) for said in ('A-17', 'B-99'))
    assert key(asked(one)) != key(asked(other))
    assert key(asked('x', {'where': one})) != key(asked('x', {'where': other}))
    assert key(asked(one)) == key(asked(SHAPES[shape]({name: 'A-17', 'open': True})))


def test_what_changes_by_itself_is_not_asked() -> None:
    """Times, ids, usage and notes of messages and parts, at their own places."""
    answered = asked([{'id': 1}])
    later = datetime(2031, 1, 1, tzinfo=UTC)
    again: list[Any] = [
        ModelRequest(parts=[UserPromptPart('Which order is open?', timestamp=later)], run_id='other'),
        ModelResponse(
            parts=[ToolCallPart('orders', {}, tool_call_id='zzz', id='fc_2')],
            usage=RequestUsage(input_tokens=9),
            timestamp=later,
            provider_response_id='r',
            provider_details={'at': object()},
            finish_reason='tool_call',
        ),
        ModelRequest(parts=[ToolReturnPart('orders', [{'id': 1}], tool_call_id='zzz', metadata={'figure': object()})]),
    ]
    assert key(answered) == key(again)
    thought = replace(again[1], parts=[ThinkingPart('hm', signature='s'), *again[1].parts])
    assert key([again[0], thought, again[2]]) != key(again)


def test_pairs_of_calls_are_told_apart() -> None:
    """Ids count by their order: which result answers which call is part of the question."""
    calls = ModelResponse(parts=[ToolCallPart('a', {}, tool_call_id='1'), ToolCallPart('a', {}, tool_call_id='2')])
    histories: list[list[ModelMessage]] = [
        [
            calls,
            ModelRequest(parts=[ToolReturnPart('a', 'x', tool_call_id=i), ToolReturnPart('a', 'y', tool_call_id=j)]),
        ]
        for i, j in ('12', '21')
    ]
    straight, crossed = histories
    assert key(straight) != key(crossed)


def openai(**client: Any) -> OpenAIChatModel:
    """A model of OpenAI's at an endpoint, for an account."""
    from openai import AsyncOpenAI

    values = {'base_url': 'http://eu.internal/v1', 'api_key': 'A'} | client
    return OpenAIChatModel('gpt-4o', provider=OpenAIProvider(openai_client=AsyncOpenAI(**values)))


def anthropic(**client: Any) -> AnthropicModel:
    """A model of Anthropic's, for an account."""
    from anthropic import AsyncAnthropic

    values = {'base_url': 'http://eu.internal', 'api_key': 'A'} | client
    return AnthropicModel('claude-sonnet-4-5', provider=AnthropicProvider(anthropic_client=AsyncAnthropic(**values)))


@pytest.mark.parametrize('made', [openai, anthropic])
@pytest.mark.parametrize(
    'client',
    [
        {'base_url': 'http://self-hosted-7b.internal/v1'},
        {'api_key': 'B'},
        {'default_headers': {'X-Tenant': '2'}},
        {'default_headers': {'anthropic-beta': 'context-1m-2025-08-07'}},
        {'default_query': {'api-version': '2026-01-01'}},
    ],
    ids=['endpoint', 'account', 'header', 'beta', 'query'],
)
def test_where_and_as_whom_a_model_is_asked(made: Callable[..., Any], client: dict[str, Any]) -> None:
    """Another endpoint, account or header of the client is another question, also within a wrapper."""
    messages = asked('x')
    assert key(messages, made()) == key(messages, made())
    assert key(messages, made()) != key(messages, made(**client))
    assert key(messages, CachedModel(made())) != key(messages, CachedModel(made(**client)))


@pytest.mark.parametrize('client', [{'organization': 'o'}, {'project': 'p'}], ids=['organisation', 'project'])
def test_the_organisation_counts(client: dict[str, Any]) -> None:
    """As it does on the bill."""
    assert key(asked('x'), openai()) != key(asked('x'), openai(**client))


def test_headers_of_a_request_count_if_they_ask_for_something() -> None:
    """A tenant or a beta does; the trace that a request belongs to does not. Names have no case."""
    messages = asked('x')

    def said(**headers: str) -> str:
        return key(messages, 'm', {'extra_headers': {name.replace('_', '-'): value for name, value in headers.items()}})

    assert said(X_Tenant='1') != said(X_Tenant='2')
    assert said(anthropic_beta='a') != said()
    assert said(X_Tenant='1', traceparent='00-1') == said(x_tenant='1', traceparent='00-2', X_Request_Id='9')
    assert key(messages, 'm', {'timeout': 3}) == key(messages, 'm', {'timeout': 4})
    assert key(messages, 'm', {'extra_body': {'x': 1}}) != key(messages, 'm', {'extra_body': {'x': 2}})


def test_no_key_gives_an_account_away() -> None:
    """What is read of a client ends in the hash."""
    assert 'sk-' not in key(asked('x'), openai(api_key='sk-very-secret'))


# -- whose answer it is --------------------------------------------------------------------------------------------


def first_id(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """An answer that says which row it was asked about."""
    rows: list[Any] = [part.content for m in messages for part in m.parts if isinstance(part, ToolReturnPart)]
    return ModelResponse(parts=[TextPart(f'open: {rows[0][0]["id"]}')], finish_reason='stop')


def test_each_order_has_its_own_answer() -> None:
    """Two histories that differ in the id of a row are two questions."""
    agent = Agent(CachedModel(FunctionModel(first_id)))
    said = [drive(by_run, agent, None, message_history=asked([{'id': name}])).output for name in ('A-17', 'B-99')]
    assert said == ['open: A-17', 'open: B-99']


def test_an_answer_in_flight_is_copied_for_each() -> None:
    """Every run has messages of its own, with its own run id, and changes nobody else's."""
    times = 0

    async def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        nonlocal times
        times += 1
        await asyncio.sleep(0.05)
        if any(isinstance(part, ToolReturnPart) for m in messages for part in m.parts):
            return ModelResponse(parts=[TextPart('done')], finish_reason='stop')
        return ModelResponse(parts=[ToolCallPart('look', {'x': 1})], finish_reason='tool_call')

    agent = new_agent(CachedModel(FunctionModel(answer)))

    @agent.tool_plain
    def look(x: int) -> str:
        return 'seen'

    async def main() -> list[Any]:
        return list(await asyncio.gather(*(agent.run('hi') for _ in range(4))))

    results = asyncio.run(main())
    assert times == 2
    calls = [result.all_messages()[1] for result in results]
    assert len({id(call.parts) for call in calls}) == len({id(call.parts[0].args) for call in calls}) == 4
    assert [len(result.new_messages()) for result in results] == [4] * 4
    for result in results:
        assert len({message.run_id for message in result.all_messages()}) == 1


class Figure:
    """An application's object beside a result: it can neither be written down nor copied."""

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError('cannot copy a figure')


def plotting(model: CachedModel) -> Any:
    """An agent whose tool puts such an object beside its result."""
    agent = new_agent(model)

    @agent.tool_plain
    def plot() -> ToolReturn:
        return ToolReturn(return_value='a plot', metadata={'figure': Figure()})

    return agent


def calls_once(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    """A call, then an answer."""
    if any(isinstance(part, ToolReturnPart) for m in messages for part in m.parts):
        return ModelResponse(parts=[TextPart('done')], finish_reason='stop')
    return ModelResponse(parts=[ToolCallPart('plot', {})], finish_reason='tool_call')


def test_what_an_application_keeps_beside_a_result_costs_nothing() -> None:
    """It is no part of the question, so the second run is answered from the cache."""
    log = Log()
    model = CachedModel(FunctionModel(calls_once), tool_calls=True, on_event=log)
    for _ in range(2):
        assert drive(by_run, plotting(model), 'Plot it.').output == 'done'
    assert not log.of(StoreUnavailable)
    assert model.cache.get_stats()['total_hits'] == 2


async def no_vector(text: str) -> Sequence[float]:
    """An embedder whose server is away."""
    raise OSError('no route to host')


async def nothing(text: str) -> Any:
    """An embedder that has none."""
    return None


def test_whatever_fails_in_the_cache_costs_the_cache() -> None:
    """An embedder that is away, or gives no vector: the model is asked, and it is told once."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart('fine')], finish_reason='stop')

    for embed in (no_vector, nothing):
        log = Log()
        agent = Agent(CachedModel(FunctionModel(answer), on_event=log, embed=embed))
        for _ in range(2):
            assert drive(by_run, agent, 'hi').output == 'fine'
        [told] = log.of(StoreUnavailable)
        assert told.part == 'cache'
        assert told.reason.startswith('not cached: ')


def test_a_tenant_is_answered_with_its_own() -> None:
    """Two tenants on one store ask the same, and both are asked for."""
    times = 0

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        nonlocal times
        times += 1
        return ModelResponse(parts=[TextPart(f'answer {times}')], finish_reason='stop')

    with Store.open(':memory:') as store:
        said = [
            drive(by_run, Agent(CachedModel(FunctionModel(answer), store=store, tenant=tenant)), 'hi').output
            for tenant in ('acme', 'other', None, 'acme', 'other', '')
        ]
    assert said == ['answer 1', 'answer 2', 'answer 3', 'answer 1', 'answer 2', 'answer 3']


def test_who_makes_the_vectors_is_told_no_secret() -> None:
    """A prompt that holds one is compared with no other: without it, it would be another prompt."""
    heard: list[str] = []

    async def embed(text: str) -> Sequence[float]:
        heard.append(text)
        return [1.0, 0.0]

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        prompt: Any = messages[-1].parts[-1]
        return ModelResponse(parts=[TextPart(f'{len(prompt.content)}')], finish_reason='stop')

    agent = Agent(CachedModel(FunctionModel(answer), embed=embed))
    token = 'gh' + 'p_' + 'a1B2c3D4e5' * 3 + 'f6G7h8'
    said = [drive(by_run, agent, f'use {token}{more}').output for more in ('', ' now')]
    assert said[0] != said[1]
    assert heard == []
    drive(by_run, agent, 'hello')
    assert heard == ['hello']
