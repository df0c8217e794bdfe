"""Sizes and lawfulness of a result, by the library's own reading and its rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor import counter_for
from compactor.adapters.pydantic_ai.messages.compact import read
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import write
from compactor.history import rules
from compactor.history.message import Kind, Message
from compactor.history.write import write as assembled

MODEL = 'gpt-4o'
"""Everything is counted with its public tokenizer, o200k_base."""
COUNTER = counter_for(MODEL)


def mended(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """The history with the defects of its recording repaired, as every row gets it."""
    tracker = read(messages, COUNTER)
    parsed = tracker.snapshot()
    return write(assembled(parsed.history.segments)) if parsed.repairs else list(messages)


def view(messages: Sequence[ModelMessage]) -> list[Message]:
    """The neutral, counted view of a history."""
    return MessageReader(COUNTER).read(messages)


def view_of_result(before: Sequence[Message], after: Sequence[ModelMessage]) -> list[Message]:
    """A fresh reading of a compacted history in which recorded messages and words are known again.

    The rules go by identity. A message that is the recorded object is taken as it was read; user and protected parts
    that were rebuilt with the same text count as the recorded ones.
    """
    known = {id(message.raw): message for message in before}
    fresh = iter(view([raw for raw in after if id(raw) not in known]))
    words = {_key(part): part.raw for m in before for part in m.parts if part.protected or part.kind is Kind.USER}

    def recognised(message: Message) -> Message:
        parts = tuple(replace(part, raw=words.get(_key(part), part.raw)) for part in message.parts)
        return replace(message, parts=parts)

    return [known.get(id(raw)) or recognised(next(fresh)) for raw in after]


def _key(part: Any) -> tuple[Kind, str, str]:
    return part.kind, part.text, part.call_id


def violations(before: Sequence[Message], after: Sequence[Message]) -> tuple[str, ...]:
    """Every broken law, in words."""
    return tuple(f'{broken.law}: {broken.detail}' for broken in rules.check(before, after))


def size(messages: Sequence[Message]) -> int:
    """Tokens of a history, framing included."""
    return sum(message.tokens for message in messages)
