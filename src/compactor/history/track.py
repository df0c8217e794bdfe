"""Reads each message of a growing history once: entries are matched by identity, never by `==` or bare ids.

A run hands over the same message objects request after request, so the list is compared with the previous one by
identity (about 0.1 ms for 10,000 messages) and only what is new is read, counted and parsed. Message objects are
held strongly while their entries live, so that an address cannot be reused behind our back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import is_
from typing import Any, Protocol

from compactor.history.message import Foreign, Message, foreign_in
from compactor.history.parse import Parsed, Parser
from compactor.history.standing import Standing

AUDIT_TAIL = 4
"""Frameworks edit the newest messages in place (dynamic system prompts, tools added mid-run)."""
AUDIT_STRIDE = 64
"""Older messages re-checked per request, in rotation: all of a 10,000-message history within 160 requests."""


class Reader(Protocol):
    """What an adapter does for the core: reads its framework's messages."""

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """The neutral, counted view of each message."""
        ...

    def unchanged(self, raw: Any, message: Message) -> bool:
        """Whether `message` still describes `raw`, checked by the identity of its parts."""
        ...


@dataclass(frozen=True, slots=True)
class Frozen:
    """A history as it was at one moment, while its tracker goes on; see `Tracker` for its fields."""

    messages: tuple[Message, ...]
    tokens: int
    broken: bool
    parsed: Parsed

    def snapshot(self, sending: bool = True) -> Parsed:
        """The tree, as of that moment."""
        return self.parsed


def frozen(tracker: Tracker) -> Frozen:
    """The history of a request that is about to be sent, as it is now."""
    return Frozen(tuple(tracker.messages), tracker.tokens, tracker.broken, tracker.snapshot(True))


class Tracker:
    """The view of one conversation, kept up to date as it grows."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._raws: list[Any] = []
        self._messages: list[Message] = []
        self._parser, self._standing = Parser(), Standing()
        self._cursor = 0
        self.tokens = 0
        """Size of all messages in the units of the local tokenizer."""
        self.compactions: list[int] = []
        """Indexes of the messages that hold a compaction by a provider."""
        self.foreign: list[Foreign] = []
        """What looks like notes of ours, and is not."""

    @property
    def messages(self) -> Sequence[Message]:
        """The view as of the last update; do not change it."""
        return self._messages

    @property
    def broken(self) -> bool:
        """Whether the history needs mending (see `Parser.broken`)."""
        return self._parser.broken

    def update(self, raws: Sequence[Any], audit_all: bool = False, *, grown: bool | None = None) -> bool:
        """Follows the history to `raws`; whether it only grew since the last time.

        Args:
            raws: the history.
            audit_all: re-checks every message instead of a sample.
            grown: what `has_grown` has said of it, if it was asked.
        """
        known = len(self._raws)
        if grown is None:
            grown = self.has_grown(raws)
        if not grown or not self._audit(range(known) if audit_all else self._sample()):
            self._rebuild(raws)
            return False
        if len(raws) > known:
            self.add(raws[known:], self.read(raws[known:]))
        return True

    def has_grown(self, raws: Sequence[Any]) -> bool:
        """Whether `raws` is the history as it was, with nothing or something added: one comparison by identity."""
        return len(raws) >= len(self._raws) and all(map(is_, self._raws, raws))

    def unread(self, raws: Sequence[Any], grown: bool) -> Sequence[Any]:
        """What of `raws` this has not seen: what was added, or all of it where more has changed than that."""
        return raws[len(self._raws) :] if grown else raws

    def read(self, raws: Sequence[Any]) -> list[Message]:
        """Reads messages that are to be added (see `add`); changes nothing."""
        return self._reader.read(raws)

    def add(self, raws: Sequence[Any], messages: list[Message]) -> None:
        """Follows the history to what was added to it, as `read` has read it."""
        self._raws.extend(raws)
        self._take(messages)

    def followed(
        self, raws: Sequence[Any], audit_all: bool = False, *, reader: Reader | None = None
    ) -> tuple[Tracker, bool]:
        """Another tracker, which has followed the history to `raws`, and what `update` would say; this one stays.

        Args:
            raws: the history.
            audit_all: see `update`.
            reader: reads what is new this once, in the place of this one's.
        """
        grown = self.has_grown(raws)
        other = Tracker(reader or self._reader)
        other._raws, other._messages, other._cursor = self._raws, self._messages, self._cursor
        grown = grown and other._audit(range(len(self._raws)) if audit_all else other._sample())
        other._rebuild(raws)
        other._reader = self._reader
        return other, grown

    def snapshot(self, sending: bool = True) -> Parsed:
        """The tree of the history as of the last update."""
        return self._parser.snapshot(sending)

    def _take(self, messages: list[Message]) -> None:
        known = len(self._messages)
        messages = self._standing.of(messages)
        self._messages.extend(messages)
        self._parser.feed(messages)
        self.tokens += sum(message.tokens for message in messages)
        self.foreign += foreign_in(messages)
        self.compactions += [known + i for i, message in enumerate(messages) if message.server_state]

    def _sample(self) -> list[int]:
        """The newest messages and the next stretch of the rotation."""
        known = len(self._raws)
        if known <= AUDIT_TAIL + AUDIT_STRIDE:
            return list(range(known))
        end = min(self._cursor + AUDIT_STRIDE, known)
        sample = [*range(self._cursor, end), *range(known - AUDIT_TAIL, known)]
        self._cursor = 0 if end >= known - AUDIT_TAIL else end
        return sample

    def _audit(self, indexes: Sequence[int]) -> bool:
        unchanged, raws, messages = self._reader.unchanged, self._raws, self._messages
        return all(unchanged(raws[i], messages[i]) for i in indexes)

    def _rebuild(self, raws: Sequence[Any]) -> None:
        """Starts over, keeping every entry whose message is still there as it was read."""
        known = {id(raw): message for raw, message in zip(self._raws, self._messages, strict=True)}
        entries = [known.get(id(raw)) for raw in raws]
        entries = [
            e if e is not None and self._reader.unchanged(r, e) else None for r, e in zip(raws, entries, strict=True)
        ]
        fresh = iter(self._reader.read([raw for raw, entry in zip(raws, entries, strict=True) if entry is None]))
        messages = [entry if entry is not None else next(fresh) for entry in entries]
        self._raws, self._messages = list(raws), []
        self._parser, self._standing = Parser(), Standing()
        self.tokens, self.compactions, self.foreign = 0, [], []
        self._take(messages)
