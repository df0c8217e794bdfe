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


_GREPPED = re.compile(r'(.*[A-Za-z]\.[A-Za-z]{1,5})-\d+(?:-.*)?')
"""`a.go-58-`: how a search marks the lines around what it found; the file is the name."""
_TAG = re.compile(r'/[\w\-]+')
"""The end of a tag, or a folder of the root, which says little."""
_NUMBER = re.compile(r'v?[\d._\-/]+(?:[TZ][\d._\-]*)*')
"""A number, a version or a time."""


@lru_cache(maxsize=65_536)
def _named(atom: str) -> str | None:
    if atom[0] in '.-' or atom.startswith('//') or (atom[0] == '/' and _TAG.fullmatch(atom)):
        atom = atom.lstrip('.-/')
    if '-' in atom and (grepped := _GREPPED.fullmatch(atom)):
        atom = grepped[1]
    return atom if len(atom) > 1 and _TELLING.fullmatch(atom) else None


@lru_cache(maxsize=65_536)
def specific(name: str) -> float:
    """How much a name by its form is likely to be wanted again, 1 for paths and qualified names.

    In recorded sessions an agent comes back to a qualified name twice as often as to a bare symbol, and hardly ever
    to a number.
    """
    if _NUMBER.fullmatch(name):
        return NUMBER
    return QUALIFIED if '/' in name or '.' in name else SYMBOL


QUALIFIED, SYMBOL, NUMBER = 1.0, 0.6, 0.15


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
