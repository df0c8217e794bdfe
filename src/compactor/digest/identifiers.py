"""What counts as a name worth finding again: paths, symbols, numbers, hashes; never a plain word."""

from __future__ import annotations

import re
from functools import lru_cache

_ATOM = re.compile(r'[\w./\-]*\w')
_WORD = re.compile(r'[A-Za-z0-9]+')
_TELLING = re.compile(
    r'[\w\-.]*/[\w./\-]*[A-Za-z]'  # a path
    r'|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+'  # a dotted name or a file with its extension
    r'|\w*[A-Za-z0-9]_[A-Za-z0-9]\w*'  # snake_case
    r'|[a-z]+[A-Z]\w*|[A-Z][a-z0-9]+[A-Z]\w*'  # camelCase
    r'|[0-9a-f]{7,40}'  # a hash
    r'|\d[\d.]*\d'  # a number of two digits or more
    r'|[A-Za-z]+[\w]*\d+\w*'  # a word with a digit
    r'|[A-Za-z]+(?:-[A-Za-z0-9]+)+'  # kebab-case
)


@lru_cache(maxsize=65_536)
def _named(atom: str) -> str | None:
    atom = atom.lstrip('.-/') if atom[0] in '.-' else atom
    return atom if len(atom) > 1 and _TELLING.fullmatch(atom) else None


def identifiers(text: str) -> list[str]:
    """Every occurrence of a name in `text`, in order."""
    return [name for atom in _ATOM.findall(text) if (name := _named(atom)) is not None]


def words(text: str) -> frozenset[str]:
    """The distinct words of a line, names taken apart, for comparing lines."""
    return frozenset(_WORD.findall(text))
