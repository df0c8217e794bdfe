"""Tables: the header, what the columns hold, and rows: those that are asked for, the first, the last, some between.

    id,name,state
    [1,200 rows; id 1..1200, mean 600.5; name 1,180 distinct; state 3 distinct: open 900, closed 250, new 50]
    1,first,open
    …
    1200,last,closed
    [1,196 of 1,200 rows left out; recall ab12cd34ef567890]

Rows stay as they were written, a quoted cell with all its lines; over-long cells are shortened and quoted anew.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections import Counter
from itertools import pairwise

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming as alarming_of
from compactor.outputs.pieces import LONGEST, Piece, pick
from compactor.outputs.sections import body_of

FEW = 8
"""A table with fewer rows needs no figures about its columns."""
CELL = 40
"""Characters of a cell in a row that is too long."""
NAMED = 5
"""Values of a column up to which all of them are named."""
VALUES = 3
"""Most frequent values that are named."""
FEW_VALUES = 8
"""Values of a column up to which each of them may be worth a row."""
SELDOM = 0.02
"""Share of the rows up to which a value is seldom."""
COUNTED = 20_000
"""Rows from which the figures are taken, at most."""
COLUMNS = 24
"""Columns of which figures are given, at most."""
FIGURES = 0.3
"""Share of the allowance that figures may take."""

_RULE = re.compile(r'[\s|+\-=:─┼┬┴├┤┌┐└┘╔╗╚╝═╪║]{3,}$')
_GAPS = re.compile(r'\s{2,}|\t')
_FOOT = re.compile(r'\(\d+ rows?\)$|\d+ rows? in set|Time: ')
_NUMBER = re.compile(r'[+\-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?%?$')


def reduce_tables(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there are no rows."""
    lines = text[body_of(text) :].split('\n')
    delimiter = _delimiter(lines)
    before: list[str] = []
    foot: list[str] = []
    if delimiter in (',', ';', '\t'):
        records = _records(lines)
        header, rows = records[:1], records[1:]
    else:
        before, header, rows, foot = _drawn(lines)
    rows = [row for row in rows if row.strip()]
    if not header or len(rows) < 2:
        return None
    pieces = [Piece(line, 4.0, 0) for line in before if line.strip()]
    pieces.append(Piece('\n'.join(_fitting(line, delimiter) for line in header), -1.0, 0))
    if len(rows) >= FEW and (figures := _figures(header[0], rows, delimiter, allowance)):
        pieces.append(Piece(figures, -0.5, 0))
    asks = allowance.asking(text)
    last = len(rows) - 1
    apart = max(1, len(rows) // (allowance.tokens * 2))  # of more rows none could be kept
    alarming = set(alarming_of(rows))
    if len(alarming) > max(3, len(rows) // 10):
        alarming = set()  # what is said of every row says nothing
    rare = _rare(rows, delimiter)
    for i, row in enumerate(rows):
        if i % apart and 2 < i < last and i not in alarming and i not in rare and not (asks is not None and asks(row)):
            continue
        rank = 2.0 if i < 2 or i == last else 3.0 + _turn(i) * 1.9
        if i in alarming:
            rank = min(rank, 1.9 if i in rare else 2.2)
        elif i in rare:
            rank = min(rank, 1.95)
        pieces.append(Piece(_fitting(row, delimiter), 1.0 if asks is not None and asks(row) else rank))
    pieces += [Piece(line, 0.0, 0) for line in foot]
    return pick(pieces, allowance, unit='rows', of=len(rows))


def _rare(rows: list[str], delimiter: str) -> set[int]:
    """Rows that hold a value which few rows have, of a column with few values: what is not as usual."""
    found: set[int] = set()
    if len(rows) < FEW:
        return found
    cells = [_cells(row, delimiter) if len(row) < LONGEST * 20 else [] for row in rows[:COUNTED]]
    for column in range(min(COLUMNS, max(map(len, cells), default=0))):
        values = [row[column].strip() for row in cells if column < len(row)]
        counts = Counter(values)
        if not 1 < len(counts) <= max(FEW_VALUES, len(values) // 50):
            continue
        most = max(counts.values())
        seldom = {
            value for value, times in counts.items() if times <= max(1, len(values) * SELDOM) and times * 10 <= most
        }
        if seldom:
            found.update(i for i, row in enumerate(cells) if column < len(row) and row[column].strip() in seldom)
    return found if len(found) <= max(3, len(rows) // 10) else set()


def _delimiter(lines: list[str]) -> str:
    """What parts the columns: a comma, a semicolon, a tab, a bar, or '' for gaps of several blanks."""
    head = [line for line in lines[:40] if line.strip()][:20]
    if not head:
        return ''
    if sum('|' in line or '│' in line for line in head) >= len(head) * 0.6:
        return '│' if any('│' in line for line in head) else '|'
    counts = {sign: [re.sub(r'"[^"]*"', '', line).count(sign) for line in head] for sign in ',;\t'}
    best = max(counts, key=lambda sign: (counts[sign][0] > 0, sum(n == counts[sign][0] for n in counts[sign])))
    return best if counts[best][0] else ''


def _records(lines: list[str]) -> list[str]:
    """Rows of a CSV file as they were written: a quoted cell may go over several lines."""
    records: list[str] = []
    open_row: list[str] = []
    odd = False
    for line in lines:
        open_row.append(line)
        odd ^= line.count('"') % 2 == 1
        if not odd:
            records.append('\n'.join(open_row))
            open_row = []
    records += open_row  # a quote that nobody closed: lines
    return records


def _drawn(lines: list[str]) -> tuple[list[str], list[str], list[str], list[str]]:
    """What stands before a drawn or aligned table, its header, rows and foot."""
    rules = [i for i, line in enumerate(lines) if _RULE.match(line) and line.strip()]
    drawn = set(rules)
    foot = [line for line in lines[-4:] if _FOOT.match(line.strip())]
    body = [i for i, line in enumerate(lines) if line.strip() and i not in drawn and not _FOOT.match(line.strip())]
    if not body:
        return [], [], [], []
    top = next((i for i in rules if i > body[0]), -1)
    first = max((i for i in body if i < top), default=body[0]) if top >= 0 else _aligned(lines, body)
    header = [lines[first]] + ([lines[top]] if top == first + 1 and len(lines[top]) <= LONGEST else [])
    return [lines[i] for i in body if i < first], header, [lines[i] for i in body if i > first], foot


def _aligned(lines: list[str], body: list[int]) -> int:
    """The header of columns without a rule: the first line with at least as many cells as the next."""
    for i, following in pairwise(body[:13]):
        cells = len(_GAPS.split(lines[i].strip()))
        if cells > 1 and cells >= len(_GAPS.split(lines[following].strip())) - 1:
            return i
    return body[0]


def _turn(i: int) -> float:
    """When row i comes: halves first, then quarters and so on (bits of i backwards), so that any number is spread."""
    bits = i & 0xFFFF
    return int(f'{bits:016b}'[::-1], 2) / 0x10000


def _cells(row: str, delimiter: str) -> list[str]:
    if delimiter in (',', ';', '\t'):
        if '"' not in row:
            return row.split(delimiter)
        try:
            return next(csv.reader(io.StringIO(row), delimiter=delimiter), [])
        except csv.Error:
            return row.split(delimiter)
    if delimiter:
        cells = row.split(delimiter)
        return [cell.strip() for cell in (cells[1:-1] if row.lstrip().startswith(delimiter) else cells)]
    return _GAPS.split(row.strip())


def _fitting(row: str, delimiter: str) -> str:
    """A row of at most `LONGEST` characters: of an over-long one every cell is shortened, then the last columns go."""
    if len(row) <= LONGEST:
        return row
    cells = [
        cell if len(cell) <= CELL else f'{cell[: CELL - 1].rstrip()}…'
        for cell in _cells(row[: LONGEST * 200], delimiter)
    ]
    if delimiter not in (',', ';', '\t'):
        shown = f' {delimiter} '.join(cells) if delimiter else '  '.join(cells)
        return shown if len(shown) <= LONGEST else f'{shown[: LONGEST - 1].rstrip()}…'
    while True:
        left = io.StringIO()
        csv.writer(left, delimiter=delimiter, lineterminator='').writerow(cells)
        if len(left.getvalue()) <= LONGEST or len(cells) < 2:
            return left.getvalue()
        cells = [*cells[: len(cells) // 2], '…']


def _figures(header: str, rows: list[str], delimiter: str, allowance: Allowance) -> str:
    """What the columns hold, as far as that is worth its room."""
    names = _cells(header[: LONGEST * 20], delimiter)[:COLUMNS]
    if len(names) < 2:
        return ''
    sample = [_cells(row, delimiter) for row in rows[:COUNTED] if len(row) < LONGEST * 20]
    said: list[str] = []
    for i, name in enumerate(names):
        values = [cells[i].strip() for cells in sample if i < len(cells) and cells[i].strip()]
        if values and (figure := _figure(values)):
            said.append(f'{name.strip()[:CELL]} {figure}')
    title = f'{len(rows):,} rows'
    if len(sample) < len(rows):
        title += f', figures from {len(sample):,}'
    while said:
        text = f'[{title}; {"; ".join(said)}]'
        if len(text) <= LONGEST and allowance.count(text) <= allowance.tokens * FIGURES:
            return text
        said.pop()
    return f'[{title}]'


def _figure(values: list[str]) -> str:
    """Range and mean of numbers; how many distinct values there are of anything else, and the most frequent."""
    if all(map(_NUMBER.match, values)):
        numbers = [float(value.rstrip('%')) for value in values]
        if not all(map(math.isfinite, numbers)):
            return ''
        least, most = min(range(len(values)), key=numbers.__getitem__), max(range(len(values)), key=numbers.__getitem__)
        return f'{values[least]}..{values[most]}, mean {math.fsum(numbers) / len(numbers):.6g}'
    counts = Counter(values)
    figure = f'{len(counts):,} distinct'
    frequent = [(value, count) for value, count in counts.most_common(VALUES) if count > 1 and len(value) <= CELL]
    if 1 < len(counts) <= NAMED:
        frequent = [(value, count) for value, count in counts.most_common() if len(value) <= CELL]
    if frequent and len(counts) <= max(NAMED, len(values) // 2):
        figure += ': ' + ', '.join(f'{value} {count:,}' for value, count in frequent)
    return figure
