"""The users' words within their share of a digest: what directs goes last, and an answer goes with its question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compactor.digest.directives import directing, directs, sentences
from compactor.digest.document import Quote
from compactor.digest.evidence import Voice
from compactor.strategies.strategy import Room

MARKED = 4
"""Tokens that a quote costs beside its text."""
LEAST = 48
"""Tokens to which nothing that was said is cut: it goes, or stays."""
LEFT_OUT = ' […]'


@dataclass(frozen=True, slots=True)
class _Said:
    """What was said at once: the agent's question, if it answers one, and the words."""

    quotes: tuple[Quote, ...]
    tokens: int

    @classmethod
    def of(cls, quotes: Sequence[Quote], room: Room) -> _Said:
        """These quotes, counted."""
        return cls(tuple(quotes), sum(room.count(quote.text) + MARKED for quote in quotes))

    @property
    def answers(self) -> bool:
        """Whether it stands with the question that it answers."""
        return len(self.quotes) > 1

    @property
    def binds(self) -> bool:
        """Whether it directs, or answers."""
        return self.answers or any(directs(line) for quote in self.quotes for line in sentences(quote.text))


def within(said: Sequence[Quote], budget: int, room: Room) -> tuple[Quote, ...]:
    """The users' words: all while they fit, else the first and the newest, and of the others first what directs."""
    groups = _grouped(said, room)
    over = sum(group.tokens for group in groups) - budget
    if over <= 0 or not groups:
        return tuple(said)
    ends = {0, len(groups) - 1}
    most = max(LEAST, (budget - groups[0].tokens - groups[-1].tokens) // max(1, len(groups) - 2))
    for i, group in enumerate(groups):
        limit = budget // 2 if i in ends else most
        if group.tokens > limit:
            groups[i] = _shortened(group, limit, room)
    over = sum(group.tokens for group in groups) - budget
    kept: list[_Said | None] = list(groups)
    for rest_of in (_binding, _directing, _nothing):  # in turn, each from the oldest on
        for i, left in enumerate(kept):
            if over <= 0:
                break
            if left is None or i in ends:
                continue
            kept[i] = rest = rest_of(left, room)
            over -= left.tokens - (0 if rest is None else rest.tokens)
    return tuple(quote for left in kept if left is not None for quote in left.quotes)


def unsaid(said: Sequence[Quote], kept: Sequence[Quote]) -> tuple[str, ...]:
    """What names the words that direct and found no room."""
    there = {quote.step for quote in kept}
    gone = dict.fromkeys(quote.step for quote in said if quote.step not in there and quote.voice is Voice.USER)
    binding = {quote.step for quote in said if directs(quote.text)} if gone else set()
    return tuple(f'what the user said before #{step}' for step in gone if step in binding)


def _grouped(said: Sequence[Quote], room: Room) -> list[_Said]:
    groups: list[list[Quote]] = []
    for quote in said:
        if groups and groups[-1][-1].voice is Voice.AGENT and quote.voice is Voice.USER:
            groups[-1].append(quote)
        else:
            groups.append([quote])
    return [_Said.of(group, room) for group in groups]


def _shortened(group: _Said, most: int, room: Room) -> _Said:
    """About `most` tokens of it: its sentences that direct, then its beginning; a question stays whole."""
    quote = group.quotes[-1]
    lines = sentences(quote.text)
    left = most - MARKED - room.count(LEFT_OUT)
    chosen: set[int] = set()
    order = directing(lines)
    first = set(order)
    for i in [*order, *(i for i in range(len(lines)) if i not in first)]:
        size = room.count(lines[i]) + 1
        if size > left:
            if i not in first:
                break
            continue
        left -= size
        chosen.add(i)
    if not chosen:
        text = room.fit(quote.text, max(1, most - 2)) + LEFT_OUT
    else:
        text = '\n'.join(lines[i] for i in sorted(chosen)) + LEFT_OUT
    if len(text) >= len(quote.text):
        return group
    return _Said.of((*group.quotes[:-1], replace(quote, text=text)), room)


def _binding(group: _Said, room: Room) -> _Said | None:
    """It, if it directs or answers."""
    return group if group.binds else None


def _nothing(group: _Said, room: Room) -> _Said | None:
    """Nothing: even what directs goes."""
    return None


def _directing(group: _Said, room: Room) -> _Said:
    """What of it directs, and nothing else; an answer whole."""
    if group.answers:
        return group
    quote = group.quotes[0]
    lines = sentences(quote.text)
    text = '\n'.join(lines[i] for i in directing(lines))
    return group if len(text) >= len(quote.text) else _Said.of((replace(quote, text=text),), room)
