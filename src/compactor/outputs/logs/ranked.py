"""Lines with ranks become pieces; lines that belong together become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compactor.outputs.pieces import NEVER, Piece

Covered = Mapping[int, tuple[int, Piece]]
"""First line -> the line after the last, and the piece that stands for them."""


def assembled(lines: Sequence[str], ranks: Sequence[float], covered: Covered) -> list[Piece]:
    """A piece for each line, or for the lines that `covered` joins; none for empty lines and empty pieces.

    Lines of the rank `NEVER` leave one empty piece behind, which marks the gap; they and the empty lines are counted
    by giving `pick` the number of all lines.
    """
    pieces: list[Piece] = []
    gap = False
    i = 0
    while i < len(lines):
        joined = covered.get(i)
        if joined is None:
            text, rank = lines[i], ranks[i]
            i += 1
            if rank == NEVER:
                if not gap and text.strip():
                    pieces.append(Piece('', NEVER, 0))
                    gap = True
                continue
            if not text.strip():
                continue
            pieces.append(Piece(text, rank))
        else:
            i, piece = joined
            if not piece.text:
                continue  # folded into another
            pieces.append(piece)
        gap = False
    return pieces
