"""Histories as files hold them: JSON of pydantic-ai messages, read one by one where some cannot be read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter


class Unread(NamedTuple):
    """A message that the installed pydantic-ai cannot read: its index among the values, and why."""

    message: int
    reason: str


def messages_in(values: Sequence[Any]) -> tuple[list[ModelMessage], tuple[Unread, ...]]:
    """The messages in parsed JSON; where one cannot be read, each is tried alone, so that it takes no other along."""
    try:
        return _validated(values), ()
    except ValidationError:
        pass
    messages: list[ModelMessage] = []
    unread = []
    for i, value in enumerate(values):
        try:
            messages += _validated([value])
        except ValidationError as error:
            unread.append(Unread(i, _reason(error)))
    return messages, tuple(unread)


def as_json(messages: Sequence[ModelMessage]) -> bytes:
    """The messages as indented JSON."""
    return ModelMessagesTypeAdapter.dump_json(list(messages), indent=2)


def _validated(values: Sequence[Any]) -> list[ModelMessage]:
    # In JSON mode, as times and binary content are strings. A lone surrogate, which Python's parser lets
    # through and pydantic's does not, becomes a question mark.
    data = json.dumps(values, ensure_ascii=False).encode('utf-8', 'replace')
    return ModelMessagesTypeAdapter.validate_json(data)


def _reason(error: ValidationError) -> str:
    """The first thing that pydantic found, with its place in the message; the input itself may be long."""
    first = error.errors(include_url=False, include_input=False)[0]
    place = '.'.join(str(key) for key in first['loc'][1:])
    return f'{place}: {first["msg"]}' if place else str(first['msg'])
