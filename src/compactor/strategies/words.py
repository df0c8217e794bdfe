"""The users' words within their share of a digest: what directs goes last, and an answer goes with its question."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compactor.digest.directives import directing, directs, sentences
from compactor.digest.document import Quote
from compactor.digest.evidence import Voice
from compactor.digest.identifiers import identifiers
from compactor.digest.pasted import pieces, shortened
from compactor.strategies.strategy import Room

MARKED = 4
"""Tokens that a quote costs beside its text."""
LEFT_OUT = ' […]'
PLAINLY = 0.4
"""Share of the room up to which sentences are told that do not direct."""
ENDS = 0.25
"""Share of the room for what was said first, and for what was said last, whatever it says."""
_LABELLED = re.compile(r'\s*[-*#>]{0,3}\s*\**[A-Za-zÀ-ÿ][\w À-ÿ/-]{1,28}\**:\**\s+\S')
"""`Budget: 400`: who gives a statement a name means it to be kept."""


@dataclass(frozen=True, slots=True)
class _Unit:
    """A sentence, an answer with its question, or what is told of a pasted block.

    Attributes:
        group: which words it belongs to.
        place: where it stands in them.
        text: it.
        rank: what goes last has 0.
        whole: the group may not be told without the quotes before it: an answer has its question.
    """

    group: int
    place: int
    text: str
    rank: int


DIRECTS, SAYS, PLAIN, AGAIN = range(4)
"""Ranks: what directs or answers; what names or labels something, or asks; the rest; what was said before."""


def within(said: Sequence[Quote], budget: int, room: Room, plainly: float = PLAINLY) -> tuple[Quote, ...]:
    """The users' words: all while they fit; else sentence by sentence, first what directs, the newest before the older.

    What is pasted into them is told by its first lines where it would not fit whole.

    Args:
        said: them, oldest first.
        budget: how many tokens there are.
        room: counts.
        plainly: share of the budget up to which sentences are told that do not direct.
    """
    groups = _grouped(said)
    costs = [sum(room.count(quote.text) + MARKED for quote in group) for group in groups]
    if sum(costs) <= budget or not groups:
        return tuple(said)
    units = [unit for g, group in enumerate(groups) for unit in _units(g, group)]
    _repeats(units)
    left = float(budget)
    many = Counter(unit.group for unit in units)
    kept: dict[int, dict[int, str]] = {}

    def take(unit: _Unit, most: float) -> float:
        """Keeps a unit if it fits; what it cost, or 0."""
        there = kept.get(unit.group)
        if there is not None and unit.place in there:
            return 0.0
        price = room.count(unit.text) + 1.0
        if there is None:
            question = groups[unit.group][:-1]
            price += (
                MARKED
                + (CUT if many[unit.group] > 1 else 0)
                + sum(room.count(quote.text) + MARKED for quote in question)
            )
        if price > most:
            return 0.0
        kept.setdefault(unit.group, {})[unit.place] = unit.text
        return price

    order = sorted(units, key=lambda unit: (unit.rank, -unit.group, unit.place))
    for unit in (unit for unit in order if unit.rank == DIRECTS):
        left -= take(unit, left)
    left -= budget * (1 - plainly)
    for end in (len(groups) - 1, 0):
        most = min(left, budget * ENDS)
        for unit in (unit for unit in units if unit.group == end and unit.rank < AGAIN):
            spent = take(unit, most)
            most -= spent
            left -= spent
    for unit in order:
        left -= take(unit, left)
    return tuple(quote for g in sorted(kept) for quote in _told(groups[g], kept[g]))


CUT = 2
"""Tokens of `LEFT_OUT`."""


def unsaid(said: Sequence[Quote], kept: Sequence[Quote]) -> tuple[str, ...]:
    """What names the words that direct and found no room."""
    there = {quote.step for quote in kept}
    texts = {quote.text for quote in kept}
    left = (quote for quote in said if quote.step not in there and quote.text not in texts)
    gone = dict.fromkeys(quote.step for quote in left if quote.voice is Voice.USER)
    binding = {quote.step for quote in said if directs(quote.text)} if gone else set()
    return tuple(f'what the user said before #{step}' for step in gone if step in binding)


def left_of(said: Sequence[Quote], kept: Sequence[Quote]) -> tuple[tuple[int, str], ...]:
    """The pasted blocks that are not told whole, each with the step that follows them."""
    whole = {(quote.step, quote.text) for quote in kept}
    return tuple(
        (quote.step, piece.text)
        for quote in said
        if quote.voice is Voice.USER and (quote.step, quote.text) not in whole
        for piece in pieces(quote.text)
        if piece.pasted
    )


def _grouped(said: Sequence[Quote]) -> list[list[Quote]]:
    groups: list[list[Quote]] = []
    for quote in said:
        if groups and groups[-1][-1].voice is Voice.AGENT and quote.voice is Voice.USER:
            groups[-1].append(quote)
        else:
            groups.append([quote])
    return groups


def _units(g: int, group: Sequence[Quote]) -> list[_Unit]:
    """The sentences of what was said at once; an answer is one, with its question."""
    text = group[-1].text
    if len(group) > 1:
        return [_Unit(g, 0, text, DIRECTS)]
    found: list[_Unit] = []
    for piece in pieces(text):
        if piece.pasted:
            if brief := shortened(piece.text):
                found.append(_Unit(g, len(found), brief, PLAIN))
            continue
        lines = sentences(piece.text)
        own = set(directing(lines))
        for i, line in enumerate(lines):
            found.append(_Unit(g, len(found), line, DIRECTS if i in own else _rank(line)))
    return found


def _rank(line: str) -> int:
    if _LABELLED.match(line) is not None or line.rstrip().endswith(('?', '？')):
        return SAYS
    return SAYS if any(char.isdigit() for char in line) or identifiers(line) else PLAIN


def _repeats(units: list[_Unit]) -> None:
    """What is said again later counts once, where it stands last."""
    later: set[str] = set()
    forms = Counter(form(unit.text) for unit in units)
    for i in range(len(units) - 1, -1, -1):
        unit = units[i]
        if (unit.rank != DIRECTS and forms[form(unit.text)] >= OFTEN) or (
            unit.text in later and len(unit.text) >= SHORT
        ):
            units[i] = replace(unit, rank=AGAIN)
        later.add(unit.text)


def form(text: str) -> str:
    """A sentence without its numbers: `And point 7?` says what `And point 8?` does."""
    return _DIGITS.sub('0', text)


_DIGITS = re.compile(r'\d+')
OFTEN = 3
"""Times a sentence is said, numbers aside, from which on it tells little."""
SHORT = 12
"""Characters of what may be said again and mean another thing each time: yes, go on."""


def _told(group: Sequence[Quote], kept: dict[int, str]) -> list[Quote]:
    """What is kept of what was said at once."""
    quote = group[-1]
    text = '\n'.join(kept[place] for place in sorted(kept))
    if _squeezed(text) != _squeezed(quote.text) and len(text) + len(LEFT_OUT) < len(quote.text):
        quote = replace(quote, text=text + LEFT_OUT)
    return [*group[:-1], quote]


def _squeezed(text: str) -> str:
    return ' '.join(text.split())
