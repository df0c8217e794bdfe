"""Reads an export row by row: mends what can be mended, says which lines it leaves out and why.

Lines that are beyond doubt are copied as they stand, for DuckDB to read; what else it understands (see `meaning`) is
written as plain rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from compactor.analysis.cells import Odd
from compactor.analysis.columns import same
from compactor.analysis.header import LONGEST, Layout, lines_of
from compactor.analysis.meaning import Meaning
from compactor.analysis.rows import OddRow

if TYPE_CHECKING:
    from _csv import Writer

NAMED = 100
"""So many odd lines of a file are named one by one; all are counted."""
SHOWN = 120
"""Characters of a line that are shown."""
JOINED, JOINED_TEXTS = 20, 20_000
"""A cell in quotes may go over so many lines, more where rows hold texts; then the quote was never closed."""
NO_TEXT = re.compile('[\ud800-\udfff]')
"""Bytes that are no UTF-8, as `lines_of` gives them."""

TIME = r'(?:19[7-9]\d|20\d\d)-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{3})?Z'
NUMBER = '[0-9]{1,15}'
"""Times and numbers beyond doubt; their order as text is their order."""


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


def mend(path: Path, layout: Layout, to: Path, sound: Path | None = None, *, requests: bool = False) -> Mended:
    """Writes the rows of an export as plain rows: no header, numbers without separators, times in seconds.

    Args:
        path: the export.
        layout: of its rows.
        to: the file to be written.
        sound: where lines go that are as they should be, under a header; None has them written as plain rows, too.
        requests: each row is a request.
    """
    mended = Mended()
    meaning = Meaning(layout, requests)
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
            for number, text in _records(lines, layout, path.name, mended):
                if not keep(text):
                    _row(path.name, number, text, meaning, mended, writer)
        except (OSError, EOFError) as error:
            # A gzip that was cut off: what came before is sound.
            mended.note(path.name, number + 1, f'the file is damaged from here on: {error}', '')
    return mended


def mend_rows(file: str, rows: Sequence[Sequence[str]], layout: Layout, to: Path, *, requests: bool = False) -> Mended:
    """The same for rows that are cells already; a row's line is its number, the first is 1."""
    mended = Mended()
    meaning = Meaning(layout, requests)
    with to.open('w', encoding='utf-8', newline='') as out:
        writer = csv.writer(out, lineterminator='\n', quoting=csv.QUOTE_MINIMAL)
        for number, cells in enumerate(rows, 1):
            _cells(file, number, cells, ','.join(cells), meaning, mended, writer)
    return mended


def first_rows(path: Path, layout: Layout, most: int) -> list[list[str]]:
    """The cells of the first rows that can be read."""
    found: list[list[str]] = []
    try:
        with lines_of(path) as lines:
            for _ in range(layout.lines):
                lines.readline(LONGEST)
            for _, text in _records(lines, layout, path.name, Mended()):
                try:
                    cells = _split(text, layout.delimiter)
                except csv.Error:
                    continue
                if len(cells) == layout.width:
                    found.append(cells)
                if len(found) == most:
                    break
    except (OSError, EOFError):
        pass  # a damaged file is told of when it is read
    return found


def _no(_: str) -> bool:
    return False


def _keeper(layout: Layout, copies: IO[str]) -> Callable[[str], bool]:
    """Copies a line if nothing about it is odd, and says whether it did; takes two microseconds."""
    names = {places[0]: name for name, places in layout.places.items()}
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


def _records(lines: IO[str], layout: Layout, file: str, mended: Mended) -> Iterator[tuple[int, str]]:
    """Each row's first line number and text; cells in quotes may hold line ends."""
    number, joined = layout.lines + 1, JOINED if layout.plain else JOINED_TEXTS
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
            while len(waiting) < joined and (more := lines.readline(LONGEST)):
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


def _row(file: str, number: int, text: str, meaning: Meaning, mended: Mended, out: Writer) -> None:
    if not text.strip():
        return
    if NO_TEXT.search(text):
        mended.note(file, number, 'not UTF-8', text)
        return
    layout = meaning.layout
    try:
        cells = _split(text, layout.delimiter)
        if len(cells) != layout.width:
            if all(not cell.strip() for cell in cells):
                return
            ends = '' if text.endswith('\n') else ', and the file ends in it'
            raise Odd(f'{len(cells)} cells where the header has {layout.width}{ends}')
        if tuple(map(same, cells)) == tuple(map(same, layout.header)):
            raise Odd('the header again')
    except Odd as error:
        mended.note(file, number, str(error), text)
        return
    except csv.Error:
        mended.note(file, number, 'a quote in the middle of a cell', text)
        return
    _cells(file, number, cells, text, meaning, mended, out)


def _cells(
    file: str, number: int, cells: Sequence[str], text: str, meaning: Meaning, mended: Mended, out: Writer
) -> None:
    try:
        found = meaning.of(cells, number)
    except Odd as error:
        mended.note(file, number, str(error), text)
        return
    if found is None:
        return
    row, doubt = found
    if doubt and not text.endswith('\n') and meaning.layout.plain:
        mended.note(file, number, f'the file ends here, and {doubt}', text)
        return
    if doubt:
        mended.note(file, number, f'{doubt}; counted as input + output', text, kept=True)
    out.writerow(row)


def _split(text: str, delimiter: str) -> list[str]:
    return text.rstrip('\n').split(delimiter) if '"' not in text else _quoted(text, delimiter)


def _quoted(text: str, delimiter: str) -> list[str]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    return next(csv.reader([text.rstrip('\n')], delimiter=delimiter, strict=True))
