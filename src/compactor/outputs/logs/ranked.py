"""Lines with ranks become pieces; lines that belong together become one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import NEVER, PATIENCE, Piece

Covered = Mapping[int, tuple[int, Piece]]
"""First line -> the line after the last, and the piece that stands for them."""


def assembled(lines: Sequence[str], ranks: Sequence[float], covered: Covered, allowance: Allowance) -> list[Piece]:
    """A piece for each line, or for the lines that `covered` joins; none for empty lines and empty pieces.

    Of a long text only the best lines, as many as could be within the allowance, become pieces; all, if there is a
    question, which may prefer any of them.

    Lines of the rank `NEVER` leave one empty piece behind, which marks the gap; they and the empty lines are counted
    by giving `pick` the number of all lines.
    """
    ranks = _best(lines, ranks, allowance)
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


def _best(lines: Sequence[str], ranks: Sequence[float], allowance: Allowance) -> Sequence[float]:
    """The ranks, with `NEVER` for those that cannot be reached: each line costs a token at least."""
    most = allowance.tokens + PATIENCE
    if len(lines) <= most * 2 or allowance.question:
        return ranks
    order = sorted((i for i, line in enumerate(lines) if line), key=ranks.__getitem__)
    best = [NEVER] * len(lines)
    for i in order[:most]:
        best[i] = ranks[i]
    return best
