"""What counts as a name worth finding again: paths, symbols, numbers, hashes; never a plain word.

A text is cut into atoms, runs of letters, digits, `_`, `.`, `/` and `-`. What an atom says, its name and its words, is
remembered with the atom, because the same few thousand make up a history: reading a text is one search and look-ups.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

ATOM = re.compile(r'[\w./\-]+')
_WORD = re.compile(r'\w{2,}')
_WORD_OF_ASCII = re.compile(rb'\w{2,}')
# Nothing here goes back over what it has passed more than once, so that an endless atom takes no more than its length.
_TELLING = re.compile(
    r'[\w\-.]*+/[\w./\-]*[A-Za-z][\w./\-]*+'  # a path
    r'|\w[\w\-]*+(?:\.[\w\-]++)++'  # a dotted name, a version, or a file with its extension
    r'|(?=\w++\Z)(?:\w*[A-Za-z0-9]_++[A-Za-z0-9]\w*+'  # snake_case
    r'|\w*(?:[a-z][A-Z]|[A-Z]{2}[a-z])\w*+)'  # camelCase
    r'|\d{3,}+'  # a number of three digits or more
    r'|(?=\w*\d)(?=\w*[A-Za-z])\w{4,}+'  # letters and digits mixed: hashes, versions
    r'|(?=[\w\-]*\d)\w++(?:-\w++)++'  # hyphens and a digit: dates, model names
)


_GREPPED = re.compile(r'(.*[A-Za-z]\.[A-Za-z]{1,5})-\d++(?:-.*)?')
"""`a.go-58-`: how a search marks the lines around what it found; the file is the name."""
_TAG = re.compile(r'/[\w\-]+')
"""The end of a tag, or a folder of the root, which says little."""
_NUMBER = re.compile(r'v?[\d._\-/]++(?:[TZ][\d._\-]*+)*+')
"""A number, a version or a time."""

LONGEST = 2_000
"""Characters of the longest name; what is longer is data, which nobody asks for by its name."""
PIECE = 64 * 1024
"""Characters that are cut into atoms at once."""


def _named(atom: str) -> str | None:
    """The name that an atom is, without the marks behind it; None if it is none."""
    atom = atom.rstrip('./-')
    if not atom or len(atom) > LONGEST:
        return None
    if atom[0] in '.-' or atom.startswith('//') or (atom[0] == '/' and _TAG.fullmatch(atom)):
        atom = atom.lstrip('.-/')
    if '-' in atom and (grepped := _GREPPED.fullmatch(atom)):
        atom = grepped[1]
    return atom if len(atom) > 1 and _TELLING.fullmatch(atom) else None


Said = tuple[int, tuple[str, ...]]
"""What a piece of a line says: its words as a bit set, and the names in it."""


def _read(piece: bytes) -> Said:
    """A piece of a line between marks of ASCII: an atom, or several with other marks between them."""
    if piece.isalpha() and (piece[1:].islower() or piece.isupper() or len(piece) == 1):
        return (1 << (zlib.crc32(piece.lower()) % BITS) if len(piece) > 1 else 0), ()  # a plain word, as most are
    if piece[-1:] in b'./-':
        bare = piece.rstrip(b'./-')
        return _pieces[bare] or NOTHING if bare else NOTHING
    text = piece.decode('utf-8', 'surrogatepass')
    if not piece.isascii():
        return words(text), tuple(identifiers(text))
    mask = 0
    for word in _WORD_OF_ASCII.findall(piece.lower()):
        mask |= 1 << (zlib.crc32(word) % BITS)
    name = _named(text)
    return mask, () if name is None else (name,)


NOTHING: Said = (0, ())


class _Pieces(dict[bytes, Said | None]):
    """What is known of pieces, None for the end of a line; starts over where it would grow too large."""

    def __missing__(self, piece: bytes) -> Said | None:
        said = _read(piece) if piece != _END else None
        if len(piece) <= REMEMBERED:
            if len(self) >= MOST:
                self.clear()
            self[piece] = said
        return said


_END = b'\x00'
# Every byte of an atom, and of what is not ASCII, as it is; every other one a blank.
_APART = bytes(i if i > 127 or chr(i).isalnum() or chr(i) in '_./-\n' else ord(' ') for i in range(256))
REMEMBERED = 200
"""Bytes of the longest piece that is remembered."""
MOST = 65_536
"""Pieces that are remembered: about 16 MB."""
_pieces = _Pieces()


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
    return [name for atom in ATOM.findall(text) if (name := _named(atom)) is not None]


def places(text: str) -> dict[str, int]:
    """Every name in `text` with where it stands first as an atom, in that order."""
    found: dict[str, int] = {}
    for atom in ATOM.finditer(text):
        name = _named(atom[0])
        if name is not None and name not in found:
            found[name] = atom.start() + atom[0].find(name)
    return found


BITS = 512
"""Size of the bit set of a line's words: a word matches a line of 15 others falsely in 15 of 512 cases."""


def words(text: str) -> int:
    """The distinct words of a text as a bit set, for comparing lines: `(a & b).bit_count()` counts what they share."""
    mask = 0
    for word in _WORD.findall(text.lower()):
        # crc32 and not hash(): the latter differs from process to process, and a digest must not.
        mask |= 1 << (zlib.crc32(word.encode('utf-8', 'surrogatepass')) % BITS)
    return mask


def names_and_words(lines: Sequence[str]) -> tuple[list[tuple[str, ...]], list[int]]:
    """Of each line its distinct names in order, and its words as a bit set."""
    every: list[tuple[str, ...]] = []
    masks: list[int] = []
    for group in _groups(lines):
        data = '\n'.join(group).encode('utf-8', 'surrogatepass').translate(_APART)
        names: list[str] = []
        mask = 0
        for said in map(_pieces.__getitem__, (data.replace(b'\n', b' \x00 ') + b' \x00').split()):
            if said is not None:
                its_words, its_names = said
                mask |= its_words
                if its_names:
                    names += its_names
            else:
                masks.append(mask)
                every.append(tuple(dict.fromkeys(names)) if names else ())
                mask, names = 0, []
    for i, line in enumerate(lines):
        if 'Σ' in line:  # what a small sigma looks like depends on what stands around it, beyond its atom
            masks[i] = words(line)
    return every, masks


def _groups(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """The lines in groups of about `PIECE` characters."""
    start = size = 0
    for end, line in enumerate(lines):
        if size > PIECE:
            yield lines[start:end]
            start, size = end, 0
        size += len(line)
    if start < len(lines):
        yield lines[start:]
