"""What an adapter is to the core: how its messages are read, written and kept; the rest follows from that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from compactor.errors import HistoryError
from compactor.history.message import Message
from compactor.history.seal import NOBODY, Key, Scope, Seal, goal_print
from compactor.history.track import Reader
from compactor.tokens.counter import Counter

M = TypeVar('M')
N = TypeVar('N', covariant=True)


class MakesReader(Protocol):
    """Makes a reader; without a seal, nothing is ours."""

    def __call__(self, counter: Counter, seal: Seal = NOBODY, /) -> Reader:
        """The reader."""
        ...


class Writes(Protocol[N]):
    """Writes messages; without a seal, nothing of ours is known again."""

    def __call__(self, messages: Iterable[Message], seal: Seal = NOBODY, /) -> Sequence[N]:
        """The framework's messages."""
        ...


def _nothing(messages: Sequence[Any]) -> str:
    return ''


def _none(messages: Sequence[Any]) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Format(Generic[M]):
    """One format of messages.

    Attributes:
        name: what errors call them, such as 'pydantic-ai messages'.
        hint: what to pass where something else was passed.
        reader: makes a reader that counts in the units of a counter's encoding, and knows what a seal is on.
        write: the framework's messages, with what was made here under a seal; what no strategy touched is the very
            object that was read.
        goal: what a history began with (see `sealing.goal_in`).
        conversations: the ids of the conversation that a history says it is of: the newest, and its origin's.
        dump: one message as bytes; None if they would not bring it back.
        load: the messages in such bytes, which may be hostile; raises `ValueError` if they hold none.
        merge: one request out of the requests before it and the parts (`Part.raw`) that were merged into the last of
            them (the request that holds both is the second argument); None where a request never takes up another.
        instructions: the text that is sent beside these messages.
        frame: tokens that the framework spends on the words around a summary of ours.
        marks_lead: it has no place that content cannot reach, so that only where a note stands tells it from one that
            was quoted: notes of ours stand ahead of the first response.
    """

    name: str
    hint: str
    reader: MakesReader
    write: Writes[M]
    dump: Callable[[M], bytes | None]
    load: Callable[[bytes], Sequence[M]]
    goal: Callable[[Sequence[M]], str]
    conversations: Callable[[Sequence[M]], Sequence[str]] = _none
    merge: Callable[[Sequence[M], M, Sequence[Any]], M] | None = None
    instructions: Callable[[Sequence[M]], str] = _nothing
    frame: int = 0
    marks_lead: bool = False

    def seal(self, messages: Sequence[M], key: Key, owner: Scope = (), conversation: str | None = None) -> Seal:
        """A key at work in the conversation of a history.

        Args:
            messages: the history.
            key: the secrets.
            owner: whose conversation it is, as far as that is known.
            conversation: its id, where that is known from elsewhere.
        """
        ids = dict.fromkeys(one for one in (conversation, *self.conversations(messages)) if one)
        return Seal(key, owner, tuple(ids), goal_print(self.goal(messages)))

    def listed(self, messages: Any) -> Sequence[M]:
        """What a caller passed, if it is a list; what is in it, the reader checks.

        Raises:
            HistoryError: it is none.
        """
        if not isinstance(messages, Sequence) or isinstance(messages, str | bytes):
            raise HistoryError(f'expected a list of {self.name}, got {type(messages).__name__}: {self.hint}')
        return messages
