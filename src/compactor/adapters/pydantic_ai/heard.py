"""Hears the headers of responses, which never reach `ModelResponse`: a hook on the HTTP client of a model.

The hook is set once on a client, and tells whoever listens in the task that sends the request: models often share a
client. It hears every response, those of retries within a provider's SDK too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from compactor.adapters.pydantic_ai.models import models_in
from compactor.locks import new_lock
from compactor.routing.failover import passes
from compactor.run.answer import Response

CLIENTS = (('client', '_client'), ('client', '_api_client', '_async_httpx_client'))
"""Where models keep the HTTP client of their SDK: OpenAI, Anthropic, Groq, Cerebras, Mistral; Google."""


@dataclass(slots=True)
class Heard:
    """What a request of a model says on its way: the responses to it in order, and when it was sent last.

    Attributes:
        clock: seconds since 1970; None where nobody asks when.
        at_once: somebody else is asked after a refusal, so an SDK is not to try again by itself.
        responses: more than one where an SDK tries again.
        sent_at: when its last attempt left; None if it has not, or its client cannot be listened to.
    """

    clock: Callable[[], float] | None = None
    at_once: bool = False
    responses: list[Response] = field(default_factory=list)
    sent_at: float | None = None

    def of(self, model: Any) -> list[Response]:
        """Those of one model of several; all of them where nobody can tell."""
        base = _attribute(model, 'base_url')
        if not isinstance(base, str) or not base:
            return self.responses
        return [response for response in self.responses if response.url.startswith(base.rstrip('/'))]


_listening: ContextVar[Heard | None] = ContextVar('compactor_heard', default=None)
_hooking = new_lock()


@contextmanager
def listen(model: Any, clock: Callable[[], float] | None = None, *, at_once: bool = False) -> Iterator[Heard]:
    """Hears the responses to requests that are sent within the block, of the model and all that it may hand them to."""
    for one in models_in(model):
        _hook(one)
    heard = Heard(clock, at_once)
    token = _listening.set(heard)
    try:
        yield heard
    finally:
        _listening.reset(token)


def _hook(model: Any) -> None:
    for path in CLIENTS:
        client = model
        for name in path:
            client = _attribute(client, name)
        with _hooking:  # threads may share a client
            hooks = _attribute(client, 'event_hooks')
            # A client for threads would call our hooks and never wait for them.
            if not isinstance(hooks, dict) or not hasattr(client, 'aclose') or _take in (hooks.get('response') or ()):
                continue
            client.event_hooks = {
                'request': [*(hooks.get('request') or ()), _sent],
                'response': [*(hooks.get('response') or ()), _take],
            }


def _attribute(one: Any, name: str) -> Any:
    """What a client holds; some are made only when they are asked for, which may fail."""
    try:
        return getattr(one, name, None)
    except Exception:  # noqa: BLE001 - whoever sends with it will say so
        return None


async def _sent(request: Any) -> None:
    heard = _listening.get()
    if heard is not None and heard.clock is not None:
        heard.sent_at = heard.clock()


async def _take(response: Any) -> None:
    heard = _listening.get()
    if heard is not None:
        with suppress(AttributeError, RuntimeError, TypeError, ValueError):  # of a client that is like none we know
            headers = {str(name).lower(): str(value) for name, value in response.headers.items()}
            at = heard.clock() if heard.clock is not None else None
            heard.responses.append(Response(int(response.status_code), str(response.request.url), headers, at))
            if heard.at_once and passes(int(response.status_code)):
                response.headers['x-should-retry'] = 'false'  # as providers tell the SDKs of OpenAI and its kin
