"""Finds the steps that have to do with a question among those that were left out, and says so in a few lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from compactor.archive.archive import Archive, Holding
from compactor.archive.ranking import CANDIDATES, Query, Searching, ranked
from compactor.archive.reading import RECORD, clipped, step_text
from compactor.archive.terms import Bag, bag, terms
from compactor.bounded import Bounded
from compactor.history.handles import HANDLE
from compactor.locks import new_lock
from compactor.secrets.redact import Secrets

Fit = Callable[[str, int], str]

PER_PAGE = 8
"""Steps told of at once, where there is room."""
HEAD_TOKENS, LINE_TOKENS = 80, 60
"""Of an answer's first line, and of each step's."""
LONGEST_LINE = 160
"""Characters of a step's most telling line."""
REMEMBERED = 4_096
"""Steps whose terms this process remembers, for archives without an index."""

_HEAD = re.compile(r'-{3,} (.{1,80}?)$')
_bags: Bounded[str, Bag] = Bounded(REMEMBERED)
_lock = new_lock()


class Place(NamedTuple):
    """A step that was found.

    Attributes:
        key: of its text in the archive.
        step: its ordinal in this conversation; None for one of another.
    """

    key: str
    step: int | None


class Places(NamedTuple):
    """Steps that have to do with a question, the best first; `more`, `waiting`: see `ranking.Found`."""

    found: tuple[Place, ...]
    more: bool = False
    waiting: int = 0


def places(archive: Archive, held: Mapping[int, str], query: Query, secrets: Secrets | None) -> Places:
    """The steps of a conversation that have to do with a question.

    Args:
        archive: where to look: in its index if it has one (see `ranking.Searching`), else in each step.
        held: keys of the conversation's steps by ordinal.
        query: what is asked.
        secrets: what is redacted.
    """
    if not query:
        return Places(())
    steps = {key: n for n, key in sorted(held.items(), reverse=True)}
    found = archive.search(query, steps.__contains__) if isinstance(archive, Searching) else None
    if found is not None:
        return Places(tuple(Place(hit.key, steps[hit.key]) for hit in found.hits), found.more, found.waiting)
    newest_last = sorted(steps.items(), key=lambda pair: pair[1])
    bags = dict(_bags_of(archive, [key for key, _ in newest_last], secrets))
    best = ranked(bags, query)
    return Places(tuple(Place(key, steps[key]) for key, _ in best[:CANDIDATES]), len(best) > CANDIDATES)


def earlier_places(archive: Archive, held: Mapping[int, str], query: Query) -> Places:
    """The steps of other conversations in an archive that has an index of them (`StoreArchive.all_of_them`)."""
    if not query or not isinstance(archive, Searching):
        return Places(())
    own = frozenset(held.values())
    found = archive.search(query, lambda key: key not in own)
    if found is None:
        return Places(())
    return Places(tuple(Place(hit.key, None) for hit in found.hits), found.more, found.waiting)


def _bags_of(archive: Archive, keys: Sequence[str], secrets: Secrets | None) -> Iterator[tuple[str, Bag]]:
    """The terms of steps that are still there; those that were read before are remembered by their key."""
    there = frozenset(archive.held(keys)) if isinstance(archive, Holding) else None
    for key in keys:
        with _lock:
            words = _bags.used(key) if there is not None and key in there else None
        if words is None:
            step = step_text(archive, key, secrets)
            if step is None:
                continue
            words = bag(step)
            with _lock:
                _bags[key] = words
        yield key, words


def found_steps(
    archive: Archive,
    held: Mapping[int, str],
    question: str,
    page: int,
    max_tokens: int,
    fit: Fit,
    secrets: Secrets | None,
    earlier: Archive | None = None,
) -> str:
    """The steps that have to do with a question, the best first, each with its most telling line.

    Args:
        archive: of this conversation.
        held: keys of its steps by ordinal.
        question: in any words; no character of it has a meaning of its own.
        page: from 1.
        max_tokens: of the answer, at most.
        fit: how tokens are counted.
        secrets: what is redacted.
        earlier: an archive that also has what the same tenant's other conversations have left out; None searches none.
    """
    query = Query(question)
    if not query:
        return f'{clipped(question, 80)!r} names nothing to look for: say a name, a path, or what it was about.'
    near = places(archive, held, query, secrets)
    far = Places(()) if earlier is None else earlier_places(earlier, held, query)
    every = [*((archive, place) for place in near.found), *((earlier or archive, place) for place in far.found)]
    late = near.waiting or far.waiting
    waiting = ' Older entries are still being indexed: asking again finds more.' if late else ''
    if not every:
        return f'No step has to do with {clipped(question, 80)!r}.{waiting}'
    size = max(1, min(PER_PAGE, (max_tokens - HEAD_TOKENS) // LINE_TOKENS))
    start = (max(1, page) - 1) * size
    if start >= len(every):
        return f'There is no page {page} of what was found, there are 1-{-(-len(every) // size)}.'
    shown = [_told(where, place, query, secrets) for where, place in every[start : start + size]]
    number = f'{len(every):,}{" or more" if near.more or far.more else ""}'
    more = f'next: page={page + 1}' if start + size < len(every) else 'end'
    how = 'recall(step=n) gives one'
    if far.found:
        how += ', recall(output=digits) one of another conversation'
    where = f'best first, {start + 1}-{start + len(shown)} here, {more}'
    head = f'{number} steps match, {where}; {how}.{waiting} {RECORD}'
    return fit('\n'.join([head, *shown]), max_tokens)


def _told(archive: Archive, place: Place, query: Query, secrets: Secrets | None) -> str:
    name = f'#{place.step}' if place.step is not None else place.key[:HANDLE]
    step = step_text(archive, place.key, secrets)
    if step is None:
        return f'{name}: expired'
    head, line = telling(step, query)
    return f'{name} {head}: {clipped(line, LONGEST_LINE)}' if head else f'{name}: {clipped(line, LONGEST_LINE)}'


def telling(step: str, query: Query) -> tuple[str, str]:
    """What a step's most telling line is part of, and the line: the first with the most terms of a question."""
    sought = frozenset(query.terms)
    head = of_best = best = ''
    most = 0
    for line in step.split('\n'):
        if found := _HEAD.match(line):
            head = found[1]
        shared = len(sought.intersection(terms(line[:2_000])))
        if shared > most or not best:
            most, best, of_best = shared, line.strip(), head
        if most == len(sought):
            break
    return of_best, best
