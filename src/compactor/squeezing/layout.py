"""How a JSON text was written, so that the very text can be written again from what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any

from compactor.errors import ConfigError
from compactor.outputs.json_text.parts import Pairs, json_decoder
from compactor.squeezing.tree import DEEPEST, scalar

_DECODER = json_decoder(exact=True)
_FIRST_INDENT = re.compile(r'[\[{]\n([ \t]+)')
_HTML = str.maketrans({'<': '\\u003c', '>': '\\u003e', '&': '\\u0026', '\u2028': '\\u2028', '\u2029': '\\u2029'})
ESCAPES = ('raw', 'ascii', 'html', 'slash', 'ascii slash')
"""Which characters of strings are escaped: what must be; all that are not ASCII; also those that mean something in
HTML; slashes too."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a JSON text was written.

    Attributes:
        indent: what a level is indented by; '' for one line.
        comma: between elements on one line.
        colon: between key and value.
        escapes: one of `ESCAPES`.
        lines: several values, each on a line.
        end: white space behind the last value.
    """

    indent: str = ''
    comma: str = ','
    colon: str = ':'
    escapes: str = 'raw'
    lines: bool = False
    end: str = ''

    def __str__(self) -> str:
        return json.dumps(astuple(self))

    @classmethod
    def of(cls, text: str) -> Layout:
        """The layout that was written with `str`.

        Raises:
            ConfigError: the text is none.
        """
        try:
            indent, comma, colon, escapes, lines, end = json.loads(text)
        except (ValueError, TypeError):
            raise ConfigError(f'no layout of a JSON text: {text[:80]!r}') from None
        strings = all(isinstance(each, str) for each in (indent, comma, colon, end))
        if not strings or escapes not in ESCAPES or not isinstance(lines, bool):
            raise ConfigError(f'no layout of a JSON text: {text[:80]!r}')
        return cls(indent, comma, colon, escapes, lines, end)

    def write(self, tree: Any) -> str:
        """A tree as JSON in this layout; where it is of lines, of each element of the list."""
        pieces: list[str] = []
        if self.lines and type(tree) is list:
            for i, item in enumerate(tree):
                pieces.append('\n' if i else '')
                self._write(item, '', pieces)
        else:
            self._write(tree, '', pieces)
        return ''.join(pieces) + self.end

    def _write(self, node: Any, before: str, pieces: list[str]) -> None:
        if type(node) is not list and type(node) is not Pairs:
            pieces.append(self._string(node) if type(node) is str else scalar(node))
            return
        opening, closing = '[]' if type(node) is list else '{}'
        if not node:
            pieces.append(opening + closing)
            return
        inside = before + self.indent
        between = f',\n{inside}' if self.indent else self.comma
        pieces.append(f'{opening}\n{inside}' if self.indent else opening)
        for i, item in enumerate(node):
            if i:
                pieces.append(between)
            if type(node) is Pairs:
                pieces.append(self._string(item[0]) + self.colon)
                item = item[1]
            self._write(item, inside, pieces)
        pieces.append(f'\n{before}{closing}' if self.indent else closing)

    def _string(self, text: str) -> str:
        escape = encode_basestring_ascii if self.escapes.startswith('ascii') else encode_basestring
        written = escape(text)
        if self.escapes == 'html':
            return written.translate(_HTML)
        return written.replace('/', '\\/') if self.escapes.endswith('slash') else written


COMPACT = Layout()


def read(text: str) -> tuple[Any, Layout] | None:
    """The tree of a JSON text, and its layout; None where it is no JSON, or in no layout that gives back the text."""
    bare = text.rstrip(' \t\r\n')
    if not bare or bare[0] not in '{["':
        return None
    end = text[len(bare) :]
    tree = _parsed(bare)
    if tree is not None:
        layouts = _layouts(bare, end)
    else:
        tree = _lines(bare)
        if tree is None:
            return None
        layouts = _line_layouts(bare, end)
    if _depth_over(tree, DEEPEST):
        return None
    return next(((tree, layout) for layout in layouts if layout.write(tree) == text), None)


def _parsed(text: str) -> Any:
    try:
        tree, end = _DECODER.raw_decode(text)
    except (ValueError, RecursionError):
        return None
    return tree if end == len(text) and not isinstance(tree, str) else None


def _lines(text: str) -> list[Any] | None:
    found = []
    for line in text.split('\n'):
        tree = _parsed(line)
        if tree is None:
            return None
        found.append(tree)
    return found


def _escapes(text: str) -> Iterator[str]:
    """Ways of escaping that the text may have been written in."""
    slashes = '\\/' in text
    if slashes:
        yield 'slash'
        yield 'ascii slash'
    if text.isascii() and '\\u' in text:
        yield 'ascii'
    yield 'raw'
    if '\\u00' in text or '\\u202' in text:
        yield 'html'


def _layouts(text: str, end: str) -> Iterator[Layout]:
    indent = _FIRST_INDENT.match(text)
    for escapes in _escapes(text):
        if indent is not None:
            yield Layout(indent[1], colon=': ', escapes=escapes, end=end)
        else:
            yield from _one_line(text, escapes, end, lines=False)


def _line_layouts(text: str, end: str) -> Iterator[Layout]:
    for escapes in _escapes(text):
        yield from _one_line(text, escapes, end, lines=True)


def _one_line(text: str, escapes: str, end: str, *, lines: bool) -> Iterator[Layout]:
    yield Layout(escapes=escapes, lines=lines, end=end)
    if ': ' in text or ', ' in text:
        yield Layout(comma=', ', colon=': ', escapes=escapes, lines=lines, end=end)
        yield Layout(comma=',', colon=': ', escapes=escapes, lines=lines, end=end)


def _depth_over(tree: Any, most: int) -> bool:
    level = [tree]
    for _ in range(most + 1):
        level = [
            item[1] if type(node) is Pairs else item
            for node in level
            if type(node) is list or type(node) is Pairs
            for item in node
        ]
        if not level:
            return False
    return True
