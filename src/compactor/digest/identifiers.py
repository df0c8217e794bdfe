"""What counts as a name worth finding again: paths, symbols, numbers, hashes; never a plain word."""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

_ATOM = re.compile(r'[\w./\-]*\w')
_WORD = re.compile(r'\w{2,}')
_TELLING = re.compile(
    r'[\w\-.]*/[\w./\-]*[A-Za-z][\w./\-]*'  # a path
    r'|\w[\w\-]*(?:\.[\w\-]+)+'  # a dotted name, a version, or a file with its extension
    r'|\w*[A-Za-z0-9]_+[A-Za-z0-9]\w*'  # snake_case
    r'|\w*(?:[a-z][A-Z]|[A-Z]{2}[a-z])\w*'  # camelCase
    r'|\d{3,}'  # a number of three digits or more
    r'|(?=\w*\d)(?=\w*[A-Za-z])\w{4,}'  # letters and digits mixed: hashes, versions
    r'|(?=[\w\-]*\d)\w+(?:-\w+)+'  # hyphens and a digit: dates, model names
)


@lru_cache(maxsize=65_536)
def _named(atom: str) -> str | None:
    atom = atom.lstrip('.-/') if atom[0] in '.-' else atom
    return atom if len(atom) > 1 and _TELLING.fullmatch(atom) else None


def identifiers(text: str) -> list[str]:
    """Every occurrence of a name in `text`, in order."""
    return [name for atom in _ATOM.findall(text) if (name := _named(atom)) is not None]


@lru_cache(maxsize=65_536)
def _bit(word: str) -> int:
    # crc32 and not hash(): the latter differs from process to process, and a digest must not.
    return 1 << (zlib.crc32(word.encode('utf-8', 'surrogatepass')) % BITS)


BITS = 512
"""Size of the bit set of a line's words: a word matches a line of 15 others falsely in 15 of 512 cases."""


def words(text: str) -> int:
    """The distinct words of a line as a bit set, for comparing lines: `(a & b).bit_count()` counts what they share."""
    mask = 0
    for word in _WORD.findall(text.lower()):
        mask |= _bit(word)
    return mask
