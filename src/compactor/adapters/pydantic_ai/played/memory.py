"""What an agent still has of the steps that were left out of its history: its digest, and a recall from the archive."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.compact import read
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.archive.archive import Archive
from compactor.archive.recall import recall
from compactor.history.message import Kind
from compactor.run.keys import key_for
from compactor.tokens.counter import counter_for

OPENING = 3
"""Lines shown of each section of a digest."""
RECALLED = 8
"""Lines shown of the step that is recalled."""


@dataclass(frozen=True, slots=True)
class Memory:
    """A digest in short, and one of its steps in full.

    Attributes:
        tokens: size of the digest, and of what the user said beside it.
        shown: its first line and how each section begins.
        step: the step that was recalled.
        recalled: how the answer begins.
    """

    tokens: int
    shown: tuple[str, ...]
    step: int
    recalled: tuple[str, ...]


def memory_of(messages: Sequence[ModelMessage], archive: Archive | None) -> Memory | None:
    """What stands for left-out steps in a history; None if nothing does, or nothing of it was archived."""
    counter = counter_for(None)
    seal = FORMAT.seal(messages, key_for(None, archive))
    parts = [part for message in read(messages, counter, seal).messages for part in message.parts]
    marks = [part for part in parts if part.kind is Kind.MARK]  # what the user said, and the digest
    handle = newest_handle(messages, seal)
    if not marks or archive is None or handle is None:
        return None
    text = '\n'.join(mark.text for mark in marks)
    steps = [int(found) for found in re.findall(r'^#(\d+) ', text, re.MULTILINE)]
    step = steps[0] if steps else 1
    answer = recall(archive, handle, step, fit=counter.fit)
    tokens = sum(mark.tokens for mark in marks)
    shown = tuple(line for mark in marks for line in _short(mark.text))
    return Memory(tokens, shown, step, tuple(answer.splitlines()[:RECALLED]))


def _short(digest: str) -> list[str]:
    """The first line, and of each section its title, if it has one, and the lines it begins with."""
    first, *lines = digest.splitlines()
    shown, left = [first], OPENING
    for line in lines:
        left = OPENING + 1 if line.startswith('## ') else left
        if left > 0:
            shown.append(line)
        left -= 1
    return shown
