"""`CachedModel`: a model that answers what it has answered before without asking again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.answers import SAVED
from compactor.adapters.pydantic_ai.cache.replay import replayed
from compactor.adapters.pydantic_ai.cache.similar import Embed, Similar
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.request_key import request_key
from compactor.adapters.pydantic_ai.setup import store_at
from compactor.caching.hot import HotCache
from compactor.policies.telemetry import TelemetryPolicy
from compactor.run.access import FAILURES, Access, nothing
from compactor.run.reporting import Reporter
from compactor.secrets.redact import redact
from compactor.store.engine import Store
from compactor.store.responses import MAX_BYTES, TTL, Answer, ResponseCache
from compactor.telemetry import events

T = TypeVar('T')

UNFINISHED = frozenset(('length', 'content_filter', 'error'))
"""Answers that ended for one of these reasons are not worth having again."""


class CachedModel(WrapperModel):
    """Wraps a model; a request that equals an earlier one is answered from the store.

        agent = Agent(CachedModel('openai:gpt-5', ttl=3600))

    Two requests are the same if model, endpoint, account, headers, settings, tools, instructions and messages are
    (`request_key`). An answer that calls tools is stored only if told so, because calling them again may do something
    again; answers that were cut or failed are never stored, nor such in which a secret stands. A hit counts no usage.
    Concurrent identical requests ask the model once, and each has an answer of its own. Whatever fails in the cache
    costs the cache, never the request.

    Args:
        wrapped: the model, or its name.
        store: a `Store`, its URL or path; default: in this process, and gone with it.
        ttl: seconds that an answer is good for.
        max_bytes: compressed bytes of all answers together.
        hot_bytes: bytes of answers that are kept in memory in front of the store (`caching.hot`); 0 for none.
        tool_calls: True stores answers that call tools; a collection of names, those that call only these.
        embed: turns a prompt into a vector. With it, a prompt that is nearly the same as an earlier one in the same
            context is answered as that one was; without (the default), only what is the same.
        alike: cosine of two vectors from which prompts are nearly the same.
        tenant: whose answers these are: another tenant's requests are never answered with them. Default: the store's.
        on_event: called with `CacheHit` and `StoreUnavailable` events.
        telemetry: what of them is sent to OpenTelemetry.
        logfire: as for `Compactor`.

    Raises:
        ConfigError: the extra `store` is not installed, or a number is not positive.
    """

    def __init__(
        self,
        wrapped: Model | str,
        *,
        store: Store | str | Path | None = None,
        ttl: float = TTL,
        max_bytes: int = MAX_BYTES,
        hot_bytes: int = 0,
        tool_calls: bool | Collection[str] = False,
        embed: Embed | None = None,
        alike: float = 0.97,
        tenant: str | None = None,
        on_event: events.Sink | None = None,
        telemetry: TelemetryPolicy | None = None,
        logfire: Any = None,
    ) -> None:
        super().__init__(wrapped)
        self.store = store_at('sqlite://' if store is None else store, tenant)
        self.cache = (
            HotCache(self.store, ttl=ttl, max_bytes=max_bytes, hot_bytes=hot_bytes)
            if hot_bytes
            else ResponseCache(self.store, ttl=ttl, max_bytes=max_bytes)
        )
        self._tool_calls = tool_calls
        self._similar = Similar(embed, alike) if embed is not None else None
        self._reporter = Reporter(on_event, False, telemetry, logfire=logfire)
        self._access = Access('cache', self._reporter.emit, failures=2 * FAILURES)  # a request asks it twice
        self._flights: dict[tuple[int, str], asyncio.Future[bytes | None]] = {}

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The stored answer, that of an identical request in flight, or the model's own."""
        key = await self._key(messages, model_settings, model_request_parameters)
        if key is None:
            return await self.wrapped.request(messages, model_settings, model_request_parameters)
        while True:
            if (found := await self._stored(key)) is not None:
                return found
            flight = self._flights.get((id(asyncio.get_running_loop()), key))
            if flight is None or flight.get_loop() is not asyncio.get_running_loop():  # of one that has ended
                break
            try:
                data = await asyncio.shield(flight)
            except Exception:  # noqa: BLE001, S112 - whoever asked first is told; the next one asks for itself
                continue
            except asyncio.CancelledError:
                if flight.cancelled():
                    continue
                raise
            response = None if data is None else await self._safely(_read(data))
            if response is None:
                break
            return self._hit(response, self._tokens(response))
        return await self._asked(key, messages, model_settings, model_request_parameters)

    async def _asked(self, key: str, messages: list[ModelMessage], settings: Any, parameters: Any) -> ModelResponse:
        at = (id(asyncio.get_running_loop()), key)
        flight: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._flights[at] = flight
        try:
            response = await self.wrapped.request(messages, settings, parameters)
        except BaseException as error:
            self._flights.pop(at, None)
            if isinstance(error, Exception):
                flight.set_exception(error)
                flight.exception()  # nobody may be waiting, and that is no error
            else:
                flight.cancel()
            raise
        # As bytes: whoever waits makes an answer of its own of them, which nobody else's run goes on to change.
        data = await self._safely(_dumped(response))
        flight.set_result(data)
        try:
            await self._keep(key, messages, response, data, parameters)
        finally:  # until it is stored, whoever asks for the same finds it in flight
            if self._flights.get(at) is flight:
                del self._flights[at]
        return response

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: Any,
        model_request_parameters: Any,
        *context: Any,
        **more: Any,
    ) -> AsyncIterator[Any]:
        """The stored answer as a stream, or the model's own, which is stored when it has been read to its end."""
        key = await self._key(messages, model_settings, model_request_parameters)
        if key is not None and (found := await self._stored(key)) is not None:
            yield replayed(found, model_request_parameters)
            return
        streaming: Callable[..., Any] = self.wrapped.request_stream
        async with streaming(messages, model_settings, model_request_parameters, *context, **more) as stream:
            yield stream
            response = stream.get()
            # The reason comes with the end; a stream that was left before may hold half an answer.
            whole = response.finish_reason is not None or compat.is_read(stream)
        if whole and key is not None:
            data = await self._safely(_dumped(response))
            await self._keep(key, messages, response, data, model_request_parameters)

    # -- the store, which may be away ---------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        """Provider and name of the model that answers."""
        return identify(self.wrapped).full or self.wrapped.model_name

    async def _key(self, messages: list[ModelMessage], settings: Any, parameters: Any) -> str | None:
        """The key of a request; None where it has none, and is not cached."""

        async def key() -> str:
            return request_key(self.wrapped, messages, settings, parameters)

        async def alike(own: str, similar: Similar) -> str:
            prompt = last_prompt(messages)
            if redact(prompt) is not prompt:  # whoever makes the vectors is told no secret, and without it is another
                return own
            context = request_key(self.wrapped, without_prompt(messages), settings, parameters)
            return await similar.key(own, context, prompt)

        own = await self._safely(key())
        if own is None or self._similar is None:
            return own
        return await self._safely(alike(own, self._similar)) or own

    async def _stored(self, key: str) -> ModelResponse | None:
        answer: Answer | None = await self._try(lambda: self.cache.get(key))
        if answer is None:
            return None
        try:
            response = await _read(answer.data)
        except ValueError:
            response = None
        if response is None:  # of another version: as good as none
            await self._try(lambda: self.cache.remove(key))
            return None
        return self._hit(response, answer.tokens)

    async def _keep(
        self, key: str, messages: list[ModelMessage], response: ModelResponse, data: bytes | None, parameters: Any
    ) -> None:
        async def kept() -> None:
            if data is not None and self._worth(response, parameters):
                prompt, tokens = last_prompt(messages), self._tokens(response)
                await self._try(lambda: self.cache.set(key, data, model=self._name, prompt=prompt, tokens=tokens))

        await self._safely(kept())

    async def _try(self, work: Callable[[], T]) -> T | None:
        """What the store gives; a store that is away costs the cache, never the request."""
        return await self._safely(self._access.ask(work, nothing, model=self._name))

    async def _safely(self, work: Awaitable[T]) -> T | None:
        """What comes of it; what fails costs the cache, never the request, and is told once."""
        try:
            return await work
        except Exception as error:  # noqa: BLE001 - histories hold objects of any kind, vectors come from anywhere
            self._reporter.emit_once(
                events.StoreUnavailable(None, self._name, 'cache', f'not cached: {type(error).__name__}: {error}')
            )
            return None

    # -- what is stored, and what a hit says --------------------------------------------------------------------

    def _worth(self, response: ModelResponse, parameters: Any) -> bool:
        if not response.parts or response.finish_reason in UNFINISHED:
            return False
        if not compat.is_complete(response):
            return False
        finals = {tool.name for tool in getattr(parameters, 'output_tools', ())}
        called = {part.tool_name for part in response.parts if part.part_kind == 'tool-call'} - finals
        if any(part.part_kind == 'builtin-tool-call' for part in response.parts) and self._tool_calls is not True:
            return False
        if not called or self._tool_calls is True:
            return True
        return bool(self._tool_calls) and called <= set(self._tool_calls)  # type: ignore[arg-type]

    @staticmethod
    def _tokens(response: ModelResponse) -> int:
        return response.usage.input_tokens + response.usage.output_tokens

    def _hit(self, response: ModelResponse, tokens: int) -> ModelResponse:
        """The answer with a usage of nothing: it cost nothing this time."""
        self._reporter.emit(events.CacheHit(None, self._name, tokens))
        details = {**(response.provider_details or {}), SAVED: tokens}
        return replace(response, usage=RequestUsage(), provider_details=details)


async def _dumped(response: ModelResponse) -> bytes:
    return ModelMessagesTypeAdapter.dump_json([response])


async def _read(data: bytes) -> ModelResponse | None:
    """An answer of its own; None where it is none. Raises `ValueError` for what is not even messages."""
    messages = ModelMessagesTypeAdapter.validate_json(data)
    return messages[0] if len(messages) == 1 and isinstance(messages[0], ModelResponse) else None


def last_prompt(messages: list[ModelMessage]) -> str:
    """The text of the newest user prompt."""
    for message in reversed(messages):
        for part in reversed(message.parts):
            if isinstance(part, UserPromptPart):
                content = part.content
                return content if isinstance(content, str) else '\n'.join(c for c in content if isinstance(c, str))
    return ''


def without_prompt(messages: list[ModelMessage]) -> list[ModelMessage]:
    """The history with an empty newest user prompt: the context in which it was said."""
    for i in range(len(messages) - 1, -1, -1):
        parts: list[Any] = list(messages[i].parts)
        for j in range(len(parts) - 1, -1, -1):
            if isinstance(parts[j], UserPromptPart) and isinstance(parts[j].content, str):
                parts[j] = replace(parts[j], content='')
                message: Any = messages[i]
                return [*messages[:i], replace(message, parts=parts), *messages[i + 1 :]]
    return messages
