"""When a step went: which compaction took it, by what, and what it left of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from compactor.archive.archive import Archive
from compactor.archive.manifest import chain


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a step.

    Attributes:
        step: its ordinal.
        compaction: which of the compactions that the archive knows took it, from 1.
        of: how many it knows.
        handle: of what that compaction took out.
        strategies: what took it out, in order; empty where nobody has said.
        together: how many steps went with it, itself included.
        held: whether its text can still be recalled.
        kept: lines of the history that still say something of it, as digests quote them.
    """

    step: int
    compaction: int
    of: int
    handle: str
    strategies: tuple[str, ...]
    together: int
    held: bool
    kept: tuple[str, ...]


def forgotten(archive: Archive, handle: str | None, step: int, marks: Sequence[str]) -> Forgotten | None:
    """What became of a step; None where no compaction that the archive knows has taken it.

    Args:
        archive: of the conversation.
        handle: the one in its newest mark.
        step: the ordinal of the step.
        marks: what the notes in the history say.
    """
    manifests = list(chain(archive, handle))
    for i, manifest in enumerate(manifests):
        key = manifest.steps.get(step)
        if key is not None:
            held = archive.get(key) is not None
            number = len(manifests) - i
            together = len(manifest.steps)
            kept = tuple(line for text in marks for line in told_of(step, text))
            return Forgotten(step, number, len(manifests), manifest.handle, manifest.strategies, together, held, kept)
    return None


def told_of(step: int, mark: str) -> list[str]:
    """The lines of a note that quote a step: they begin with, or hold, its number as digests write it."""
    number = re.compile(rf'(?<![\w#])#{step}(?![\d,])')
    return [line.strip() for line in mark.split('\n') if number.search(line) and not line.startswith('Archive ')]
