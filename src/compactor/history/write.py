"""Turns the tree back into messages: shares of one message are put together, untouched messages stay themselves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from operator import is_

from compactor.history.message import FRAMING, Message, Part
from compactor.history.turns import Segment


def write(segments: Iterable[Segment]) -> list[Message]:
    """The messages of these segments, in order.

    Neighbouring shares of one message become that message again, by identity when all its parts are there in
    their order. Responses that follow each other become one, because no provider accepts two in a row.
    """
    written: list[Message] = []
    home: Message | None = None
    parts: list[Part] = []
    for segment in segments:
        message = segment.message
        joins = message.role == 'response' and home is not None and home.role == 'response'
        if home is not None and message is not home and not joins:
            written.append(_assemble(home, parts))
            home, parts = message, []
        home = home or message
        parts.extend(segment.parts)
    if home is not None:
        written.append(_assemble(home, parts))
    return written


def _assemble(message: Message, parts: list[Part]) -> Message:
    if len(parts) == len(message.parts) and all(map(is_, parts, message.parts)):
        return message
    tokens = FRAMING + sum(part.tokens for part in parts)
    return replace(message, parts=tuple(parts), tokens=tokens, reported=None, claimed=None, edited=True, plain=False)
