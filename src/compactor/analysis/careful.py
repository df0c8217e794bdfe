"""Reads an export line by line: mends what can be mended, says which lines it leaves out and why.

What it understands is written as plain rows for `exports`, which reads files that need no care by itself, much faster.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import IO, TYPE_CHECKING

from compactor.analysis.cells import Odd, moment, whole
from compactor.analysis.header import LONGEST, Layout, lines_of, same
from compactor.analysis.rows import OddRow
from compactor.ledger.periods import zone_of

if TYPE_CHECKING:
    from _csv import Writer

NAMED = 100
"""So many odd lines of a file are named one by one; all are counted."""
SHOWN = 120
"""Characters of a line that are shown."""
JOINED = 20
"""A cell in quotes may go over so many lines; then the quote was never closed."""
NO_TEXT = re.compile('[\ud800-\udfff]')
"""Bytes that are no UTF-8, as `lines_of` gives them."""
APART = ' · '
"""Between a region and what else tells rows apart."""

Row = tuple[str, str, int, int, int, int, int]
"""Model, region, start, seconds, requests, input, output."""


@dataclass
class Mended:
    """What came of a file.

    Attributes:
        bad: lines that were left out.
        doubted: lines that were counted although something is odd.
        named: the first of both.
    """

    bad: int = 0
    doubted: int = 0
    named: list[OddRow] = field(default_factory=list)

    def note(self, file: str, line: int, reason: str, text: str, *, kept: bool = False) -> None:
        """Counts a line, and names it if there are not too many already."""
        if kept:
            self.doubted += 1
        else:
            self.bad += 1
        if len(self.named) < NAMED:
            begins = text.strip('\r\n').encode('utf-8', 'replace').decode()
            self.named.append(OddRow(file, line, reason, begins[:SHOWN], kept))


def mend(path: Path, layout: Layout, to: Path) -> Mended:
    """Writes the rows of an export as plain rows: no header, numbers without separators, times in seconds.

    Args:
        path: the export.
        layout: of its rows.
        to: the file to be written.
    """
    mended = Mended()
    zone = zone_of(layout.columns.time_zone)
    with lines_of(path) as lines, to.open('w', encoding='utf-8', newline='') as out:
        for _ in range(layout.lines):
            lines.readline(LONGEST)
        writer = csv.writer(out, lineterminator='\n', quoting=csv.QUOTE_MINIMAL)
        number = layout.lines
        try:
            for number, text in _records(lines, layout.lines + 1, path.name, mended):
                _row(path.name, number, text, layout, zone, mended, writer)
        except (OSError, EOFError) as error:
            # A gzip that was cut off: what came before is sound.
            mended.note(path.name, number + 1, f'the file is damaged from here on: {error}', '')
    return mended


def _records(lines: IO[str], number: int, file: str, mended: Mended) -> Iterator[tuple[int, str]]:
    """Each row's first line number and text; cells in quotes may hold line ends."""
    waiting: list[str] = []
    while text := lines.readline(LONGEST):
        length = 1
        if len(text) == LONGEST and not text.endswith('\n'):
            mended.note(file, number, f'the line is longer than {LONGEST:,} characters', text)
            while (more := lines.readline(LONGEST)) and not more.endswith('\n'):
                pass
        elif text.count('"') % 2 == 0:
            yield number, text
        else:
            begin = number
            waiting = [text]
            while len(waiting) < JOINED and (more := lines.readline(LONGEST)):
                waiting.append(more)
                if more.count('"') % 2:
                    break
            length = len(waiting)
            if len(waiting) > 1 and waiting[-1].count('"') % 2:
                yield begin, ''.join(waiting)
            else:  # the quote was never closed: one bad line, and what follows is read as it stands
                mended.note(file, begin, 'a quote is not closed', text)
                for more_number, more in enumerate(waiting[1:], begin + 1):
                    yield more_number, more
        number += length


def _row(file: str, number: int, text: str, layout: Layout, zone: tzinfo, mended: Mended, out: Writer) -> None:
    if not text.strip():
        return
    if NO_TEXT.search(text):
        mended.note(file, number, 'not UTF-8', text)
        return
    try:
        cells = text.rstrip('\n').split(layout.delimiter) if '"' not in text else _quoted(text, layout.delimiter)
        if len(cells) != layout.width:
            if all(not cell.strip() for cell in cells):
                return
            ends = '' if text.endswith('\n') else ', and the file ends in it'
            raise Odd(f'{len(cells)} cells where the header has {layout.width}{ends}')
        if tuple(map(same, cells)) == tuple(map(same, layout.header)):
            raise Odd('the header again')
        row, doubt = _understood(cells, layout, zone)
        if doubt and not text.endswith('\n'):
            raise Odd(f'the file ends here, and {doubt}')
    except Odd as error:
        mended.note(file, number, str(error), text)
        return
    except csv.Error:
        mended.note(file, number, 'a quote in the middle of a cell', text)
        return
    if doubt:
        mended.note(file, number, f'{doubt}; counted as input + output', text, kept=True)
    out.writerow(row)


def _quoted(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text.rstrip('\n')], delimiter=delimiter, strict=True))


def _understood(cells: list[str], layout: Layout, zone: tzinfo) -> tuple[Row, str]:
    """A row, and what is odd about it though it can be counted."""
    places, columns = layout.places, layout.columns

    def number(name: str) -> int:
        try:
            return whole(cells[places[name]])
        except Odd as error:
            raise _about(error, name) from None

    def time(name: str) -> int:
        try:
            return moment(cells[places[name]], columns.time, zone)
        except Odd as error:
            raise _about(error, name) from None

    def _about(error: Odd, name: str) -> Odd:
        cell = cells[places[name]].strip()[:40]
        return Odd(f'{layout.header[places[name]].strip()} {error}' + (f': {cell}' if cell else ''))

    start = time('start')
    lasts = time('end') - start if 'end' in places else columns.row_seconds
    if lasts <= 0:
        raise Odd('it ends before it begins')
    input_, output = number('input'), number('output')
    requests = number('requests') if 'requests' in places else 0
    total = number('total') if 'total' in places else input_ + output
    doubt = f'the total is {total:,}, not {input_ + output:,}' if total != input_ + output else ''
    model = cells[places['model']].strip() if 'model' in places else ''
    region = cells[places['region']].strip() if 'region' in places else ''
    region = APART.join([region, *(cells[index].strip() for index in layout.apart)])
    return (model, region, start, lasts, requests, input_, output), doubt
