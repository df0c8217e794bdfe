"""Reads pydantic-ai messages into the neutral view and writes the view back.

What each part is says `parts.py`; what no strategy touched is written back as the very object that was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.adapters.pydantic_ai.parts import Measured, MediaTokens, describe, texts_of, without_media
from compactor.errors import HistoryError
from compactor.history.message import FRAMING, PART_FRAMING, Kind, Message, Part
from compactor.tokens.counter import Counter

NO_PROVIDER = (None, '', 'function', 'test')
"""Providers of the framework's own stand-in models, whose usage is made up."""

SERVER_SETTINGS = (
    'openai_previous_response_id',
    'openai_conversation_id',
    'openai_context_management',
    'anthropic_context_management',
)
"""Model settings under which the provider keeps or edits the history itself."""


class MessageReader:
    """Reads pydantic-ai messages, counted in the units of one counter's encoding."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter.in_units()
        self._media = MediaTokens(counter.family, counter.ratio)

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """The neutral view of each message. Raises `HistoryError` for what is no message."""
        described = [self._describe(raw, i) for i, raw in enumerate(raws)]
        sizes = iter(self._counter.base_many([part.counted for parts in described for part in parts]))
        return [
            _message(raw, [_part(p, next(sizes)) for p in parts]) for raw, parts in zip(raws, described, strict=True)
        ]

    def unchanged(self, raw: Any, message: Message) -> bool:
        """Whether the message still has the parts and texts that were read."""
        parts = raw.parts
        if len(parts) != len(message.parts):
            return False
        for now, was in zip(parts, message.parts, strict=True):
            if now is not was.raw:
                return False
            body = was.body
            if body and isinstance(body, str) and body is not getattr(now, 'content', getattr(now, 'args', body)):
                return False
        return True

    def _describe(self, raw: Any, index: int) -> list[Measured]:
        response = isinstance(raw, ModelResponse)
        if not response and not isinstance(raw, ModelRequest):
            raise HistoryError(
                f'item {index} is a {type(raw).__name__}, not a pydantic-ai message: pass a list of ModelRequest'
                ' and ModelResponse, such as result.all_messages()'
            )
        return [describe(part, self._media, response) for part in raw.parts]


def _part(part: Measured, size: int) -> Part:
    return Part(
        part.kind,
        part.raw,
        size + part.extra + PART_FRAMING.get(part.kind, 0),
        part.body,
        part.call_id,
        part.tool,
        part.protected,
        part.media,
        part.signed,
        part.failed,
        part.cache_points,
        closing=part.closing,
        retried=part.retried,
        without_media=part.without_media,
    )


def _message(raw: Any, parts: list[Part]) -> Message:
    tokens = FRAMING + sum(part.tokens for part in parts)
    run_id = getattr(raw, 'run_id', None)
    if isinstance(raw, ModelRequest):
        state = any(getattr(part.raw, 'part_kind', '') == 'compaction' for part in parts)
        return Message('request', tuple(parts), raw, tokens, run_id, server_state=state)
    return Message(
        'response',
        tuple(parts),
        raw,
        tokens,
        run_id,
        _reported(raw),
        raw.provider_name,
        raw.model_name,
        any(getattr(part.raw, 'part_kind', '') == 'compaction' for part in parts),
    )


def _reported(response: ModelResponse) -> int | None:
    """Tokens the provider counted for the request and this response; None if no provider did."""
    usage = response.usage
    if response.provider_name in NO_PROVIDER or usage.input_tokens <= 0:
        return None
    return usage.input_tokens + usage.output_tokens


def write(messages: Iterable[Message]) -> list[ModelMessage]:
    """The framework's messages: untouched ones are the very objects that were read."""
    written: list[ModelMessage] = []
    clock = datetime(1970, 1, 1, tzinfo=UTC)
    for message in messages:
        clock = getattr(message.raw, 'timestamp', None) or clock
        written.append(message.raw if message.raw is not None and not message.edited else _rebuilt(message, clock))
    return written


def merge_requests(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """Neighbouring requests as one, results first, as the framework itself sends them.

    Needed where a history is replaced behind the framework's own merging. Untouched messages stay themselves.
    """
    merged: list[ModelMessage] = []
    for message in messages:
        last = merged[-1] if merged else None
        if isinstance(message, ModelRequest) and isinstance(last, ModelRequest):
            merged[-1] = replace(message, parts=results_first([*last.parts, *message.parts]))
        else:
            merged.append(message)
    return merged


def results_first(parts: Iterable[Any]) -> list[Any]:
    """The parts of requests in the order in which the framework merges them."""
    return sorted(parts, key=lambda part: part.part_kind not in ('tool-return', 'retry-prompt'))


def _rebuilt(message: Message, clock: datetime) -> ModelMessage:
    parts: list[Any] = [_rebuilt_part(part, clock) for part in message.parts]
    if message.raw is None:
        return ModelRequest(parts=parts)
    raw: ModelMessage = replace(message.raw, parts=parts)
    return raw


def _rebuilt_part(part: Part, clock: datetime) -> Any:
    """A part of the framework; what was made here carries the time of what stands before it, never the clock's."""
    raw = part.raw
    if raw is None:
        if part.kind is Kind.RESULT:
            return ToolReturnPart(tool_name=part.tool, content=part.text, tool_call_id=part.call_id, timestamp=clock)
        return UserPromptPart(content=part.text, timestamp=clock)
    if not part.edited:
        return raw
    if part.kind is Kind.CALL:
        return replace(raw, args=part.text)
    if getattr(raw, 'part_kind', '') == 'retry-prompt':
        return with_content(raw, part.text.removesuffix(part.closing))
    if part.kind is Kind.USER and not isinstance(raw.content, str) and (items := _kept_items(part)) is not None:
        return replace(raw, content=items)
    if part.cache_points:
        return replace(raw, content=[part.text, *part.cache_points])
    return replace(raw, content=part.text)


def _kept_items(part: Part) -> list[Any] | None:
    """The items of a prompt whose texts were not cut: what was cleared are media, what was added a cache point."""
    items = list(part.raw.content)
    if isinstance(part.body, str):
        items = without_media(items)
        if part.without_media is None or part.body != texts_of(items):
            return None
    had = any(getattr(item, 'kind', '') == 'cache-point' for item in items)
    return items if had else [*items, *part.cache_points]


def with_content(part: Any, content: Any) -> Any:
    """A copy of a part with another content; some classes are deprecated, and `replace` would make them warn."""
    copied = object.__new__(type(part))
    copied.__dict__.update(vars(part), content=content)
    return copied
