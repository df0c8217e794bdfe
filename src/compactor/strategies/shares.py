"""What goes into a digest within its share: the users' words, the ledgers, the lines of the record, bare names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote, render, texts
from compactor.digest.evidence import Voice
from compactor.digest.failures import briefly, fairly
from compactor.digest.identifiers import NUMBER, specific
from compactor.digest.record import Record
from compactor.strategies.strategy import Room

_DECISION = re.compile(
    r"\b(?:decid\w+|because|instead of|rather than|root cause|the (?:fix|problem|issue|cause) (?:is|was)|won't|must not"
    r'|reject\w*|turns out|so I(?:\'ll| will)|chose|the reason)\b',
    re.IGNORECASE,
)
_OPEN = re.compile(
    r'\b(?:next(?=[,:]| step| I\b)|remaining|still (?:need|to)|left to do|todo|now (?:I|let)|then I|let me (?!know)'
    r"|I'll|I will|I'm going to|I am going to)\b",
    re.IGNORECASE,
)


def cut(text: str, tokens: int, count: Callable[[str], int]) -> str:
    """The first whole lines of a text within this many tokens."""
    if not text or count(text) <= tokens:
        return text
    lines = text.split('\n')

    def fits(number: int) -> bool:
        return count('\n'.join(lines[:number])) <= tokens

    return '\n'.join(lines[: largest(len(lines), fits)])


def largest(number: int, fits: Callable[[int], bool]) -> int:
    """The largest number below `number` that fits, found in a few steps; 0 if none does.

    A larger number does not fit where a smaller one does not, but for those next to the limit: tokens at the seams
    make one or two of difference, so the next three are looked at as well.
    """
    low, high = 0, number
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return max((more for more in range(low + 1, min(low + 4, number)) if fits(more)), default=low)


def size_of(document: Document, room: Room) -> int:
    """Tokens of a digest with what the user said, without what a framework adds."""
    return sum(map(room.count, texts(document)))


def bounded(document: Document, budget: int, room: Room) -> Document:
    """The ledgers cut to their share: files oldest first, failures in turns by command (see `fairly`)."""
    base = room.count(render(Document(document.left)))

    def size(candidate: Document) -> int:
        return room.count(render(replace(candidate, said=(), summary=''))) - base

    def exceeds(candidate: Document, most: int) -> bool:
        # Many more than have room are not rendered to find that out.
        return EACH * (len(candidate.failures) + len(candidate.files)) > most or size(candidate) > most

    for lines, command in BRIEFER:
        if not exceeds(replace(document, files={}), budget // 2):
            break
        briefer = [briefly(failure, lines, command) for failure in document.failures.values()]
        document = replace(document, failures={failure.command: failure for failure in briefer})
    failures = list(document.failures.items())

    fair = [failure.command for failure in fairly(list(document.failures.values()))]

    def fairest(number: int) -> Document:
        chosen = set(fair[:number])
        return replace(document, failures={command: one for command, one in failures if command in chosen})

    if len(failures) > LAST_FAILURES and exceeds(replace(document, files={}), budget // 2):
        fitting = largest(
            min(len(failures), budget), lambda number: not exceeds(replace(fairest(number), files={}), budget // 2)
        )
        document = fairest(max(fitting, LAST_FAILURES))
    if exceeds(document, budget):
        document = replace(document, dense=True)
    if document.files and exceeds(document, budget):
        files, whole = list(document.files.items()), document

        def last(number: int) -> Document:
            return replace(whole, files=dict(files[len(files) - number :]))

        document = last(largest(min(len(files), budget), lambda number: not exceeds(last(number), budget)))
    return document


BRIEFER = ((2, 160), (1, 80))
"""How failures are told where they would take more than their share: lines and characters of the command each."""
EACH = 2
"""Tokens of the least that is told of a file or a failure: its step."""
LAST_FAILURES = 6
"""So many failures always stay, of those that come first in `fairly`."""


def telling(name: str, at: Iterable[int], record: Record) -> bool:
    """Whether a name says something without its line: a number does if it was used, or stood beside a file's name.

    Args:
        name: the name.
        at: the lines that hold it.
        record: of these lines.
    """
    return specific(name) > NUMBER or any(
        record.of(i).voice is not Voice.OUTPUT or any('.' in beside and beside != name for beside in record.names[i])
        for i in at
    )


def affordable(
    order: Sequence[int], record: Record, budget: float, room: Room, heads: Callable[[int], str] = lambda i: ''
) -> list[int]:
    """Those of the ranked lines that fit, the first before the others, counted exactly; in recorded order.

    Args:
        order: the lines, ranked.
        record: of these lines.
        budget: how many tokens there are.
        room: counts.
        heads: what has to stand above a line, once for all lines of its use.
    """
    kept: list[int] = []
    headed: set[int] = set()
    for i in order:
        price = room.count(record.texts[i]) + MARKED
        use = record.use[i]
        head = heads(i) if use not in headed else ''
        if head:
            price += room.count(head) + 2 * MARKED
        if price <= budget:
            budget -= price
            kept.append(i)
            if head:
                headed.add(use)
    return sorted(kept, key=lambda i: (record.of(i).step, i))


FILLINGS = 3
"""Times the record is filled anew with what the text as a whole turned out to leave."""
MARKED = 2.5
"""Tokens a line costs beside its text: its end, and its share of a mark."""
SPARE = 1.4
"""Lines are ranked for this many times the budget, because their costs are estimated while they are ranked."""


def costs(record: Record) -> list[int]:
    """About how many tokens each line costs; counted exactly only where it is taken."""
    return [len(text) // 3 + 3 for text in record.texts]


def bonuses(record: Record) -> dict[int, float]:
    """What lines are worth beside their names: the agent's decisions and their reasons are."""
    agent = [use.voice is Voice.AGENT for use in record.uses]
    return {
        i: DECISION
        for i, (text, use) in enumerate(zip(record.texts, record.use, strict=True))
        if agent[use] and decides(text)
    }


@lru_cache(maxsize=16_384)
def decides(text: str) -> bool:
    """Whether a sentence tells a decision, or its reason."""
    return _DECISION.search(text) is not None


DECISION = 16.0
"""As much as three names that the agent called lately: what was decided, and why, cannot be read again anywhere."""


def open_work(record: Record, before: Sequence[Quote] = ()) -> tuple[Quote, ...]:
    """What the agent last said it would do next; `before` is what a standing digest says of it."""
    newest = max((record.uses[use].step for use in set(record.use)), default=0)
    late = [use.voice is Voice.AGENT and use.step > newest - STILL_OPEN for use in record.uses]
    lines = [
        i
        for i, use in enumerate(record.use)
        if late[use] and record.texts[i][:1] not in DATA and _OPEN.search(record.texts[i])
    ]
    told = {one.text: one for one in before if one.step > newest - STILL_OPEN}
    told |= {record.texts[i]: quote(record, i) for i in lines}
    return tuple(sorted(told.values(), key=lambda one: one.step)[-OPEN_LINES:])


def quote(record: Record, i: int) -> Quote:
    """A line as the digest tells it."""
    use = record.of(i)
    return Quote(use.step, use.voice, record.texts[i])


DATA = frozenset('{[<|"`')
"""What a line begins with that is no sentence."""
OPEN_LINES = 4
STILL_OPEN = 24
"""What was announced longer ago than this many steps is done by now, or given up."""


def ranked(worth: Mapping[str, float]) -> dict[str, float]:
    """Names with what they are worth, first those that are worth most for what they cost."""
    return {name: worth[name] for name in sorted(worth, key=lambda name: -worth[name] / (len(name) / 3 + 1))}


def names(
    worth: Mapping[str, float],
    place: Callable[[str], tuple[int, int, int]],
    before: Sequence[str],
    seen: set[str],
    budget: int,
    room: Room,
) -> tuple[str, ...]:
    """Names that nothing shows: the worthiest within `budget` tokens, in the order in which they last stood.

    That order keeps what stood on one line together, which says more than any ranking.

    Args:
        worth: what may be named, see `ranked`.
        place: where a name last stood.
        before: names of the digest that is folded in.
        seen: names that something shows; of a path also its ends.
        budget: how many tokens there are.
        room: counts.
    """
    wanted = set(before)
    paths = [name for name in seen if '/' in name]
    seen = seen.union(end for path in paths for end in _ends(path) if end in worth or end in wanted)
    names: list[str] = []
    for name in [*worth, *(name for name in before if name not in worth)]:
        if name in seen:
            continue
        budget -= room.count(' ' + name)
        if budget < 0:
            break
        names.append(name)
    return tuple(sorted(names, key=place))


def _ends(path: str) -> Iterator[str]:
    """What a path that is told also tells: its ends, down to the file's name."""
    at = path.find('/')
    while at >= 0:
        yield path[at + 1 :]
        at = path.find('/', at + 1)
