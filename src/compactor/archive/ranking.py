"""Which texts have most to do with a question: BM25 over their terms, wherever they are kept.

Archives find candidates in their own way; who comes first among them is decided here, so that it is the same in memory
and in every database. BM25 with k1 = 1.2 and b = .75, the values of SQLite's FTS5 and of Lucene.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import log
from typing import NamedTuple, Protocol, TypeVar, runtime_checkable

from compactor.archive.archive import Archive
from compactor.archive.terms import Bag, terms

K1, B = 1.2, 0.75
LONGEST_QUERY = 2_000
"""Characters of a question that are read."""
MOST_TERMS = 24
"""Terms of a question that are looked for, the first."""
CANDIDATES = 200
"""Texts that are compared at most; where more have a term of the question, only those that a database ranks first."""

K = TypeVar('K')


class Query:
    """A question, and the terms that are looked for.

    Args:
        text: the question in any words; names in it are found as a whole and in their parts. No character has a meaning
            of its own.

    Attributes:
        terms: what is looked for; empty where every word of it stands everywhere.
    """

    def __init__(self, text: str) -> None:
        self.terms = tuple(dict.fromkeys(terms(text[:LONGEST_QUERY])))[:MOST_TERMS]

    def __bool__(self) -> bool:
        return bool(self.terms)


class Hit(NamedTuple):
    """A step that has to do with a question: its key in the archive, and how much, more is better."""

    key: str
    score: float


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Attributes:
        hits: the best first.
        more: others have to do with it that were not compared.
        waiting: entries of older versions that are not indexed yet; each search indexes some.
    """

    hits: tuple[Hit, ...]
    more: bool = False
    waiting: int = 0


@runtime_checkable
class Searching(Archive, Protocol):
    """An archive with an index of the steps that it keeps."""

    def search(self, query: Query, wanted: Callable[[str], bool]) -> Found | None:
        """The steps that have to do with a question; None where there is no index to ask. May raise.

        Args:
            query: the question.
            wanted: whether the step with a key may be told of.
        """
        ...


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is known of all texts among which is searched.

    Attributes:
        number: how many there are.
        holding: by term, how many have it; a term that is missing is not looked for.
    """

    number: int
    holding: Mapping[str, int]


class Sized(NamedTuple):
    """What a ranking asks of a text: how often each term of the question stands in it, and how many terms it has."""

    times: Bag
    length: int


def ranked(bags: Mapping[K, Bag], query: Query) -> list[tuple[K, float]]:
    """Texts that are all at hand with their scores; see `best_of`."""
    corpus = Corpus(len(bags), {term: sum(term in one for one in bags.values()) for term in query.terms})
    return best_of({key: Sized(one, sum(one.values())) for key, one in bags.items()}, corpus)


def best_of(texts: Mapping[K, Sized], corpus: Corpus) -> list[tuple[K, float]]:
    """Texts with their scores, the best first; those without any term of the question are left out.

    How long a text is on average is told from those that have one, which every archive knows.

    Args:
        texts: the texts; where two have the same score, the one that comes later here is first.
        corpus: what they are a part of, with the terms that are looked for.
    """
    weights = {term: rarity(corpus.number, holding) for term, holding in corpus.holding.items()}
    having = [(key, one) for key, one in texts.items() if not weights.keys().isdisjoint(one.times)]
    mean = sum(one.length for _, one in having) / max(1, len(having))
    scored = [(key, _score(one.times, weights, K1 * (1 - B + B * one.length / mean))) for key, one in having]
    scored.reverse()
    return sorted(scored, key=lambda pair: -pair[1])


def rarity(number: int, holding: int) -> float:
    """What a term counts that so many of all texts have; never negative."""
    return log(1 + (max(0, number - holding) + 0.5) / (holding + 0.5))


def _score(one: Bag, weights: Mapping[str, float], damped: float) -> float:
    shared = ((one[term], weight) for term, weight in weights.items() if term in one)
    return sum(weight * times * (K1 + 1) / (times + damped) for times, weight in shared)
