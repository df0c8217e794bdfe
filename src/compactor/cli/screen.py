"""What reaches a terminal: clean text, aligned tables, messages on stderr, JSON."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterable
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from compactor.quoting import one_line

PLAIN_WIDTH = 100
"""Columns where there is no terminal to ask: in a pipe, a file, a build log."""

NAME_WIDTH = 44
"""Columns that a name in a table may take for itself."""
LEAST_TEXT = 12
"""Columns that a name, or a text, has at least."""
FORMULA = ('=', '+', '-', '@')
"""How what a spreadsheet calculates begins."""
GAP = 3
"""Columns between two of a table."""


def clean(text: object) -> Text:
    """Text from outside (sessions, files, errors) on one line, without markup or control characters."""
    return Text(plain(text))


def plain(text: object) -> str:
    """`clean` as a string: whatever could steer a terminal, line ends included, is spelled out."""
    line = one_line(text)
    return ''.join(c if c.isprintable() else '\N{REPLACEMENT CHARACTER}' for c in line)


def screen(stderr: bool = False) -> Console:
    """The terminal, or whatever stands in its place; text is shown as it is, without rich's own markup."""
    stream = sys.stderr if stderr else sys.stdout
    told = os.environ.get('COLUMNS', '')
    width = int(told) if told.isdigit() and int(told) else None if stream.isatty() else PLAIN_WIDTH
    return Console(stderr=stderr, width=width, markup=False, highlight=False, emoji=False)


def complain(text: str) -> None:
    """Says something on stderr; each line of `text` is cleaned and kept whole, however long."""
    err = screen(stderr=True)
    for line in text.splitlines() or ['']:
        err.print(clean(line), soft_wrap=True)


def table(title: str, columns: Iterable[str], rows: Iterable[Iterable[object]], wide: str = '') -> RenderableType:
    """A table whose first column is text and whose other columns are figures.

    No digit is cut and no name dropped: names go on in the next line, and where the terminal is too narrow even for
    that, each row is a paragraph.

    Args:
        title: what the table shows.
        columns: headings, in lines where they have some. The column named `wide` is text too and is cut where the
            terminal ends.
        rows: cells, cleaned here; integers get thousands separators.
        wide: see `columns`.
    """
    headings = list(columns)
    cells = [[plain(f'{cell:,}' if isinstance(cell, int) else cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, _lines(column))) for column in zip(headings, *cells, strict=True)]
    others = [LEAST_TEXT if headings[i] == wide and i else width for i, width in enumerate(widths)]
    name = min(widths[0], NAME_WIDTH, screen().width - sum(others[1:]) - GAP * (len(widths) - 1))
    if name < min(widths[0], LEAST_TEXT):
        return _paragraphs(title, headings, cells)
    left = screen().width - sum(others) + others[0] - name - GAP * (len(widths) - 1)
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, title_justify='left', title_style='bold')
    made.title = title or None
    for i, heading in enumerate(headings):
        if heading == wide and i:  # it gets what the others leave
            made.add_column(heading, no_wrap=True, overflow='ellipsis', max_width=LEAST_TEXT + max(0, left))
        elif i:
            made.add_column(heading, no_wrap=True, justify='right', min_width=widths[i])
        else:
            made.add_column(heading, overflow='fold', min_width=name, max_width=name)
    for row in cells:
        made.add_row(*map(Text, row))
    return made


def _lines(cells: Iterable[str]) -> list[str]:
    return [line for cell in cells for line in cell.split('\n')]


def _paragraphs(title: str, headings: list[str], cells: list[list[str]]) -> RenderableType:
    """Rows one below the other: the name, then each figure with what it is."""
    names = [' '.join(heading.split()) for heading in headings]
    made: list[RenderableType] = [Text(title, 'bold')] if title else []
    for name, *figures in cells:
        made += [Text(name), _pairs(list(zip(names[1:], figures, strict=True)), '  ', '', screen().width)]
    return Group(*made)


def facts(rows: Iterable[tuple[str, object]], *, folded: bool = True) -> RenderableType:
    """Names and values in two aligned columns.

    Args:
        rows: names and values, cleaned here.
        folded: a value that is too long goes on below itself; False leaves that to the terminal.
    """
    pairs = [(name, plain(value)) for name, value in rows]
    return _pairs(pairs, '', 'bold', screen().width if folded else sum(len(value) + 99 for _, value in pairs))


def _pairs(pairs: list[tuple[str, str]], before: str, style: str, whole: int) -> RenderableType:
    width = max((len(name) for name, _ in pairs), default=0)
    beside = len(before) + width + 2
    made = []
    for name, value in pairs:
        longest = max(map(cell_len, value.split()), default=0)
        below = whole - len(before) - 2
        if whole - beside < min(longest, below):  # no room beside the name: below it
            made.append(Text.assemble(before, (name, style), no_wrap=True))
            made += [Text(f'{before}  {line}', no_wrap=True) for line in _folded(value, below)]
            continue
        first, *more = _folded(value, whole - beside)
        made.append(Text.assemble(before, (name.ljust(width), style), '  ', first, no_wrap=True))
        made += [Text(' ' * beside + line, no_wrap=True) for line in more]
    return Group(*made)


def _folded(text: str, room: int) -> list[str]:
    """A text in lines; words that are longer than a line are cut, as addresses are."""
    lines = Text(text).wrap(Console(width=room), room, overflow='fold')
    return [line.plain.rstrip() for line in lines] or ['']


def as_json(value: Any) -> str:
    """JSON in plain ASCII, so that nothing in it can steer a terminal or fail to be encoded."""
    return json.dumps(value, indent=2, default=str)


def as_csv(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table for spreadsheets: commas, no separators of thousands; a name that begins like a formula gets a quote."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator='\n')
    writer.writerow(columns)
    for row in rows:
        writer.writerow('' if cell is None else _harmless(cell) for cell in row)
    return out.getvalue().rstrip('\n')


def _harmless(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = plain(cell)
    number = text.lstrip('-').replace('.', '', 1).isdigit()
    return f"'{text}" if text[:1] in FORMULA and not number else text


def count(number: int, noun: str) -> str:
    """`1 message`, `2 messages`."""
    return f'{number:,} {noun}' if number == 1 else f'{number:,} {noun}s'
