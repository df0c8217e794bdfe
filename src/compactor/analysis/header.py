"""The first line of an export: how its cells are separated, and which of them holds what."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import IO, cast

from compactor.analysis.columns import SUMS, TEXTS, Columns, same
from compactor.analysis.formats import Format, format_of, names, nearest
from compactor.errors import ConfigError
from compactor.sources import encoding_of

DELIMITERS = (',', ';', '\t', '|')
LONGEST = 1 << 24
"""Characters of a line that are looked at; a longer one is no row of an export."""
WIDEST = 1_000
"""Columns of an export at most; real ones have ten."""
BLANK_LINES = 100
"""So many empty lines may stand above the header."""
GZIP = b'\x1f\x8b'


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are in the rows of one file.

    Attributes:
        delimiter: what separates cells.
        width: how many cells a row has.
        places: the indices of each field's columns by its name in `Columns`; those that are left out are not in it.
        apart: indices of the columns that tell rows apart and are shown.
        rest: indices of the columns that the mapping does not name, in the order of their names.
        only: which texts a column must hold, by its index, for a row to count.
        lines: how many lines the header and what stands above it take.
        header: the cells of the header.
        columns: the mapping.
        format: the format's name; '' for a mapping of one's own.
    """

    delimiter: str
    width: int
    places: dict[str, tuple[int, ...]]
    apart: tuple[int, ...]
    rest: tuple[int, ...]
    only: dict[int, tuple[str, ...]]
    lines: int
    header: tuple[str, ...]
    columns: Columns
    format: str = ''

    @property
    def plain(self) -> bool:
        """Whether each figure is one column, and nothing else is to be looked at: then DuckDB can read the rows."""
        more = {'id', 'cost', 'currency', 'cache_read', 'cache_write'} & set(self.places)
        single = all(len(places) == 1 for places in self.places.values())
        some = {'start', 'input', 'output'} <= set(self.places)
        return single and some and not (more or self.rest or self.only) and self.columns.blank == 'odd'


def lines_of(path: Path) -> IO[str]:
    """A file's lines, gzipped or not; bytes that are no text become lone surrogates, any line end is one."""
    raw = cast('IO[bytes]', gzip.GzipFile(path)) if _packed(path) else path.open('rb')
    try:
        encoding = encoding_of(_peeked(path))
    except BaseException:
        raw.close()
        raise
    return TextIOWrapper(raw, encoding=encoding, errors='surrogateescape', newline=None)


def text_of(path: Path) -> str:
    """A whole file as text. Raises `ConfigError` if it cannot be read."""
    try:
        with lines_of(path) as lines:
            return lines.read()
    except (OSError, EOFError, UnicodeError) as error:
        raise ConfigError(f'{path} cannot be read: {getattr(error, "strerror", None) or error}') from None


def _packed(path: Path) -> bool:
    with path.open('rb') as file:
        return file.read(2) == GZIP


def _peeked(path: Path) -> bytes:
    """How a file's content begins, unpacked."""
    with gzip.GzipFile(path) if _packed(path) else path.open('rb') as file:
        return file.read(4)


def layout_of(path: Path, columns: Columns | None = None, format: str | None = None) -> Layout:
    """The layout of a file that is a table.

    Args:
        path: the file.
        columns: a mapping; None takes the format that fits.
        format: the name of the format; None takes any.

    Raises:
        ConfigError: it cannot be read, is empty, or has no column of a name; the message says which there are.
    """
    first = first_line(path)
    if first is None:
        raise ConfigError(f'{path} is empty: an export begins with a line of column names')
    line, number = first
    delimiter = max(DELIMITERS, key=line.count)
    try:
        header = next(csv.reader([line.rstrip('\n')], delimiter=delimiter))
    except csv.Error as error:
        raise ConfigError(f'{path}: the first line is no line of column names: {error}') from None
    if len(header) > WIDEST:
        raise ConfigError(f'{path} has {len(header):,} columns: an export has {WIDEST:,} at most')
    return table_layout(path, header, columns, format, delimiter=delimiter, lines=number)


def first_line(path: Path) -> tuple[str, int] | None:
    """The first line that is not blank, and its number; None where there is none. Raises `ConfigError`."""
    try:
        with lines_of(path) as lines:
            for number in range(1, BLANK_LINES + 1):
                line = lines.readline(LONGEST)
                if not line:
                    return None
                if line.strip('\x00 \t\r\n,;|'):
                    return line, number
    except (OSError, EOFError, UnicodeError) as error:
        raise ConfigError(f'{path} cannot be read: {getattr(error, "strerror", None) or error}') from None
    return None


def table_layout(
    path: Path,
    header: Sequence[str],
    columns: Columns | None = None,
    format: str | None = None,
    *,
    delimiter: str = ',',
    lines: int = 1,
) -> Layout:
    """The layout of a table with these columns. Arguments and errors as `layout_of`."""
    known: Format | None = None
    if columns is None:
        known = format_of(header, format)
        if known is None:
            raise ConfigError(_unknown(path, header, format))
        columns = known.columns_of(header)
    places = _Places(path, header)
    found = {
        field: tuple(places.of(name) for name in named)
        for field, named in columns.named().items()
        if field in (*SUMS, *TEXTS)
    }
    apart = tuple(map(places.of, columns.apart))
    only = {places.of(name): texts for name, texts in columns.only.items()}
    rest = () if columns.id else _rest(header, {*apart, *only, *(i for some in found.values() for i in some)})
    return Layout(
        delimiter, len(header), found, apart, rest, only, lines, tuple(header), columns, known.name if known else ''
    )


class _Places:
    """Where the columns of a header are."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        self._header = header
        self._found: dict[str, list[int]] = {}
        for index, cell in enumerate(header):
            self._found.setdefault(same(cell), []).append(index)

    def of(self, wanted: str) -> int:
        """The index of a column. Raises `ConfigError` if there is none or several."""
        at = self._found.get(same(wanted), [])
        if len(at) == 1:
            return at[0]
        what = f'has {len(at)} columns named {wanted!r}' if at else f'has no column {wanted!r}'
        raise ConfigError(
            f'{self._path} {what}; it has {_shown(self._header)}. Say which column is what in a file for --columns'
        )


def _rest(header: Sequence[str], named: set[int]) -> tuple[int, ...]:
    return tuple(sorted((i for i in range(len(header)) if i not in named), key=lambda i: (same(header[i]), i)))


def _unknown(path: Path, header: Sequence[str], format: str | None) -> str:
    of = f'an export of {format}' if format else f'an export that is known ({", ".join(names())})'
    near = nearest(header, format)
    lacks = f': of {near[0].name} ({near[0].what}) it lacks {", ".join(map(repr, near[1]))}' if near else ''
    return f'{path} is not {of}{lacks}; it has {_shown(header)}. Say which column is what in a file for --columns'


def _shown(header: Sequence[str]) -> str:
    return ', '.join(repr(cell.strip()[:60]) for cell in header[:30])
