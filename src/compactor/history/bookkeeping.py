"""Statements that hold from where they stand on, until a later one of the same key supersedes them.

Frameworks record in the history which tools a model was shown, which instructions and settings changed, and what the
application reminds it of. The latest statement of each key must survive every compaction; one that is superseded says
nothing that still holds, and goes with the step in which it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from compactor.history.message import SYSTEM, Part, Role
from compactor.history.turns import History

ANSWERED = ('answered',)
"""The key of what holds for one request only: the answer to it supersedes it, and nothing else does."""
REMINDER = 'reminder'
"""Begins the key of a system prompt in mid-conversation: what it says but for its numbers, then what it says."""


class Share(NamedTuple):
    """Parts of one message."""

    role: Role
    parts: Sequence[Part]


def reminder(text: str) -> tuple[str, ...]:
    """The key of a system prompt in mid-conversation."""
    return (REMINDER, _NUMBER.sub('0', text), text)


_NUMBER = re.compile(r'\d[\d.,:]*')


def superseded(history: History, reminders: bool = False) -> frozenset[int]:
    """Identities of the parts of a history that later ones supersede; see `superseded_in`."""
    if not any(part.states for part in history.rare):
        return frozenset()
    return superseded_in([Share(segment.message.role, segment.parts) for segment in history.segments], reminders)


def superseded_in(shares: Sequence[Share], reminders: bool = True) -> frozenset[int]:
    """Identities of the parts that later ones supersede.

    System prompts ahead of the first response stay: they open the conversation.

    Args:
        shares: all parts, in order.
        reminders: whether a reminder also supersedes those that differ from it in numbers alone.
    """
    if not any(part.states for share in shares for part in share.parts):
        return frozenset()
    spoken = next((i for i, share in enumerate(shares) if share.role == 'response'), len(shares))
    stated: set[tuple[str, ...]] = set()
    gone: set[int] = set()
    asked = False
    for i in range(len(shares) - 1, -1, -1):
        role, parts = shares[i]
        if role == 'response' and asked:
            stated.add(ANSWERED)
        asked = asked or role == 'request'
        for part in reversed(parts):
            if not part.states:
                continue
            opens = part.kind is SYSTEM and i < spoken and ANSWERED not in part.states
            if not opens and all(_holds(key, stated) for key in part.states):
                gone.add(id(part))
            stated.update(_stating(part.states, reminders))
    return frozenset(gone)


def _stating(keys: Iterable[tuple[str, ...]], reminders: bool) -> Iterable[tuple[str, ...]]:
    for key in keys:
        if key != ANSWERED:
            yield key[:2] if reminders and key[0] == REMINDER else key


def _holds(key: tuple[str, ...], stated: set[tuple[str, ...]]) -> bool:
    """Whether a later statement has this key, or one that it lies under."""
    return any(key[:n] in stated for n in range(1, len(key) + 1))
