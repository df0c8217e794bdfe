"""Reads pydantic-ai messages into the neutral view and writes the view back.

Parts are told apart by `part_kind`, and fields that only some versions have are looked up by name, so that one
module serves every supported version and passes through what it does not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    BinaryContent,
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.errors import HistoryError
from compactor.history.marks import is_mark, is_pin
from compactor.history.message import FRAMING, PART_FRAMING, Kind, Message, Part
from compactor.history.stubs import cleared_medium
from compactor.tokens.counter import Counter
from compactor.tokens.media import media_tokens

LONGEST_PLACE = 200
"""Characters of a URL that stand in for the medium behind it; a data URL can be megabytes."""

NO_PROVIDER = (None, '', 'function', 'test')
"""Providers of the framework's own stand-in models, whose usage is made up."""

SERVER_SETTINGS = (
    'openai_previous_response_id',
    'openai_conversation_id',
    'openai_context_management',
    'anthropic_context_management',
)
"""Model settings under which the provider keeps or edits the history itself."""

RETRY_CLOSING = '\n\nFix the errors and try again.'
"""What `RetryPromptPart.model_response` puts behind its content."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A part that has been described but not yet counted."""

    kind: Kind
    raw: Any
    body: str | Callable[[], str]
    counted: str
    extra: int = 0
    call_id: str = ''
    tool: str = ''
    protected: bool = False
    media: bool = False
    signed: bool = False
    failed: bool = False
    cache_points: tuple[Any, ...] = ()
    closing: str = ''
    retried: bool = False
    without_media: Callable[[], str] | None = None


class MessageReader:
    """Reads pydantic-ai messages, counted in the units of one counter's encoding."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter.in_units()
        self._media = _MediaTokens(counter.family, counter.ratio)

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
        describe = _RESPONSE if isinstance(raw, ModelResponse) else _REQUEST if isinstance(raw, ModelRequest) else None
        if describe is None:
            raise HistoryError(
                f'item {index} is a {type(raw).__name__}, not a pydantic-ai message: pass a list of ModelRequest'
                ' and ModelResponse, such as result.all_messages()'
            )
        other = _unknown_response if isinstance(raw, ModelResponse) else _unknown_request
        return [describe.get(getattr(part, 'part_kind', ''), other)(part, self._media) for part in raw.parts]


@dataclass(frozen=True, slots=True)
class _MediaTokens:
    """Sizes media, which providers count in their own tokens, in the units of the local tokenizer."""

    family: str
    ratio: float

    def of(self, item: Any) -> int:
        data = getattr(item, 'data', None)
        kind = str(getattr(item, 'kind', ''))
        binary = isinstance(item, BinaryContent)
        media_type = item.media_type if binary else kind.removesuffix('-url') + '/*'
        return math.ceil(media_tokens(media_type, data if isinstance(data, bytes) else None, self.family) / self.ratio)


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


def _system(part: Any, media: _MediaTokens) -> Measured:
    return Measured(Kind.SYSTEM, part, part.content, part.content, protected=True)


def _user(part: Any, media: _MediaTokens) -> Measured:
    content = part.content
    if isinstance(content, str):
        kind = Kind.MARK if is_mark(content) else Kind.USER
        return Measured(kind, part, content, content, protected=is_pin(content))
    texts: list[str] = []
    extra = 0
    holds_media = False
    clearable = True
    points: list[Any] = []
    for item in content:
        if isinstance(item, str):
            texts.append(item)
        elif getattr(item, 'kind', '') == 'cache-point':
            points.append(item)
        elif isinstance(getattr(item, 'content', None), str):
            texts.append(item.content)
        else:
            holds_media = True
            clearable = clearable and _is_media(item)
            extra += media.of(item)
    text = '\n'.join(texts)
    kind = Kind.MARK if not holds_media and not points and is_mark(text) else Kind.USER
    return Measured(
        kind,
        part,
        lambda: text,
        text,
        extra,
        protected=any(map(is_pin, texts)),
        media=holds_media,
        cache_points=tuple(points),
        without_media=(lambda: _texts(_without_media(content))) if holds_media and clearable else None,
    )


def _without_media(content: Iterable[Any]) -> list[Any]:
    """The items of a prompt or result with a stub in the place of each medium."""
    return [cleared_medium(_medium(item)) if _is_media(item) else item for item in content]


def _texts(content: Iterable[Any]) -> str:
    """The text of a prompt's items, as it is read."""
    texts = (item if isinstance(item, str) else getattr(item, 'content', None) for item in content)
    return '\n'.join(text for text in texts if isinstance(text, str))


def _medium(item: Any) -> str:
    """What a medium is: its type and size, or where it lies."""
    if isinstance(item, BinaryContent):
        size = len(item.data)
        return f'{item.media_type}, {size:,} bytes' if size < 1_000 else f'{item.media_type}, {size // 1_000:,} KB'
    kind = str(item.kind).removesuffix('-url').replace('-', ' ')
    place = str(getattr(item, 'url', None) or getattr(item, 'file_id', ''))
    place = ''.join(place.split())
    return f'{kind} {place if len(place) <= LONGEST_PLACE else place[:LONGEST_PLACE] + "…"}'


def _result(part: Any, media: _MediaTokens) -> Measured:
    content = part.content
    failed = getattr(part, 'outcome', 'success') not in ('success', None)
    items = content if isinstance(content, list | tuple) else [content]
    files = [item for item in items if _is_media(item)]
    extra = sum(media.of(item) for item in files)
    body: str | Callable[[], str] = content if isinstance(content, str) else _rendered(part, bool(files))
    return Measured(
        Kind.RESULT,
        part,
        body,
        body if isinstance(body, str) else body(),
        extra,
        part.tool_call_id,
        part.tool_name,
        protected=_keeps_state(part),
        media=bool(files),
        failed=failed,
        retried=getattr(part, 'outcome', '') == 'retried',
        without_media=(lambda: _plain(_without_media(items))) if files else None,
    )


def _rendered(part: Any, files: bool) -> Callable[[], str]:
    """The text of a structured result as the model sees it; files are counted apart."""
    if not files:
        render: Callable[[], str] = part.model_response_str
        return render

    def texts_only() -> str:
        items = part.content if isinstance(part.content, list | tuple) else []
        return _plain(item for item in items if not _is_media(item))

    return texts_only


def _plain(items: Iterable[Any]) -> str:
    """The items of a result as one text."""
    return '\n'.join(item if isinstance(item, str) else as_json(item) for item in items)


def _retry(part: Any, media: _MediaTokens) -> Measured:
    render: Callable[[], str] = part.model_response
    if not part.tool_name:
        return Measured(Kind.FEEDBACK, part, render, render())
    text = render()
    return Measured(
        Kind.RESULT,
        part,
        render,
        text,
        0,
        part.tool_call_id,
        part.tool_name,
        failed=True,
        retried=True,
        closing=RETRY_CLOSING if text.endswith(RETRY_CLOSING) else '',
    )


def _feedback(part: Any, media: _MediaTokens) -> Measured:
    text = _opaque_text(part)
    return Measured(Kind.FEEDBACK, part, lambda: text, text)


def _unknown_request(part: Any, media: _MediaTokens) -> Measured:
    text = _opaque_text(part)
    return Measured(Kind.DELTA, part, lambda: text, text, protected=True)


def _text(part: Any, media: _MediaTokens) -> Measured:
    return Measured(Kind.TEXT, part, part.content, part.content, signed=bool(getattr(part, 'provider_details', None)))


def _thinking(part: Any, media: _MediaTokens) -> Measured:
    signed = bool(part.signature or part.id)
    return Measured(Kind.THINKING, part, part.content, part.content, signed=signed)


def _call(part: Any, media: _MediaTokens) -> Measured:
    args = part.args
    body: str | Callable[[], str] = args if isinstance(args, str) else part.args_as_json_str
    text = body if isinstance(body, str) else body()
    return Measured(
        Kind.CALL,
        part,
        body,
        f'{part.tool_name} {text}',
        0,
        part.tool_call_id,
        part.tool_name,
        protected=_keeps_state(part),
        signed=bool(getattr(part, 'provider_details', None)),
    )


def _native_call(part: Any, media: _MediaTokens) -> Measured:
    text = f'{part.tool_name} {part.args_as_json_str()}'
    return Measured(Kind.NATIVE_CALL, part, '', text, 0, part.tool_call_id or '', part.tool_name, _keeps_state(part))


def _native_result(part: Any, media: _MediaTokens) -> Measured:
    text = part.model_response_str()
    return Measured(Kind.NATIVE_RESULT, part, '', text, 0, part.tool_call_id or '', part.tool_name, _keeps_state(part))


def _unknown_response(part: Any, media: _MediaTokens) -> Measured:
    content = getattr(part, 'content', None)
    if _is_media(content):
        return Measured(Kind.OPAQUE, part, '', '', media.of(content), media=True)
    return Measured(Kind.OPAQUE, part, '', _opaque_text(part))


_REQUEST: dict[str, Callable[[Any, _MediaTokens], Measured]] = {
    'system-prompt': _system,
    'user-prompt': _user,
    'tool-return': _result,
    'retry-prompt': _retry,
    'retry-feedback': _feedback,
}

_RESPONSE: dict[str, Callable[[Any, _MediaTokens], Measured]] = {
    'text': _text,
    'thinking': _thinking,
    'tool-call': _call,
    'builtin-tool-call': _native_call,
    'builtin-tool-return': _native_result,
}


def _keeps_state(part: Any) -> bool:
    """Whether the framework reads this exchange back from the history (tool search, capability loading)."""
    kind, metadata = getattr(part, 'tool_kind', None), getattr(part, 'metadata', None)
    if isinstance(metadata, Mapping) and 'discovered_tools' in metadata:  # how releases without kinds record it
        return True
    return isinstance(kind, str) and '.' not in kind


def _is_media(item: Any) -> bool:
    kind = getattr(item, 'kind', None)
    return isinstance(item, BinaryContent) or (
        isinstance(kind, str) and (kind.endswith('-url') or kind == 'uploaded-file')
    )


def _opaque_text(part: Any) -> str:
    """Everything in a part that we do not read, as text, so that it is at least counted."""
    content = getattr(part, 'content', None)
    if isinstance(content, str):
        return content
    return (
        as_json({k: v for k, v in vars(part).items() if k not in ('part_kind', 'timestamp')})
        if hasattr(part, '__dict__')
        else str(part)
    )


def as_json(value: Any) -> str:
    """JSON text of any value; what JSON cannot hold is written as its string."""
    try:
        return json.dumps(value, default=str, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return str(value)


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
        return _with_content(raw, part.text.removesuffix(part.closing))
    if part.kind is Kind.USER and not isinstance(raw.content, str) and (items := _kept_items(part)) is not None:
        return replace(raw, content=items)
    if part.cache_points:
        return replace(raw, content=[part.text, *part.cache_points])
    return replace(raw, content=part.text)


def _kept_items(part: Part) -> list[Any] | None:
    """The items of a prompt whose texts were not cut: what was cleared are media, what was added a cache point."""
    items = list(part.raw.content)
    if isinstance(part.body, str):
        items = _without_media(items)
        if part.without_media is None or part.body != _texts(items):
            return None
    had = any(getattr(item, 'kind', '') == 'cache-point' for item in items)
    return items if had else [*items, *part.cache_points]


def _with_content(part: Any, content: str) -> Any:
    """A copy of a part whose class is deprecated: its constructor, and so `replace`, would warn."""
    copied = object.__new__(type(part))
    copied.__dict__.update(vars(part), content=content)
    return copied
