"""Where notes of ours stand: a compaction leaves one that says what was taken out, and what it quotes ahead of that.

A genuine note that stands behind that one was brought there: an older digest of the same conversation that a client
sends once more, or a prompt that quotes the digest above it. It is its bringer's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from compactor.history.marks import SAID, handle_of, rewrites, spoken
from compactor.history.message import MARK, Message, Part


class Standing:
    """Follows a history from its beginning, and takes notes for ours as long as they may be.

    Args:
        brought: framework's parts and messages whose notes were found to be text before; added to.
    """

    def __init__(self, brought: dict[int, Any] | None = None) -> None:
        self._told = False
        self._brought: dict[int, Any] = {} if brought is None else brought

    def of(self, messages: Iterable[Message]) -> list[Message]:
        """The messages that follow; in those that hold a note which stands behind the one of them, it is text."""
        return [message if message.plain else self._placed(message) for message in messages]

    def _placed(self, message: Message) -> Message:
        if not any(part.kind is MARK or part.ours for part in message.parts):
            return message
        raw = message.raw if len(message.parts) == 1 else None
        parts = tuple(self._part(part, raw) if part.kind is MARK or part.ours else part for part in message.parts)
        changed = any(now is not was for now, was in zip(parts, message.parts, strict=True))
        return replace(message, parts=parts) if changed else message

    def _part(self, part: Part, message: Any) -> Part:
        text = part.text
        tells = rewrites(text) or handle_of(text) is not None
        if self._told and (tells or spoken(text).startswith(SAID)):
            self._brought |= {id(one): one for one in (part.raw, message) if one is not None}
        if id(part.raw) in self._brought or id(message) in self._brought:
            kind = part.otherwise if part.kind is MARK else part.kind
            return replace(part, kind=kind, ours=False, foreign='mark')
        self._told = self._told or tells
        return part
