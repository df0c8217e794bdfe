"""Lines of which nothing is known: those that speak of errors, then the ends, then the middle; repeats are folded."""

from __future__ import annotations

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarms
from compactor.outputs.pieces import Piece, pick

HEAD, TAIL = 8, 12
"""Lines at the beginning and at the end that come before the other lines."""


def reduce_text(text: str, allowance: Allowance) -> str | None:
    """See the module."""
    return pick(folded(text.split('\n')), allowance)


def folded(lines: list[str]) -> list[Piece]:
    """Lines as pieces; a line that follows its like is folded into it."""
    pieces: list[Piece] = []
    last = len(lines) - 1
    i = 0
    while i <= last:
        line = lines[i]
        end = i + 1
        while end <= last and lines[end] == line:
            end += 1
        same = end - i
        shown = line if same == 1 or not line.strip() else f'{line} (×{same:,})'
        rank = 4.0
        if not line.strip():
            rank = 6.0
        elif alarms(line):
            rank = 1.0
        elif i < HEAD or i > last - TAIL:
            rank = 2.0
        pieces.append(Piece(shown, rank, same))
        i = end
    return pieces
