"""Picks the pieces of a text that are worth most, within an allowance, and says how much is missing.

Most reducers only rank: they turn a text into pieces (a line, or lines that belong together, or one line standing for
many), and this module keeps the best of them in their order:

    --- FAIL: test_totals
    …
    E   assert 3 == 4
    [1,286 of 1,290 lines left out]
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from compactor.outputs.allowance import Allowance

GAP = '…'
"""Stands between two kept pieces where others are missing."""
LONGEST = 600
"""Characters of one line at most; of a longer one the beginning and the end are kept."""
SAMPLE = 4_000
"""Characters counted to find out how many tokens a character of this text costs."""
NEVER = math.inf
"""Rank of a piece that is never shown, only counted among what was left out; its text may be empty."""
ASKED = 1.0
"""Rank of a piece that holds what the question names, if it had no better one."""
COMMON = 0.3
"""Share of the pieces beyond which a question tells nothing about them."""
ROUNDS = 6
"""Attempts to meet the allowance; each is counted exactly, and the last is cut where it still is too large."""


class Piece(NamedTuple):
    """A part of a text that is kept or left out as one.

    Attributes:
        text: as it will be shown; may differ from the original where lines were folded.
        rank: the lower, the sooner it is kept; equal ranks in the order of the text. Below 0: always, if anything.
        lines: how many lines of the original it stands for.
    """

    text: str
    rank: float
    lines: int = 1


def pick(
    pieces: Sequence[Piece],
    allowance: Allowance,
    *,
    unit: str = 'lines',
    of: int | None = None,
    gap: Callable[[int, int], str] | None = None,
) -> str | None:
    """The pieces worth most, in their order, within the allowance; None if not even the first fits.

    Args:
        pieces: the whole text, in order.
        allowance: how much may be shown; pieces that its question names rank one better.
        unit: what `Piece.lines` counts, for the note.
        of: how many there were in all, where not every line has a piece.
        gap: the line that stands for the missing pieces from the first index to before the second, '' for none;
            `GAP` without it.
    """
    if not pieces:
        return None
    texts = [clipped(piece.text) for piece in pieces]
    wanted = [i for i, piece in enumerate(pieces) if piece.rank < NEVER]
    asked = _asked(texts, allowance)
    order = sorted(wanted, key=lambda i: (_rank(pieces[i].rank, i in asked), i))
    total = of if of is not None else sum(piece.lines for piece in pieces)
    note = allowance.count(allowance.left_out(f'{total:,} of {total:,} {unit}')) + 2
    room = allowance.tokens - note
    if room <= 0:
        return None
    per_character = _density(texts, order, allowance)
    costs = [len(text) * per_character + 1.5 for text in texts]
    budget = float(room)
    best: str | None = None
    most = 0
    low, high = 0.0, float('inf')
    for _ in range(ROUNDS):
        shown = _affordable(order, costs, budget)
        text = _joined(pieces, texts, shown, total, unit, allowance, gap)
        size = allowance.count(text)
        if shown and size <= allowance.tokens:
            if len(text) > most:
                best, most = text, len(text)
            low = budget
            if len(shown) == len(order) or size >= allowance.tokens * 0.93:
                break
        else:
            high = budget
        scaled = budget * (allowance.tokens - note / 2) / max(1, size)
        budget = scaled if low < scaled < high else (low + min(high, budget * 2)) / 2
    return best


def clipped(text: str, longest: int = LONGEST) -> str:
    """A text whose over-long lines keep two thirds of `longest` from the beginning and one from the end."""
    if len(text) <= longest:
        return text
    if '\n' in text:
        return '\n'.join(clipped(line, longest) for line in text.split('\n'))
    head = longest * 2 // 3
    return f'{text[:head]} …{len(text) - longest:,} characters… {text[-(longest - head) :]}'


def _asked(texts: Sequence[str], allowance: Allowance) -> set[int]:
    """Which pieces hold what the question names; none where it names what stands everywhere."""
    asks = allowance.asking('\n'.join(texts))
    if asks is None:
        return set()
    found = {i for i, text in enumerate(texts) if asks(text)}
    return found if len(found) <= max(3, len(texts) * COMMON) else set()


def _rank(rank: float, asked: bool) -> float:
    """What is asked for stands right behind the errors; what is never shown stays that."""
    return min(rank - 1, ASKED) if asked and rank >= 1 else rank


def _density(texts: Sequence[str], order: Sequence[int], allowance: Allowance) -> float:
    """Tokens that a character of the best pieces costs."""
    sample: list[str] = []
    size = 0
    for i in order:
        sample.append(texts[i])
        size += len(texts[i]) + 1
        if size >= SAMPLE:
            break
    joined = '\n'.join(sample)[: SAMPLE * 2]
    return allowance.count(joined) / max(1, len(joined))


def _affordable(order: Sequence[int], costs: Sequence[float], budget: float) -> list[int]:
    """The first pieces that fit, in the order of the text; smaller ones behind one that does not fit are taken too."""
    shown: list[int] = []
    misses = 0
    for i in order:
        if costs[i] <= budget:
            budget -= costs[i]
            shown.append(i)
        else:
            misses += 1
            if budget < 2 or misses > 200:
                break
    shown.sort()
    return shown


def _joined(
    pieces: Sequence[Piece],
    texts: Sequence[str],
    shown: Sequence[int],
    total: int,
    unit: str,
    allowance: Allowance,
    gap: Callable[[int, int], str] | None,
) -> str:
    lines: list[str] = []
    kept = 0
    before = -1
    for i in shown:
        if i > before + 1:
            lines += _mark(gap, before + 1, i)
        lines.append(texts[i])
        kept += pieces[i].lines
        before = i
    if before < len(pieces) - 1 and lines:
        lines += _mark(gap, before + 1, len(pieces))
    if kept < total:
        lines.append(allowance.left_out(f'{total - kept:,} of {total:,} {unit}'))
    return '\n'.join(lines)


def unmarked(begin: int, end: int) -> str:
    """No mark where pieces are missing: for `pick` where kept pieces already count what is below them."""
    return ''


def _mark(gap: Callable[[int, int], str] | None, begin: int, end: int) -> list[str]:
    mark = GAP if gap is None else gap(begin, end)
    return [mark] if mark else []
