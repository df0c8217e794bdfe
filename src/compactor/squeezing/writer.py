"""Writes a tree in fewer characters than JSON takes: JSON with four marks that cannot stand there outside of strings.

{"a":…}×3           the element before stands three times in its list      step `dedupe`
&1{"a":…}, *1       names a value, and repeats it                          step `references`
[2]{id,name}:       two objects as rows under their keys                   step `columns` (`table`)
1,Ada
2,"Lovelace, A."
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from compactor.outputs.json_text.columns import as_key, is_plain
from compactor.outputs.json_text.parts import Pairs, dumped
from compactor.squeezing.table import MISSING, Column, cells_of, columns_of
from compactor.squeezing.tree import NOT_FINITE, Shapes, scalar

TIMES = '×'
"""Before the number of times that an element stands."""
LEAST = 16
"""Characters of a value that is worth a name."""


def written(tree: Any, shapes: Shapes, steps: Collection[str]) -> str:
    """The tree, made smaller by these steps ('dedupe', 'references', 'columns')."""
    if 'references' not in steps:
        return _Writer(shapes, steps, None).text(tree)
    first = _Writer(shapes, steps, None)
    first.text(tree)
    repeated = (number for number, times in first.met.items() if times > 1)
    return _Writer(shapes, steps, {number: i for i, number in enumerate(repeated, 1)}).text(tree)


class _Writer:
    """One pass over a tree; the first finds which values are met twice, the second has their names."""

    def __init__(self, shapes: Shapes, steps: Collection[str], names: Mapping[int, int] | None) -> None:
        self.met: Counter[int] = Counter()
        self._shapes = shapes
        self._counts = 'dedupe' in steps
        self._refers = 'references' in steps
        self._tables = 'columns' in steps
        self._names = names or {}
        self._pieces: list[str] = []

    def text(self, tree: Any) -> str:
        self._value(tree)
        return ''.join(self._pieces)

    def _value(self, node: Any) -> None:
        if self._refers and self._named(node):
            return
        kind = type(node)
        if kind is Pairs:
            self._object(node)
        elif kind is list:
            self._list(node)
        else:
            self._pieces.append(scalar(node))

    def _named(self, node: Any) -> bool:
        """Whether a value was there before, and its name now stands for it."""
        if not isinstance(node, str | list):
            return False
        number = self._shapes.of(node)
        if self._shapes.sizes[number] < LEAST:
            return False
        self.met[number] += 1
        name = self._names.get(number)
        if self.met[number] > 1:
            self._pieces.append(f'*{name}')
            return True
        if name is not None:
            self._pieces.append(f'&{name}' if type(node) is Pairs or type(node) is list else f'&{name} ')
        return False

    def _object(self, node: Pairs) -> None:
        for i, (key, item) in enumerate(node):
            self._pieces.append(f'{"," if i else "{"}{dumped(key)}:')
            self._value(item)
        self._pieces.append('}' if node else '{}')

    def _list(self, node: list[Any]) -> None:
        runs = list(self._runs(node))
        columns = columns_of([item for item, _ in runs], self._shapes) if self._tables else None
        if columns is not None:
            self._table(runs, columns, len(node))
            return
        for i, (item, times) in enumerate(runs):
            self._pieces.append(',' if i else '[')
            self._value(item)
            self._pieces.append(f'{TIMES}{times}' if times > 1 else '')
        self._pieces.append(']' if node else '[]')

    def _runs(self, items: Sequence[Any]) -> Iterator[tuple[Any, int]]:
        """Elements and how often each stands one after the other."""
        if not self._counts:
            yield from ((item, 1) for item in items)
            return
        at = 0
        while at < len(items):
            number, end = self._shapes.of(items[at]), at + 1
            while end < len(items) and self._shapes.of(items[end]) == number:
                end += 1
            yield items[at], end - at
            at = end

    def _table(self, runs: Sequence[tuple[Any, int]], columns: Sequence[Column], rows: int) -> None:
        self._pieces.append(f'[{rows}]')
        self._head(columns)
        self._pieces.append(':\n')
        for item, times in runs:
            for i, cell in enumerate(cells_of(item, columns)):
                self._pieces.append(',' if i else '')
                self._cell(cell)
            self._pieces.append(f'{TIMES}{times}\n' if times > 1 else '\n')

    def _head(self, columns: Sequence[Column]) -> None:
        for i, column in enumerate(columns):
            self._pieces.append(f'{"," if i else "{"}{as_key(column.key)}')
            if column.inside is not None:
                self._head(column.inside)
            elif column.shared is not MISSING:
                self._pieces.append('=')
                self._value(column.shared)
        self._pieces.append('}')

    def _cell(self, cell: Any) -> None:
        if cell is MISSING:
            return
        if type(cell) is str and TIMES not in cell and cell not in NOT_FINITE and is_plain(cell):
            self._pieces.append(cell)
        else:
            self._value(cell)
