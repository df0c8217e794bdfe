"""Reads what `writer` writes. It may come from anywhere, so depth and number of parts are bounded."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from compactor.errors import ConfigError
from compactor.outputs.json_text.parts import Number, Pairs
from compactor.squeezing.table import MISSING, Column, row_of, width
from compactor.squeezing.tree import DEEPEST, Counting, too_deep
from compactor.squeezing.writer import TIMES

_WORDS = {'null': None, 'true': True, 'false': False}
_NUMBER = re.compile(r'-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?|NaN|-?Infinity')
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_WORD = re.compile('null|true|false')
_TABLE = re.compile(r'\[([0-9]{1,8})\](?=\{)')
_NAME = re.compile(r'&([0-9]{1,8}) ?')
_REPEATED = re.compile(r'\*([0-9]{1,8})')
_TIMES = re.compile(TIMES + r'([0-9]{1,8})')
_BARE_KEY = re.compile(r'[A-Za-z_][\w.]*', re.ASCII)
_BARE_CELL = re.compile(rf'[^,\n{TIMES}"]*')


def read_squeezed(text: str) -> Any:
    """The tree that was written.

    Raises:
        ConfigError: the text is none of `written`, or stands for more than `tree.MOST` parts.
    """
    reader = _Reader(text)
    tree = reader.value(0)
    if reader.at != len(text):
        reader.wrong('the end')
    return tree


class _Reader:
    """A place in a text; each method reads what stands there and goes behind it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0
        self._named: dict[str, tuple[Any, int]] = {}
        self._counting = Counting()

    def wrong(self, wanted: str) -> NoReturn:
        raise ConfigError(f'not a squeezed value: {wanted} is missing at character {self.at:,}')

    def _found(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def _is(self, mark: str) -> bool:
        if self._text.startswith(mark, self.at):
            self.at += len(mark)
            return True
        return False

    def _needs(self, mark: str) -> None:
        if not self._is(mark):
            self.wrong(repr(mark))

    def value(self, depth: int) -> Any:
        if depth > DEEPEST:
            raise too_deep()
        self._counting.add(1)
        c = self._text[self.at : self.at + 1]
        if c == '{':
            return self._object(depth)
        if c == '[':
            table = self._found(_TABLE)
            return self._table(int(table[1]), depth) if table is not None else self._list(depth)
        if c == '"':
            return self._string()
        if c == '&':
            return self._with_name(depth)
        if c == '*':
            return self._repeated()
        if (word := self._found(_WORD)) is not None:
            return _WORDS[word[0]]
        if (number := self._found(_NUMBER)) is not None:
            return Number(number[0])
        return self.wrong('a value')

    def _string(self) -> str:
        found = self._found(_STRING)
        if found is None:
            self.wrong('the end of a string')
        try:
            return str(json.loads(found[0]))
        except ValueError:
            self.wrong('a string that can be read')

    def _with_name(self, depth: int) -> Any:
        name = self._found(_NAME)
        if name is None or self._text[self.at : self.at + 1] in ('&', '*'):
            self.wrong('a name of a value')
        before = self._counting.nodes
        value = self.value(depth)
        self._named[name[1]] = value, self._counting.nodes - before
        return value

    def _repeated(self) -> Any:
        name = self._found(_REPEATED)
        if name is None or name[1] not in self._named:
            self.wrong('a value of that name')
        value, nodes = self._named[name[1]]
        self._counting.add(nodes)
        return value

    def _object(self, depth: int) -> Pairs:
        self._needs('{')
        pairs = Pairs()
        if self._is('}'):
            return pairs
        while True:
            if not self._text.startswith('"', self.at):
                self.wrong('a key')
            key = self._string()
            self._needs(':')
            pairs.append((key, self.value(depth + 1)))
            if self._is('}'):
                return pairs
            self._needs(',')

    def _list(self, depth: int) -> list[Any]:
        self._needs('[')
        items: list[Any] = []
        if self._is(']'):
            return items
        while True:
            before = self._counting.nodes
            item = self.value(depth + 1)
            items += [item] * self._times(self._counting.nodes - before)
            if self._is(']'):
                return items
            self._needs(',')

    def _times(self, nodes: int) -> int:
        """How often the element before stands; what it has is counted as often."""
        times = self._found(_TIMES)
        if times is None:
            return 1
        self._counting.add((int(times[1]) - 1) * nodes)
        return int(times[1])

    def _table(self, count: int, depth: int) -> list[Any]:
        before = self._counting.nodes
        columns = self._head(depth + 2)
        shared = self._counting.nodes - before
        self._needs(':\n')
        cells = width(columns)
        rows: list[Any] = []
        while len(rows) < count:
            before = self._counting.nodes
            row = [self._cell(depth + 2, i) for i in range(cells)]
            self._counting.add(1 + shared)
            rows += [row_of(row, columns)] * self._times(self._counting.nodes - before)
            self._needs('\n')
        if len(rows) != count:
            self.wrong(f'a row: {count:,} were announced, {len(rows):,} stand there')
        return rows

    def _head(self, depth: int) -> list[Column]:
        if depth > DEEPEST:
            raise too_deep()
        self._needs('{')
        columns: list[Column] = []
        while True:
            columns.append(self._column(depth))
            if self._is('}'):
                return columns
            self._needs(',')

    def _column(self, depth: int) -> Column:
        if self._text.startswith('"', self.at):
            key = self._string()
        else:
            bare = self._found(_BARE_KEY)
            if bare is None:
                self.wrong('a key')
            key = bare[0]
        if self._is('='):
            return Column(key, shared=self.value(depth))
        if self._text.startswith('{', self.at):
            return Column(key, inside=tuple(self._head(depth + 1)))
        return Column(key)

    def _cell(self, depth: int, number: int) -> Any:
        if number:
            self._needs(',')
        if self._text[self.at : self.at + 1] in ('"', '{', '[', '&', '*'):
            return self.value(depth)
        bare = self._found(_BARE_CELL)
        assert bare is not None, 'the pattern matches the empty text'
        self._counting.add(1)
        text = bare[0]
        if not text:
            return MISSING
        if text in _WORDS:
            return _WORDS[text]
        return Number(text) if _NUMBER.fullmatch(text) else text
