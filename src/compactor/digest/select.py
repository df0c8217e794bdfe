"""Chooses the lines that are worth most for their tokens.

A name is worth more the more the agent itself used it, the more messages hold it, and the more recent it is. A line
gains, for each of its names, by how much closer it brings the best kept line to the name's occurrences: how many of
an occurrence's words it shows. What the kept part of the history already shows gains nothing, and a name whose
occurrences are covered gains less with each further line. Lines are taken greedily by gain / tokens^DENSITY.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush, nlargest

from compactor.digest.evidence import Candidate, Line, Voice
from compactor.digest.identifiers import specific

HALF = 12_000
"""Recency is 1 / (1 + tokens back / HALF)."""
OCCURRENCES = 8
"""Occurrences of a name that are weighed: its weightiest."""
CONSIDERED = 4
"""Candidates looked at closely, as a multiple of those that would fit."""
NEARLY = 0.9
"""A line is taken without looking further if it gains at least this share of what the next could gain at most."""
DENSITY = 0.6
"""Lines are taken by gain / tokens^DENSITY: 1 would favour the shortest, 0 the fullest."""
ENOUGH = 12.0
"""Beyond this a name's use says little more: it is everywhere, not more likely to be wanted."""
UNUSED = 3.0
"""What a name is worth that only outputs show; the agent's own use adds `_USE`."""

_RICH = [math.sqrt(max(size, 1)) for size in range(17)]
"""A line weighs more the more it says, up to 16 words."""
_USE = {Voice.CALL: 3.0, Voice.AGENT: 1.0, Voice.USER: 0.5, Voice.OUTPUT: 0.0}
_WEIGHT = {Voice.CALL: 4.0, Voice.AGENT: 2.0, Voice.USER: 2.0, Voice.OUTPUT: 1.0}


def recency(back: int) -> float:
    """How recent something is that lies `back` tokens before the end: 1 at the end, 0.5 at `HALF`."""
    return 1 / (1 + back / HALF)


class _Name:
    """What is known of one name.

    Attributes:
        at: the candidates that hold it.
        uses: the steps that do, once for each voice.
        last: tokens back to its last use.
        last_call: the same for the agent's calls; None if no call holds it.
    """

    __slots__ = ('at', 'last', 'last_call', 'uses')

    def __init__(self, back: int) -> None:
        self.at: list[int] = []
        self.uses: set[tuple[int, Voice]] = set()
        self.last = back
        self.last_call: int | None = None


def values(candidates: Sequence[Candidate]) -> tuple[dict[str, float], dict[str, list[int]]]:
    """What each name is worth, and the candidates that hold it."""
    names: dict[str, _Name] = {}
    for i, (line, step, voice, back) in enumerate(candidates):
        use = (step, voice)
        for name in line.names:
            known = names.get(name)
            if known is None:
                known = names[name] = _Name(back)
            known.at.append(i)
            known.uses.add(use)
            if back < known.last:
                known.last = back
            if voice is Voice.CALL and (known.last_call is None or back < known.last_call):
                known.last_call = back
    worth = {}
    for name, known in names.items():
        used = UNUSED + sum([_USE[voice] for voice in {voice for _, voice in known.uses}])
        called = 1 + 2 * recency(known.last_call) if known.last_call is not None else 1.0
        value = used * math.sqrt(len(known.uses)) * (0.15 + recency(known.last)) * called
        worth[name] = min(value, ENOUGH + value / 8) * specific(name)
    return worth, {name: known.at for name, known in names.items()}


def choose(
    candidates: Sequence[Candidate],
    worth: Mapping[str, float],
    holders: Mapping[str, Sequence[int]],
    shown: Iterable[Line],
    budget: int,
    cost: Callable[[Candidate], int],
    bonus: Callable[[Candidate], float],
) -> list[int]:
    """Indexes of the candidates to keep within about `budget` tokens, the worthiest first."""
    weights = [
        _WEIGHT[voice] * (0.3 + 1 / (1 + back / HALF)) * _RICH[min(line.size, 16)]
        for line, _, voice, back in candidates
    ]
    open_ = _occurrences(candidates, worth, holders, weights)
    for line in shown:
        _cover(open_, line)
    prices = [cost(candidate) for candidate in candidates]
    bonuses = [bonus(candidate) for candidate in candidates]
    heap = _shortlist(candidates, weights, worth, budget, prices, bonuses)
    chosen: list[int] = []
    left = budget
    while heap:
        _, i, fresh = heappop(heap)
        price = prices[i]
        if price > left:
            continue
        line = candidates[i].line
        if fresh != len(chosen):
            gain = _gain(open_, line) + bonuses[i]
            if gain <= 1e-9:
                continue
            density = gain / price**DENSITY
            if heap and density < -heap[0][0] * NEARLY:
                heappush(heap, (-density, i, len(chosen)))
                continue
        chosen.append(i)
        left -= price
        _cover(open_, line)
    return chosen


class _Occurrence:
    """One place of a name: the words of its line, what each is worth, and how many of them are kept so far."""

    __slots__ = ('each', 'kept', 'words')

    def __init__(self, words: int, each: float) -> None:
        self.words = words
        self.each = each
        self.kept = 0


Open = dict[str, list[_Occurrence]]
"""The occurrences of each name that no kept line covers whole."""


def _gain(occurrences: Open, line: Line) -> float:
    """What a line would add."""
    total = 0.0
    mine = line.words
    for name in line.names:
        for occurrence in occurrences.get(name, ()):
            more = (occurrence.words & mine).bit_count() - occurrence.kept
            if more > 0:
                total += occurrence.each * more
    return total


def _cover(occurrences: Open, line: Line) -> None:
    """A line is kept: what it covers of its names' occurrences gains nothing any more."""
    mine = line.words
    for name in line.names:
        found = occurrences.get(name)
        if found is None:
            continue
        for occurrence in found:
            shared = (occurrence.words & mine).bit_count()
            if shared > occurrence.kept:
                occurrence.kept = shared
        left = [occurrence for occurrence in found if occurrence.kept < occurrence.words.bit_count()]
        if left:
            occurrences[name] = left
        else:
            del occurrences[name]


def _occurrences(
    candidates: Sequence[Candidate],
    worth: Mapping[str, float],
    holders: Mapping[str, Sequence[int]],
    weights: Sequence[float],
) -> Open:
    """The weightiest occurrences of each name, their weights adding up to the name's worth."""
    found: Open = {}
    for name, at in holders.items():
        best = nlargest(OCCURRENCES, at, key=weights.__getitem__) if len(at) > OCCURRENCES else at
        scale = worth[name] / sum([weights[i] for i in best])
        occurrences = found[name] = []
        for i in best:
            line = candidates[i].line
            occurrences.append(_Occurrence(line.words, weights[i] * scale / (line.size or 1)))
    return found


def _shortlist(
    candidates: Sequence[Candidate],
    weights: Sequence[float],
    worth: Mapping[str, float],
    budget: int,
    prices: Sequence[int],
    bonuses: Sequence[float],
) -> list[tuple[float, int, int]]:
    """A heap of the candidates worth a closer look, by the most they could gain."""
    scored: list[tuple[float, int, float]] = []
    for i, candidate in enumerate(candidates):
        most = bonuses[i]
        for name in candidate.line.names:
            most += worth[name]
        if most > 0:
            density = most / prices[i] ** DENSITY
            scored.append((-density * weights[i], i, -density))
    scored.sort()
    heap: list[tuple[float, int, int]] = []
    room = budget * CONSIDERED
    for _, i, density in scored:
        if room <= 0:
            break
        room -= prices[i]
        heap.append((density, i, -1))
    heapify(heap)
    return heap
