"""Reads messages that an adapter describes one by one: counts their parts, and names results after their calls.

For formats whose messages say all about themselves but the name of the tool that a result is of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compactor.history.bookkeeping import reminder
from compactor.history.marks import is_mark, is_pin, looks_marked, says_pinned
from compactor.history.medium import Medium
from compactor.history.message import (
    CALL,
    FRAMING,
    MARK,
    PART_FRAMING,
    RESULT,
    USER,
    Foreign,
    Kind,
    Message,
    Part,
    Role,
)
from compactor.history.seal import NOBODY, Seal
from compactor.tokens.counter import Counter


@dataclass(frozen=True, slots=True)
class Unread:
    """Something in a content that is neither text nor a medium we know; it counts by `text` and is never edited."""

    text: str


Piece = str | Medium | Unread
"""What a content is made of."""

Draft = Callable[[Any, int, Counter, Seal], tuple[Role, Sequence[Part]]]
"""Describes a message, its index in a list given and the seal that notes of ours in it have, in parts whose texts are
not counted yet: their `tokens` are those of what is not text. Raises `HistoryError` for what is no message."""


def content_part(
    kind: Kind,
    raw: Any,
    pieces: Sequence[Piece],
    counter: Counter,
    *,
    call_id: str = '',
    tool: str = '',
    cache_points: tuple[Any, ...] = (),
    seal: Seal = NOBODY,
) -> Part:
    """The part that a content is, not counted yet (see `Draft`): marks and pins are recognised, media sized."""
    texts = [piece for piece in pieces if isinstance(piece, str)]
    media = [piece for piece in pieces if isinstance(piece, Medium)]
    unread = [piece for piece in pieces if isinstance(piece, Unread)]
    units = counter.in_units()
    text = '\n'.join(texts)
    marked = kind is USER and len(texts) == len(pieces) and is_mark(text, seal)
    if marked and not cache_points:
        kind = MARK
    pinned = kind is USER and any(is_pin(one, seal) for one in texts)
    return Part(
        kind,
        raw,
        sum(one.tokens(counter.family, counter.ratio) for one in media) + sum(units.base(one.text) for one in unread),
        text,
        call_id,
        tool,
        protected=kind is Kind.SYSTEM or pinned,
        media=bool(media or unread),
        cache_points=cache_points,
        without_media=(lambda: _cleared(pieces)) if media and not unread else None,
        ours=marked,
        foreign=foreign(texts) if kind is USER and not marked and not pinned else '',
        states=(reminder(text),) if kind is Kind.SYSTEM else (),
    )


def foreign(texts: Iterable[str]) -> Foreign:
    """What texts that are not ours look like."""
    found = [text for text in texts if looks_marked(text)]
    return '' if not found else 'pin' if any(map(says_pinned, found)) else 'mark'


def _cleared(pieces: Iterable[Piece]) -> str:
    return '\n'.join(
        piece.stub if isinstance(piece, Medium) else piece for piece in pieces if not isinstance(piece, Unread)
    )


class DraftReader:
    """A `Reader` over an adapter's `Draft`, for formats that have no place which content cannot reach.

    There a note of ours stands ahead of the first response, where compactions put it: one that is read later, with its
    seal or without, was quoted.
    """

    def __init__(self, draft: Draft, counter: Counter, seal: Seal = NOBODY) -> None:
        self._draft = draft
        self._counter = counter
        self._seal = seal
        self._spoken = False
        self._tools: dict[str, list[str]] = {}

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """The neutral view of each message. Raises `HistoryError` for what is no message."""
        drafts = [self._drafted(raw, i) for i, raw in enumerate(raws)]
        texts = [_counted(part) for _, parts in drafts for part in parts]
        sizes = iter(self._counter.in_units().base_many(texts))
        read: list[Message] = []
        for raw, (role, parts) in zip(raws, drafts, strict=True):
            whole = tuple(
                replace(
                    part,
                    tokens=part.tokens + next(sizes) + PART_FRAMING.get(part.kind, 0),
                    tool=part.tool or self._tool(part),
                )
                for part in parts
            )
            if role == 'response':
                self._remember(whole)
            read.append(Message(role, whole, raw, FRAMING + sum(part.tokens for part in whole)))
        return read

    def _drafted(self, raw: Any, index: int) -> tuple[Role, Sequence[Part]]:
        role, parts = self._draft(raw, index, self._counter, replace(self._seal, pins_only=self._spoken))
        self._spoken = self._spoken or role == 'response'
        return role, parts

    def unchanged(self, raw: Any, message: Message) -> bool:
        """Whether the message still says what was read."""
        now = self.read([raw])[0]
        return now.tokens == message.tokens and [p.text for p in now.parts] == [p.text for p in message.parts]

    def _remember(self, parts: Iterable[Part]) -> None:
        """Which tools a response calls, by id; ids repeat, so the newest response's count."""
        asked: dict[str, list[str]] = {}
        for part in parts:
            if part.kind is CALL:
                asked.setdefault(part.call_id, []).append(part.tool)
        self._tools |= asked

    def _tool(self, part: Part) -> str:
        """The tool that a result is of; calls of one response with one id are answered in their order."""
        if part.kind is not RESULT:
            return ''
        names = self._tools.get(part.call_id, [''])
        return names.pop(0) if len(names) > 1 else names[0]


def _counted(part: Part) -> str:
    """What of a part is text to the model."""
    return f'{part.tool} {part.text}' if part.kind is CALL else part.text
