"""Lines of which nothing is known: those that speak of errors and the ends, then from both ends inwards.

What is kept stands together as far as it can: scattered lines tell less, and each gap between them costs. So errors that
stand all over a text may take a share of the allowance, one of each kind first, and the rest of it goes to the ends.
Repeats are folded, and lines that were there before come last.
"""

from __future__ import annotations

import re
from collections import Counter

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarms
from compactor.outputs.pieces import Piece, pick

HEAD, TAIL = 8, 12
"""Lines at the beginning and at the end that come before the other lines."""
ALARMS_SHARE = 0.4
"""Share of the allowance that lines that speak of errors may take before the ends."""
PATIENCE = 5
"""Lines that are passed over where they do not fit."""
CHARACTERS = 3.3
"""Characters of a token, roughly."""

_VARIES = re.compile(r'0x[0-9a-fA-F]+|\d+')
"""What differs between two lines that say the same."""


def reduce_text(text: str, allowance: Allowance) -> str | None:
    """See the module."""
    pieces = folded(text.split('\n'), int(allowance.tokens * CHARACTERS * ALARMS_SHARE))
    return pick(pieces, allowance, patience=PATIENCE)


def folded(lines: list[str], room: int) -> list[Piece]:
    """Lines as pieces; a line that follows its like is folded into it. Errors come first up to `room` characters."""
    pieces: list[Piece] = []
    last = len(lines) - 1
    middle = max(1.0, last / 2)
    seen: Counter[str] = Counter()
    i = 0
    while i <= last:
        line = lines[i]
        end = i + 1
        while end <= last and lines[end] == line:
            end += 1
        same = end - i
        if not line.strip():
            pieces.append(Piece(line, 6.0, same))
            i = end
            continue
        shown = line if same == 1 else f'{line} (×{same:,})'
        near = i < HEAD or i > last - TAIL
        rank = 2.0 if near else 3.0 + min(i, last - i) / middle
        if alarms(line):
            like = _VARIES.sub('', line)
            seen[like] += 1
            if seen[like] == 1 and room > 0:
                rank = 1.0
                room -= min(len(shown), 600)
            elif near or seen[like] == 1:
                rank = 2.0
        pieces.append(Piece(shown, rank, same))
        i = end
    return pieces
