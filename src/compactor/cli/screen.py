"""What reaches a terminal: clean text, aligned tables, messages on stderr, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, Literal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 100
"""Columns where there is no terminal to ask: in a pipe, a file, a build log."""

NAME_WIDTH = 44
"""Columns that a name in a table may take for itself."""
GAP = 3
"""Columns between two of a table."""


def clean(text: object) -> Text:
    """Text from outside (sessions, files, errors) on one line, without markup or control characters."""
    return Text(plain(text))


def plain(text: object) -> str:
    """`clean` as a string: whatever could steer a terminal, line ends included, becomes one harmless character."""
    line = ' '.join(str(text).split())
    return ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in line)


def screen(stderr: bool = False) -> Console:
    """The terminal, or whatever stands in its place; text is shown as it is, without rich's own markup."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def complain(text: str) -> None:
    """Says something on stderr; each line of `text` is cleaned and kept whole, however long."""
    err = screen(stderr=True)
    for line in text.splitlines() or ['']:
        err.print(clean(line), soft_wrap=True)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], wide: str = '') -> Table:
    """A table whose first column is text and whose other columns are figures.

    Args:
        title: what the table shows.
        columns: headings. The column named `wide` is text too and is cut where the terminal ends.
        rows: cells, cleaned here; integers get thousands separators.
        wide: see `columns`.
    """
    headings = list(columns)
    cells = [[plain(f'{cell:,}' if isinstance(cell, int) else cell) for cell in row] for row in rows]
    widths = [min(NAME_WIDTH, max(map(cell_len, column))) for column in zip(headings, *cells, strict=True)]
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, title_justify='left', title_style='bold')
    made.title = title or None
    for i, name in enumerate(headings):
        if name == wide:  # it gets what the others leave
            room = screen().width - (sum(widths) - widths[i]) - GAP * (len(widths) - 1)
            made.add_column(name, no_wrap=True, overflow='ellipsis', max_width=max(room, len(name)))
        else:
            justify: Literal['left', 'right'] = 'right' if i else 'left'
            made.add_column(name, no_wrap=True, overflow='ellipsis', justify=justify, min_width=widths[i])
    for row in cells:
        made.add_row(*map(Text, row))
    return made


def facts(rows: Iterable[tuple[str, object]]) -> Group:
    """Names and values in two aligned columns; a value stays on its line, however long."""
    pairs = [(name, plain(value)) for name, value in rows]
    width = max(len(name) for name, _ in pairs)
    return Group(*(Text.assemble((name.ljust(width), 'bold'), '  ', value, no_wrap=True) for name, value in pairs))


def as_json(value: Any) -> str:
    """JSON in plain ASCII, so that nothing in it can steer a terminal or fail to be encoded."""
    return json.dumps(value, indent=2, default=str)


def count(number: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f'{number:,} {noun}' if number == 1 else f'{number:,} {noun}s'
