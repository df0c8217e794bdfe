"""The first line of an export: how its cells are separated, and which of them holds what."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from compactor.analysis.columns import Columns
from compactor.errors import ConfigError

DELIMITERS = (',', ';', '\t', '|')
LONGEST = 1 << 20
"""Characters of a line that are looked at; a longer one is no row of an export."""
BLANK_LINES = 100
"""So many empty lines may stand above the header."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the rows of one file.

    Attributes:
        delimiter: what separates cells.
        width: how many cells a row has.
        places: the index of each column by its name in `Columns`; those that the mapping leaves out are not in it.
        apart: indices of the columns that tell rows apart.
        lines: how many lines the header and what stands above it take.
        header: the cells of the header.
        columns: the mapping.
    """

    delimiter: str
    width: int
    places: dict[str, int]
    apart: tuple[int, ...]
    lines: int
    header: tuple[str, ...]
    columns: Columns


def lines_of(path: Path) -> IO[str]:
    """A file's lines, gzipped or not; bytes that are no UTF-8 become lone surrogates, any line end is one."""
    if path.suffix == '.gz':
        unpacked = cast('IO[bytes]', gzip.GzipFile(path))
        return TextIOWrapper(unpacked, encoding='utf-8-sig', errors='surrogateescape', newline=None)
    return path.open('rt', encoding='utf-8-sig', errors='surrogateescape', newline=None)


def layout_of(path: Path, columns: Columns) -> Layout:
    """The layout of a file.

    Raises:
        ConfigError: it cannot be read, is empty, or has no column of a name; the message says which there are.
    """
    try:
        with lines_of(path) as lines:
            for number in range(1, BLANK_LINES + 1):
                line = lines.readline(LONGEST)
                if not line:
                    break
                if line.strip('\x00 \t\r\n,;|'):
                    return _layout(path, line, number, columns)
    except (OSError, EOFError) as error:
        raise ConfigError(f'{path} cannot be read: {getattr(error, "strerror", None) or error}') from None
    raise ConfigError(f'{path} is empty: an export begins with a line of column names')


def same(name: str) -> str:
    """A column's name as it is compared: letters and digits, in small letters."""
    return ''.join(letter for letter in name.casefold() if letter.isalnum())


def _layout(path: Path, line: str, number: int, columns: Columns) -> Layout:
    delimiter = max(DELIMITERS, key=line.count)
    try:
        header = next(csv.reader([line.rstrip('\n')], delimiter=delimiter))
    except csv.Error as error:
        raise ConfigError(f'{path}: the first line is no line of column names: {error}') from None
    found: dict[str, list[int]] = {}
    for index, cell in enumerate(header):
        found.setdefault(same(cell), []).append(index)

    def place(wanted: str) -> int:
        at = found.get(same(wanted), [])
        if len(at) == 1:
            return at[0]
        there = ', '.join(repr(cell.strip()[:60]) for cell in header[:30])
        what = f'has {len(at)} columns named {wanted!r}' if at else f'has no column {wanted!r}'
        raise ConfigError(f'{path} {what}; it has {there}. Say which column is what in a file for --columns')

    names = ('start', 'end', 'requests', 'input', 'output', 'total', 'model', 'region')
    places = {name: place(getattr(columns, name)) for name in names if getattr(columns, name)}
    apart = tuple(place(name) for name in columns.apart)
    return Layout(delimiter, len(header), places, apart, number, tuple(header), columns)
