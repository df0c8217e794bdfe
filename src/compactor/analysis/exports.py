"""Reads an export into the workspace: by DuckDB where the file is as it should be, else line by line first.

Both ways give the same rows. DuckDB reads ten million in a few seconds, but does not say what is wrong with a row in
words that help, so that a file with any such row is read by `careful`; so are files in which more is to be looked at
than one column a figure, and documents in JSON.
"""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path

from compactor.analysis.careful import Mended, first_rows, mend, mend_rows
from compactor.analysis.cells import EARLIEST, LATEST, MOST
from compactor.analysis.columns import Columns
from compactor.analysis.database import Workspace, quoted
from compactor.analysis.documents import is_json, rows_of
from compactor.analysis.header import Layout, first_line, layout_of, table_layout, text_of
from compactor.analysis.meaning import APART, LOOKED_AT, are_requests
from compactor.analysis.rows import OddRow, Source
from compactor.sources import STANDARD_INPUT

NUMBERS = ('requests', 'input', 'output', 'total')
TIMES = ('start', 'end')


def read_export(
    work: Workspace, source: int, path: Path, columns: Columns | None = None, format: str | None = None
) -> tuple[Source, list[OddRow]]:
    """Adds the rows of an export to the workspace.

    Args:
        work: where to.
        source: the number of the file.
        path: the file, plain or gzipped; `-` for standard input.
        columns: what its columns are; None takes the format that fits.
        format: the name of its format; None takes any that fits.

    Returns:
        what was read, and the odd lines.

    Raises:
        ConfigError: it cannot be read, or is no such export.
    """
    name, file = path.name, path
    if str(path) == STANDARD_INPUT:
        name, file = 'standard input', _taken_in(work, source)
    first = first_line(file)
    if first is not None and is_json(first[0]):
        layout, mended = _document(work, source, file, columns, format)
    else:
        layout = layout_of(file, columns, format)
        mended = Mended()
        requests = are_requests(layout, first_rows(file, layout, LOOKED_AT))
        if requests or not (_fit(layout) and _fast(work, source, file, layout)):
            mended = _with_care(work, source, file, layout, requests)
    rows, start, end = work.one('SELECT count(*), min(start), max(start + lasts) FROM rows WHERE source = ?', [source])
    return (
        Source(name, 'export', rows, mended.bad, mended.doubted, 0, start, end, layout.format),
        [replace(one, file=name) for one in mended.named],
    )


def _taken_in(work: Workspace, source: int) -> Path:
    """Standard input as a file: it is looked at more than once."""
    path = work.folder / f'in{source}'
    with path.open('wb') as out:
        shutil.copyfileobj(sys.stdin.buffer, out)
    return path


def _document(
    work: Workspace, source: int, path: Path, columns: Columns | None, format: str | None
) -> tuple[Layout, Mended]:
    """Reads a file that is JSON."""
    found = rows_of(path, text_of(path))
    header = list(dict.fromkeys(name for row in found for name in row))
    if not found:
        return Layout(',', 0, {}, (), (), {}, 0, (), columns or Columns(), format or ''), Mended()
    layout = table_layout(path, header, columns, format, lines=0)
    rows = [[row.get(name, '') for name in header] for row in found]
    plain = work.folder / f'{source}.csv'
    mended = mend_rows(path.name, rows, layout, plain, requests=are_requests(layout, rows[:LOOKED_AT]))
    work.add_plain(source, plain)
    return layout, mended


def _with_care(work: Workspace, source: int, path: Path, layout: Layout, requests: bool) -> Mended:
    """Line by line; what is beyond doubt is read by DuckDB all the same."""
    plain, sound = work.folder / f'{source}.csv', work.folder / f'sound{source}.csv'
    copied = replace(layout, lines=1)
    quick = not requests and layout.plain and _fit(copied) and layout.columns.time == 'iso'
    mended = mend(path, layout, plain, sound if quick else None, requests=requests)
    if sound.exists():
        if not _fast(work, source, sound, copied):  # a 30th of February, say
            mended = mend(path, layout, plain)
        sound.unlink()
    work.add_plain(source, plain)
    return mended


def _fit(layout: Layout) -> bool:
    """Whether DuckDB may try: one column a figure, a header in the first line, and times that are in UTC."""
    return layout.plain and layout.lines == 1 and layout.columns.time_zone.upper() == 'UTC'


def _fast(work: Workspace, source: int, path: Path, layout: Layout) -> bool:
    """Whether DuckDB could read a file, every row of it as it should be; if not, nothing was added."""
    import duckdb

    work.run('BEGIN')
    try:
        work.run(f'INSERT INTO rows BY NAME {_select(layout, _plain_name(work, source, path), source)}')
        if work.one('SELECT count(*) FROM rows WHERE source = ? AND odd IS NOT FALSE', [source]) == (0,):
            work.run('COMMIT')
            return True
    except duckdb.Error:
        pass  # what is wrong with it is said by the careful reader, line by line
    work.run('ROLLBACK')
    return False


def _plain_name(work: Workspace, source: int, path: Path) -> Path:
    """A path that DuckDB takes as it is: a star or a bracket in a name would be a pattern to it."""
    absolute = path.resolve()
    if not any(letter in '*?[]{}' for letter in str(absolute)):
        return absolute
    link = work.folder / f'link{source}.csv{".gz" if path.suffix == ".gz" else ""}'
    try:
        link.symlink_to(absolute)
    except OSError:
        shutil.copyfile(absolute, link)
    return link


def _select(layout: Layout, path: Path, source: int) -> str:
    """The question to DuckDB; `odd` marks rows that need a second look."""
    names = {places[0]: name for name, places in layout.places.items()}
    types = dict.fromkeys(NUMBERS, 'DOUBLE')
    types |= dict.fromkeys(TIMES, 'TIMESTAMPTZ' if layout.columns.time == 'iso' else 'DOUBLE')
    given = ', '.join(f"'c{index}': '{types.get(names.get(index, ''), 'VARCHAR')}'" for index in range(layout.width))

    def column(name: str) -> str:
        return f'c{layout.places[name][0]}'

    def time(name: str) -> str:
        if layout.columns.time == 'iso':
            return f'epoch_us({column(name)}) // 1000000'
        return f'floor({column(name)} / {1_000 if layout.columns.time == "milliseconds" else 1})::BIGINT'

    def text(place: int) -> str:
        return f"trim(coalesce(c{place}, ''))"

    start = time('start')
    lasts = f'{time("end")} - {start}' if 'end' in layout.places else str(layout.columns.row_seconds)
    model = text(layout.places['model'][0]) if 'model' in layout.places else "''"
    region = text(layout.places['region'][0]) if 'region' in layout.places else "''"
    for place in layout.apart:
        region += f' || {quoted(APART)} || {text(place)}'
    requests = column('requests') if 'requests' in layout.places else '0'
    wrong = [f'({start}) NOT BETWEEN {EARLIEST} AND {LATEST - 1}', f'({lasts}) <= 0']
    for name in (column(name) for name in NUMBERS if name in layout.places):
        wrong += [f'NOT ({name} BETWEEN 0 AND {MOST} AND {name} = floor({name}))']
    if 'total' in layout.places:
        wrong.append(f'{column("total")} <> {column("input")} + {column("output")}')
    return (
        f'SELECT {source} AS source, {model} AS model, {region} AS region, {start} AS start, {lasts} AS lasts,'
        f' {requests}::BIGINT AS requests, {column("input")}::BIGINT AS input, {column("output")}::BIGINT AS output,'
        f' ({" OR ".join(wrong)}) AS odd'
        f' FROM read_csv({quoted(str(path))}, auto_detect = false, header = true, strict_mode = true,'
        f" delim = {quoted(layout.delimiter)}, quote = '\"', escape = '\"', columns = {{{given}}})"
    )
