"""Objects with the same keys as rows under columns: which columns there are, and whether it can be done.

    [3]{id,user{login,id},state="open"}:
    1,ada,17
    2,bob,18
    3,,19

A key that a row does not have is an empty cell; an object that all rows have becomes columns of its own; a value that
all rows share stands in the head. The head and the cells are those of `outputs.json_text.columns`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from compactor.outputs.json_text.parts import Pairs
from compactor.squeezing.tree import Shapes

FEWEST = 2
"""Rows from which on a table is tried."""
FILLED = 0.5
"""Share of its cells that must be filled."""
WIDEST = 200
"""Columns at most; objects that share few of many keys are no table."""
LEVELS = 4
"""Levels of objects within rows that become columns."""


class Missing:
    """Stands for a key that a row does not have."""


MISSING = Missing()


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        key: its key.
        shared: the value that all rows have; `MISSING` where they have their own.
        inside: columns of the object that stands under the key; None where cells hold values.
    """

    key: str
    shared: Any = MISSING
    inside: tuple[Column, ...] | None = None


def columns_of(rows: Sequence[Any], shapes: Shapes, level: int = 0) -> tuple[Column, ...] | None:
    """The columns of a list of objects; None where they would not hold exactly what the objects do."""
    if len(rows) < FEWEST or not all(type(row) is Pairs for row in rows):
        return None
    keys = _keys(rows)
    if not keys:
        return None
    cells = sum(map(len, rows))
    if cells < FILLED * len(keys) * len(rows):
        return None
    values: dict[str, list[Any]] = {key: [] for key in keys}
    for row in rows:
        for key, value in row:
            values[key].append(value)
    return tuple(_column(key, values[key], len(rows), shapes, level) for key in keys)


def _keys(rows: Sequence[Any]) -> list[str] | None:
    """All keys in an order that every row keeps; None where there is none, or a row repeats a key."""
    first = [key for key, _ in rows[0]]
    order = {key: i for i, key in enumerate(first)}
    if len(order) != len(first):
        return None
    for row in rows:
        if len(row) == len(first) and [key for key, _ in row] == first:
            continue
        before = -1
        for key, _ in row:
            if key not in order:
                if len(first) >= WIDEST:
                    return None
                first.insert(before + 1, key)
                order = {key: i for i, key in enumerate(first)}
            if order[key] <= before:
                return None
            before = order[key]
    return first if all(_ordered(row, order) for row in rows) else None


def _ordered(row: Any, order: dict[str, int]) -> bool:
    places = [order[key] for key, _ in row]
    return all(a < b for a, b in pairwise(places))


def _column(key: str, values: list[Any], rows: int, shapes: Shapes, level: int) -> Column:
    if len(values) < rows:
        return Column(key)
    number = shapes.of(values[0])
    if all(shapes.of(value) == number for value in values):
        return Column(key, shared=values[0])
    if level < LEVELS and all(type(value) is Pairs for value in values):
        inside = columns_of(values, shapes, level + 1)
        if inside is not None:
            return Column(key, inside=inside)
    return Column(key)


def cells_of(row: Any, columns: Sequence[Column]) -> list[Any]:
    """The cells of a row, `MISSING` where it has no such key."""
    found = dict(row)
    cells: list[Any] = []
    for column in columns:
        if column.inside is not None:
            cells += cells_of(found[column.key], column.inside)
        elif column.shared is MISSING:
            cells.append(found.get(column.key, MISSING))
    return cells


def width(columns: Sequence[Column]) -> int:
    """How many cells a row has."""
    return sum(
        width(column.inside) if column.inside is not None else int(column.shared is MISSING) for column in columns
    )


def row_of(cells: Sequence[Any], columns: Sequence[Column]) -> Pairs:
    """The object that a row stands for; the other way of `cells_of`."""
    row, _ = _row(cells, 0, columns)
    return row


def _row(cells: Sequence[Any], at: int, columns: Sequence[Column]) -> tuple[Pairs, int]:
    row = Pairs()
    for column in columns:
        if column.inside is not None:
            value, at = _row(cells, at, column.inside)
            row.append((column.key, value))
        elif column.shared is not MISSING:
            row.append((column.key, column.shared))
        else:
            if cells[at] is not MISSING:
                row.append((column.key, cells[at]))
            at += 1
    return row, at
