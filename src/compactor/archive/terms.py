"""What a text is found by: its words and names in one form, the same for what is kept and for what is asked.

A name counts as a whole and in its parts: `reserve_budget`, `reserveBudget` and `src/store/reserve.py` are all found by
`reserve`, and the first two by each other. Words lose their usual endings, so that `reserve` finds `Reservation`, and
`authentication` finds `authenticate`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache

LONGEST = 256 * 1024
"""Characters of a text that are read: what stands behind them is not found by words."""
LONGEST_TERM = 60
"""Characters of a term; what is longer is data, which nobody asks for."""
MOST_TIMES = 16
"""Times that a term counts in one text; more of it says nothing more."""

_ATOM = re.compile(r'[^\W_]+(?:[._/\\-]+[^\W_]+)*+')
_PIECES = re.compile(r'[^\W_]+')
_PART = re.compile(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+')
_UNSPACED = re.compile('[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+')
"""Scripts that put no blanks between words."""
_SCRIPTS = re.compile(f'({_UNSPACED.pattern})')
_ENDINGS = re.compile(r'(?:(?<=\w{4})at(?:ions?|e[sd]?|ing|ors?)|ions?|ing|ed|es|s|e|ies|y)$')
STOP = frozenset(
    re.findall(
        r'\w+',
        """
        the and for are was were not but with from that this these those have has had what which when where who
        whom why how does did done can could should would will shall may might must into onto over under about
        after before between while its our your their there here them they you she him her his all any each
        every some such than then too very just also use used uses using get gets got set sets make makes made
        want wants need needs show shows tell give find work works file files code function functions class
        classes method methods module modules please let way thing things is it in of on to do if or as at be by
        we an no so up my me i a whole one ones many much more most only once again another first last whether
        without within through left right says gives give given takes take taken called call
        """,
    )
)
"""Words that say nothing of what a text is about."""

Bag = Mapping[str, int]
"""How often each term stands in a text, up to `MOST_TIMES`."""


def stem(word: str) -> str:
    """A word as it is looked for: lower case, without a usual ending; '' for one that says nothing."""
    word = word.lower()
    if word in STOP or len(word) < 3:
        return ''
    short = _ENDINGS.sub('', word) if len(word) > 4 else word
    return short if len(short) >= 3 else word


def terms(text: str) -> Iterator[str]:
    """The terms of a text in order: letters and digits of ASCII in lower case, nothing else."""
    for found in _ATOM.finditer(text[:LONGEST]):
        yield from _said(found[0])


def bag(text: str) -> Bag:
    """The terms of a text with how often they stand there."""
    return {term: min(times, MOST_TIMES) for term, times in Counter(terms(text)).items()}


@lru_cache(maxsize=50_000)
def _said(atom: str) -> tuple[str, ...]:
    if len(atom) > 1_000:
        return ()
    found: list[str] = []
    steps = re.split(r'[/\\]+', atom)
    for step in steps:
        pieces = _PIECES.findall(step)
        parts = [part for piece in pieces for part in _parts(piece)]
        found += [said for part in parts for said in _words(part)]
        if len(parts) > 1:
            found.append(''.join(pieces).lower())
            if len(pieces) > 2 and '.' in step:  # a file by its name without the extension
                found.append(''.join(pieces[:-1]).lower())
    if len(steps) > 1:
        found.append(''.join(_PIECES.findall(atom)).lower())
    return tuple(_plain(term) for term in found if len(term) <= LONGEST_TERM)


def _parts(piece: str) -> list[str]:
    """A name by its capitals and digits; what is written in other letters by its scripts."""
    return _PART.findall(piece) if piece.isascii() else [part for part in _SCRIPTS.split(piece) if part]


def _words(part: str) -> Iterator[str]:
    if part.isdigit() and part.isascii():
        if len(part) > 1:
            yield part
        return
    if (unspaced := _UNSPACED.fullmatch(part)) is not None:
        run = unspaced[0]
        yield from (run[i : i + 2] for i in range(max(1, len(run) - 1)))
        return
    if word := stem(part):
        yield word


def _plain(term: str) -> str:
    """A term that no database takes apart: other letters than those of ASCII by their bytes."""
    return term if term.isascii() else f'u{term.encode("utf-8", "surrogatepass").hex()}'
