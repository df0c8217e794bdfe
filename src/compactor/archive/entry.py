"""What is kept of a step: its text as a person would read it, and the fingerprints that find a part again."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence

from compactor.history.handles import Deposit
from compactor.history.marks import spoken
from compactor.history.message import MARK, SUMMARY, USER, Kind, Message, Part
from compactor.quoting import one_line

_HEADS = {
    Kind.USER: 'user',
    Kind.TEXT: 'agent',
    Kind.CALL: 'call of {tool}',
    Kind.RESULT: 'result of {tool}',
    Kind.FEEDBACK: 'feedback',
    Kind.SUMMARY: 'summary of what came before',
    Kind.NATIVE_CALL: 'call of {tool}, which the provider runs',
    Kind.NATIVE_RESULT: 'result of {tool}, which the provider runs',
    Kind.OPAQUE: 'content that is not text',
}
"""How each part of a step is headed; what is not here (thinking, the framework's bookkeeping) is left out."""


_RULE = re.compile(r'^(-{3,}) ', re.MULTILINE)


def text_of(parts: Sequence[Part]) -> str:
    """A step's text: every part verbatim under a line that says what it is.

    That line begins with more dashes than any line of the parts, so that nothing quoted can pass for one.
    """
    told = [(_head(part), part.text) for part in parts if part.kind in _HEADS]
    rule = '-' * (1 + max((len(found[1]) for _, text in told for found in _RULE.finditer(text)), default=2))
    return '\n'.join(f'{rule} {head}\n{text}' for head, text in told)


def _head(part: Part) -> str:
    head = _HEADS[part.kind].format(tool=one_line(part.tool) or 'a tool')
    notes = [note for note, holds in (('failed', part.failed), ('with media, not shown', part.media)) if holds]
    return f'{head} ({", ".join(notes)})' if notes else head


def taken_out(deposit: Deposit) -> Iterator[tuple[int, list[Part]]]:
    """Ordinal and parts of each step that the compaction removes or reduces; a prompt goes with the step after it."""
    kept = {id(part) for message in deposit.after for part in message.parts}
    ordinal = deposit.left
    words: list[Part] = []
    for exchange in deposit.history.exchanges:
        words += [part for s in exchange.prompts for part in s.parts if part.kind in (USER, SUMMARY)]
        for step in exchange.steps:
            ordinal += 1
            parts, words = [*words, *step.parts], []
            if any(_counts(part) and id(part) not in kept for part in parts):
                yield ordinal, parts


def _counts(part: Part) -> bool:
    return part.kind in _HEADS and part.raw is not None


def fingerprint(part: Part) -> str:
    """Finds a part again by what it says, after a reload or a merge, in any version of the framework."""
    text = spoken(part.text) if part.kind is MARK else part.text  # whatever seal it had
    said = '\0'.join((part.call_id, part.tool, text))
    return f'{part.kind.value}:{hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]}'


def ending(messages: Sequence[Message]) -> Sequence[Message]:
    """The requests behind the last response."""
    at = next((i for i in range(len(messages), 0, -1) if messages[i - 1].role == 'response'), 0)
    return messages[at:]
