"""Follows a word over the ends of lines: a narrow window, a mail or a fold of YAML cuts a long token in pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compactor.secrets.gutters import gutter
from compactor.secrets.randomness import looks_random
from compactor.secrets.reading import Span

PIECES = 6
"""Lines that one word goes over, at most."""
FULL = 72
"""Characters of a line from which the word at its end may have been cut there."""
LEAST = 16
"""Characters of a word that is the rest of another although that would be whole."""

_END = re.compile(rb'[ \t]{0,3}\\?\r?\n')
_WORD = re.compile(rb'[\w.~+/=-]{1,4000}')


def pieces(flat: bytes, end: int) -> Iterator[Span]:
    """Where a word that ends here goes on, line by line, as long as each piece fills the rest of its line."""
    for _ in range(PIECES):
        cut = _END.match(flat, end)
        if cut is None:
            return
        word = _WORD.match(flat, gutter(flat, cut.end()))
        if word is None:
            return
        yield word.span()
        end = word.end()


def rest(flat: bytes, end: int) -> int:
    """Where a secret ends that could end here: what alone fills the next lines and looks random belongs to it."""
    if end < FULL or flat.find(b'\n', end - FULL, end) >= 0 or _END.match(flat, end) is None:
        return end
    for start, stop in pieces(flat, end):
        if (
            stop - start < LEAST
            or flat[stop : stop + 1] not in (b'\n', b'\r', b'"', b"'", b'')
            or not looks_random(flat[start:stop].decode())
        ):
            break
        end = stop
    return end


def cut_off(flat: bytes, end: int) -> bool:
    """Whether a text, or what is shown of it, ends here."""
    return end == len(flat) or flat.startswith((b'...', b'?', b' [', b' ...', b' ?'), end)
