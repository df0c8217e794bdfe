"""What models raise, as plain values."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import exceptions

from compactor.adapters.pydantic_ai.refusals import failure_of, headers_of, readings_of
from compactor.capacity.cooldown import Cooldowns
from compactor.capacity.headers import Reading
from compactor.routing.failover import Action, Failure, action_for, decide

NOW = 1_770_000_000.0


class _Response:
    def __init__(self, **headers: str) -> None:
        self.headers = {name.replace('_', '-'): value for name, value in headers.items()}


class _SdkError(Exception):
    def __init__(self, response: _Response) -> None:
        self.response = response


class APIConnectionError(Exception):
    """As SDKs call it."""


class APITimeoutError(APIConnectionError):
    """As SDKs call it: a time-out is a lost connection too."""


class ModelQuotaExceededError(exceptions.ModelHTTPError):
    """As newer versions call it."""


def http(status: int, body: object = None, cause: BaseException | None = None) -> exceptions.ModelHTTPError:
    """An error of the framework, raised from an SDK's."""
    error = exceptions.ModelHTTPError(status, 'm', body)
    error.__cause__ = cause
    return error


def api(cause: BaseException) -> exceptions.ModelAPIError:
    """An error without a status."""
    error = exceptions.ModelAPIError('m', 'failed')
    error.__cause__ = cause
    return error


GEMINI = {'error': {'details': [{'@type': 'type.googleapis.com/google.rpc.RetryInfo', 'retryDelay': '17s'}]}}
OVERFLOW = {'message': "This model's maximum context length is 8192 tokens.", 'code': 'context_length_exceeded'}

CREDIT = 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade.'

CASES: list[tuple[BaseException, Failure]] = [
    (http(429), Failure('status', 429)),
    (http(429, {'code': 'insufficient_quota'}), Failure('status', 429, None, 'insufficient_quota')),
    (http(429, {'error': {'type': 'rate_limit_error'}}), Failure('status', 429, None, 'rate_limit_error')),
    (http(429, GEMINI), Failure('status', 429, 17.0)),
    (http(429, 'a text with 400 in it'), Failure('status', 429)),
    (http(503, None, _SdkError(_Response(Retry_After='7'))), Failure('status', 503, 7.0)),
    (http(400, {'message': 'status 429 is not what this is'}), Failure('status', 400)),
    (http(400, OVERFLOW), Failure('overflow', 400)),
    (http(500), Failure('status', 500)),
    (ModelQuotaExceededError(429, 'm'), Failure('status', 429, None, 'insufficient_quota')),
    (api(APITimeoutError()), Failure('timeout')),
    (api(APIConnectionError()), Failure('connection')),
    (api(ValueError('x')), Failure('provider')),
    (api(ConnectionResetError()), Failure('connection')),
    (TimeoutError(), Failure('timeout')),
    (exceptions.UnexpectedModelBehavior('no'), Failure('validation')),
    (RuntimeError('429'), Failure('other')),
]


@pytest.mark.parametrize(('error', 'failure'), CASES)
def test_errors(error: BaseException, failure: Failure) -> None:
    """Status and kind are judged, texts are not."""
    assert failure_of(error, NOW) == failure


def test_an_exhausted_chain_is_as_bad_as_its_worst() -> None:
    """Refusals only: another model may answer, as soon as the first of them asks. Anything else: it is raised."""
    soon, late = http(429, None, _SdkError(_Response(Retry_After='3'))), http(503)
    late.__cause__ = _SdkError(_Response(Retry_After='90'))
    assert failure_of(exceptions.FallbackExceptionGroup('all', [late, soon]), NOW).retry_after == 3.0
    empty = http(402)
    assert failure_of(exceptions.FallbackExceptionGroup('all', [empty, soon]), NOW).retry_after == 3.0
    mixed = failure_of(exceptions.FallbackExceptionGroup('all', [soon, http(401), late]), NOW)
    assert action_for(mixed)[0] is Action.ELSEWHERE
    worse = failure_of(exceptions.FallbackExceptionGroup('all', [soon, RuntimeError(), http(401)]), NOW)
    assert action_for(worse)[0] is Action.RAISE


DAILY = {
    'message': 'Rate limit exceeded: free-models-per-day. Add 10 credits to unlock 1000 free model requests per day',
    'code': 429,
    'metadata': {
        'headers': {
            'X-RateLimit-Limit': '50',
            'X-RateLimit-Remaining': '0',
            'X-RateLimit-Reset': str(int((NOW + 54_000) * 1_000)),
        },
        'provider_name': None,
    },
}
"""As OpenRouter's SDK-shaped body has it; without the SDK it stands in `error`."""
UPSTREAM = {
    'message': 'Provider returned error',
    'code': 429,
    'metadata': {
        'raw': 'meta-llama/llama-3.3-70b-instruct:free is temporarily rate-limited upstream.',
        'provider_name': 'Venice',
        'retry_after_seconds': 17,
        'headers': {'Retry-After': '17'},
    },
}
NO_RESET = {
    'message': 'Rate limit exceeded: free-models-per-day-high-balance. ',
    'metadata': {'headers': {'X-RateLimit-Limit': '1000', 'X-RateLimit-Remaining': '0'}},
}
SOURCE = {'message': 'Rate limited', 'metadata': {'limit_source': 'openrouter_free_tier_daily'}}
MIDNIGHT = 86_400 - NOW % 86_400


@pytest.mark.parametrize(
    ('body', 'seconds', 'found'),
    [
        (DAILY, 54_000.0, [Reading('requests', 'day', 50, 0, 54_000.0, 'error')]),
        ({'error': DAILY, 'user_id': 'user_1'}, 54_000.0, [Reading('requests', 'day', 50, 0, 54_000.0, 'error')]),
        (UPSTREAM, 17.0, []),
        (NO_RESET, MIDNIGHT, [Reading('requests', 'day', 1_000, 0, MIDNIGHT, 'error')]),
        (SOURCE, MIDNIGHT, []),
        ({'message': 'Rate limit exceeded: free-models-per-min. ', 'metadata': {'headers': None}}, None, []),
        ({'message': 'the word per-day in a text', 'metadata': {}}, None, []),
        ({'message': 7, 'metadata': {'headers': {'X-RateLimit-Reset': ['x'], None: 1}, 'limit_source': 3}}, None, []),
        ({'metadata': {'retry_after_seconds': float('nan')}}, None, []),
        ({'metadata': {'retry_after_seconds': True}}, None, []),
        ('not json', None, []),
        (['x'], None, []),
        (None, None, []),
    ],
)
def test_openrouters_limits_and_resets_are_read(body: object, seconds: float | None, found: list[Reading]) -> None:
    """In the body, where it puts the headers that it would have sent; of what makes no sense nothing is taken."""
    error = http(429, body)
    assert failure_of(error, NOW).retry_after == (None if seconds is None else pytest.approx(seconds))
    assert readings_of(error, NOW) == found


def test_what_is_left_with_the_cause_is_read() -> None:
    """Newer versions keep only the words of an error within a stream."""
    error = http(429, 'Provider returned error', InStream(UPSTREAM))
    assert failure_of(error, NOW).retry_after == 17.0
    daily = http(429, DAILY['message'])
    assert failure_of(daily, NOW).retry_after == MIDNIGHT
    error = http(429, DAILY['message'], InStream(DAILY))
    assert [reading.limit for reading in readings_of(error, NOW)] == [50]
    assert failure_of(http(429, 'x', InStream({'code': '1113'})), NOW).spent


EMPTY_ACCOUNTS: list[tuple[str, int, object]] = [
    ('OpenAI', 429, {'message': 'You exceeded your current quota', 'type': 'insufficient_quota', 'code': None}),
    ('OpenAI, a project', 429, {'code': 'project_spend_limit_exceeded', 'type': 'x', 'message': ''}),
    ('Anthropic', 400, {'type': 'error', 'error': {'type': 'invalid_request_error', 'message': CREDIT}}),
    ('DeepSeek', 402, {'message': 'Insufficient Balance', 'type': 'unknown_error', 'code': 'invalid_request_error'}),
    ('Z.ai', 429, {'code': '1113', 'message': 'Insufficient balance or no resource package. Please recharge.'}),
    ('Z.ai, a number', 429, {'code': 1113, 'message': ''}),
    ('Z.ai as Anthropic', 429, {'error': {'type': 'rate_limit_error', 'code': '1113', 'message': '[1113][Insuff'}}),
    ('Z.ai without its code', 429, {'message': '余额不足或无可用资源包,请充值。'}),
    ('Z.ai, a week', 429, {'code': '1310', 'message': 'Weekly/Monthly Limit Exhausted.'}),
    ('Moonshot', 429, {'message': 'Your account org-1 <ak-1> is suspended due to insufficient balance', 'type': 'e'}),
    ('Moonshot, 403', 403, {'message': 'Your account is not active', 'type': 'exceeded_current_quota_error'}),
    ('xAI', 429, 'Your team 1-2 has either used all available credits or reached its monthly spending limit.'),
    ('xAI, 403', 403, {'code': 'permission-denied', 'error': "Your newly created team doesn't have any credits yet."}),
    ('OpenRouter', 402, {'message': 'Insufficient credits', 'metadata': {'limit_source': 'openrouter_credits'}}),
]


@pytest.mark.parametrize(('provider', 'status', 'body'), EMPTY_ACCOUNTS)
def test_an_empty_balance_is_known_for_one(provider: str, status: int, body: object) -> None:
    """By its code where there is one, else by how its words begin; 2 seconds would not fill it."""
    decision = decide(failure_of(http(status, body), NOW), provider, Cooldowns(lambda: 0.0), NOW)
    assert (decision.action, decision.cooldown_seconds) == (Action.NEXT, 600.0)


@pytest.mark.parametrize(
    ('status', 'body'),
    [
        (429, {'code': '1302', 'message': 'High concurrency usage of this API'}),
        (429, {'type': 'rate_limit_reached_error', 'message': 'Your account org-1 request reached max request: 3'}),
        (429, {'type': 'engine_overloaded_error', 'message': 'The engine is currently overloaded'}),
        (
            429,
            {'message': 'You exceeded your current quota, please check your plan', 'details': []},
        ),  # Gemini
        (400, {'message': 'the prompt says: Your credit balance is too low'}),
        (422, {'message': 'Your credit balance is too low'}),
    ],
)
def test_what_only_looks_like_it_is_no_empty_balance(status: int, body: object) -> None:
    """A rate limit passes; and no text that a user has written empties an account."""
    assert not failure_of(http(status, body), NOW).spent


class InStream(Exception):
    """An SDK's error of a stream that has begun with 200."""

    def __init__(self, body: object, status: int | None = None) -> None:
        self.body = body
        if status is not None:
            self.status_code = status


@pytest.mark.parametrize(
    ('body', 'status', 'found'),
    [
        ({'type': 'error', 'error': {'type': 'overloaded_error', 'message': 'Overloaded'}}, 200, 529),
        ({'error': {'type': 'rate_limit_error'}}, 200, 429),
        ({'message': 'Rate limit exceeded', 'code': 429}, None, 429),
        ({'message': 'Provider returned error', 'code': 502}, None, 502),
        ({'message': 'x', 'code': 'server_error'}, None, 500),
        ({'message': 'x', 'code': 7}, 200, 200),
        ('x', None, None),
    ],
)
def test_errors_within_a_stream(body: object, status: int | None, found: int | None) -> None:
    """What the provider calls it counts, as the status was that of the stream."""
    assert failure_of(InStream(body, status), NOW).status == found


@pytest.mark.parametrize('headers', [object(), {'a': 1}, [('Retry-After', '3')], {None: None}, 'text'])
def test_headers_of_any_shape(headers: Any) -> None:
    """What is no headers is none."""
    error = http(429)
    error.__cause__ = Exception()
    error.__cause__.headers = headers  # type: ignore[attr-defined]
    found: dict[Any, Any] = dict(headers_of(error))
    assert all(type(name) is str and type(value) is str for name, value in found.items())
