"""Chooses the lines that are worth most for their tokens.

A name is worth more the more the agent itself used it, the more messages hold it, and the more recent it is. A line
gains, for each of its names, by how much closer it brings the best kept line to the name's occurrences: how many of
an occurrence's words it shows. What the kept part of the history already shows gains nothing, and a name whose
occurrences are covered gains less with each further line. Lines are taken greedily by gain / tokens^DENSITY.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from heapq import heapify, heappop, heapreplace
from typing import Any

from compactor.digest.evidence import Lines, Voice
from compactor.digest.identifiers import specific
from compactor.digest.record import Record, Use

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
_USE = {Voice.CALL: 3.0, Voice.AGENT: 1.0, Voice.USER: 0.5, Voice.BESIDE: 0.5, Voice.OUTPUT: 0.0}
_WEIGHT = {Voice.CALL: 4.0, Voice.AGENT: 2.0, Voice.USER: 2.0, Voice.BESIDE: 2.0, Voice.OUTPUT: 1.0}


def recency(back: int) -> float:
    """How recent something is that lies `back` tokens before the end: 1 at the end, 0.5 at `HALF`."""
    return 1 / (1 + back / HALF)


def holders(record: Record) -> dict[str, list[int]]:
    """The lines that hold each name."""
    found: dict[str, list[int]] = {}
    for i, names in enumerate(record.names):
        for name in names:
            at = found.get(name)
            if at is None:
                found[name] = [i]
            else:
                at.append(i)
    return found


def values(record: Record, held: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """What each name is worth."""
    use, uses = record.use, record.uses
    alone = [_used([one]) for one in uses]
    worth = {}
    for name, at in held.items():
        first = use[at[0]]
        if len(at) == 1:
            value = alone[first]
        else:
            steps = {use[i] for i in at}
            value = alone[first] if len(steps) == 1 else _used([uses[one] for one in steps])
        worth[name] = value * specific(name)
    return worth


def _used(uses: Sequence[Use]) -> float:
    """What a name is worth by its uses, whatever it is."""
    used = UNUSED + sum([_USE[voice] for voice in {use.voice for use in uses}])
    calls = [use.back for use in uses if use.voice is Voice.CALL]
    called = 1 + 2 * recency(min(calls)) if calls else 1.0
    value = used * math.sqrt(len(uses)) * (0.15 + recency(min([use.back for use in uses]))) * called
    return min(value, ENOUGH + value / 8)


def choose(
    record: Record,
    worth: Mapping[str, float],
    held: Mapping[str, Sequence[int]],
    shown: Iterable[Lines],
    budget: int,
    prices: Sequence[int],
    bonuses: Mapping[int, float],
) -> list[int]:
    """Indexes of the lines to keep within about `budget` tokens, the worthiest first.

    Args:
        record: the lines.
        worth: what each name is worth.
        held: the lines that hold it.
        shown: what stands there anyway.
        budget: how many tokens there are.
        prices: what each line costs.
        bonuses: what some lines are worth beside their names.
    """
    weights = _weights(record)
    open_ = _Open(record, worth, held, weights)
    for lines in shown:
        for names, words in zip(lines.names, lines.words, strict=True):
            if names:
                open_.cover(names, words)
    dense = _dense(prices)
    heap = _shortlist(record, weights, worth, budget, prices, dense, bonuses)
    chosen: list[int] = []
    left = budget
    while heap:
        _, i, fresh = heap[0]
        price = prices[i]
        if price > left:
            heappop(heap)
            continue
        if fresh != len(chosen) and (fresh < 0 or open_.has_changed(record.names[i], fresh)):
            gain = open_.gain(record.names[i], record.words[i]) + bonuses.get(i, 0.0)
            if gain <= 1e-9:
                heappop(heap)
                continue
            density = gain / dense[price]
            if len(heap) > 1:
                following = heap[1][0] if len(heap) == 2 else min(heap[1][0], heap[2][0])
                if density < -following * NEARLY:
                    heapreplace(heap, (-density, i, len(chosen)))
                    continue
        heappop(heap)
        chosen.append(i)
        open_.kept = len(chosen)
        left -= price
        open_.cover(record.names[i], record.words[i])
    return chosen


def _dense(prices: Sequence[int]) -> dict[int, float]:
    """What a gain is divided by, by the price."""
    return {price: price**DENSITY for price in set(prices)}


def _weights(record: Record) -> list[float]:
    """How much it takes to leave each line out."""
    by_use = [_WEIGHT[use.voice] * (0.3 + 1 / (1 + use.back / HALF)) for use in record.uses]
    rich = [_RICH[min(size, 16)] for size in range(max(record.sizes, default=0) + 1)]
    return [by_use[use] * rich[size] for use, size in zip(record.use, record.sizes, strict=True)]


Place = list[Any]
"""A line that holds a name: its words, what each of them is worth to the name, and how many of them are kept so far."""


class _Open:
    """The weightiest places of each name that no kept line covers whole; read when a line is first looked at for it.

    What the words of all its places are worth adds up to the name's worth.

    Attributes:
        kept: how many lines were chosen so far.
    """

    def __init__(
        self,
        record: Record,
        worth: Mapping[str, float],
        held: Mapping[str, Sequence[int]],
        weights: Sequence[float],
    ) -> None:
        self._record = record
        self._worth = worth
        self._held = held
        self._weights = weights
        self._places: dict[str, list[Place]] = {}
        self._changed: dict[str, int] = {}
        self.kept = 0

    def has_changed(self, names: Sequence[str], since: int) -> bool:
        """Whether a line of these names may gain another amount than it did when so many lines were chosen."""
        changed = [self._changed[name] for name in names if name in self._changed]
        return bool(changed) and max(changed) > since

    def gain(self, names: Sequence[str], mine: int) -> float:
        """What a line would add."""
        total = 0.0
        places = self._places
        for name in names:
            for words, each, kept in places[name] if name in places else self._read(name):
                more = (words & mine).bit_count() - kept
                if more > 0:
                    total += each * more
        return total

    def cover(self, names: Sequence[str], mine: int) -> None:
        """A line is kept: what it covers of its names' places gains nothing any more."""
        for name in names:
            places = self._places[name] if name in self._places else self._read(name)
            whole = more = False
            for place in places:
                words, _, kept = place
                shared = (words & mine).bit_count()
                if shared > kept:
                    place[2] = shared
                    more = True
                    whole = whole or shared == words.bit_count()
            if more:
                self._changed[name] = self.kept
            if whole:
                self._places[name] = [place for place in places if place[2] < place[0].bit_count()]

    def _read(self, name: str) -> list[Place]:
        made: list[Place] = []
        at = self._held.get(name, ())
        if at:
            weights, words, sizes = self._weights, self._record.words, self._record.sizes
            best = sorted(at, key=weights.__getitem__, reverse=True)[:OCCURRENCES] if len(at) > OCCURRENCES else at
            scale = self._worth[name] / sum([weights[i] for i in best])
            made = [[words[i], weights[i] * scale / (sizes[i] or 1), 0] for i in best]
        self._places[name] = made
        return made


def _shortlist(
    record: Record,
    weights: Sequence[float],
    worth: Mapping[str, float],
    budget: int,
    prices: Sequence[int],
    dense: Mapping[int, float],
    bonuses: Mapping[int, float],
) -> list[tuple[float, int, int]]:
    """A heap of the lines worth a closer look, by the most they could gain."""
    scored: list[tuple[float, int, float]] = []
    for i, names in enumerate(record.names):
        if not names and i not in bonuses:
            continue
        most = bonuses.get(i, 0.0)
        for name in names:
            most += worth[name]
        if most > 0:
            density = most / dense[prices[i]]
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
