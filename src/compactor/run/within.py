"""Runs within a run: a tool that asks another agent, with the same compactor, one of its own, or none.

What such a run takes out stays in the archive of its own conversation. What it hands up (its tool's result) may name
outputs by their handles; those, and nothing else of it, are then kept for the conversation above too, whose `recall`
finds them as its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from compactor.archive.archive import Archive
from compactor.archive.spaces import out_of
from compactor.outputs.notes import handles_in


@dataclass(slots=True)
class Enclosing:
    """A call of a tool, and what runs within it.

    Attributes:
        conversation: id of the outermost run's conversation, or of that run where it has none.
        archives: where the runs within it keep what they take out.
        tenant: whose the run is that makes it; runs of another tenant's within it hand nothing up.
    """

    conversation: str | None
    archives: list[Archive] = field(default_factory=list)
    tenant: str = ''

    def saw(self, archive: Archive | None) -> None:
        """Notes the archive of a run that is within."""
        if archive is not None and not any(archive is known for known in self.archives):
            self.archives.append(archive)

    def hand_up(self, text: str, archive: Archive) -> bool:
        """Keeps in an archive what a text names of the runs within; whether there is anything of that in it."""
        found = False
        for handle in dict.fromkeys(handles_in(text)):
            held = archive.get(handle) is not None
            for other in () if held else self.archives:
                data = None if other is archive else other.get(handle)
                if out_of('output', data) is not None and data is not None:
                    archive.put(data)
                    held = True
                    break
            found = found or held
        return found


_enclosing: ContextVar[Enclosing | None] = ContextVar('compactor_enclosing', default=None)


def enclosing() -> Enclosing | None:
    """The call of a tool that this task is within; None outside of any."""
    return _enclosing.get()


@contextmanager
def call_of(conversation: str | None, tenant: str = '') -> Iterator[Enclosing]:
    """Whatever runs within the block is within a call of a tool, made in this conversation or in one around it."""
    outer = _enclosing.get()
    within = Enclosing(outer.conversation if outer is not None else conversation, tenant=tenant)
    token = _enclosing.set(within)
    try:
        yield within
    finally:
        _enclosing.reset(token)
