"""A text in the forms in which it is searched, each made when it is first needed."""

from __future__ import annotations

import re
from functools import cached_property

SHORTEST = 16
"""Characters of the shortest word in which a secret is looked for."""
FULL = (64, 70)
"""Characters of a full line of a key, by whoever wrote it."""
ENOUGH = 3
"""Full lines, one behind the other, that are a key without head and tail."""
_WORD = bytes(ord('a') if chr(i) in '_-.' or (chr(i).isalnum() and i < 128) else ord(' ') for i in range(256))
"""Turns each byte of a word into 'a' and every other into a blank."""
_STRETCH = bytes(ord('a') if chr(i) in '_-.+/' or (chr(i).isalnum() and i < 128) else ord(' ') for i in range(256))
"""The same for what base64 and paths are made of."""
_PADDED = bytes(ord('a') if byte == ord('=') else _STRETCH[byte] for byte in range(256))
_BASE64 = bytes(ord('a') if chr(i) in '+/' or (chr(i).isalnum() and i < 128) else ord(' ') for i in range(256))
_LONG = b'a' * SHORTEST
# An expression that begins with a literal is searched for ten times as fast as one with a class of characters.
_DIGIT = re.compile(rb'[0-9]')
_FULL_LINE = re.compile(b'a' * FULL[0] + b'a*')
_CONTROLS = bytes(i for i in range(128) if i < 32 or i == 127).translate(None, b'\t\n\r')
_OF_ASCII = bytes(range(128))
_BETWEEN = re.compile(rb'\?(?<=[A-Za-z0-9_.=-]\?)\?*[A-Za-z0-9_.=-]')
"""Something beyond ASCII inside of a word."""
WIDTHLESS = (
    '\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e'
    + ''.join(map(chr, range(0x80, 0xA0)))
    + '\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufe0e\ufe0f\ufeff'
)
"""Characters beyond ASCII that nobody sees: controls, soft hyphens, joiners, marks of direction and of order."""
BACKSLASH = ord('\\')
_ESCAPES = {ord('n'): 1, ord('r'): 1, ord('t'): 1, ord('b'): 1, ord('f'): 1, ord('u'): 5, ord('x'): 3}
"""Characters of an escape behind its backslash, by the first."""
_COLOUR = re.compile(rb'[0-9]{1,3}m')


Span = tuple[int, int]
"""Where something begins, and behind what it ends."""


class Reading:
    """A text as it is searched.

    Attributes:
        text: the text.
        flat: one byte for each character of it, so that positions are the same in both.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.flat = text.encode('ascii', 'replace')
        self._held: dict[bytes, bool] = {}

    @cached_property
    def lower(self) -> bytes:
        """`flat` in small letters."""
        return self.flat.lower()

    def holds(self, literal: bytes) -> bool:
        """Whether a literal in small letters is in the text; found out once."""
        found = self._held.get(literal)
        if found is None:
            found = self._held[literal] = literal in self.lower
        return found

    @cached_property
    def words(self) -> tuple[list[Span], list[Span]]:
        """Long words of letters, digits, `_`, `-` and `.`: those that hold digits, and the others."""
        flat, digit = self.flat, _DIGIT.search
        mixed: list[Span] = []
        others: list[Span] = []
        marked = flat.translate(_WORD)
        # A literal is found without looking at each character before it, which an expression does.
        at = marked.find(_LONG)
        while at >= 0:
            end = marked.find(b' ', at + SHORTEST)
            if end < 0:
                end = len(marked)
            (mixed if digit(flat, at, end) else others).append((at, end))
            at = marked.find(_LONG, end)
        return mixed, others

    def begin(self, at: int) -> int:
        """Where a word begins that follows an escape without a gap: '\\nghp_', '%3Dghp_', '[31mghp_'."""
        flat = self.flat
        before = flat[at - 1] if at else 0
        if before == BACKSLASH:
            return at + _ESCAPES.get(flat[at], 0)
        if before == ord('%'):
            return at + 2
        if before in b'[;' and (colour := _COLOUR.match(flat, at)):
            return colour.end()
        return at

    def stretch(self, at: int, *, padded: bool = False) -> int:
        """Where what base64 and paths are made of begins that reaches up to `at`; `padded`: there may be `=` in it."""
        return (self._padded if padded else self._stretches).rfind(b' ', 0, at) + 1

    @cached_property
    def full_lines(self) -> list[Span]:
        """Stretches of base64 as long as a full line of a key, or longer; none where no word is a piece of such lines.

        Those of keys have several `+` each, or are one long word.
        """
        flat = self.flat
        for start, end in self.words[0]:
            if flat[end : end + 1] == b'+' or flat[start - 1 : start] == b'+' or FULL[0] <= end - start <= FULL[-1] + 1:
                return [line.span() for line in _FULL_LINE.finditer(flat.translate(_BASE64))]
        return []

    @property
    def plain(self) -> bool:
        """Whether all of it is seen: there are no colours in it, and nothing without width inside of a word."""
        flat = self.flat
        if len(flat.translate(None, _CONTROLS)) < len(flat):
            return False
        if self.text.isascii() or not _BETWEEN.search(flat):
            return True
        beyond = self.text.encode('utf-8', 'surrogatepass').translate(None, _OF_ASCII).decode('utf-8', 'surrogatepass')
        return not any(sign in beyond for sign in WIDTHLESS)

    @cached_property
    def _stretches(self) -> bytes:
        return self.flat.translate(_STRETCH)

    @cached_property
    def _padded(self) -> bytes:
        return self.flat.translate(_PADDED)
