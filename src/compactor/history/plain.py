"""Messages that are plain JSON, for whichever interface: dicts with a role, contents that are a text or typed items."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from compactor.errors import HistoryError
from compactor.history.drafts import Piece, Unread
from compactor.history.medium import Medium
from compactor.history.message import Part
from compactor.history.sealing import states_goal

Json = dict[str, Any]

TEXTS = ('text', 'refusal', 'thinking', 'summary', 'transcript')
"""Under which of its fields an item keeps its text."""
PLACES = ('url', 'file_data', 'data', 'file_id', 'filename')
"""Under which of its fields a medium says where it is; the bytes themselves come before a name."""


def checked(raw: Any, index: int, roles: Collection[str], shapes: Mapping[str, Any]) -> Json:
    """A message, if it is a dict with one of these roles whose fields have these types, their items being dicts.

    Raises:
        HistoryError: it is not; the message says what was found, and where.
    """
    if not isinstance(raw, dict):
        raise HistoryError(f'item {index} is a {type(raw).__name__}, not a dict such as its model_dump() may give')
    role = raw.get('role')
    if role not in tuple(roles):
        found = f'the role {role!r:.60}' if 'role' in raw else 'no role'
        raise HistoryError(f'item {index} has {found}; there are: {", ".join(roles)}')
    for key, shape in shapes.items():
        value = raw.get(key)
        if not isinstance(value, shape):
            raise HistoryError(f'item {index} ({role}): its {key} is a {type(value).__name__}')
        for item in value if isinstance(value, list) else ():
            if not isinstance(item, dict):
                raise HistoryError(f'item {index} ({role}): its {key} holds a {type(item).__name__}, not only dicts')
    return raw


def items(value: Any) -> list[Any]:
    """What a field holds, as a list: nothing, one thing, or several."""
    return value if isinstance(value, list) else [value] if value else []


def piece(item: Any, media: Mapping[str, str]) -> Piece:
    """What an item of a content is; `media` has the MIME type of each type that is a medium."""
    if not isinstance(item, dict):
        return item if isinstance(item, str) else Unread(str(item))
    kind = str(item.get('type'))
    if kind in media:
        inner = item.get(kind)
        inside = inner if isinstance(inner, dict) else {'url': inner}
        return Medium.of(media[kind], next((str(inside[key]) for key in PLACES if inside.get(key)), ''))
    key = text_key(item)
    return item[key] if key is not None else Unread(json.dumps(item, default=str))


def goal(messages: Sequence[Json], media: Mapping[str, str]) -> str:
    """What a history began with (see `sealing.goal_in`)."""
    for message in messages:
        role = message.get('role') if type(message) is dict else 'assistant'  # what is none, the reader refuses
        if role == 'assistant':
            break
        if role == 'user':
            pieces = [piece(item, media) for item in items(message.get('content'))]
            if states_goal(text := '\n'.join(one for one in pieces if isinstance(one, str))):
                return text
    return ''


def text_key(item: Json) -> str | None:
    """The field that holds an item's text; None if it has none."""
    return next((key for key in TEXTS if isinstance(item.get(key), str)), None)


def with_text(value: Any, text: str) -> Any:
    """A text, or an item that has one, with another text."""
    return {**value, text_key(value) or 'text': text} if isinstance(value, dict) else text


def rewritten(message: Json, part: Part, media: Mapping[str, str]) -> Json:
    """A message whose `content` is a part that was edited: its text, if that is another now, and its cache points.

    A text that was made of several items becomes one, with the other fields of the last of them.
    """
    content = message.get('content')
    parts = content if isinstance(content, list) else [{'type': 'text', 'text': content or ''}]
    texts = [(said, item) for item in parts if isinstance(said := piece(item, media), str)]
    if part.text != '\n'.join(said for said, _ in texts):
        parts = [with_text(texts[-1][1] if texts else {'type': 'text'}, part.text)]
    if part.cache_points and not any(CACHE in at for at in (message, *parts)):
        parts = [*parts[:-1], {**parts[-1], CACHE: part.cache_points[-1]}]
    listed = isinstance(content, list) or CACHE in parts[0]
    return {**message, 'content': parts if listed else part.text}


CACHE = 'cache_control'
"""Marks, on a message or an item, where a prompt cache is to end."""


def dump(message: Json) -> bytes | None:
    """The message as JSON, its fields in their order; None for one that JSON would not bring back to the letter."""
    try:
        text = json.dumps(message)
        return text.encode() if json.dumps(json.loads(text)) == text else None
    except (TypeError, ValueError, RecursionError):
        return None


def load(data: bytes) -> list[Json]:
    """The message in these bytes, alone in a list. Raises `ValueError` if they hold none."""
    message = json.loads(data)
    if not isinstance(message, dict):
        raise ValueError('no message')
    return [message]
