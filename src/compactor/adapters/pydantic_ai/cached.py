"""`CachedModel`: a model that answers what it has answered before without asking again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.replay import replayed
from compactor.adapters.pydantic_ai.reporting import Reporter
from compactor.adapters.pydantic_ai.request_key import request_key
from compactor.adapters.pydantic_ai.similar import Embed, Similar
from compactor.errors import StoreError
from compactor.policies.telemetry import TelemetryPolicy
from compactor.store.engine import Store
from compactor.store.responses import MAX_BYTES, TTL, Answer, ResponseCache
from compactor.telemetry import events

SAVED = 'compactor_saved_tokens'
"""Key in `ModelResponse.provider_details` of an answer from the cache: what asking again would have cost."""
UNFINISHED = frozenset(('length', 'content_filter', 'error'))
"""Answers that ended for one of these reasons are not worth having again."""


class CachedModel(WrapperModel):
    """Wraps a model; a request that equals an earlier one is answered from the store.

        agent = Agent(CachedModel('openai:gpt-5', ttl=3600))

    Two requests are the same if model, settings, tools, instructions and messages are (`request_key`). An answer that
    calls tools is stored only if told so, because calling them again may do something again; answers that were cut or
    failed are never stored. A hit counts no usage. Concurrent identical requests ask the model once.

    Args:
        wrapped: the model, or its name.
        store: a `Store`, its URL or path; default: in this process, and gone with it.
        ttl: seconds that an answer is good for.
        max_bytes: compressed bytes of all answers together.
        tool_calls: True stores answers that call tools; a collection of names, those that call only these.
        embed: turns a prompt into a vector. With it, a prompt that is nearly the same as an earlier one in the same
            context is answered as that one was; without (the default), only what is the same.
        alike: cosine of two vectors from which prompts are nearly the same.
        on_event: called with `CacheHit` and `StoreUnavailable` events.
        telemetry: what of them is sent to OpenTelemetry.

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
        tool_calls: bool | Collection[str] = False,
        embed: Embed | None = None,
        alike: float = 0.97,
        on_event: events.Sink | None = None,
        telemetry: TelemetryPolicy | None = None,
    ) -> None:
        super().__init__(wrapped)
        self.store = store if isinstance(store, Store) else Store(store if store is not None else 'sqlite://')
        self.cache = ResponseCache(self.store, ttl=ttl, max_bytes=max_bytes)
        self._tool_calls = tool_calls
        self._similar = Similar(embed, alike) if embed is not None else None
        self._reporter = Reporter(on_event, False, telemetry)
        self._flights: dict[tuple[int, str], asyncio.Future[ModelResponse]] = {}

    async def request(
        self, messages: list[ModelMessage], model_settings: Any, model_request_parameters: Any
    ) -> ModelResponse:
        """The stored answer, that of an identical request in flight, or the model's own."""
        key = await self._key(messages, model_settings, model_request_parameters)
        while True:
            if (found := await self._stored(key)) is not None:
                return found
            flight = self._flights.get((id(asyncio.get_running_loop()), key))
            if flight is None:
                break
            try:
                response = await asyncio.shield(flight)
            except Exception:  # noqa: BLE001, S112 - whoever asked first is told; the next one asks for itself
                continue
            except asyncio.CancelledError:
                if flight.cancelled():
                    continue
                raise
            return self._hit(response, self._tokens(response))
        return await self._asked(key, messages, model_settings, model_request_parameters)

    async def _asked(self, key: str, messages: list[ModelMessage], settings: Any, parameters: Any) -> ModelResponse:
        at = (id(asyncio.get_running_loop()), key)
        flight: asyncio.Future[ModelResponse] = asyncio.get_running_loop().create_future()
        self._flights[at] = flight
        try:
            response = await self.wrapped.request(messages, settings, parameters)
        except BaseException as error:
            if isinstance(error, Exception):
                flight.set_exception(error)
                flight.exception()  # nobody may be waiting, and that is no error
            else:
                flight.cancel()
            raise
        else:
            flight.set_result(response)
        finally:
            self._flights.pop(at, None)
        await self._keep(key, messages, response, parameters)
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
        if (found := await self._stored(key)) is not None:
            yield replayed(found, model_request_parameters)
            return
        streaming: Callable[..., Any] = self.wrapped.request_stream
        async with streaming(messages, model_settings, model_request_parameters, *context, **more) as stream:
            yield stream
            response = stream.get()
            # The reason comes with the end; a stream that was left before may hold half an answer.
            whole = response.finish_reason is not None or getattr(stream, '_finished', False)
        if whole:
            await self._keep(key, messages, response, model_request_parameters)

    # -- the store, which may be away ---------------------------------------------------------------------------

    @property
    def _name(self) -> str:
        """Provider and name of the model that answers."""
        return identify(self.wrapped).full or self.wrapped.model_name

    async def _key(self, messages: list[ModelMessage], settings: Any, parameters: Any) -> str:
        name = self._name
        key = request_key(name, messages, settings, parameters)
        if self._similar is None:
            return key
        prompt = last_prompt(messages)
        context = request_key(name, without_prompt(messages), settings, parameters)
        return await self._similar.key(key, context, prompt)

    async def _stored(self, key: str) -> ModelResponse | None:
        answer: Answer | None = await self._try(asyncio.to_thread(self.cache.get, key))
        if answer is None:
            return None
        try:
            messages = ModelMessagesTypeAdapter.validate_json(answer.data)
        except ValidationError:
            messages = []
        if len(messages) != 1 or not isinstance(messages[0], ModelResponse):  # of another version: as good as none
            await self._try(asyncio.to_thread(self.cache.remove, key))
            return None
        return self._hit(messages[0], answer.tokens)

    async def _keep(self, key: str, messages: list[ModelMessage], response: ModelResponse, parameters: Any) -> None:
        if not self._worth(response, parameters):
            return
        data = ModelMessagesTypeAdapter.dump_json([response])
        await self._try(
            asyncio.to_thread(
                self.cache.set,
                key,
                data,
                model=self._name,
                prompt=last_prompt(messages),
                tokens=self._tokens(response),
            )
        )

    async def _try(self, work: Awaitable[Any]) -> Any:
        """What the store gives; a store that is away costs the cache, never the request."""
        try:
            return await work
        except StoreError as error:
            self._reporter.emit(events.StoreUnavailable(None, self._name, 'cache', str(error)))
            return None

    # -- what is stored, and what a hit says --------------------------------------------------------------------

    def _worth(self, response: ModelResponse, parameters: Any) -> bool:
        if not response.parts or response.finish_reason in UNFINISHED:
            return False
        if getattr(response, 'state', 'complete') != 'complete':
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
