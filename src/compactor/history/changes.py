"""What a compaction removed, derived by comparing before with after; no strategy has to report it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from compactor.history.message import Kind, Message, Part


@dataclass(frozen=True, slots=True)
class Removed:
    """One part that went, or became smaller.

    Attributes:
        how: 'dropped' with all its content, or 'reduced' to a smaller text.
        kind: what it was.
        tool: its tool, if any.
        message: index of its message in the history handed in.
        tokens: what it no longer costs, in the units of the local tokenizer.
        part: the part as it was; its `raw` is the framework's own object.
    """

    how: Literal['dropped', 'reduced']
    kind: Kind
    tool: str
    message: int
    tokens: int
    part: Part


def removed(before: Sequence[Message], after: Sequence[Message]) -> tuple[Removed, ...]:
    """Everything in `before` that is not in `after`, or is smaller there, in recorded order."""
    kept_messages = {id(message) for message in after}
    kept = {id(part.raw): part for message in after if message.edited for part in message.parts if part.raw is not None}
    gone: list[Removed] = []
    for i, message in enumerate(before):
        if id(message) in kept_messages:
            continue
        for part in message.parts:
            if part.raw is None:
                continue
            now = kept.get(id(part.raw))
            if now is None:
                gone.append(Removed('dropped', part.kind, part.tool, i, part.tokens, part))
            elif now is not part and now.tokens < part.tokens:
                gone.append(Removed('reduced', part.kind, part.tool, i, part.tokens - now.tokens, part))
    return tuple(gone)


def first_change(before: Sequence[Message], after: Sequence[Message]) -> int:
    """Index of the first message in which the two differ: what a provider's prompt cache keeps ends there."""
    for i, (was, now) in enumerate(zip(before, after, strict=False)):
        if was is not now:
            return i
    return min(len(before), len(after))
