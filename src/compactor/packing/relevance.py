"""How much a text has to do with a question: its words in the text, rare ones more than frequent ones.

A word of the question is looked for inside of words too, so that `reserve` finds `Reservation` and `reserve_budget`;
names that a question spells out count three times, and so does what stands in the name of an item. Every text is
searched once for every word: linear, at the speed of `str.count`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import log

from compactor.archive.terms import stem
from compactor.digest.identifiers import identifiers

MOST = 24
"""Words of a question that are looked for."""
LONGEST = 4_000
"""Characters of a question that are read."""
SPELLED = 3.0
"""What a name that the question spells out counts, and a word in the name of an item."""
ENOUGH = 3.0
"""Times from which on more of a word says little more."""

_PART = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+')


class Question:
    """A question, and what it looks for.

    Args:
        text: as it was asked.

    Attributes:
        text: the same.
        words: stems of its words, lower case.
        names: names that it spells out, lower case.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        read = text[:LONGEST]
        named = [name.rsplit('/', 1)[-1].lower() for name in identifiers(read)]
        self.names = tuple(dict.fromkeys(name for name in named if len(name) >= 3))[:MOST]
        stems = (stem(part) for part in _PART.findall(read))
        self.words = tuple(dict.fromkeys(word for word in stems if word and word not in self.names))[:MOST]

    @property
    def terms(self) -> tuple[str, ...]:
        """All that is looked for."""
        return (*self.names, *self.words)

    def __bool__(self) -> bool:
        return bool(self.names or self.words)


def relevances(question: Question, names: Sequence[str], texts: Sequence[str]) -> list[float]:
    """How much each text has to do with a question, 0 to 1; the best has 1. All are 0 where nothing is found."""
    scores = [0.0] * len(texts)
    if not question:
        return scores
    lower = [text.lower() for text in texts]
    titles = [name.lower() for name in names]
    mean = sum(map(len, lower)) / max(1, len(lower)) or 1.0
    for term in question.terms:
        counts = [text.count(term) for text in lower]
        titled = [term in title for title in titles]
        holding = sum(bool(count) or at for count, at in zip(counts, titled, strict=True))
        if not holding:
            continue
        rare = log(1 + (len(texts) - holding + 0.5) / (holding + 0.5)) * (SPELLED if term in question.names else 1.0)
        for i, count in enumerate(counts):
            if count or titled[i]:
                # A long text holds everything: what it says of a word counts less (as in BM25).
                damped = ENOUGH * (0.4 + 0.6 * len(lower[i]) / mean)
                scores[i] += rare * (count * (1 + ENOUGH) / (count + damped) + (SPELLED if titled[i] else 0.0))
    best = max(scores, default=0.0)
    return [score / best for score in scores] if best > 0 else scores
