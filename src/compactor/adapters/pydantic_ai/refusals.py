"""From what a model raised to plain values that `routing.failover` judges; on every supported version."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from compactor.adapters.pydantic_ai.overflow import of_the_window
from compactor.capacity import gemini, openrouter
from compactor.capacity.error_body import error_in, message_in
from compactor.capacity.headers import Reading, retry_after
from compactor.routing.failover import SPENT, Action, Failure, Kind, action_for

KINDS: Mapping[str, Kind] = {
    'ModelTimeoutError': 'timeout',
    'ModelRequestTimeout': 'timeout',
    'APITimeoutError': 'timeout',
    'TimeoutException': 'timeout',
    'TimeoutError': 'timeout',
    'ModelConnectionError': 'connection',
    'APIConnectionError': 'connection',
    'ConnectError': 'connection',
    'TransportError': 'connection',
    'ClientConnectionError': 'connection',
    'ConnectionError': 'connection',
    'ResponseRejected': 'provider',
    'UnexpectedModelBehavior': 'validation',
    'ValidationError': 'validation',
}
"""What kind of error a class stands for, by its name, as older versions and SDKs that are not there have no such class.
The first that an error, or what it was raised from, is one of decides. `TransportError` is httpx's, `ClientConnection-
Error` aiohttp's, `ResponseRejected` stands for answers that a chain within the chain did not take."""
STATUSES: Mapping[str, int] = {
    'ModelRateLimitError': 429,
    'ModelOverloadedError': 529,
    'ModelUnavailableError': 503,
    'ModelServerError': 500,
    'ModelQuotaExceededError': 429,
    'ModelAuthenticationError': 401,
    'ModelNotFoundError': 404,
    'ModelRequestRejectedError': 400,
    'CapacityExhausted': 503,
}
"""The status that a class stands for where the error has none (gRPC, errors within a stream, a chain within a
chain)."""
WORDS: Mapping[str, int] = {
    'rate_limit_error': 429,
    'rate_limit_exceeded': 429,
    'insufficient_quota': 429,
    'overloaded_error': 529,
    'server_is_overloaded': 503,
    'service_unavailable': 503,
    'timeout_error': 504,
    'api_error': 500,
    'server_error': 500,
}
"""The status that a provider's own word stands for, within a stream that has begun with 200 (Anthropic "Errors", OpenAI
"Error codes")."""
PROVIDERS_OWN = 'ModelAPIError'
"""What a provider's error is at least, if it is nothing more."""
EMPTY = re.compile(
    r'Your credit balance is too low'  # Anthropic, a 400: anthropics/claude-code/issues/4684
    # xAI, 429 or 403: continuedev/continue/issues/10373, griptape-ai/griptape-nodes-engine/issues/1079
    r"|(?:Your|The) (?:newly created )?teams? (?:\S+ )?(?:has either used all available|doesn't have any) credits"
    r'|Your account .{1,100} is (?:suspended|not active)'  # Moonshot, 429 or 403: anomalyco/opencode/issues/24462
    r'|(?:\[1113\]\[)?Insufficient balance|余额不足'  # Z.ai, a 429: zai-org/feedback/issues/789, continue/issues/11823
    r'|Your prepayment credits are depleted'  # Gemini, a 429
)
"""How the words of a refusal begin that says that the account has nothing left, where no code says so."""
MAY_BE_EMPTY = frozenset({400, 403, 429})
"""Statuses of such refusals."""
DEEP = 8
"""Errors of a chain of causes that are looked at."""


def failure_of(error: BaseException, now: float) -> Failure:
    """An error as plain values.

    Of the group that an exhausted fallback chain raises, the one that says least: another model may do better if
    nothing but refusals are in it.

    Args:
        error: what a model raised.
        now: seconds since 1970, for dates in its headers.
    """
    if isinstance(error, BaseExceptionGroup):
        inside = [failure_of(one, now) for one in error.exceptions]
        return max(inside, key=_gravity)
    if of_the_window(error):
        return Failure('overflow', getattr(error, 'status_code', None))
    asked = getattr(error, 'retry_after', None)
    names = {kind.__name__ for kind in type(error).__mro__}
    status = _status(error, names)
    if status is None:
        return Failure(_kind(error, names))
    bodies = _bodies(error)
    said = retry_after(headers_of(error), now)
    for body in bodies:
        said = gemini.body_retry_after(body) if said is None else said
        said = openrouter.body_retry_after(body, now) if said is None else said
    if said is None and isinstance(asked, int | float) and not isinstance(asked, bool) and asked >= 0:
        said = float(asked)
    empty = status in MAY_BE_EMPTY and any(EMPTY.match(message_in(body)) for body in bodies)
    if empty or 'ModelQuotaExceededError' in names:
        return Failure('status', status, said, 'insufficient_quota')
    return Failure('status', status, said, _code(bodies))


NEVER_SENT = frozenset(('ConnectTimeout', 'PoolTimeout'))
"""Time-outs before a request was sent (httpx)."""


def came_too_late(error: BaseException) -> bool:
    """Whether nobody waited for an answer that its provider may go on to write, and be paid for."""
    if any(type(one).__name__ in NEVER_SENT for one in _causes(error)):
        return False
    return failure_of(error, 0.0).kind == 'timeout'


def headers_of(error: BaseException) -> Mapping[str, str]:
    """The headers of a refusal, by lower-case name; newer versions have them on the error, older on its cause."""
    for one in _causes(error):
        found = getattr(one, 'headers', None)
        if not found:
            found = getattr(getattr(one, 'response', None), 'headers', None)
        if found:
            try:
                return {str(name).lower(): str(value) for name, value in dict(found).items()}
            except (TypeError, ValueError):
                continue
    return {}


def readings_of(error: BaseException, now: float) -> list[Reading]:
    """What the body of a refusal says about limits (Gemini, OpenRouter); headers are read where they arrive.

    Args:
        error: what a model raised.
        now: seconds since 1970, for moments in the body.
    """
    found = (gemini.body_readings(body) or openrouter.body_readings(body, now) for body in _bodies(error))
    return next((one for one in found if one), [])


def _bodies(error: BaseException) -> list[object]:
    """What a provider has written: newer versions leave of it only the words, and the rest with the cause."""
    return [body for one in _causes(error) if (body := getattr(one, 'body', None)) is not None]


def _code(bodies: list[object]) -> str | None:
    """The provider's own word for an error, such as 'insufficient_quota'."""
    errors = [error_in(body) for body in bodies]
    found = [word for error in errors for word in (error.get('code'), error.get('type')) if _is_word(word)]
    words = [str(word)[:100] for word in found]
    return next((word for word in words if word in SPENT), words[0] if words else None)


def _is_word(found: object) -> bool:
    """Texts, and numbers that are no status: gateways say that once more."""
    return isinstance(found, str) or (isinstance(found, int) and not isinstance(found, bool) and found >= 1_000)


def _status(error: BaseException, names: set[str]) -> int | None:
    """The status of an error, or the one that its class or its body stands for."""
    status = getattr(error, 'status_code', None)
    if isinstance(status, int) and status >= 400:
        return status
    found = next((stands_for for name, stands_for in STATUSES.items() if name in names), None)
    if found is None and _kind(error, names) in ('provider', 'other'):
        body = getattr(error, 'body', None)
        said = error_in(body).get('code')
        is_status = isinstance(said, int) and not isinstance(said, bool) and 400 <= said < 600
        found = said if is_status else WORDS.get(_code([body]) or '')
    return found if found is not None or not isinstance(status, int) else status


def _kind(error: BaseException, names: set[str]) -> Kind:
    for one in _causes(error):
        for kind in type(one).__mro__:
            if kind.__name__ in KINDS:
                return KINDS[kind.__name__]
    return 'provider' if PROVIDERS_OWN in names else 'other'


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it was raised from."""
    found: Any = error
    for _ in range(DEEP):
        if found is None:
            return
        yield found
        found = found.__cause__


def _gravity(failure: Failure) -> tuple[int, float]:
    """What another model could not mend goes first; of refusals, the one that asks for the shortest pause."""
    order = (Action.NEXT, Action.ELSEWHERE, Action.SHORTEN, Action.RAISE)
    pause = math.inf if failure.spent else failure.retry_after or 0.0
    return order.index(action_for(failure)[0]), -pause
