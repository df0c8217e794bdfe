"""From what a model raised to plain values that `routing.failover` judges; on every supported version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compactor.adapters.pydantic_ai.overflow import is_overflow
from compactor.capacity.gemini import body_readings, body_retry_after
from compactor.capacity.headers import Reading, retry_after
from compactor.routing.failover import Action, Failure, Kind, action_for

KINDS: Mapping[str, Kind] = {
    'ModelTimeoutError': 'timeout',
    'ModelRequestTimeout': 'timeout',
    'APITimeoutError': 'timeout',
    'TimeoutException': 'timeout',
    'TimeoutError': 'timeout',
    'ModelConnectionError': 'connection',
    'APIConnectionError': 'connection',
    'ConnectError': 'connection',
    'NetworkError': 'connection',
    'UnexpectedModelBehavior': 'validation',
    'ValidationError': 'validation',
}
"""What kind of error a class stands for, by its name, as older versions and SDKs that are not there have no such class.
The first that an error, or what it was raised from, is one of decides."""
STATUSES: Mapping[str, int] = {
    'ModelRateLimitError': 429,
    'ModelUnavailableError': 503,
    'ModelQuotaExceededError': 429,
    'CapacityExhausted': 503,
}
"""The status that a class stands for where the error has none (gRPC, errors within a stream, a chain within a
chain)."""
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
    if is_overflow(error):
        return Failure('overflow', getattr(error, 'status_code', None))
    status = getattr(error, 'status_code', None)
    asked = getattr(error, 'retry_after', None)
    names = {kind.__name__ for kind in type(error).__mro__}
    if not isinstance(status, int):
        status = next((status for name, status in STATUSES.items() if name in names), None)
    if status is None:
        return Failure(_kind(error))
    body = getattr(error, 'body', None)
    said = retry_after(headers_of(error), now)
    if said is None:
        said = body_retry_after(body)
    if said is None and isinstance(asked, int | float) and not isinstance(asked, bool) and asked >= 0:
        said = float(asked)
    spent = 'ModelQuotaExceededError' in names
    return Failure('status', status, said, 'insufficient_quota' if spent else code_in(body))


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


def readings_of(error: BaseException) -> list[Reading]:
    """What the body of a refusal says about limits (Gemini); headers are read where they arrive."""
    return body_readings(getattr(error, 'body', None))


def code_in(body: object) -> str | None:
    """The provider's own word for an error, such as 'insufficient_quota'."""
    inside = body.get('error', body) if isinstance(body, Mapping) else None
    code = inside.get('code') or inside.get('type') if isinstance(inside, Mapping) else None
    return code[:100] if isinstance(code, str) else None


def _kind(error: BaseException) -> Kind:
    for one in _causes(error):
        for kind in type(one).__mro__:
            if kind.__name__ in KINDS:
                return KINDS[kind.__name__]
    return 'other'


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
    order = (Action.NEXT, Action.SHORTEN, Action.RAISE)
    return order.index(action_for(failure)[0]), -(failure.retry_after or 0.0)
