"""The neutral, frozen view of a history that the core reads; it points at the framework's own objects.

What no strategy touched is written back as the very object it came from (`raw`). What was edited says so, and the
adapter rebuilds it from its `raw` with the new text or cache points.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Literal

Role = Literal['request', 'response']
By = Literal['', 'person', 'tool']
"""Who put user content beside a tool's result; '' where nobody has seen it."""


Foreign = Literal['', 'mark', 'pin']
"""What a text of somebody else's looks like: a note of ours, pinned content, or nothing of the kind."""


class Kind(StrEnum):
    """What a part is, independent of any framework (a `StrEnum`, because a plain `Enum` hashes in Python)."""

    SYSTEM = 'system'  # system prompt
    USER = 'user'  # a person's words, typed or spoken, or content put beside a result (see `Part.by`)
    MARK = 'mark'  # a note of ours, recognised by where it stands and by its seal
    RESULT = 'result'  # what a tool returned, or the retry message sent in its place
    FEEDBACK = 'feedback'  # a retry message that answers no call
    SUMMARY = 'summary'  # of earlier messages, by an application (in a request) or a provider (in a response)
    DELTA = 'delta'  # framework bookkeeping in a request; opaque, stays until a later one supersedes it
    TEXT = 'text'
    THINKING = 'thinking'
    CALL = 'call'
    NATIVE_CALL = 'native-call'  # of a tool the provider runs itself; opaque
    NATIVE_RESULT = 'native-result'
    OPAQUE = 'opaque'  # anything else in a response: files, speech without words, unknown kinds


# Names of their own, for loops over parts: on Python 3.11 `Kind.CALL` costs twenty times what a global name costs.
USER, MARK, RESULT, FEEDBACK, SUMMARY = Kind.USER, Kind.MARK, Kind.RESULT, Kind.FEEDBACK, Kind.SUMMARY
SYSTEM, TEXT, THINKING, CALL = Kind.SYSTEM, Kind.TEXT, Kind.THINKING, Kind.CALL
NATIVE_CALL, NATIVE_RESULT = Kind.NATIVE_CALL, Kind.NATIVE_RESULT


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a message.

    Attributes:
        kind: what it is.
        raw: the framework's own object; None for a part made here.
        tokens: its size in the units of the local tokenizer (`Counter.base`), framing included.
        body: its text, or a function that renders it (structured results and arguments are not kept twice).
        call_id: pairs a call with its result; ids repeat in real histories, so order decides.
        tool: the tool's name, for calls, results and native parts.
        protected: must survive every compaction (system prompts, framework bookkeeping, pinned content).
        media: holds content that is not text (images, audio, documents).
        signed: carries a provider's signature or reasoning id, so its content must not be edited.
        failed: a result that reports an error or a denied or retried call.
        retried: a failed result that asks for the call again, with other arguments.
        denied: a failed result of a call that a person or a rule did not allow.
        cache_points: the framework's prompt-cache markers inside a user part.
        closing: what the framework puts at the end of the text whenever it sends it; an edit has to keep it.
        without_media: renders its text with a stub in the place of each medium; None where nothing can be cleared.
        refers: carries an id that refers to the thinking before it, without which it is refused (OpenAI Responses). An
            edit takes the id away.
        item: of thinking that its provider keeps under an id of its own: it stands with all that was said with it, as
            it was, or goes with the ids of that.
        by: of user content, who put it there.
        states: the keys of what it states for all that follows, such as ('instructions', 'agent'). A later part that
            states a key, or one that this key lies under, supersedes it (see `bookkeeping.py`).
        ours: of user content, it is a note of ours that somebody has put a cache point on.
        foreign: it looks like a note of ours, and was not sealed by a key that is known here: 'mark' or 'pin'.
        otherwise: what a note of ours is where it stands in a place that is not its own (see `standing.py`).
        edited: differs from its `raw`, so the adapter must rebuild it.
    """

    kind: Kind
    raw: Any
    tokens: int
    body: str | Callable[[], str] = ''
    call_id: str = ''
    tool: str = ''
    protected: bool = False
    media: bool = False
    signed: bool = False
    failed: bool = False
    cache_points: tuple[Any, ...] = ()
    edited: bool = False
    closing: str = ''
    retried: bool = False
    denied: bool = False
    without_media: Callable[[], str] | None = None
    refers: bool = False
    item: bool = False
    by: By = ''
    states: tuple[tuple[str, ...], ...] = ()
    ours: bool = False
    foreign: Foreign = ''
    otherwise: Kind = Kind.USER

    @property
    def text(self) -> str:
        """The part's text, rendered on demand; empty for what has none."""
        body = self.body
        return body if isinstance(body, str) else body()

    def with_text(self, text: str, tokens: int) -> Part:
        """The same part with another text of `tokens` tokens."""
        return replace(self, body=text, tokens=tokens, edited=True, refers=False)


@dataclass(frozen=True, slots=True)
class Message:
    """One message: a request to the model or a response from it.

    Attributes:
        role: who speaks.
        parts: its parts in their recorded order.
        raw: the framework's own object; None for a message made here.
        tokens: size in the units of the local tokenizer, framing and parts.
        run_id: the run it belongs to, where the framework says so.
        reported: tokens of the whole context up to and including this response as its provider reported them
            (input + output), or None when no real provider did.
        output: of these, the response's own, reasoning included.
        claimed: as `reported`, of a response that no provider is known to have sent.
        provider: name of the provider that sent the response.
        model: name of the model that sent the response.
        server_state: it holds a provider's compaction; that provider, if it answers next, reads only what follows.
        edited: `parts` differ from those of `raw`, so the adapter must rebuild it.
        plain: nothing in it is a mark, a summary or protected, states anything or holds cache points, as in nearly
            every message: who looks for one of these passes it by.
    """

    role: Role
    parts: tuple[Part, ...]
    raw: Any
    tokens: int
    run_id: str | None = None
    reported: int | None = None
    provider: str | None = None
    model: str | None = None
    server_state: bool = False
    edited: bool = False
    output: int = 0
    claimed: int | None = None
    plain: bool = False


def foreign_in(messages: Iterable[Message]) -> list[Foreign]:
    """What in these messages looks like notes of ours, and is not."""
    return [part.foreign for message in messages for part in message.parts if part.foreign]


FRAMING = 3
"""Tokens a chat template spends around one message (OpenAI's cookbook counts 3 for every model since 2023)."""


PART_FRAMING = {Kind.RESULT: 6, Kind.CALL: 6}
"""Tokens a part costs beside its text: ids and markers of calls and results; others cost none worth counting."""


def is_plain(parts: Iterable[Part]) -> bool:
    """Whether none of these is what makes a message no plain one; see `Message.plain`."""
    for part in parts:
        if part.protected or part.states or part.cache_points or part.kind is MARK or part.kind is SUMMARY:
            return False
    return True


def message_of(role: Role, parts: tuple[Part, ...]) -> Message:
    """A message made here, not read from a framework."""
    return Message(role, parts, None, FRAMING + sum(part.tokens for part in parts))
