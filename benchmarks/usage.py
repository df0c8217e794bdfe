"""How long ten million rows of an export take to analyse, and how much memory, in a process of its own.

    python benchmarks/usage.py [--rows 10000000] [--json]

The export is written to a temporary folder (about 1 GB) in the per-minute format, in three shapes: many models and
regions over some weeks; one model over years; and the first with a cut last line, which is read with care, line by
line. Seconds are those of a clock, CPU seconds those of all cores together: where others use the machine, the second
says what it would take alone. Nothing is asserted: the last column says whether a wanted figure was reached, the exit
code is always 0.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter

WANTED_SECONDS, WANTED_BYTES = 10.0, 10**9
SERIES = {'100 models and regions': 100, 'one model': 1, '100, last line cut off': 100}
WRITE = """
    COPY (SELECT 'model-' || (range % {series} // 5) AS "Model ID", 'region-' || (range % 5) AS "Region ID",
        strftime(make_timestamp(start * 60000000), '%Y-%m-%dT%H:%M:%S.000Z') AS "Time Start",
        strftime(make_timestamp(start * 60000000 + 60000000), '%Y-%m-%dT%H:%M:%S.000Z') AS "Time End",
        CASE WHEN empty THEN 0 ELSE 1 + hash(range) % 40 END AS "Requests",
        CASE WHEN empty THEN 0 ELSE hash(range + 1) % 900000 END AS "Input Tokens",
        CASE WHEN empty THEN 0 ELSE hash(range + 2) % 9000 END AS "Output Tokens",
        "Input Tokens" + "Output Tokens" AS "Total Tokens"
    FROM (SELECT range, 20000000 + range // {series} AS start, hash(range // 40) % 7 = 0 AS empty FROM range({rows})))
    TO '{path}' (HEADER)
"""


@dataclass(frozen=True)
class Measured:
    """One line of the table."""

    shape: str
    rows: int
    megabytes: float
    seconds: float
    cpu_seconds: float
    peak_megabytes: float
    report_kilobytes: float
    verdict: str


def write(path: Path, shape: str, rows: int) -> None:
    """Writes an export."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(WRITE.format(series=SERIES[shape], rows=rows, path=path))
    if 'cut' in shape:
        os.truncate(path, path.stat().st_size - 20)


def read(path: Path) -> dict[str, float]:
    """Analyses an export in this process; seconds, peak memory, size of the report."""
    begun = perf_counter()
    from compactor.analysis.page.document import html_of
    from compactor.analysis.rules import Rules
    from compactor.analysis.usage import analyse

    report = analyse([path], Rules(daily_limit=24_000_000))
    seconds = perf_counter() - begun
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        'rows': float(report.figure('rows').value or 0),
        'seconds': seconds,
        'cpu_seconds': used.ru_utime + used.ru_stime,
        'peak': used.ru_maxrss * (1 if sys.platform == 'darwin' else 1_024),
        'report': len(html_of(report).encode()),
    }


def measured(folder: Path, shape: str, rows: int) -> Measured:
    """Writes an export and has another process read it."""
    path = folder / 'usage.csv'
    write(path, shape, rows)
    # A process of its own: what writing the file took is not counted.
    done = subprocess.run([sys.executable, __file__, '--read', path], check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    size = path.stat().st_size
    path.unlink()
    reached = said['seconds'] < WANTED_SECONDS and said['peak'] < WANTED_BYTES
    verdict = ''
    if rows == 10_000_000 and 'cut' not in shape:
        verdict = f'wanted < {WANTED_SECONDS:g} s, 1 GB: {"reached" if reached else "MISSED"}'
    return Measured(
        shape,
        int(said['rows']),
        size / 1e6,
        said['seconds'],
        said['cpu_seconds'],
        said['peak'] / 1e6,
        said['report'] / 1e3,
        verdict,
    )


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--rows', type=int, default=10_000_000)
    parser.add_argument('--json', action='store_true')
    parser.add_argument('--read', type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        print(json.dumps(read(given.read)))
        return
    with tempfile.TemporaryDirectory() as folder:
        table = [measured(Path(folder), shape, given.rows) for shape in SERIES]
    if given.json:
        print(json.dumps([asdict(one) for one in table], indent=2))
        return
    busy = f', {os.getloadavg()[0]:.1f} processes waiting for them' if hasattr(os, 'getloadavg') else ''
    print(f'Python {platform.python_version()}, {os.cpu_count()} cores{busy}')
    heads = ('rows', 'file MB', 'seconds', 'CPU s', 'peak MB', 'report KB')
    print(f'{"export":24}' + ''.join(f'{head:>12}' for head in heads))
    for one in table:
        values = (one.rows, one.megabytes, one.seconds, one.cpu_seconds, one.peak_megabytes, one.report_kilobytes)
        cells = (f'{value:12,.1f}' if isinstance(value, float) else f'{value:12,}' for value in values)
        print(f'{one.shape:24}{"".join(cells)}  {one.verdict}')


if __name__ == '__main__':
    main()
