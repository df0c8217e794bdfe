"""Reads an export into the workspace: by DuckDB where the file is as it should be, else line by line first.

Both ways give the same rows. DuckDB reads ten million in a few seconds, but does not say what is wrong with a row in
words that help, so that a file with any such row is read by `careful`.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from compactor.analysis.careful import APART, Mended, mend
from compactor.analysis.cells import EARLIEST, LATEST, MOST
from compactor.analysis.columns import Columns
from compactor.analysis.database import Workspace, quoted
from compactor.analysis.header import Layout, layout_of
from compactor.analysis.rows import OddRow, Source

NUMBERS = ('requests', 'input', 'output', 'total')
TIMES = ('start', 'end')


def read_export(work: Workspace, source: int, path: Path, columns: Columns) -> tuple[Source, list[OddRow]]:
    """Adds the rows of an export to the workspace.

    Args:
        work: where to.
        source: the number of the file.
        path: the file, plain or gzipped.
        columns: what its columns are.

    Returns:
        what was read, and the odd lines.

    Raises:
        ConfigError: it cannot be read, or is no such export.
    """
    layout = layout_of(path, columns)
    mended = Mended()
    if not (_fit(layout) and _fast(work, source, path, layout)):
        mended = _with_care(work, source, path, layout)
    rows, first, last = work.one('SELECT count(*), min(start), max(start + lasts) FROM rows WHERE source = ?', [source])
    return Source(path.name, 'export', rows, mended.bad, mended.doubted, 0, first, last), mended.named


def _with_care(work: Workspace, source: int, path: Path, layout: Layout) -> Mended:
    """Line by line; what is beyond doubt is read by DuckDB all the same."""
    plain, sound = work.folder / f'{source}.csv', work.folder / f'sound{source}.csv'
    copied = replace(layout, lines=1)
    mended = mend(path, layout, plain, sound if _fit(copied) and layout.columns.time == 'iso' else None)
    if sound.exists():
        if not _fast(work, source, sound, copied):  # a 30th of February, say
            mended = mend(path, layout, plain)
        sound.unlink()
    work.add_plain(source, plain)
    return mended


def _fit(layout: Layout) -> bool:
    """Whether DuckDB may try: a header in the first line, and times that are in UTC."""
    return layout.lines == 1 and layout.columns.time_zone.upper() == 'UTC'


def _fast(work: Workspace, source: int, path: Path, layout: Layout) -> bool:
    """Whether DuckDB could read a file, every row of it as it should be; if not, nothing was added."""
    import duckdb

    work.run('BEGIN')
    try:
        work.run(f'INSERT INTO rows {_select(layout, _plain_name(work, source, path), source)}')
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
    names = {index: name for name, index in layout.places.items()}
    types = dict.fromkeys(NUMBERS, 'DOUBLE')
    types |= dict.fromkeys(TIMES, 'TIMESTAMPTZ' if layout.columns.time == 'iso' else 'DOUBLE')
    given = ', '.join(f"'c{index}': '{types.get(names.get(index, ''), 'VARCHAR')}'" for index in range(layout.width))

    def column(name: str) -> str:
        return f'c{layout.places[name]}'

    def time(name: str) -> str:
        if layout.columns.time == 'iso':
            return f'epoch_us({column(name)}) // 1000000'
        return f'floor({column(name)} / {1_000 if layout.columns.time == "milliseconds" else 1})::BIGINT'

    def text(place: int) -> str:
        return f"trim(coalesce(c{place}, ''))"

    start = time('start')
    lasts = f'{time("end")} - {start}' if 'end' in layout.places else str(layout.columns.row_seconds)
    model = text(layout.places['model']) if 'model' in layout.places else "''"
    region = text(layout.places['region']) if 'region' in layout.places else "''"
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
