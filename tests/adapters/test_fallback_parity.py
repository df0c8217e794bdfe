"""A `CapacityModel` answers whenever a `FallbackModel` over the same models does: failures by provider, as they come.

Real models, real SDKs, real HTTP: only what the first provider says is made up, in the words that were seen in public.
"""

from __future__ import annotations

import functools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic_ai import Agent, exceptions
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import CapacityModel
from compactor.telemetry import events
from compactor.testing import Api, Failure, Reply, StrictProvider
from compactor.testing.loopback import Answer, Handler, Server
from tests.adapters.chains import MODELS, Time
from tests.adapters.driver import go
from tests.wire.driver import requires


def error(message: str = '', **more: Any) -> dict[str, Any]:
    """An error as OpenAI and its kin wrap it."""
    return {'error': {'message': message, **more}}


def claude(kind: str, message: str = '') -> dict[str, Any]:
    """An error as Anthropic wraps it."""
    return {'type': 'error', 'error': {'type': kind, 'message': message}, 'request_id': 'req_1'}


def router(code: int, message: str, **metadata: Any) -> dict[str, Any]:
    """An error as OpenRouter wraps it."""
    return {'error': {'message': message, 'code': code, 'metadata': metadata}, 'user_id': 'user_1'}


@dataclass(frozen=True)
class Case:
    """What the first provider does.

    Attributes:
        status: with which it answers.
        body: in what words.
        headers: and headers.
        api: over which wire.
        pause: how long its model is left alone; 0 for not at all.
    """

    status: int
    body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    api: Api = 'openai'
    pause: float = 0.0


SPENT, WHILE, LONGEST = 600.0, 2.0, 600.0
USED_UP = {'X-RateLimit-Limit': '50', 'X-RateLimit-Remaining': '0'}
RESET, LATER = ({**USED_UP, 'X-RateLimit-Reset': moment} for moment in ('1770000030000', '2085000000000'))
"""A response says what time it is, and moments in its headers are taken from that; in its body they are from ours."""
CASES: dict[str, Case] = {
    'OpenAI, rate limit': Case(429, error(code='rate_limit_exceeded'), {'retry-after-ms': '20000'}, pause=20.0),
    'OpenAI, no quota': Case(429, error(code='insufficient_quota', type='insufficient_quota'), pause=SPENT),
    'OpenAI, server error': Case(500, error(type='server_error'), pause=WHILE),
    'OpenAI, overloaded': Case(503, error(code='server_is_overloaded'), pause=WHILE),
    'OpenAI, wrong key': Case(401, error(code='invalid_api_key')),
    'OpenAI, wrong country': Case(403, error(code='unsupported_country_region_territory')),
    'OpenAI, no such model': Case(404, error(code='model_not_found')),
    'OpenAI, wrong parameter': Case(400, error(type='invalid_request_error', param='temperature')),
    'OpenAI, conflict': Case(409, error()),
    'OpenAI, unprocessable': Case(422, error()),
    'Azure, rate limit': Case(429, error(code='429'), {'retry-after': '13', 'retry-after-ms': '12500'}, pause=12.5),
    'Azure, time-out': Case(408, error(code='Timeout'), pause=WHILE),
    'a gateway, bad': Case(502, {}, pause=WHILE),
    'a gateway, time-out': Case(504, {}, pause=WHILE),
    'Cloudflare, unknown': Case(520, {}, pause=WHILE),
    'Cloudflare, down': Case(521, {}, pause=WHILE),
    'Cloudflare, unreachable': Case(523, {}, pause=WHILE),
    'Cloudflare, time-out': Case(524, {}, pause=WHILE),
    'Groq, rate limit': Case(429, error(code='rate_limit_exceeded'), {'retry-after': '2m59.56s'}, pause=179.56),
    'Groq, flex is full': Case(498, error(code='capacity_exceeded')),
    'DeepSeek, no balance': Case(402, error('Insufficient Balance', code='invalid_request_error'), pause=SPENT),
    'Z.ai, no balance': Case(429, error('Insufficient balance or no resource package.', code='1113'), pause=SPENT),
    'Z.ai, concurrency': Case(429, error('High concurrency usage of this API', code='1302'), pause=WHILE),
    'Moonshot, no balance': Case(429, error('suspended', type='exceeded_current_quota_error'), pause=SPENT),
    'Moonshot, not active': Case(403, error('not active', type='exceeded_current_quota_error'), pause=SPENT),
    'xAI, no credits': Case(
        403,
        {'code': 'permission-denied', 'error': "Your newly created team doesn't have any credits yet."},
        pause=SPENT,
    ),
    'xAI, limit of a month': Case(
        429,
        {'code': 'resource-exhausted', 'error': 'Your team 1 has either used all available credits or reached'},
        pause=SPENT,
    ),
    'OpenRouter, a day': Case(
        429, router(429, 'Rate limit exceeded: free-models-per-day. ', headers=RESET), pause=30.0
    ),
    'OpenRouter, in headers': Case(429, router(429, 'Rate limit exceeded'), LATER, pause=LONGEST),
    'OpenRouter, upstream': Case(429, router(429, 'Provider returned error', retry_after_seconds=17), pause=17.0),
    'OpenRouter, no credits': Case(402, router(402, 'This request requires more credits'), pause=SPENT),
    'OpenRouter, budget held': Case(402, router(402, 'In flight'), {'retry-after': '4'}, pause=4.0),
    'OpenRouter, no endpoint': Case(404, router(404, 'No endpoints found that support tool use')),
    'OpenRouter, flagged': Case(403, router(403, 'Your input was flagged', reasons=['x'])),
    'Anthropic, overloaded': Case(529, claude('overloaded_error', 'Overloaded'), {}, 'anthropic', WHILE),
    'Anthropic, rate limit': Case(429, claude('rate_limit_error'), {'retry-after': '30'}, 'anthropic', 30.0),
    'Anthropic, server error': Case(500, claude('api_error'), {}, 'anthropic', WHILE),
    'Anthropic, no credit': Case(
        400, claude('invalid_request_error', 'Your credit balance is too low to access it'), {}, 'anthropic', SPENT
    ),
    'Anthropic, billing': Case(402, claude('billing_error'), {}, 'anthropic', SPENT),
    'Anthropic, no permission': Case(403, claude('permission_error'), {}, 'anthropic'),
    'Anthropic, not found': Case(404, claude('not_found_error'), {}, 'anthropic'),
    'Anthropic, too large': Case(413, claude('request_too_large'), {}, 'anthropic'),
    'a proxy, a date of mail': Case(503, {}, {'retry-after': 'Sat, 02 Feb 2036 02:40:40 -0000'}, pause=LONGEST),
    'a proxy, a year': Case(503, {}, {'retry-after': '31536000'}, pause=LONGEST),
}
CHAINS: tuple[Callable[..., Model], ...] = (FallbackModel, CapacityModel)


async def asked(model: Model, stream: bool) -> str:
    """What a chain answers, in either way."""
    if not stream:
        return str((await Agent(model).run('hi')).output)
    async with Agent(model).run_stream('hi') as streamed:
        return str(await streamed.get_output())


def answer(model: Model, stream: bool) -> str | None:
    """What a chain answers; None where it raises."""
    try:
        return go(asked(model, stream))
    except Exception:
        return None


def watched(time: Time, told: list[events.Event], *models: Model) -> CapacityModel:
    """A chain whose clock only waiting moves."""
    return CapacityModel(*models, clock=time, sleep=time.sleep, chance=lambda: 0.0, on_event=told.append)


@pytest.fixture(scope='module')
def second() -> Iterator[StrictProvider]:
    """The provider that answers."""
    with StrictProvider(lambda turn: Reply('from b')) as server:
        yield server


def test_the_table_is_long_enough() -> None:
    """Thirty failures at least, of ten providers."""
    assert len(CASES) >= 30
    assert len({name.partition(',')[0] for name in CASES}) >= 10


@pytest.mark.parametrize('stream', [False, True], ids=['request', 'stream'])
@pytest.mark.parametrize('name', CASES)
def test_it_answers_whenever_a_fallback_model_does(name: str, stream: bool, second: StrictProvider) -> None:
    """At once, by the second model; and the first is left alone for as long as its words say, and no longer."""
    case = CASES[name]
    requires(case.api)
    failing = Failure(case.status, headers=case.headers, body=case.body)
    with StrictProvider(lambda turn: failing) as first:
        models = MODELS[case.api](first, 'model-a'), MODELS['openai'](second, 'model-b')
        time, told = Time(), list[events.Event]()
        model = watched(time, told, *models)
        assert answer(FallbackModel(*models), stream) == 'from b'
        assert answer(model, stream) == 'from b'
        assert time.waits == []
        standing, _ = go(model.standing())
        assert standing.cooldown == pytest.approx(case.pause, abs=0.01)


# -- what is no status of a response ---------------------------------------------------------------------------------


def sse(*lines: str) -> Callable[[bytes], Answer]:
    """A stream of events."""
    return lambda body: Answer(200, ''.join(lines).encode(), {'content-type': 'text/event-stream'})


def lost(body: bytes) -> Answer:
    """A connection that is closed without an answer."""
    raise ConnectionError


def garbage(body: bytes) -> Answer:
    """An answer that is none."""
    return Answer(200, b'<html>', {'content-type': 'application/json'})


IN_BAND: dict[str, tuple[Api, Callable[[bytes], Answer]]] = {
    'OpenAI, in the stream': ('openai', sse('data: {"error":{"message":"overloaded","code":429}}\n\n')),
    'OpenAI, a word in the stream': ('openai', sse('data: {"error":{"message":"x","type":"server_error"}}\n\n')),
    'Anthropic, in the stream': (
        'anthropic',
        sse('event: error\ndata: ', json.dumps(claude('overloaded_error', 'Overloaded')), '\n\n'),
    ),
    'an empty stream': ('openai', sse()),
    'a lost connection': ('openai', lost),
    'Anthropic, a lost connection': ('anthropic', lost),
    'garbage': ('openai', garbage),
}


@pytest.mark.parametrize('stream', [False, True], ids=['request', 'stream'])
@pytest.mark.parametrize('name', IN_BAND)
def test_it_answers_whenever_a_fallback_model_does_in_band(name: str, stream: bool, second: StrictProvider) -> None:
    """Where the failure comes within a 200, or instead of an answer: never fewer answers."""
    api, route = IN_BAND[name]
    requires(api)
    paths = {'/v1/chat/completions': route, '/v1/messages': route}
    server = Server(('127.0.0.1', 0), functools.partial(Handler, paths))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        place: Any = _Place(f'http://127.0.0.1:{server.server_port}')
        models = MODELS[api](place, 'model-a'), MODELS['openai'](second, 'model-b')
        time = Time()
        ours = answer(watched(time, [], *models), stream)
        assert time.waits == []
        assert ours == answer(FallbackModel(*models), stream) or ours == 'from b'
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class _Place:
    """Where a provider is."""

    anthropic_url: str

    @property
    def openai_url(self) -> str:
        return f'{self.anthropic_url}/v1'


CLASSES: tuple[str, ...] = (
    'ModelAPIError',
    'ModelRateLimitError',
    'ModelQuotaExceededError',
    'ModelUnavailableError',
    'ModelOverloadedError',
    'ModelServerError',
    'ModelConnectionError',
    'ModelTimeoutError',
    'ModelRequestRejectedError',
    'ModelAuthenticationError',
    'ModelNotFoundError',
    'ModelContextWindowExceededError',
)
"""The framework's classes of errors that carry no status; older versions have only the first."""


@pytest.mark.parametrize('stream', [False, True], ids=['request', 'stream'])
@pytest.mark.parametrize('name', CLASSES)
def test_every_class_of_error_goes_on(name: str, stream: bool) -> None:
    """Of a provider that speaks no HTTP, or within a stream."""
    kind = getattr(exceptions, name, None)
    if kind is None:
        pytest.skip('this pydantic-ai has no such class')

    def fails(messages: list[ModelMessage], info: AgentInfo) -> Any:
        raise kind('m', 'failed')

    async def breaks(messages: list[ModelMessage], info: AgentInfo) -> Any:
        yield fails(messages, info)

    async def streams(messages: list[ModelMessage], info: AgentInfo) -> Any:
        yield 'from b'

    models = (
        FunctionModel(fails, stream_function=breaks, model_name='a'),
        FunctionModel(lambda m, i: _said('from b'), stream_function=streams, model_name='b'),
    )
    time = Time()
    assert answer(watched(time, [], *models), stream) == 'from b'
    assert time.waits == []


def _said(text: str) -> Any:
    from pydantic_ai.messages import ModelResponse, TextPart

    return ModelResponse(parts=[TextPart(text)])


# -- what whoever made the chain says --------------------------------------------------------------------------------


def by_error(raised: Exception) -> bool:
    """Goes on after what no provider raised."""
    return isinstance(raised, KeyError)


@pytest.mark.parametrize('chain', CHAINS)
def test_what_goes_on_may_be_said(chain: Callable[..., Any]) -> None:
    """`fallback_on` means what it means for a chain of the framework."""

    def fails(messages: list[ModelMessage], info: AgentInfo) -> Any:
        raise raised

    models = FunctionModel(fails, model_name='a'), FunctionModel(lambda m, i: _said('from b'), model_name='b')
    raised: Exception = KeyError('odd')
    assert answer(chain(*models, fallback_on=by_error), False) == 'from b'
    assert answer(chain(*models), False) is None
    raised = exceptions.ModelHTTPError(500, 'a')
    assert answer(chain(*models, fallback_on=by_error), False) is None
    assert answer(chain(*models, fallback_on=(exceptions.ModelHTTPError,)), False) == 'from b'


@pytest.mark.parametrize('chain', CHAINS)
def test_answers_may_be_judged(chain: Callable[..., Any]) -> None:
    """One that is not taken goes on to the next model; where none is, the framework says so."""

    def poor(response: Any) -> bool:
        return 'poor' in str(response.parts)

    from pydantic_ai.messages import ModelResponse

    poor.__annotations__['response'] = ModelResponse
    bad = FunctionModel(lambda m, i: _said('poor'), model_name='a')
    good = FunctionModel(lambda m, i: _said('from b'), model_name='b')
    assert answer(chain(bad, good, fallback_on=[exceptions.ModelAPIError, poor]), False) == 'from b'
    with pytest.raises(exceptions.FallbackExceptionGroup):
        go(asked(chain(bad, bad, fallback_on=[exceptions.ModelAPIError, poor]), False))
