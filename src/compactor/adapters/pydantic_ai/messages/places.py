"""Where in a pydantic-ai message a note of ours stands, as far as content cannot reach it: its seal holds nowhere else.

A summary is a part of its own kind. A note in a user part has the time of what stands before it, so that whoever
quotes one in a later prompt, however faithfully, has only quoted it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.media import texts_of
from compactor.history.sealing import states_goal

SUMMARY = 'summary'
"""The place of a note that is a part of the framework's own kind for summaries."""
AHEAD = 'ahead of a summary'
"""The place of a note right ahead of such a part, whose metadata has its seal: user interfaces keep that, and no time
of what users say."""
NEAR = 16
"""Messages at either end that are asked which conversation they are of."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def place_of(part: Any) -> str:
    """The place of a note in a user part."""
    return place_at(getattr(part, 'timestamp', None))


def place_at(time: Any) -> str:
    """The place of a note in a user part of this time; the same after a dump and a reload."""
    if not isinstance(time, datetime):
        return 'user'
    since = (time if time.tzinfo is not None else time.replace(tzinfo=UTC)) - EPOCH
    return f'user {since // timedelta(microseconds=1)}'


def goal(messages: Sequence[ModelMessage]) -> str:
    """What a history began with (see `sealing.goal_in`)."""
    return next(filter(states_goal, _opening_words(messages)), '')


def _opening_words(messages: Sequence[ModelMessage]) -> Iterator[str]:
    for message in messages:
        if getattr(message, 'kind', '') != 'request':
            return
        for part in message.parts:
            if part.part_kind == 'user-prompt':
                yield part.content if isinstance(part.content, str) else texts_of(part.content)
            elif part.part_kind == 'speech':
                yield part.transcript or ''


def conversations(messages: Sequence[ModelMessage]) -> tuple[str, ...]:
    """The conversation that a history's newest message says it belongs to, and the one that its oldest does."""
    newest = next((found for message in messages[: -NEAR - 1 : -1] if (found := compat.conversation_id(message))), None)
    oldest = next((found for message in messages[:NEAR] if (found := compat.conversation_id(message))), None)
    return tuple(dict.fromkeys(one for one in (newest, oldest) if one))
