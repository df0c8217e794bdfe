"""What goes into a digest within its share: the users' words, the ledgers, the lines of the record, bare names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote, render
from compactor.digest.evidence import Candidate, Voice
from compactor.digest.failures import briefly
from compactor.digest.identifiers import NUMBER, specific
from compactor.strategies.strategy import Room

_DECISION = re.compile(
    r"\b(?:decid\w+|because|instead of|rather than|root cause|the (?:fix|problem|issue|cause) (?:is|was)|won't|must not"
    r'|reject\w*|turns out|so I(?:\'ll| will)|chose|the reason)\b',
    re.IGNORECASE,
)
_OPEN = re.compile(
    r'\b(?:next(?=[,:]| step| I\b)|remaining|still (?:need|to)|left to do|todo|now (?:I|let)|then I)\b', re.IGNORECASE
)


def cut(text: str, tokens: int, count: Callable[[str], int]) -> str:
    """The first whole lines of a text within this many tokens."""
    if not text or count(text) <= tokens:
        return text
    lines = text.split('\n')
    while lines and count('\n'.join(lines)) > tokens:
        lines.pop()
    return '\n'.join(lines)


def within(said: Sequence[Quote], budget: int, room: Room) -> tuple[Quote, ...]:
    """The users' words: all while they fit, else the first and the newest whole and the others clipped."""
    sizes = [room.count(quote.text) + 4 for quote in said]
    if sum(sizes) <= budget:
        return tuple(said)
    most = max(16, (budget - sizes[0] - sizes[-1]) // max(1, len(said) - 2))
    clipped = [
        quote
        if i in (0, len(said) - 1) or size <= most
        else replace(quote, text=room.fit(quote.text, most - 2) + ' […]')
        for i, (quote, size) in enumerate(zip(said, sizes, strict=True))
    ]
    whole = [
        quote
        if room.count(quote.text) <= budget // 2
        else replace(quote, text=room.fit(quote.text, budget // 2) + ' […]')
        for quote in clipped
    ]
    while len(whole) > 2 and sum(room.count(quote.text) + 4 for quote in whole) > budget:
        whole.pop(1)
    return tuple(whole)


def bounded(document: Document, budget: int, room: Room) -> Document:
    """The ledgers cut to their share, oldest first."""
    base = room.count(render(Document(document.left)))

    def size(candidate: Document) -> int:
        return room.count(render(replace(candidate, said=(), summary=''))) - base

    for lines, command in BRIEFER:
        if size(replace(document, files={})) <= budget // 2:
            break
        failures = [briefly(failure, lines, command) for failure in document.failures.values()]
        document = replace(document, failures={failure.command: failure for failure in failures})
    while len(document.failures) > LAST_FAILURES and size(replace(document, files={})) > budget // 2:
        document = replace(document, failures=dict(list(document.failures.items())[1:]))
    if size(document) > budget:
        document = replace(document, dense=True)
    while document.files and (over := size(document) - budget) > 0:
        drop = max(1, over // 16)
        document = replace(document, files=dict(list(document.files.items())[drop:]))
    return document


BRIEFER = ((2, 160), (1, 80))
"""How failures are told where they would take more than their share: lines and characters of the command each."""
LAST_FAILURES = 6
"""The newest failures always stay."""


def distinct(lines: list[Candidate]) -> list[Candidate]:
    """Each line once for each voice: the newest stands for all, which recur in the names' values."""
    newest = {(line.voice, line.line.text): i for i, line in enumerate(lines)}
    return [lines[i] for i in sorted(newest.values())]


def telling(name: str, held: Iterable[Candidate]) -> bool:
    """Whether a name says something without its line: a number does if it was used, or stood beside a file's name."""
    return specific(name) > NUMBER or any(
        candidate.voice is not Voice.OUTPUT or any('.' in beside and beside != name for beside in candidate.line.names)
        for candidate in held
    )


def affordable(ranked: Sequence[int], lines: Sequence[Candidate], budget: float, room: Room) -> list[int]:
    """Those of the ranked lines that fit, the first before the others, counted exactly; in recorded order."""
    kept: list[int] = []
    for i in ranked:
        price = room.count(lines[i].line.text) + MARKED
        if price <= budget:
            budget -= price
            kept.append(i)
    return sorted(kept)


FILLINGS = 3
"""Times the record is filled anew with what the text as a whole turned out to leave."""
MARKED = 2.5
"""Tokens a line costs beside its text: its end, and its share of a mark."""
SPARE = 1.4
"""Lines are ranked for this many times the budget, because their costs are estimated while they are ranked."""


def cost(candidate: Candidate) -> int:
    """About how many tokens a line costs; counted exactly only where it is taken."""
    return len(candidate.line.text) // 3 + 3


def bonus(candidate: Candidate) -> float:
    """What a line is worth beside its names: the agent's decisions and their reasons are."""
    if candidate.voice is Voice.AGENT and _DECISION.search(candidate.line.text):
        return DECISION
    return 0.0


DECISION = 6.0
"""As much as two names that the agent called lately: what was decided, and why, cannot be read again anywhere."""


def open_work(lines: Sequence[Candidate]) -> tuple[Quote, ...]:
    """What the agent last said it would do next."""
    newest = max((c.step for c in lines), default=0)
    said = [c for c in lines if c.step > newest - STILL_OPEN and c.voice is Voice.AGENT and _OPEN.search(c.line.text)]
    return tuple(Quote(c.step, c.voice, c.line.text) for c in said[-OPEN_LINES:])


OPEN_LINES = 2
STILL_OPEN = 8
"""What was announced longer ago than this many steps is done by now, or given up."""


def names(
    worth: Mapping[str, float],
    place: Mapping[str, tuple[int, int]],
    before: Sequence[str],
    seen: set[str],
    budget: int,
    room: Room,
) -> tuple[str, ...]:
    """Names that nothing shows: the worthiest within `budget` tokens, in the order in which they last stood.

    That order keeps what stood on one line together, which says more than any ranking.
    """
    seen = seen.union(*(_ends(name) for name in seen if '/' in name))
    ranked = sorted((name for name in worth if name not in seen), key=lambda name: -worth[name] / (len(name) / 3 + 1))
    names: list[str] = []
    for name in [*ranked, *(name for name in before if name not in seen and name not in worth)]:
        budget -= room.count(' ' + name)
        if budget < 0:
            break
        names.append(name)
    return tuple(sorted(names, key=lambda name: place.get(name, (-1, 0))))


def _ends(path: str) -> Iterator[str]:
    """What a path that is told also tells: its ends, down to the file's name."""
    at = path.find('/')
    while at >= 0:
        yield path[at + 1 :]
        at = path.find('/', at + 1)
