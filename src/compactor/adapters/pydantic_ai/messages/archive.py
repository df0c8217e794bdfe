"""The history rebuilt from what the archive keeps of pydantic-ai messages: `restore`."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.archive import restoring
from compactor.archive.archive import Archive
from compactor.history.seal import Seal
from compactor.run.keys import KeyLike, key_for


def restore(messages: Sequence[ModelMessage], archive: Archive, *, key: KeyLike | None = None) -> list[ModelMessage]:
    """The whole history: what compactions took out of it comes back as it was, followed by what came after.

    Compactions are undone one by one, newest first. What the framework merged over the end of a compacted history
    is told apart by content. A history in which nothing was left out is returned as it is. Defects that were mended
    in a compaction come back too; those mended when nothing had to be compacted do not, as that leaves no mark.

    Args:
        messages: a compacted history, also after more was appended, and after a reload from JSON.
        archive: the archive that was in use, such as `compactor.archive`.
        key: the key that was in use; as for `Compactor`.

    Returns:
        Messages whose JSON is that of the originals; those that still stood in the history are the same objects.

    Raises:
        ArchiveExpired: the archive does not (or no longer) hold what was left out; the message says what.
        HistoryError: the history was cut behind its mark, so that its end is not known; or what the archive gives
            back leads in a circle.
    """
    return restoring.restore(FORMAT, messages, archive, key_for(key, archive))


def newest_handle(messages: Sequence[ModelMessage], seal: Seal | None = None) -> str | None:
    """The handle in the newest mark of a history, if any has one; `seal` is by default that of the process's key."""
    seal = FORMAT.seal(messages, key_for(None, None)) if seal is None else seal
    return restoring.newest_handle(FORMAT, messages, seal)
