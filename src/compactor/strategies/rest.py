"""What came of each exchange within its share, calls above their lines, and what fills the rest of a digest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote
from compactor.digest.evidence import Lines, Voice
from compactor.digest.record import Record
from compactor.digest.story import Conclusion
from compactor.strategies.shares import MARKED, decides, quote
from compactor.strategies.strategy import Room
from compactor.strategies.words import OFTEN, SHORT, form

SAYS = 300
"""Characters of a concluding line that are told."""
HEAD = 80
"""Characters of a call that stands above its lines."""
_LOCATED = re.compile(r'[\w./\-]{1,200}\.\w{1,5}[:\-]\d')
"""A line that says itself where it stands, as searches write them."""
_TELLS = re.compile(r'\d|`|\*\*|[\w.]/[\w.]|[:：]\s*\S')


_HOW = re.compile(
    r' (?:description=.*|(?:offset|limit|head_limit|output_mode|workdir|cwd|context|-[nABC]|timeout\w{0,8}|max_\w{1,20}'
    r'|yield_\w{1,20})=\S{1,400})'
)
"""Arguments that say how a call is made, and hardly which."""
_FOLDERS = re.compile(r'(?<![\w./~\-])/?(?:[\w.@~\-]{1,80}/){3,40}(?=[\w.@~\-]{1,80}/[\w.@~\-])')
"""All folders of a long path but the last."""


def story_within(concluded: Sequence[Conclusion], budget: int, room: Room) -> tuple[Quote, ...]:
    """What the exchanges came to: of each its weightiest lines, the newest exchanges first where not all fit.

    Each has the same share; what it does not need goes to the others, the newest first.
    """
    if not concluded or budget <= 0:
        return ()
    left = float(budget)
    forms = Counter(form(line) for one in concluded for line in one.lines)
    order = [_weighed(one.lines, forms) for one in concluded]
    share = max(LEAST, budget / max(1, sum(map(bool, order))))
    kept: list[set[int]] = [set() for _ in concluded]
    for most in (share, float(budget)):
        for at in range(len(concluded) - 1, -1, -1):
            mine = most
            for i in order[at]:
                price = room.count(_clipped(concluded[at].lines[i])) + (1 if kept[at] else MARKED + 1)
                if i in kept[at] or price > left:
                    continue
                if price > mine and (kept[at] or most > share):
                    break
                mine -= price
                left -= price
                kept[at].add(i)
    return tuple(
        Quote(one.step, one.voice, _clipped(one.lines[i]))
        for one, chosen in zip(concluded, kept, strict=True)
        for i in sorted(chosen)
    )


LEAST = 24
"""Tokens of the least share of an exchange."""


def _weighed(lines: Sequence[str], forms: Mapping[str, int]) -> list[int]:
    """Lines in the order in which they are told: the first, decisions, what names something, the others.

    What is said again and again, numbers aside, is not told.
    """

    def rank(i: int) -> int:
        line = lines[i]
        return 0 if i == 0 else 1 if decides(line) else 2 if _TELLS.search(line) else 3

    told = (i for i, line in enumerate(lines) if len(line) >= SHORT and forms[form(line)] < OFTEN)
    return sorted(told, key=lambda i: (rank(i), i))


def _clipped(line: str, most: int = SAYS) -> str:
    return line if len(line) <= most else line[: most - 2].rstrip() + ' …'


class Heads:
    """The calls that stand above chosen lines of their outputs, where nothing else says what these are of."""

    def __init__(self, record: Record, order: Sequence[int]) -> None:
        self._record = record
        uses = (record.of(i) for i in order)
        self._calls = {(use.step, record.texts[i]) for i, use in zip(order, uses, strict=True) if use.voice is CALL}

    def of(self, i: int) -> str:
        """What has to stand above a line; '' where it says itself where it stands, or its call is chosen as well."""
        use = self._record.of(i)
        if not use.source or (use.step, use.source) in self._calls or _LOCATED.match(self._record.texts[i]):
            return ''
        return _head(use.source)

    def quotes(self, chosen: Sequence[int]) -> tuple[Quote, ...]:
        """The chosen lines as quotes, with what has to stand above them."""
        found: list[Quote] = []
        record, told = self._record, set[int]()
        for i in chosen:
            use = record.use[i]
            if use not in told and (head := self.of(i)):
                found.append(Quote(record.uses[use].step, CALL, head))
                told.add(use)
            found.append(quote(record, i))
        return tuple(found)


CALL = Voice.CALL


def _head(source: str) -> str:
    """What is told of a call above its lines: which file or what command it was."""
    return _clipped(_FOLDERS.sub('…/', _HOW.sub('', source)), HEAD)


def rest_of(
    record: Record, document: Document, shown: Iterable[Lines], spare: float, room: Room, plainly: bool = True
) -> tuple[Quote, ...]:
    """The document's record with further lines, as many as fit: the agent's words, its calls, then outputs.

    Of each the newest first; of the agent's words those that decide or name something before the others. Nothing but
    the agent's words where not `plainly`.
    """
    there = {(one.voice, one.text) for one in (*document.record, *document.story, *document.open, *document.changed)}
    stands = {text for lines in shown for text in lines.texts}
    more: list[Quote] = []
    every = range(len(record))
    agents = [i for i in every if record.of(i).voice is Voice.AGENT]
    for i in _ordered(record, every if plainly else agents):
        if spare <= MARKED + 1:
            break
        one = quote(record, i)
        if (one.voice, one.text) in there or one.text in stands:
            continue
        if len(one.text) > spare * LONG:
            continue
        price = room.count(one.text) + MARK
        if price <= spare:
            spare -= price
            more.append(one)
    if not more:
        return document.record
    at = {(one.step, one.voice, one.text): i for i, one in enumerate(quote(record, i) for i in range(len(record)))}
    told = [*document.record, *more]
    return tuple(sorted(told, key=lambda one: (one.step, at.get((one.step, one.voice, one.text), -1))))


MARK = 5
"""Tokens that a line costs where it begins with a mark of its own."""
LONG = 12
"""Characters of which a token has at most that many: a longer line is not counted to find out that it does not fit."""


def _ordered(record: Record, lines: Sequence[int]) -> list[int]:
    tells = {Voice.AGENT: 0, Voice.BESIDE: 0, Voice.USER: 0, Voice.CALL: 2, Voice.OUTPUT: 3}
    forms = Counter(form(record.texts[i]) for i in lines)

    def rank(i: int) -> tuple[int, int, int]:
        use, text = record.of(i), record.texts[i]
        by = tells[use.voice]
        if forms[form(text)] >= OFTEN:
            by = 4
        elif by == 0 and _TELLS.search(text) is None and not decides(text):
            by = 1
        return by, -use.step, i

    return sorted(lines, key=rank)
