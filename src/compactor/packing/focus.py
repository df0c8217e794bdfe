"""Which definitions a question in plain words is after: those that hold most of its words, compared over all items.

A file of a thousand lines holds nearly every word somewhere; a function that holds three of them is what was meant.
Only items that have something to do with the question are looked into, the most relevant first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log, sqrt
from typing import NamedTuple

from compactor.outputs.code_text.signatures import Block, Role
from compactor.outputs.question import words_of
from compactor.packing.forms import Source
from compactor.packing.relevance import ENOUGH, SPELLED, Question

LOOKED_INTO = 32
"""Items whose definitions are compared."""
NAMED = 4
"""Definitions of one item that are taken to be asked for."""
NEARLY = 0.6
"""Share of the best score of an item from which on another definition of it is asked for too."""
OF_ITEM = 0.5
"""What the relevance of an item as a whole counts beside that of its best definition."""
USUAL = 1_200
"""Characters of a usual definition: what a longer one says of a word counts less."""

_WORD = re.compile(r'\w')


class _Definition(NamedTuple):
    source: int
    name: str
    head: str
    body: str


def focus(sources: Sequence[Source], asked: Question) -> None:
    """Sets what of each item the question asks for, and corrects the relevance of items that hold definitions."""
    spelled = words_of(asked.text)
    ranked = sorted((i for i, one in enumerate(sources) if one.relevance > 0), key=lambda i: -sources[i].relevance)
    looked = [i for i in ranked[:LOOKED_INTO] if sources[i].language]
    unseen = frozenset(ranked[LOOKED_INTO:])
    found = [definition for i in looked for definition in _definitions(i, sources[i])]
    scores = _scores(found, asked)
    best = max(scores, default=0.0)
    by_source: dict[int, list[tuple[float, str]]] = {}
    for definition, score in zip(found, scores, strict=True):
        by_source.setdefault(definition.source, []).append((score, definition.name))
    for i in ranked:
        source = sources[i]
        own = sorted(by_source.get(i, ()), reverse=True)[:NAMED]
        if not own or best <= 0:
            # What was not looked into must not pass what was.
            source.relevance *= OF_ITEM if best > 0 and i in unseen else 1.0
            source.asked = spelled or frozenset(asked.words)
            continue
        top = own[0][0]
        names = [name for score, name in own if name and score > 0 and score >= NEARLY * top]
        source.asked = frozenset(names) | spelled
        source.relevance = OF_ITEM * source.relevance + (1 - OF_ITEM) * top / best
    most = max((one.relevance for one in sources), default=0.0)
    for source in sources:
        source.relevance = source.relevance / most if most > 0 else 0.0


def _definitions(i: int, source: Source) -> list[_Definition]:
    lines = source.lines
    made = []
    for block in source.outline:
        if block.role is Role.FUNCTION or block.role is Role.CONTAINER:
            signature = lines[block.start : block.body]
            body = '\n'.join(lines[block.body : block.end]).lower()
            made.append(_Definition(i, _named(signature), '\n'.join(signature).lower(), _before(block, lines) + body))
    return made


def _before(block: Block, lines: Sequence[str]) -> str:
    """The comment above a definition, which says in words what it does."""
    at = block.start
    while at > 0 and lines[at - 1].lstrip().startswith(('//', '#', '*', '/*', '--')):
        at -= 1
    return '\n'.join(lines[at : block.start]).lower()


def _named(signature: Sequence[str]) -> str:
    """The line of a signature that names what it defines, as it stands: found again, it can be nothing else."""
    named = (line.strip() for line in signature if not line.lstrip().startswith(('@', '#[', '//')))
    return next((line[:160] for line in named if _WORD.search(line)), '')


def _scores(found: Sequence[_Definition], asked: Question) -> list[float]:
    scores = [0.0] * len(found)
    for term in asked.terms:
        inside = [one.body.count(term) for one in found]
        heads = [term in one.head for one in found]
        holding = sum(bool(count) or head for count, head in zip(inside, heads, strict=True))
        if not holding:
            continue
        rare = log(1 + (len(found) - holding + 0.5) / (holding + 0.5)) * (SPELLED if term in asked.names else 1.0)
        for k, (count, head) in enumerate(zip(inside, heads, strict=True)):
            if count or head:
                damped = ENOUGH * (0.4 + 0.6 * sqrt(len(found[k].body) / USUAL))
                scores[k] += rare * (count * (1 + ENOUGH) / (count + damped) / ENOUGH + 1.5 * head)
    return scores
