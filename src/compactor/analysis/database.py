"""A workspace: a DuckDB database in a temporary folder, bounded in memory, that reaches no network."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compactor.store.connections import needs

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = '500MB'
"""What DuckDB may hold; what is more goes to the temporary folder. The process takes about 100 MB besides."""
WIDEST = 1 << 24
"""Bytes of a line: what tells rows apart may be long."""
THREADS = 4
"""At most: each reader of a file holds buffers of its own."""
ROWS = """
    CREATE TABLE rows (
        source INTEGER, model VARCHAR, region VARCHAR, start BIGINT, lasts BIGINT,
        requests BIGINT, input BIGINT, output BIGINT, cache_read BIGINT DEFAULT 0, cache_write BIGINT DEFAULT 0,
        cost BIGINT, mark UBIGINT DEFAULT 0, detail UBIGINT DEFAULT 0, each BOOLEAN DEFAULT false, odd BOOLEAN
    )
"""
"""`cost` is in millionths of a millionth of a dollar, null where a row says none."""
SUMMED = ('requests', 'input', 'output', 'cache_read', 'cache_write', 'cost')
"""The columns that are added up."""
SUMS = ', '.join(f'sum({name})::{"HUGEINT" if name == "cost" else "BIGINT"} AS {name}' for name in SUMMED)

PLAIN = (
    "{'model': 'VARCHAR', 'region': 'VARCHAR', 'start': 'BIGINT', 'lasts': 'BIGINT', 'requests': 'BIGINT',"
    " 'input': 'BIGINT', 'output': 'BIGINT', 'cache_read': 'BIGINT', 'cache_write': 'BIGINT', 'cost': 'BIGINT',"
    " 'label': 'VARCHAR', 'others': 'VARCHAR', 'each': 'BIGINT'}"
)
"""The columns of a file of plain rows."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A connection, with the table `rows`, and a folder of its own.

    `rows` has one row an export's row: the index of its source, model, region (with what else is shown to tell rows
    apart), start in seconds since 1970, how many seconds it lasts, requests, tokens, money; hashes of the texts and of
    the figures that the mapping does not name; whether it is one request, and whether it needs a second look.
    """

    connection: DuckDBPyConnection
    folder: Path

    def run(self, sql: str, parameters: list[Any] | None = None) -> None:
        """Carries out a statement."""
        with _interruptible():
            self.connection.execute(sql, parameters)

    def all(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a question."""
        with _interruptible():
            return self.connection.execute(sql, parameters).fetchall()

    def one(self, sql: str, parameters: list[Any] | None = None) -> tuple[Any, ...]:
        """The one row of a question."""
        (row,) = self.all(sql, parameters)
        return row

    def add_plain(self, source: int, path: Path) -> None:
        """Adds a file of plain rows: comma-separated, no header, the columns of `PLAIN`."""
        self.run(
            f'INSERT INTO rows BY NAME SELECT {source} AS source, * EXCLUDE (label, others, each),'
            " CASE label WHEN '' THEN 0 ELSE hash(label) END AS mark,"
            " CASE others WHEN '' THEN 0 ELSE hash(others) END AS detail, each = 1 AS each, false AS odd"
            f" FROM read_csv({quoted(str(path))}, auto_detect = false, header = false, delim = ',', quote = '\"',"
            f" escape = '\"', force_not_null = ['model', 'region', 'label', 'others'], max_line_size = {WIDEST},"
            f' columns = {PLAIN})'
        )
        path.unlink()


@contextmanager
def _interruptible() -> Iterator[None]:
    """What DuckDB makes of Ctrl-C is Ctrl-C again."""
    try:
        yield
    except Exception as error:
        if 'interrupted' in str(error).lower():
            raise KeyboardInterrupt from None
        raise


@contextmanager
def workspace() -> Iterator[Workspace]:
    """An empty workspace; its folder is gone afterwards.

    Raises:
        ConfigError: the extra `analysis` is not installed.
    """
    needs('analysis', 'duckdb')
    import duckdb

    # Windows cannot delete what a virus scanner still looks at; what stays is in the folder for temporary files.
    with tempfile.TemporaryDirectory(prefix='compactor-', ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings: dict[str, str | bool | int | float | list[str]] = {
            'memory_limit': MEMORY,
            'temp_directory': str(folder),
            'threads': min(THREADS, os.cpu_count() or 1),
            'preserve_insertion_order': False,
            'autoinstall_known_extensions': False,
            'autoload_known_extensions': False,
        }
        connection = duckdb.connect(str(folder / 'usage.duckdb'), config=settings)
        try:
            connection.execute("SET TimeZone = 'UTC'")
            connection.execute(ROWS)
            yield Workspace(connection, folder)
        finally:
            connection.close()


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
