"""Reads an export line by line: mends what can be mended, says which lines it leaves out and why.

Lines that are beyond doubt are copied as they stand, for DuckDB to read; what else it understands is written as plain
rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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

TIME = r'(?:19[7-9]\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z'
NUMBER = '[0-9]{1,15}'
"""Times and numbers beyond doubt; their order as text is their order."""

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


def mend(path: Path, layout: Layout, to: Path, sound: Path | None = None) -> Mended:
    """Writes the rows of an export as plain rows: no header, numbers without separators, times in seconds.

    Args:
        path: the export.
        layout: of its rows.
        to: the file to be written.
        sound: where lines go that are as they should be, under a header; None has them written as plain rows, too.
    """
    mended = Mended()
    zone = zone_of(layout.columns.time_zone)
    with ExitStack() as files:
        lines = files.enter_context(lines_of(path))
        out = files.enter_context(to.open('w', encoding='utf-8', newline=''))
        keep: Callable[[str], bool] = _no
        if sound is not None:
            copies = files.enter_context(sound.open('w', encoding='utf-8', newline=''))
            copies.write(layout.delimiter.join(map(str, range(layout.width))) + '\n')
            keep = _keeper(layout, copies)
        for _ in range(layout.lines):
            lines.readline(LONGEST)
        writer = csv.writer(out, lineterminator='\n', quoting=csv.QUOTE_MINIMAL)
        number = layout.lines
        try:
            for number, text in _records(lines, layout.lines + 1, path.name, mended):
                if not keep(text):
                    _row(path.name, number, text, layout, zone, mended, writer)
        except (OSError, EOFError) as error:
            # A gzip that was cut off: what came before is sound.
            mended.note(path.name, number + 1, f'the file is damaged from here on: {error}', '')
    return mended


def _no(_: str) -> bool:
    return False


def _keeper(layout: Layout, copies: IO[str]) -> Callable[[str], bool]:
    """Copies a line if nothing about it is odd, and says whether it did; takes two microseconds."""
    names = {index: name for name, index in layout.places.items()}
    mark = re.escape(layout.delimiter)
    text = f'[^"{mark}\ud800-\udfff]*'
    kinds = {**dict.fromkeys(('start', 'end'), TIME), **dict.fromkeys(('requests', 'input', 'output', 'total'), NUMBER)}
    cells = (f'({kinds[name]})' if (name := names.get(n)) in kinds else text for n in range(layout.width))
    fits = re.compile(mark.join(cells), re.ASCII).fullmatch
    order = [name for _, name in sorted(names.items()) if name in kinds]
    place = {name: n for n, name in enumerate(order)}
    start, end, total = place['start'], place.get('end'), place.get('total')
    input_, output = place['input'], place['output']

    def keep(line: str) -> bool:
        found = fits(line.removesuffix('\n'))
        if found is None:
            return False
        said = found.groups()
        if end is not None and not (said[end] > said[start] and len(said[end]) == len(said[start])):
            return False
        if total is not None and int(said[total]) != int(said[input_]) + int(said[output]):
            return False
        copies.write(line if line.endswith('\n') else line + '\n')
        return True

    return keep


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
