"""Lines of which nothing is known: those that speak of errors and the ends, then from both ends inwards.

What is kept stands together as far as it can: scattered lines tell less, and each gap between them costs. So errors
that stand all over a text may take a share of the allowance, one of each kind, and the rest of it goes to the ends.
Repeats are folded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.pieces import LONGEST, NEVER, Piece, pick

HEAD, TAIL = 8, 12
"""Lines at the beginning and at the end that come before the other lines."""
ENDING = 3
"""Lines at the end that come before the first one."""
ALARMS_SHARE = 0.4
"""Share of the allowance that lines that speak of errors may take before the ends."""
PATIENCE = 5
"""Lines that are passed over where they do not fit."""
CHARACTERS = 3.3
"""Characters of a token, roughly."""

_VARIES = re.compile(r'0x[0-9a-fA-F]+|\d+')
"""What differs between two lines that say the same."""
_Run = tuple[int, int]
"""A line that is repeated: its first number, and that of the line after its last."""


def reduce_text(text: str, allowance: Allowance) -> str | None:
    """See the module."""
    lines = text.split('\n')
    ranks = _alarm_ranks(lines, alarming(lines), allowance)
    return pick(_pieces(lines, ranks, allowance), allowance, of=len(lines), patience=PATIENCE)


def _alarm_ranks(lines: Sequence[str], alarms: Sequence[int], allowance: Allowance) -> dict[int, float]:
    """The ranks of the lines that speak of errors: first one of each kind, up to their share of the allowance."""
    room = allowance.tokens * CHARACTERS * ALARMS_SHARE
    seen: set[str] = set()
    ranks: dict[int, float] = {}
    for i in alarms:
        if room <= 0:
            break
        like = _VARIES.sub('', lines[i][:LONGEST])
        if like not in seen:
            seen.add(like)
            ranks[i] = -2.0 if not ranks else 1.0
            room -= min(len(lines[i]), LONGEST)
    return ranks


def _pieces(lines: Sequence[str], alarms: dict[int, float], allowance: Allowance) -> list[Piece]:
    """The ends, as much of them as could be within the allowance, and what speaks of errors or is asked for."""
    most = allowance.tokens + PATIENCE
    head = _runs(lines, most)
    stop = head[-1][1]
    tail = [(len(lines) - end, len(lines) - start) for start, end in _runs(lines[: stop - 1 : -1], most)][::-1]
    begin = tail[0][0] if tail else len(lines)
    middle = {i for i in alarms if stop <= i < begin}
    asks = allowance.asking('\n'.join(lines[stop:begin])) if begin > stop and allowance.question else None
    if asks is not None:
        middle.update([i for i in range(stop, begin) if asks(lines[i])][:most])
    pieces: list[Piece] = []
    last, half = len(lines) - 1, max(1.0, len(lines) / 2)
    before = 0
    for start, end in [*head, *((i, i + 1) for i in sorted(middle)), *tail]:
        if start > before:
            pieces.append(Piece('', NEVER, 0))
        before = end
        line, same = lines[start], end - start
        near = start < HEAD or start > last - TAIL
        rank = min(alarms.get(start, 4.0), _near(start, last) if near else 3.0 + min(start, last - start) / half)
        again = same > 1 and line and not line.isspace()
        pieces.append(Piece(f'{line} (×{same:,})' if again else line, rank, same))
    return pieces


def _near(i: int, last: int) -> float:
    """The rank of a line near an end: the last of all stays, a few more come first, then both ends get their turn."""
    if i == last:
        return -1.0
    return 1.8 + (last - i) * 0.01 if i > last - TAIL else 1.8 + (i + ENDING) * 0.01 + 0.005


def _runs(lines: Sequence[str], most: int) -> list[_Run]:
    """The first runs of equal lines, up to a number of them."""
    runs: list[_Run] = []
    start = 0
    while start < len(lines) and len(runs) < most:
        line = lines[start]
        end = start + 1
        while end < len(lines) and lines[end] == line:
            end += 1
        runs.append((start, end))
        start = end
    return runs
