"""The second attempt at an answer that a limit of ours has cut, and copies of requests."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic_ai import RunContext, exceptions
from pydantic_ai.messages import ModelMessage, ModelResponse

from compactor.adapters.pydantic_ai.messages.writer import merge_requests


async def asked_again(
    ctx: RunContext[Any],
    request: Any,
    first: ModelResponse,
    counted: bool,
    handler: Callable[[Any], Awaitable[Any]],
) -> Any:
    """The second answer to a request, for versions whose hooks cannot ask the framework for another attempt.

    Args:
        ctx: the run, to whose usage the answer is added that the framework will not count.
        request: the request with more room.
        first: the answer that was cut.
        counted: the framework has counted the first answer already, and then will not count one that replaces it.
        handler: sends a request; some versions let a hook call it only once, so that the model is asked itself.
    """
    try:
        second = await handler(request)
    except exceptions.UserError as error:
        if 'only once' not in str(error):
            raise
        second = await request.model.request(request.messages, request.model_settings, request.model_request_parameters)
        ctx.usage.incr(second.usage if counted else first.usage)
        return second
    if not counted:
        ctx.usage.incr(first.usage)
    return second


def with_limit(request: Any, limit: int) -> Any:
    """A copy of a request context with another `max_tokens`."""
    changed = copy.copy(request)
    changed.model_settings = {**(request.model_settings or {}), 'max_tokens': limit}
    return changed


def with_parameters(request: Any, parameters: Any) -> Any:
    """A copy of a request context with other parameters; the same where they are its own."""
    if parameters is request.model_request_parameters:
        return request
    changed = copy.copy(request)
    changed.model_request_parameters = parameters
    return changed


def with_messages(request: Any, messages: list[ModelMessage]) -> Any:
    """A copy of a request context with other messages; `dataclasses.replace` would reset fields set by the graph."""
    changed = copy.copy(request)
    changed.messages = messages if messages is request.messages else merge_requests(messages)
    return changed
