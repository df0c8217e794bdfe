"""What a run's own part of a record says about what was taken out of it, for those who store only that part."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from compactor.compaction import Compaction
from compactor.history.message import MARK, Message

M = TypeVar('M')


def in_own_part(compaction: Compaction[Message], run: str | None) -> Compaction[Message]:
    """The compaction with its mark in a run's own part, if something of that part was taken out.

    Users store what a run has added, which frameworks tell by the run's id: without the mark such a record would not
    say that anything is missing. It stays where it is if messages of earlier runs follow it, so that these are not
    taken for the run's.
    """
    view = compaction.view
    if not compaction.applied or not run or not _lost(compaction, run):
        return compaction
    at = next((i for i in range(len(view) - 1, -1, -1) if _is_mark(view[i])), None)
    if at is None or any(message.run_id not in (run, None) for message in view[at + 1 :]):
        return compaction
    first = at
    while first and _is_mark(view[first - 1]):  # what the user said stands before the digest
        first -= 1
    owned = [*view[:first], *(replace(mark, run_id=run) for mark in view[first : at + 1]), *view[at + 1 :]]
    return replace(compaction, messages=owned, view=owned)


def _lost(compaction: Compaction[Message], run: str) -> bool:
    kept = {id(message.raw) for message in compaction.view}
    return any(message.run_id == run and id(message.raw) not in kept for message in compaction.before)


def _is_mark(message: Message) -> bool:
    return message.raw is None and any(part.kind is MARK for part in message.parts)
