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
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from compactor.outputs.allowance import Allowance

GAP = '…'
"""Stands between two kept pieces where others are missing."""
LONGEST = 600
"""Characters of one line at most, where there is more than fits; of a longer one beginning and end are kept."""
DENSEST = 7
"""Characters of a token at most, roughly: what is longer in all does not fit even so."""
SAMPLE = 4_000
"""Characters counted to find out how many tokens a character of this text costs."""
NEVER = math.inf
"""Rank of a piece that is never shown, only counted among what was left out; its text may be empty."""
ASKED = 1.0
"""Rank of a piece that holds what the question names, if it had no better one."""
COMMON = 0.3
"""Share of the pieces beyond which a question tells nothing about them."""
PATIENCE = 200
"""Pieces that are passed over where they do not fit."""
APART = 1.5
"""Tokens that a piece costs besides its text: the end of its line, and often a gap."""
AROUND_CUT = 32
"""Characters that stand for what was cut out of a line."""
FULL = 0.93
"""Share of the allowance from which it is used well enough."""
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
    patience: int = PATIENCE,
) -> str | None:
    """The pieces worth most, in their order, within the allowance; None if not even the first fits.

    Args:
        pieces: the whole text, in order.
        allowance: how much may be shown; pieces that its question names rank one better.
        unit: what `Piece.lines` counts, for the note.
        of: how many there were in all, where not every line has a piece.
        gap: the line that stands for the missing pieces from the first index to before the second, '' for none;
            `GAP` without it.
        patience: how many pieces may be passed over that do not fit, in search of smaller ones; with fewer, what is
            kept of a text without ranks stays together.
    """
    if not pieces:
        return None
    texts = _Texts(pieces)
    ranks = [piece.rank for piece in pieces]
    for i in _asked(texts, allowance):
        ranks[i] = _asked_rank(ranks[i])
    order = sorted([i for i, rank in enumerate(ranks) if rank < NEVER], key=ranks.__getitem__)
    total = of if of is not None else sum([piece.lines for piece in pieces])
    note = allowance.count(allowance.left_out(f'{total:,} of {total:,} {unit}')) + 2
    room = allowance.tokens - note
    if room <= 0:
        return None
    per_character = _density(texts, order, allowance)
    lengths = texts.lengths(order, allowance.tokens * DENSEST)
    budget = float(room)
    must, best = _must(
        pieces, order, ranks, texts, lambda shown: _joined(pieces, texts, shown, total, unit, allowance, gap), allowance
    )
    taken = allowance.count(best) - note if best is not None else 0
    most = (len(must), 0)
    low, high = 0.0, float('inf')
    for _ in range(ROUNDS):
        cut = texts.widen(lengths, budget / per_character, APART / per_character) if per_character else False
        shown = _affordable(order, texts, per_character, budget - taken, patience, must)
        text = _joined(pieces, texts, shown, total, unit, allowance, gap)
        size = allowance.count(text)
        if shown and size <= allowance.tokens:
            if (len(shown), len(text)) > most:
                best, most = text, (len(shown), len(text))
            low = budget
            if (len(shown) == len(order) and not cut) or size >= allowance.tokens * FULL:
                break
        else:
            high = budget
        scaled = budget * (allowance.tokens - note / 2) / max(1, size)
        budget = scaled if low < scaled < high else (low + min(high, budget * 2)) / 2
    return best


def _must(
    pieces: Sequence[Piece],
    order: Sequence[int],
    ranks: Sequence[float],
    texts: _Texts,
    joined: Callable[[Sequence[int]], str],
    allowance: Allowance,
) -> tuple[set[int], str | None]:
    """The pieces that are always shown, and the result with them alone; none where they do not fit together."""
    must = sorted(i for i in order if ranks[i] < 0)
    if len(must) < 2 or sum([len(texts.whole[i]) for i in must]) > allowance.tokens * DENSEST:
        return set(), None
    text = joined(must)
    return (set(must), text) if allowance.count(text) <= allowance.tokens else (set(), None)


def clipped(text: str, longest: int = LONGEST) -> str:
    """A text whose over-long lines keep two thirds of `longest` from the beginning and one from the end."""
    if len(text) <= longest:
        return text
    if '\n' in text:
        return '\n'.join(clipped(line, longest) for line in text.split('\n'))
    head = longest * 2 // 3
    return f'{text[:head]} …{len(text) - longest:,} characters… {text[-(longest - head) :]}'


class _Texts:
    """The texts of pieces as they are shown, clipped when first asked for: of a long text few are."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self.whole = [piece.text for piece in pieces]
        self.longest = LONGEST
        self.clipped: dict[int, str] = {}

    def __getitem__(self, i: int) -> str:
        text = self.whole[i]
        if len(text) <= self.longest:
            return text
        if i not in self.clipped:
            self.clipped[i] = clipped(text, self.longest)
        return self.clipped[i]

    def lengths(self, order: Sequence[int], most: int) -> list[int]:
        """The lengths of all lines, in ascending order; none where there are so many that they cannot all fit."""
        if len(order) > most or sum([min(len(self.whole[i]), LONGEST) for i in order]) > most:
            return []
        return sorted(len(line) for i in order for line in self.whole[i].split('\n'))

    def widen(self, lengths: Sequence[int], room: float, apart: float) -> bool:
        """Cuts over-long lines no shorter than it takes to bring all lines within `room` characters; whether it cuts.

        `apart` is what each line costs besides, in characters.
        """
        longest, left = LONGEST, room
        for n, length in enumerate(lengths):
            share = left / (len(lengths) - n) - apart - AROUND_CUT
            if length > max(share, LONGEST):
                longest = max(LONGEST, int(share))
                break
            left -= length + apart
        else:
            longest = max(LONGEST, lengths[-1] if lengths else 0)
        if longest != self.longest:
            self.longest = longest
            self.clipped.clear()
        return bool(lengths) and longest < lengths[-1]


def _asked(texts: _Texts, allowance: Allowance) -> set[int]:
    """Which pieces hold what the question names; none where it names what stands everywhere."""
    if not allowance.question:
        return set()
    number = len(texts.whole)
    most = max(3, number * COMMON)
    lower = [texts[i].lower() for i in range(number)]
    joined = '\n'.join(lower)
    starts: list[int] = []
    found: set[int] = set()
    for word in allowance.question:
        word = word.lower()
        at = joined.find(word) if word else -1
        if at >= 0 and not starts:
            starts = list(accumulate((len(text) + 1 for text in lower), initial=0))
        while at >= 0:
            i = bisect_right(starts, at) - 1
            found.add(i)
            if len(found) > most:
                return set()
            at = joined.find(word, starts[i + 1])
    return found


def _asked_rank(rank: float) -> float:
    """What is asked for stands right behind the errors; what is never shown stays that."""
    return min(rank - 1, ASKED) if 1 <= rank < NEVER else rank


def _density(texts: _Texts, order: Sequence[int], allowance: Allowance) -> float:
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


def _affordable(
    order: Sequence[int], texts: _Texts, per_character: float, budget: float, patience: int, must: set[int]
) -> list[int]:
    """The first pieces that fit, in the order of the text; smaller ones behind one that does not fit are taken too."""
    shown = list(must)
    misses = 0
    for i in order:
        if i in must:
            continue
        cost = len(texts[i]) * per_character + APART
        if cost <= budget:
            budget -= cost
            shown.append(i)
        else:
            misses += 1
            if budget < 2 or misses > patience:
                break
    shown.sort()
    return shown


def _joined(
    pieces: Sequence[Piece],
    texts: _Texts,
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
