"""The seal of a history: what a conversation began with, as it is read and as it will be written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from compactor.history.marks import looks_marked, sealed
from compactor.history.message import MARK, USER, Message, Part
from compactor.history.seal import Seal, goal_print


def states_goal(text: str) -> bool:
    """Whether a user's text may be what a conversation began with: any but notes of ours, and what looks like them."""
    return bool(text) and not looks_marked(text)


def goal_in(messages: Iterable[Message]) -> str:
    """What a conversation began with: the first words of a user ahead of the first response; '' if there are none.

    A format's own `goal` finds the same text in the framework's messages.
    """
    for message in messages:
        if message.role == 'response':
            break
        for part in message.parts:
            if part.kind is USER and states_goal(text := part.text):
                return text
    return ''


def to_write(messages: Iterable[Message], seal: Seal) -> tuple[Seal, bool]:
    """The seal for a history that is to be written, and whether the marks that stand in it have to be sealed again.

    They have to where what the conversation began with was itself made smaller.
    """
    goal = goal_print(goal_in(messages))
    return (seal, False) if goal == seal.goal else (replace(seal, goal=goal), True)


def under(messages: Iterable[Message], seal: Seal) -> Iterator[tuple[Message, bool]]:
    """The messages that are to be written, notes of ours in them under a seal, for formats whose notes are plain texts.

    With each: whether it is written as what it was read from.
    """
    listed = list(messages)
    seal, again = to_write(listed, seal)
    for message in listed:
        notes = any(map(is_note, message.parts))
        if message.raw is not None and not message.edited and not (again and notes):
            yield message, True
        else:
            parts = tuple(_sealed(part, seal) if is_note(part) else part for part in message.parts)
            yield (replace(message, parts=parts) if notes else message), False


def is_note(part: Part) -> bool:
    """Whether a part is a note of ours: a mark, or a pin."""
    return part.kind is MARK or part.ours


def _sealed(part: Part, seal: Seal) -> Part:
    text = sealed(part.text, seal)
    return part if text == part.text else part.with_text(text, part.tokens)
