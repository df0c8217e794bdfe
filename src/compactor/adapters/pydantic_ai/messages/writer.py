"""Writes the neutral view back as pydantic-ai messages; what no strategy touched is the very object that was read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ToolReturnPart, UserPromptPart

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.media import is_cache_point, texts_of, without_media
from compactor.adapters.pydantic_ai.messages.places import AHEAD, SUMMARY, place_at
from compactor.history.marks import rewrites, sealed, spoken, summed
from compactor.history.message import Kind, Message, Part
from compactor.history.seal import NOBODY, Seal
from compactor.history.sealing import to_write


def write(messages: Iterable[Message], seal: Seal = NOBODY) -> list[ModelMessage]:
    """The framework's messages, notes of ours under a seal: untouched ones are the very objects that were read."""
    messages = list(messages)
    seal, again = to_write(messages, seal)
    written: list[ModelMessage] = []
    clock = datetime(1970, 1, 1, tzinfo=UTC)
    ahead = _ahead(messages, seal)
    for message in messages:
        clock = getattr(message.raw, 'timestamp', None) or clock
        stays = message.raw is not None and not message.edited and not (again and any(map(_is_note, message.parts)))
        written.append(message.raw if stays else _rebuilt(message, clock, seal, ahead))
    return written


def _ahead(messages: Iterable[Message], seal: Seal) -> dict[int, str]:
    """By the identity of each summary of ours, the seal of the note that stands right ahead of it."""
    found: dict[int, str] = {}
    note: Part | None = None
    for message in messages if compat.SUMMARIES else ():
        for part in () if message.plain else message.parts:
            sums_up = part.kind is Kind.MARK and rewrites(part.text)
            if sums_up and note is not None:
                found[id(part)] = seal.digits('mark', spoken(note.text), AHEAD)
            note = part if part.kind is Kind.MARK and not sums_up else None
        note = None if message.plain else note
    return found


def _is_note(part: Part) -> bool:
    return (
        part.kind is Kind.MARK
        or part.ours
        or (part.kind is Kind.SUMMARY and getattr(part.raw, 'part_kind', '') == 'user-prompt')
    )


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


def merged_into(requests: Sequence[Any], message: Any, fresh: Sequence[Any]) -> ModelMessage:
    """These requests as the framework merges them: `message` holds the last of them, with `fresh` parts beside it."""
    parts = [part for request in requests for part in request.parts]
    merged: ModelMessage = replace(message, parts=results_first([*parts, *fresh]))
    return merged


def results_first(parts: Iterable[Any]) -> list[Any]:
    """The parts of requests in the order in which the framework merges them."""
    return sorted(parts, key=lambda part: part.part_kind not in ('tool-return', 'retry-prompt'))


def _rebuilt(message: Message, clock: datetime, seal: Seal, ahead: Mapping[int, str]) -> ModelMessage:
    parts: list[Any] = [_rebuilt_part(part, clock, seal, ahead.get(id(part), '')) for part in message.parts]
    if message.raw is None:
        return ModelRequest(parts=parts, run_id=message.run_id)
    if message.role == 'response' and _is_torn(message):
        parts = [_without_id(part) for part in parts]
    raw: ModelMessage = replace(message.raw, parts=parts)
    return raw


def _is_torn(message: Message) -> bool:
    """Whether a response is not what its provider keeps of it: a part was edited, or is missing."""
    kept = {id(part.raw) for part in message.parts}
    return any(part.edited for part in message.parts) or any(id(raw) not in kept for raw in message.raw.parts)


def _rebuilt_part(part: Part, clock: datetime, seal: Seal, ahead: str) -> Any:
    """A part of the framework; what was made here carries the time of what stands before it, never the clock's."""
    raw = part.raw
    if raw is None:
        return _made(part, clock, seal, ahead)
    if _is_note(part):
        return _noted(part, seal, ahead)
    if not part.edited:
        return raw
    if part.cache_points and getattr(raw, 'part_kind', '') == 'speech':  # which can hold none
        return UserPromptPart(content=[part.text, *part.cache_points], timestamp=clock)
    rebuild = _REBUILT.get(getattr(raw, 'part_kind', ''))
    return rebuild(part) if rebuild is not None else replace(raw, content=part.text)


def _made(part: Part, clock: datetime, seal: Seal, ahead: str) -> Any:
    text = part.text
    if part.kind is Kind.RESULT:
        return ToolReturnPart(tool_name=part.tool, content=text, tool_call_id=part.call_id, timestamp=clock)
    sums_up = part.kind is Kind.SUMMARY
    if compat.SUMMARIES and (sums_up or rewrites(text)):
        return compat.summary(text if sums_up else sealed(text, seal, SUMMARY), ours=not sums_up, ahead=ahead)
    return UserPromptPart(content=sealed(summed(text) if sums_up else text, seal, place_at(clock)), timestamp=clock)


def _noted(part: Part, seal: Seal, ahead: str) -> Any:
    """A note of ours under the seal of what it says now, in the place where it stands."""
    raw = part.raw
    text = summed(part.text) if part.kind is Kind.SUMMARY else part.text
    place = SUMMARY if raw.part_kind == 'compaction' else place_at(raw.timestamp)
    text = sealed(text, seal, place)
    if place == SUMMARY:
        noted = compat.summary(text, ours=True, ahead=ahead or compat.ahead_of(raw)).metadata
        return replace(raw, content=text, metadata={**(raw.metadata or {}), **noted})
    if isinstance(raw.content, str) and not part.cache_points:
        return replace(raw, content=text)
    return replace(raw, content=[text, *part.cache_points] if part.cache_points else text)


def _without_id(part: Any) -> Any:
    """The part of a response that is not as its provider keeps it: looked up by its id, it would be what it was.

    Thinking that is kept under an id has gone by now (`history/reasoning.py`): it would look for its neighbours.
    """
    return replace(part, id=None) if part.part_kind in ('text', 'tool-call') and part.id else part


def _text(part: Part) -> Any:
    """A text without what speaks of the old one: its id, its citations, the details of either."""
    raw = part.raw
    details = {key: value for key, value in (raw.provider_details or {}).items() if key in STAYS} or None
    changes: dict[str, Any] = {'content': part.text, 'id': None, 'provider_details': details}
    if getattr(raw, 'citations', None):
        changes['citations'] = None
    return replace(raw, **changes)


STAYS = frozenset(('phase',))
"""Details of a text that do not speak of its content; OpenAI's Responses interface wants them back."""


def _call(part: Part) -> Any:
    return replace(part.raw, args=part.text, id=None)


def _retry(part: Part) -> Any:
    return with_content(part.raw, part.text.removesuffix(part.closing))


def _speech(part: Part) -> Any:
    """Speech with another transcript: the sound, and what hangs on it, would still say the old one."""
    raw = part.raw
    changes: dict[str, Any] = {'transcript': part.text, 'audio': None, 'id': None, 'provider_details': None}
    if getattr(raw, 'timestamps', None):
        changes['timestamps'] = None
    return replace(raw, **changes)


def _prompt(part: Part) -> Any:
    raw = part.raw
    if not isinstance(raw.content, str) and (items := _kept_items(part)) is not None:
        return replace(raw, content=items)
    if part.cache_points:
        return replace(raw, content=[part.text, *part.cache_points])
    return replace(raw, content=part.text)


_REBUILT: dict[str, Callable[[Part], Any]] = {
    'user-prompt': _prompt,
    'speech': _speech,
    'retry-prompt': _retry,
    'text': _text,
    'tool-call': _call,
}
"""How an edited part is made anew; every other kind is the same with another content."""


def _kept_items(part: Part) -> list[Any] | None:
    """The items of a prompt whose texts were not cut: what was cleared are media, what was added a cache point."""
    items = list(part.raw.content)
    if isinstance(part.body, str):
        items = without_media(items)
        if part.without_media is None or part.body != texts_of(items):
            return None
    had = any(map(is_cache_point, items))
    return items if had else [*items, *part.cache_points]


def with_content(part: Any, content: Any) -> Any:
    """A copy of a part with another content; some classes are deprecated, and `replace` would make them warn."""
    copied = object.__new__(type(part))
    copied.__dict__.update(vars(part), content=content)
    return copied
