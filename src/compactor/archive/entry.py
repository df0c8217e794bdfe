"""What is kept of a step: its text as a person would read it, and the fingerprints that find a part again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from compactor.history.handles import Deposit
from compactor.history.message import USER, Kind, Message, Part

_HEADS = {
    Kind.USER: 'user',
    Kind.TEXT: 'agent',
    Kind.CALL: 'call of {tool}',
    Kind.RESULT: 'result of {tool}',
    Kind.FEEDBACK: 'feedback',
    Kind.NATIVE_CALL: 'call of {tool}, which the provider runs',
    Kind.NATIVE_RESULT: 'result of {tool}, which the provider runs',
    Kind.OPAQUE: 'content that is not text',
}
"""How each part of a step is headed; what is not here (thinking, the framework's bookkeeping) is left out."""


def text_of(parts: Sequence[Part]) -> str:
    """A step's text: every part verbatim under a line that says what it is."""
    return '\n'.join(f'--- {_head(part)}\n{part.text}' for part in parts if part.kind in _HEADS)


def _head(part: Part) -> str:
    head = _HEADS[part.kind].format(tool=part.tool or 'a tool')
    notes = [note for note, holds in (('failed', part.failed), ('with media, not shown', part.media)) if holds]
    return f'{head} ({", ".join(notes)})' if notes else head


def taken_out(deposit: Deposit) -> Iterator[tuple[int, list[Part]]]:
    """Ordinal and parts of each step that the compaction removes or reduces; a prompt goes with the step after it."""
    kept = {id(part) for message in deposit.after for part in message.parts}
    ordinal = deposit.left
    words: list[Part] = []
    for exchange in deposit.history.exchanges:
        words += [part for s in exchange.prompts for part in s.parts if part.kind is USER]
        for step in exchange.steps:
            ordinal += 1
            parts, words = [*words, *step.parts], []
            if any(_counts(part) and id(part) not in kept for part in parts):
                yield ordinal, parts


def _counts(part: Part) -> bool:
    return part.kind in _HEADS and part.raw is not None


def fingerprint(part: Part) -> str:
    """Finds a part again by what it says, after a reload or a merge, in any version of the framework."""
    said = '\0'.join((part.call_id, part.tool, part.text))
    return f'{part.kind.value}:{hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]}'


def ending(messages: Sequence[Message]) -> Sequence[Message]:
    """The requests behind the last response."""
    at = next((i for i in range(len(messages), 0, -1) if messages[i - 1].role == 'response'), 0)
    return messages[at:]
