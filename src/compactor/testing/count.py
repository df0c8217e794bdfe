"""How large a request is: every text in it, tool definitions included, by the server's counter."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from compactor.testing.exchange import Body

MESSAGE_TOKENS = 3
"""Framing of each message, and of the answer to come: what OpenAI's cookbook gives for its chat models."""

MEDIA_TOKENS = 1_000
"""A flat stand-in for a picture, sound or document: its size is tile arithmetic, not text."""

_MEDIA = {'image', 'image_url', 'document', 'input_audio', 'file'}
_STRUCTURE = {'type', 'role', 'id', 'tool_call_id', 'tool_use_id', 'signature', 'data', 'cache_control'}
_DUMPED = {'input', 'parameters', 'input_schema'}


def request_tokens(body: Body, count: Callable[[str], int]) -> int:
    """Count a request of either API in tokens; anything it does not know counts by the texts inside it."""
    messages = body.get('messages')
    framed = len(messages) + 1 if isinstance(messages, list) else 1
    total = framed * MESSAGE_TOKENS
    for key in ('system', 'messages', 'tools'):
        for text in _texts(body.get(key)):
            total += MEDIA_TOKENS if text is None else count(text)
    return total


def _texts(value: Any) -> Iterator[str | None]:
    """Yield the texts inside a JSON value, and None for each piece of media."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        kind = value.get('type')
        if isinstance(kind, str) and kind in _MEDIA:
            yield None
            return
        for key, item in value.items():
            if key in _DUMPED:
                yield json.dumps(item, separators=(',', ':'))
            elif key not in _STRUCTURE:
                yield from _texts(item)
