"""Describes each part of a pydantic-ai message: what it is and the text it is counted by.

Parts are told apart by `part_kind`, and fields that only some versions have are looked up by name, so that one
module serves every supported version and passes through what it does not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic_ai.messages import BinaryContent

from compactor.history.marks import is_mark, is_pin
from compactor.history.message import Kind
from compactor.history.stubs import cleared_medium
from compactor.tokens.media import media_tokens

LONGEST_PLACE = 200
"""Characters of a URL that stand in for the medium behind it; a data URL can be megabytes."""

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


@dataclass(frozen=True, slots=True)
class MediaTokens:
    """Sizes media, which providers count in their own tokens, in the units of the local tokenizer."""

    family: str
    ratio: float

    def of(self, item: Any) -> int:
        """Tokens of one medium."""
        data = getattr(item, 'data', None)
        kind = str(getattr(item, 'kind', ''))
        binary = isinstance(item, BinaryContent)
        media_type = item.media_type if binary else kind.removesuffix('-url') + '/*'
        return math.ceil(media_tokens(media_type, data if isinstance(data, bytes) else None, self.family) / self.ratio)


def describe(part: Any, media: MediaTokens, response: bool) -> Measured:
    """What a part of a response, or of a request, is."""
    kind = getattr(part, 'part_kind', '')
    if response:
        return _RESPONSE.get(kind, _unknown_response)(part, media)
    return _REQUEST.get(kind, _unknown_request)(part, media)


def _system(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.SYSTEM, part, part.content, part.content, protected=True)


def _user(part: Any, media: MediaTokens) -> Measured:
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
        without_media=(lambda: texts_of(without_media(content))) if holds_media and clearable else None,
    )


def without_media(content: Iterable[Any]) -> list[Any]:
    """The items of a prompt or result with a stub in the place of each medium."""
    return [cleared_medium(_medium(item)) if _is_media(item) else item for item in content]


def texts_of(content: Iterable[Any]) -> str:
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


def _result(part: Any, media: MediaTokens) -> Measured:
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
        without_media=(lambda: _plain(without_media(items))) if files else None,
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


def _retry(part: Any, media: MediaTokens) -> Measured:
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


def _feedback(part: Any, media: MediaTokens) -> Measured:
    text = _opaque_text(part)
    return Measured(Kind.FEEDBACK, part, lambda: text, text)


def _unknown_request(part: Any, media: MediaTokens) -> Measured:
    text = _opaque_text(part)
    return Measured(Kind.DELTA, part, lambda: text, text, protected=True)


def _text(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.TEXT, part, part.content, part.content, signed=bool(getattr(part, 'provider_details', None)))


def _thinking(part: Any, media: MediaTokens) -> Measured:
    signed = bool(part.signature or part.id)
    return Measured(Kind.THINKING, part, part.content, part.content, signed=signed)


def _call(part: Any, media: MediaTokens) -> Measured:
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


def _native_call(part: Any, media: MediaTokens) -> Measured:
    text = f'{part.tool_name} {part.args_as_json_str()}'
    return Measured(Kind.NATIVE_CALL, part, '', text, 0, part.tool_call_id or '', part.tool_name, _keeps_state(part))


def _native_result(part: Any, media: MediaTokens) -> Measured:
    text = part.model_response_str()
    return Measured(Kind.NATIVE_RESULT, part, '', text, 0, part.tool_call_id or '', part.tool_name, _keeps_state(part))


def _unknown_response(part: Any, media: MediaTokens) -> Measured:
    content = getattr(part, 'content', None)
    if _is_media(content):
        return Measured(Kind.OPAQUE, part, '', '', media.of(content), media=True)
    return Measured(Kind.OPAQUE, part, '', _opaque_text(part))


_REQUEST: dict[str, Callable[[Any, MediaTokens], Measured]] = {
    'system-prompt': _system,
    'user-prompt': _user,
    'tool-return': _result,
    'retry-prompt': _retry,
    'retry-feedback': _feedback,
}

_RESPONSE: dict[str, Callable[[Any, MediaTokens], Measured]] = {
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
