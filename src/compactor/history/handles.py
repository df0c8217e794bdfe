"""The handle that a mark ends with: where the archive keeps what a compaction took out of a history.

One mark in a history carries one handle, 16 hexadecimal digits (64 bits), which leads to everything that was ever
taken out of it. Whoever drives the pipeline stores a `Deposit` and answers with what was `Kept`; only then is the
handle rendered, so a mark never promises what is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from operator import is_
from typing import Protocol

from compactor.history.marks import Left, handle_of, left_out, rewrites, shortened, spoken, with_line
from compactor.history.message import FRAMING, MARK, Message, Part
from compactor.history.turns import History

HANDLE = 16
"""Digits of a handle."""
LINE_TOKENS = 56
"""Room for a handle's line: more than any costs in either bundled vocabulary (checked by a test)."""
NOTE_TOKENS = 40
"""Room for the mark that is made for the line where none stands, without what a framework says around it (checked by a
test)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An archive's answer to a deposit.

    Attributes:
        handle: where the deposit is, `HANDLE` hexadecimal digits.
        since: ordinal of the first step that can be had back; steps before it were never archived, or have gone.
    """

    handle: str
    since: int = 1


@dataclass(frozen=True, slots=True)
class Deposit:
    """What a compaction is about to take out of a history, for the driver to archive.

    Attributes:
        before: the messages as they were handed in, defects included.
        after: the messages as they will be sent; only the digits of the handle in them are still to come.
        history: the tree of what was handed in; its first step has the ordinal `left + 1`.
        left: steps that earlier compactions have left out already.
        parent: the handle that stood in the history, if any.
        strategies: what took it out, in order.
    """

    before: Sequence[Message]
    after: Sequence[Message]
    history: History
    left: int
    parent: str | None
    strategies: tuple[str, ...] = ()


UNKNOWN = Kept('0' * HANDLE)
"""Stands in the history of a deposit until its handle is known."""


class Counts(Protocol):
    """What counts texts, and knows what a framework says around a summary; such as a strategy's `Room`."""

    @property
    def count(self) -> Callable[[str], int]:
        """Counts a text."""
        ...

    @property
    def frame(self) -> int:
        """Tokens of the words around a summary."""
        ...


def marked(text: str, counts: Counts) -> Part:
    """A mark made here."""
    return Part(MARK, None, counts.count(text) + (counts.frame if rewrites(text) else 0), text)


def _relined(part: Part, line: str | None, count: Callable[[str], int]) -> Part:
    """A mark with another last line; what is said around it stays."""
    text = with_line(part.text, line)
    return part if text == part.text else part.with_text(text, part.tokens + count(text) - count(part.text))


def standing(parts: Iterable[Part]) -> tuple[Left, str | None]:
    """What the marks of a history say was left out, and the newest handle in them."""
    left, handle = Left(0, 0), None
    for part in parts:
        if part.kind is MARK:
            text = part.text
            left += left_out(text)
            handle = handle_of(text) or handle
    return left, handle


def line(kept: Kept, step: int, recall: bool) -> str:
    """The last line of a mark; `step` is the ordinal of the first step that follows in the history.

    Without the recall tool it says only that the archive holds the rest, for people and for `restore`.
    """
    since = f' from #{kept.since:,} on' if kept.since > 1 else ''
    what = f': recall(n) gives step n back in full{since}' if recall else f' holds in full what was left out{since}'
    return f'Archive {kept.handle}{what}; the next step here is #{step:,}.'


def bare(history: History, count: Callable[[str], int]) -> History:
    """The history as strategies should see it: without a handle's line, and without a mark that only carries one.

    Strategies replace marks; what the line costs must not make that look like a gain.
    """
    note = spoken(shortened())

    def edit(part: Part) -> Part | None:
        if part.kind is not MARK:
            return part
        lined = _relined(part, None, count)
        return None if spoken(lined.text) == note else lined

    return history.map(lambda _, prompt: prompt.only(edit))


def with_handle(history: History, text: str | None, count: Callable[[str], int]) -> History:
    """The history with `text` as the last line of its newest mark, and of no other; None leaves no such line.

    A history without a mark stays as it is.
    """
    marks = [part for part in history.rare if part.kind is MARK]
    last = next((part for part in reversed(marks) if left_out(part.text).steps), marks[-1] if marks else None)

    def edit(part: Part) -> Part:
        if part.kind is not MARK:
            return part
        return _relined(part, text if part is last else None, count)

    return history.map(lambda _, prompt: prompt.map(edit))


def named(messages: Sequence[Message], text: str, count: Callable[[str], int]) -> list[Message]:
    """The messages of a `Deposit` with `text` in the place of the line whose handle is not known yet."""

    def line_of(part: Part) -> Part:
        if part.kind is not MARK or handle_of(part.text) != UNKNOWN.handle:
            return part
        return _relined(part, text, count)

    written: list[Message] = []
    for message in messages:
        parts = tuple(map(line_of, message.parts)) if message.edited or message.raw is None else message.parts
        same = all(map(is_, parts, message.parts))
        written.append(
            message if same else replace(message, parts=parts, tokens=FRAMING + sum(p.tokens for p in parts))
        )
    return written
