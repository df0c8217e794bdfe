"""What models raise, as plain values."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import exceptions

from compactor.adapters.pydantic_ai.refusals import failure_of, headers_of
from compactor.routing.failover import Action, Failure, action_for

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
    (api(ValueError('x')), Failure('other')),
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
    mixed = failure_of(exceptions.FallbackExceptionGroup('all', [soon, http(401), late]), NOW)
    assert action_for(mixed)[0] is Action.RAISE


@pytest.mark.parametrize('headers', [object(), {'a': 1}, [('Retry-After', '3')], {None: None}, 'text'])
def test_headers_of_any_shape(headers: Any) -> None:
    """What is no headers is none."""
    error = http(429)
    error.__cause__ = Exception()
    error.__cause__.headers = headers  # type: ignore[attr-defined]
    found: dict[Any, Any] = dict(headers_of(error))
    assert all(type(name) is str and type(value) is str for name, value in found.items())
