"""What an archive keeps is typed: bytes that were kept as one thing are never read as another.

The first line of an entry says what it is, and its key is the hash of the whole. So no output, however it reads, has
the key of a manifest, and none is taken for a message. Outputs are kept as they are, but for those that begin like such
a line.
"""

from __future__ import annotations

from typing import Final, Literal

Space = Literal['output', 'message', 'step', 'manifest']
"""A tool's whole output, a framework's message, a step as a model reads it, what one compaction took out."""
VERSION: Final = 1
_BEGINS = b'compactor '


def put_in(space: Space, data: bytes) -> bytes:
    """The entry that keeps these bytes as such a thing."""
    return data if space == 'output' and not data.startswith(_BEGINS) else _head(space) + data


def out_of(space: Space, entry: bytes | None) -> bytes | None:
    """What an entry keeps; None where there is none, or it keeps something else."""
    head = _head(space)
    if entry is not None and entry.startswith(head):
        return entry[len(head) :]
    return entry if space == 'output' and entry is not None and not entry.startswith(_BEGINS) else None


def _head(space: Space) -> bytes:
    return f'compactor {space} {VERSION}\n'.encode()
