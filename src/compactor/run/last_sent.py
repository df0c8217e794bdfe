"""What was last sent of each conversation, so that its next run goes on counting where the one before has ended.

A chat often has one request a run. What its provider reports of one is a measure only beside the one before, which
another run has sent: without it nothing is ever learned, and a server that truncates is never found out. Positions and
sizes are kept, and nothing of what was said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from compactor.bounded import Bounded
from compactor.compaction import Anchor
from compactor.history.message import FRAMING, Message
from compactor.locks import new_lock
from compactor.run.reported import Trust

CONVERSATIONS = 1_024
"""Conversations, by the model that has answered, that are known at once."""


@dataclass(frozen=True, slots=True)
class LastSent:
    """A request as it was sent, and what was known then; see `Counted` for the other fields.

    Attributes:
        parts: the size of all parts of its messages, in the units of the local tokenizer.
        beside: the size of what travelled beside them, in the same units.
    """

    parts: int
    beside: int
    anchor: Anchor | None
    observed: Anchor | None
    retry_at: int | None
    trust: Trust
    told: frozenset[tuple[type, int | None]]

    def end_in(self, messages: Sequence[Message]) -> tuple[int, int] | None:
        """Where it ends in a history that begins with it: the index of its answer, and the size of what stands before.

        None in any other. Requests that follow each other may have been put together since, as frameworks do.
        """
        parts = base = 0
        for at, message in enumerate(messages):
            if parts == self.parts and message.role == 'response':
                return at, base
            parts, base = parts + message.tokens - FRAMING, base + message.tokens
            if parts > self.parts:
                return None
        return None


def parts_of(messages: int, tokens: int) -> int:
    """The size of the parts of so many messages that have so many tokens."""
    return tokens - FRAMING * messages


class SentBefore:
    """By conversation and model; bounded, and safe to share between threads."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self._last: Bounded[tuple[str, str], LastSent] = Bounded(CONVERSATIONS)

    def find(self, conversation: str | None, model: str | None) -> LastSent | None:
        """What was last sent of a conversation to a model; None if nothing, or nobody knows."""
        return self._last.get((conversation, model)) if conversation and model else None

    def keep(self, conversation: str | None, model: str | None, last: LastSent | None) -> None:
        """Remembers it; None forgets what there was. Of a conversation without an id nothing is remembered."""
        if not conversation or not model:
            return
        with self._lock:
            if last is None:
                self._last.pop((conversation, model), None)
            else:
                self._last[conversation, model] = last
