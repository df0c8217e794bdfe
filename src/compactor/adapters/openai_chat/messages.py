"""Reads chat-completions dicts into the neutral view and writes the view back.

A dict is a message: a request has one part, a response one for each thing that it says. Untouched ones stay themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from compactor.history.drafts import content_part
from compactor.history.message import CALL, RESULT, TEXT, THINKING, USER, Kind, Message, Part, Role
from compactor.history.plain import CACHE, Json, checked, items, piece, rewritten, with_text
from compactor.history.seal import NOBODY, Seal
from compactor.history.sealing import under
from compactor.tokens.counter import Counter

LEGACY = 'function_call'
"""The call of the interface before tools; also what we say for its id, as it has none."""
SIGNED = ('reasoning_details', 'thinking_blocks')
ASKED = {'system': Kind.SYSTEM, 'developer': Kind.SYSTEM, 'user': USER, 'tool': RESULT, 'function': RESULT}
SAID = dict.fromkeys(('reasoning_content', 'reasoning', *SIGNED), THINKING) | dict.fromkeys(
    ('content', 'refusal'), TEXT
)
SAID |= {'audio': Kind.OPAQUE, LEGACY: CALL, 'tool_calls': CALL}
"""What an assistant says, by field; every other field stays with its message."""
SHAPES = {'content': str | list | None, LEGACY: dict | None, 'tool_calls': list | None}
MEDIA = {'image_url': 'image/*', 'video_url': 'video/*', 'input_audio': 'audio/wav', 'file': '*/*'}
PLAIN = {'id', 'index', 'type', 'function', 'custom', 'name', 'arguments'}
"""Fields of a call that bind nothing; beside any other, such as a signature, its arguments are not edited."""


class Field(NamedTuple):
    """What a part was read from: a field of a message, or an item of it."""

    message: Json
    key: str
    value: Any


def draft(raw: Any, index: int, counter: Counter, seal: Seal = NOBODY) -> tuple[Role, list[Part]]:
    """See `drafts.Draft`."""
    role = checked(raw, index, [*ASKED, 'assistant'], SHAPES)['role']
    if role == 'assistant':
        fields = [Field(raw, key, item) for key in SAID for item in items(raw.get(key))]
        return 'response', [_call(field) if SAID[field.key] is CALL else _spoken(field, counter) for field in fields]
    kind, field, content = ASKED[role], Field(raw, 'content', raw.get('content')), items(raw.get('content'))
    points = tuple(at[CACHE] for at in (raw, *content) if kind is USER and CACHE in at)
    call_id = LEGACY if role == 'function' else str(raw.get('tool_call_id') or '')
    tool = str(raw.get('name') or '') if kind is RESULT else ''
    pieces = [piece(item, MEDIA) for item in content]
    part = content_part(kind, field, pieces, counter, call_id=call_id, tool=tool, cache_points=points, seal=seal)
    return 'request', [part]


def _spoken(field: Field, counter: Counter) -> Part:
    kind, said = SAID[field.key], piece(field.value, MEDIA)
    if kind is not THINKING:
        return content_part(kind if isinstance(said, str) else Kind.OPAQUE, field, [said], counter)
    signed = any(field.message.get(key) for key in SIGNED)
    again = signed and field.key not in SIGNED  # what the signed list says as well is counted there
    return Part(kind, field, 0, said if isinstance(said, str) and not again else '', signed=signed)


def _call(field: Field) -> Part:
    call, legacy = field.value, field.key == LEGACY
    inside = [call] if legacy else [call[key] for key in ('function', 'custom') if isinstance(call.get(key), dict)]
    of = inside[0] if inside else {}
    args = of.get('arguments', of.get('input'))
    text = args if isinstance(args, str) else json.dumps(args if inside else call, default=str)
    call_id, tool = LEGACY if legacy else str(call.get('id') or ''), str(of.get('name') or call.get('type') or '')
    return Part(CALL, field, 0, text, call_id, tool, signed=not isinstance(args, str) or bool(call.keys() - PLAIN))


def write(messages: Iterable[Message], seal: Seal = NOBODY) -> list[Json]:
    """The dicts of these messages, in order. Results of calls that `_said` had to list are told by id as well."""
    written: list[Json] = []
    listed, by_id = False, {'role': 'tool', 'tool_call_id': LEGACY}
    for message, stays in under(messages, seal):
        if stays:
            made = [message.raw]
        else:
            made = [_said(message.parts)] if message.role == 'response' else [_asked(part) for part in message.parts]
        listed = bool(made[0].get('tool_calls')) if message.role == 'response' else listed
        written += [{**one, **by_id} if listed and one['role'] == 'function' else one for one in made]
    return written


def _asked(part: Part) -> Json:
    if part.raw is not None:
        return rewritten(part.raw.message, part, MEDIA) if part.edited else part.raw.message
    if part.kind is not RESULT:
        return {'role': 'user', 'content': part.text}
    if part.call_id == LEGACY:
        return {'role': 'function', 'name': part.tool, 'content': part.text}
    return {'role': 'tool', 'tool_call_id': part.call_id, 'content': part.text}


def _said(parts: Sequence[Part]) -> Json:
    """One message that says these parts. Where they stood in several, what else those hold is in it as well."""
    whole: Json = {}
    said: dict[str, list[Any]] = {}
    listed = {part.raw.key for part in parts if isinstance(part.raw.message[part.raw.key], list)}
    for part in parts:
        whole = {**part.raw.message, **whole}
        said.setdefault(part.raw.key, []).append(_value(part))
    if LEGACY in said and len(said[LEGACY]) + len(said.get('tool_calls', [])) > 1:  # there is room for one alone
        legacy = [{'id': LEGACY, 'type': 'function', 'function': call} for call in said.pop(LEGACY)]
        said['tool_calls'], listed = [*legacy, *said.get('tool_calls', [])], {*listed, 'tool_calls'}
    for key in SAID:
        values = said.get(key, [])
        if key == 'content' and (len(values) > 1 or key in listed):
            whole[key] = [{'type': 'text', 'text': value} if isinstance(value, str) else value for value in values]
        elif values:
            texts = len(values) > 1 and all(isinstance(value, str) for value in values)
            whole[key] = values if key in listed else '\n\n'.join(values) if texts else values[-1]
        elif items(whole.get(key)):
            del whole[key]
    whole.setdefault('content', None if said.keys() & {LEGACY, 'tool_calls'} else '')
    return whole


def _value(part: Part) -> Any:
    value = part.raw.value
    if not part.edited or part.kind is not CALL:
        return with_text(value, part.text) if part.edited else value
    inner = next((key for key in ('function', 'custom') if isinstance(value.get(key), dict)), None)
    call = value if inner is None else value[inner]
    call = {**call, 'input' if 'input' in call else 'arguments': part.text}
    return call if inner is None else {**value, inner: call}
