"""What reaches a terminal: clean text, aligned tables, messages on stderr, JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH = 100
"""Columns where there is no terminal to ask: in a pipe, a file, a build log."""


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
    made = Table(title=title or None, title_justify='left', title_style='bold', box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(columns):
        text = i == 0 or name == wide
        made.add_column(
            name,
            justify='left' if text else 'right',
            no_wrap=True,
            overflow='ellipsis',
            ratio=1 if name == wide else None,
        )
    for row in rows:
        made.add_row(*(clean(f'{cell:,}' if isinstance(cell, int) else cell) for cell in row))
    return made


def facts(rows: Iterable[tuple[str, object]]) -> Table:
    """Names and values in two aligned columns, without lines; long values wrap inside their column."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style='bold')
    grid.add_column()
    for name, value in rows:
        grid.add_row(name, clean(value))
    return grid


def as_json(value: Any) -> str:
    """JSON in plain ASCII, so that nothing in it can steer a terminal or fail to be encoded."""
    return json.dumps(value, indent=2, default=str)


def count(number: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f'{number:,} {noun}' if number == 1 else f'{number:,} {noun}s'
