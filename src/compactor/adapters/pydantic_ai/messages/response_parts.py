"""What each part of a response is: one row for every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from compactor.adapters.pydantic_ai.messages.measured import Measured, Row, keeps_state, opaque_text
from compactor.adapters.pydantic_ai.messages.media import MediaTokens
from compactor.history.message import Kind

SYNTHETIC = frozenset(('content', 'reasoning', 'reasoning_content', 'redacted_thinking', 'redacted_content'))
"""Ids of thinking that name the field it came in, not an item that a provider keeps."""
SIGNATURES = ('thought_signature',)
"""Keys in `provider_details` under which a provider has signed what a part holds."""


def _text(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.TEXT, part, part.content, part.content, signed=is_signed(part), refers=_is_item(part))


def _thinking(part: Any, media: MediaTokens) -> Measured:
    item = _is_item(part)
    signed = bool(part.signature or part.id)
    return Measured(Kind.THINKING, part, part.content, part.content, signed=signed, item=item)


def _call(part: Any, media: MediaTokens) -> Measured:
    args = part.args
    body: str | Callable[[], str] = args if isinstance(args, str) else part.args_as_json_str
    text = body if isinstance(body, str) else body()
    # The oldest recordings have the provider's id of the call within the id that its result repeats.
    signed = is_signed(part) or '|' in part.tool_call_id
    return Measured(
        Kind.CALL,
        part,
        body,
        f'{part.tool_name} {text}',
        0,
        part.tool_call_id,
        part.tool_name,
        protected=keeps_state(part),
        signed=signed,
        refers=_is_item(part),
    )


def _native_call(part: Any, media: MediaTokens) -> Measured:
    text = f'{part.tool_name} {part.args_as_json_str()}'
    return Measured(Kind.NATIVE_CALL, part, '', text, 0, part.tool_call_id or '', part.tool_name, keeps_state(part))


def _native_result(part: Any, media: MediaTokens) -> Measured:
    text = part.model_response_str()
    return Measured(Kind.NATIVE_RESULT, part, '', text, 0, part.tool_call_id or '', part.tool_name, keeps_state(part))


def _response_summary(part: Any, media: MediaTokens) -> Measured:
    """A provider's own compaction: its text, where it can be read; what is encrypted in it is counted as it lies."""
    text = part.content or ''
    sealed = (part.provider_details or {}).get('encrypted_content') or ''
    return Measured(Kind.SUMMARY, part, text, text or str(sealed), signed=True)


def _spoken(part: Any, media: MediaTokens) -> Measured:
    """A model's speech: its transcript; sound without words is kept, and never sent."""
    text = part.transcript or ''
    if not text:
        return Measured(Kind.OPAQUE, part, '', '', media=part.audio is not None)
    return Measured(Kind.TEXT, part, text, text)


def _file(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.OPAQUE, part, '', '', media.of(part.content), media=True)


def _unknown_response(part: Any, media: MediaTokens) -> Measured:
    return Measured(Kind.OPAQUE, part, '', opaque_text(part))


def _is_item(part: Any) -> bool:
    """Whether its provider keeps a part under an id of its own."""
    found = getattr(part, 'id', None)
    return bool(found) and found not in SYNTHETIC


def is_signed(part: Any) -> bool:
    """Whether a provider has signed what a part holds."""
    details = getattr(part, 'provider_details', None)
    return isinstance(details, Mapping) and any(details.get(key) for key in SIGNATURES)


RESPONSE: dict[str, Row] = {
    'text': Row(Kind.TEXT, _text),
    'thinking': Row(Kind.THINKING, _thinking),
    'tool-call': Row(Kind.CALL, _call),
    'builtin-tool-call': Row(Kind.NATIVE_CALL, _native_call),
    'builtin-tool-return': Row(Kind.NATIVE_RESULT, _native_result),
    'file': Row(Kind.OPAQUE, _file),
    'compaction': Row(Kind.SUMMARY, _response_summary, '1.80'),
    'speech': Row(Kind.TEXT, _spoken, '2.30'),
}
"""Parts of responses, by `part_kind`."""

UNKNOWN = Row(Kind.OPAQUE, _unknown_response, '')
"""A kind that no release looked at has: it stays as it is, and is counted by whatever it holds."""
