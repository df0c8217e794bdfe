"""Chooses the lines that are worth most for their tokens.

A name is worth more the more the agent itself used it, the more messages hold it, and the more recent it is. A line
gains, for each of its names, by how much closer it brings the best kept line to the name's occurrences: how many of
an occurrence's words it shows. What the kept part of the history already shows gains nothing, and a name whose
occurrences are covered gains less with each further line. Lines are taken greedily by gain / tokens^DENSITY.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, nlargest

from compactor.digest.evidence import Candidate, Line, Voice

HALF = 12_000
"""Recency is 1 / (1 + tokens back / HALF)."""
OCCURRENCES = 8
"""Occurrences of a name that are weighed: its weightiest."""
CONSIDERED = 4
"""Candidates looked at closely, as a multiple of those that would fit."""
DENSITY = 0.6
"""Lines are taken by gain / tokens^DENSITY: 1 would favour the shortest, 0 the fullest."""
UNUSED = 3.0
"""What a name is worth that only outputs show; the agent's own use adds `_USE`."""

_RICH = [math.sqrt(max(size, 1)) for size in range(17)]
"""A line weighs more the more it says, up to 16 words."""
_USE = {Voice.CALL: 3.0, Voice.AGENT: 1.0, Voice.USER: 0.5, Voice.OUTPUT: 0.0}
_WEIGHT = {Voice.CALL: 4.0, Voice.AGENT: 2.0, Voice.USER: 2.0, Voice.OUTPUT: 1.0}


def recency(back: int) -> float:
    """How recent something is that lies `back` tokens before the end: 1 at the end, 0.5 at `HALF`."""
    return 1 / (1 + back / HALF)


@dataclass(slots=True)
class _Name:
    """What is known of one name."""

    steps: set[tuple[int, Voice]]
    voices: set[Voice]
    last: int
    last_call: int | None
    at: list[int]


def values(candidates: Sequence[Candidate]) -> tuple[dict[str, float], dict[str, list[int]]]:
    """What each name is worth, and the candidates that hold it."""
    names: dict[str, _Name] = {}
    for i, candidate in enumerate(candidates):
        for name in candidate.line.names:
            known = names.get(name)
            if known is None:
                known = names[name] = _Name(set(), set(), candidate.back, None, [])
            known.steps.add((candidate.step, candidate.voice))
            known.voices.add(candidate.voice)
            known.at.append(i)
            known.last = min(known.last, candidate.back)
            if candidate.voice is Voice.CALL:
                known.last_call = candidate.back if known.last_call is None else min(known.last_call, candidate.back)
    worth = {}
    for name, known in names.items():
        use = UNUSED + sum(_USE[voice] for voice in known.voices)
        called = 1 + 2 * recency(known.last_call) if known.last_call is not None else 1.0
        worth[name] = use * math.sqrt(len(known.steps)) * (0.15 + recency(known.last)) * called
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
    weights = [_WEIGHT[c.voice] * (0.3 + recency(c.back)) * _RICH[min(c.line.size, 16)] for c in candidates]
    occurrences = _occurrences(candidates, worth, holders, weights)
    covered: dict[str, list[float]] = {name: [0.0] * len(found) for name, found in occurrences.items()}

    def cover(line: Line, commit: bool) -> float:
        total = 0.0
        mine = line.words
        for name in line.names:
            seen = covered.get(name)
            if seen is None:
                continue
            for k, (theirs, size, weight) in enumerate(occurrences[name]):
                more = (theirs & mine).bit_count() / size - seen[k]
                if more > 0:
                    total += weight * more
                    if commit:
                        seen[k] += more
        return total

    for line in shown:
        cover(line, True)
    heap = _shortlist(candidates, weights, worth, budget, cost, bonus)
    chosen: list[int] = []
    left = budget
    while heap:
        _, i, fresh = heappop(heap)
        candidate = candidates[i]
        price = cost(candidate)
        if price > left:
            continue
        if fresh == len(chosen):
            chosen.append(i)
            left -= price
            cover(candidate.line, True)
            continue
        gain = cover(candidate.line, False) + bonus(candidate)
        if gain > 1e-9:
            density = gain / price**DENSITY
            entry = (-density, i, len(chosen))
            if not heap or -density <= heap[0][0]:
                chosen.append(i)
                left -= price
                cover(candidate.line, True)
            else:
                heappush(heap, entry)
    return chosen


def _occurrences(
    candidates: Sequence[Candidate],
    worth: Mapping[str, float],
    holders: Mapping[str, Sequence[int]],
    weights: Sequence[float],
) -> dict[str, list[tuple[int, int, float]]]:
    """The weightiest occurrences of each name, their weights adding up to the name's worth."""
    found: dict[str, list[tuple[int, int, float]]] = {}
    for name, at in holders.items():
        best = nlargest(OCCURRENCES, at, key=weights.__getitem__) if len(at) > OCCURRENCES else at
        total = sum(weights[i] for i in best)
        scale = worth[name] / total
        found[name] = [(candidates[i].line.words, candidates[i].line.size or 1, weights[i] * scale) for i in best]
    return found


def _shortlist(
    candidates: Sequence[Candidate],
    weights: Sequence[float],
    worth: Mapping[str, float],
    budget: int,
    cost: Callable[[Candidate], int],
    bonus: Callable[[Candidate], float],
) -> list[tuple[float, int, int]]:
    """A heap of the candidates worth a closer look, by the most they could gain."""
    scored: list[tuple[float, int, float, int]] = []
    for i, candidate in enumerate(candidates):
        most = bonus(candidate)
        for name in candidate.line.names:
            most += worth[name]
        if most > 0:
            price = cost(candidate)
            density = most / price**DENSITY
            scored.append((-density * weights[i], i, -density, price))
    scored.sort()
    heap: list[tuple[float, int, int]] = []
    room = budget * CONSIDERED
    for _, i, density, price in scored:
        if room <= 0:
            break
        room -= price
        heap.append((density, i, -1))
    heapify(heap)
    return heap
