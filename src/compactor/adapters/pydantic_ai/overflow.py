"""Recognises a provider's refusal of a request that is too long in what a model raised; the words are in `capacity`."""

from __future__ import annotations

from collections.abc import Iterator

from compactor.capacity.overflow import TooLong, too_long

DEEP = 8
"""Errors of a chain of causes that are looked at: newer versions keep the provider's own error there alone."""


def of_the_window(error: BaseException) -> bool:
    """Whether it says that the request was too long for the model, whoever asks it."""
    return any(found.kind == 'window' for found in _refusals(error))


def window_from(error: BaseException) -> int | None:
    """The window the provider names in its refusal, in its own tokens, if it does."""
    return next((found.window for found in _refusals(error) if found.window), None)


def refusal_of(error: BaseException) -> TooLong | None:
    """What an error says about the length of the request; of a group, the one that names most."""
    return min(_refusals(error), key=lambda one: (one.window is None, one.window or 0), default=None)


def _refusals(error: BaseException) -> Iterator[TooLong]:
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _refusals(inner)
        return
    if type(error).__name__.endswith('ContextWindowExceededError'):
        yield too_long(400, getattr(error, 'body', None), str(error)) or TooLong('window')
        return
    status = getattr(error, 'status_code', None)
    status = status if isinstance(status, int) and status >= 400 else None
    for one in _causes(error):
        body = _body(one)
        if body is None and not (status or _may_say(one)):
            continue
        found = too_long(status, body, str(one) if body is None and _may_say(one) else '')
        if found is not None:
            yield found
            return


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    for _ in range(DEEP):
        if found is None:
            return
        yield found
        found = found.__cause__


def _body(error: BaseException) -> object:
    """What the provider has written: pydantic-ai and SDKs keep it as `body`, Google's as `details`, botocore in
    `response`."""
    for name in ('body', 'details', 'response'):
        found = getattr(error, name, None)
        if isinstance(found, str | bytes | dict | list):
            return found
    return None


def _may_say(error: BaseException) -> bool:
    """Whether the words of an error without a body are a provider's."""
    names = {kind.__name__ for kind in type(error).__mro__}
    return 'ModelAPIError' in names or 'APIError' in names
