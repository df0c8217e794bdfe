"""`compactor doctor`: whether everything this library stands on is there and sound."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Literal

import typer

from compactor.cli.doctor_model import looks_at
from compactor.cli.screen import as_json, plain, screen
from compactor.cli.stores import Json, StoreUrl
from compactor.errors import CompactorError

State = Literal['ok', 'note', 'broken']
SIGNS: dict[State, str] = {'ok': 'ok', 'note': 'note', 'broken': 'BROKEN'}
EXTRAS = {
    'cli': ('typer', 'rich'),
    'store': ('sqlalchemy', 'platformdirs'),
    'postgres': ('psycopg',),
    'prices': ('genai_prices',),
    'analysis': ('duckdb',),
}
"""What each extra of the package installs, as it is imported."""
LOGFIRE_FILE = 'logfire_credentials.json'
"""What `logfire projects use` writes into the folder `.logfire`."""


@dataclass(frozen=True, slots=True)
class Check:
    """What one look found.

    Attributes:
        name: what was looked at.
        state: 'ok', 'note' for what one may want to know, 'broken' for what does not work.
        text: what was found, and what to do about it.
    """

    name: str
    state: State
    text: str


def doctor(
    model: Annotated[
        str | None, typer.Argument(help='A model, such as ollama:qwen3:14b: what is known of it, and what follows.')
    ] = None,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """Check versions, the store, the bundled tokenizers, extras and Logfire; exit code 1 if something is broken.

    With a MODEL, say its window and where that comes from, its trigger, goal and hard limit, and how it is counted.
    """
    found = [_looked(name, look) for name, look in (_looks(store) if model is None else looks_at(model))]
    if json:
        typer.echo(as_json([asdict(check) for check in found]))
    else:
        _show(found)
    if any(check.state == 'broken' for check in found):
        raise typer.Exit(1)


def _looks(store: str | None) -> Iterator[tuple[str, Callable[[], tuple[State, str]]]]:
    yield 'python', _python
    yield 'compactor', partial(_package, 'pydantic-ai-compactor')
    yield 'pydantic-ai', partial(_package, 'pydantic-ai-slim')
    yield 'sqlite', _sqlite
    yield 'store', partial(_store, store)
    from compactor.tokens.encodings import BUNDLED

    for name in BUNDLED:
        yield name, partial(_ranks, name)
    for extra in EXTRAS:
        yield f'extra {extra}', partial(_extra, extra)
    yield 'logfire', _logfire


def _looked(name: str, look: Callable[[], tuple[State, str]]) -> Check:
    """One check; whatever a look meets that it did not foresee is a finding, too."""
    try:
        state, text = look()
    except CompactorError as error:
        state, text = 'broken', str(error)
    except Exception as error:  # noqa: BLE001  a doctor reports what is ill
        state, text = 'broken', f'{type(error).__name__}: {error}'
    return Check(name, state, plain(text))


def _python() -> tuple[State, str]:
    return 'ok', f'{platform.python_version()} on {platform.system()} {platform.machine()}'


def _package(name: str) -> tuple[State, str]:
    try:
        return 'ok', version(name)
    except PackageNotFoundError:
        if name == 'pydantic-ai-slim':
            return 'broken', f'not installed: pip install {name}'
        return 'note', 'not installed, run from its sources'


def _sqlite() -> tuple[State, str]:
    import sqlite3

    from compactor.store.engine import FIXED_IN

    if sqlite3.sqlite_version_info >= FIXED_IN:
        return 'ok', sqlite3.sqlite_version
    fixed = '.'.join(map(str, FIXED_IN))
    return 'note', (
        f'{sqlite3.sqlite_version}: before {fixed} a write and a checkpoint that overlap can damage a file; our lock'
        ' file keeps them apart, so write to the store with nothing else'
    )


def _store(url: str | None) -> tuple[State, str]:
    from compactor.store.engine import Store

    if find_spec('sqlalchemy') is None:
        return 'note', "not in use: pip install 'pydantic-ai-compactor[store]'"
    with Store(url) as store:
        if store.path is not None and not store.path.exists():
            return 'note', f'{store.shown} is not there yet; it is made when it is first used'
        from sqlalchemy import func, select, text

        from compactor.store.migrations import current
        from compactor.store.schema import entries

        with store.write():  # so that one that can only be read is found
            pass
        with store.read() as connection:
            number = current(connection)
            held = connection.execute(select(func.count()).select_from(entries)).scalar() or 0
            if store.path is None and not store.is_sqlite:
                size = connection.execute(text('SELECT pg_database_size(current_database())')).scalar() or 0
            else:
                size = _size(store.path)
        return 'ok', f'{store.shown}, version {number}, {held:,} entries, {size / 1e6:,.1f} MB'


def _size(path: Path | None) -> int:
    """Bytes of a SQLite store, its write-ahead log included; 0 for one in memory."""
    files = [] if path is None else [path, Path(f'{path}-wal')]
    return sum(file.stat().st_size for file in files if file.exists())


def _ranks(name: str) -> tuple[State, str]:
    import base64
    import hashlib

    from compactor.tokens.encodings import expected_sha256, ranks

    found = ranks(name)
    digest = hashlib.sha256()
    for token, rank in found.items():
        digest.update(base64.b64encode(token) + b' %d\n' % rank)
    if digest.hexdigest() != expected_sha256(name):
        return 'broken', 'the bundled ranks are not those that tiktoken expects: install the package again'
    return 'ok', f'{len(found):,} ranks, intact'


def _extra(extra: str) -> tuple[State, str]:
    missing = [name for name in EXTRAS[extra] if find_spec(name) is None]
    if missing:
        return 'note', f"{', '.join(missing)} not installed: pip install 'pydantic-ai-compactor[{extra}]'"
    return 'ok', 'installed'


def _logfire() -> tuple[State, str]:
    if find_spec('logfire') is None:
        return 'note', 'not installed, so nothing is reported there: pip install logfire'
    folder = Path(os.environ.get('LOGFIRE_CREDENTIALS_DIR') or '.logfire')
    if os.environ.get('LOGFIRE_TOKEN'):
        return 'ok', f'{version("logfire")}, LOGFIRE_TOKEN is set'
    if (folder / LOGFIRE_FILE).is_file():
        return 'ok', f'{version("logfire")}, configured in {folder}'
    return 'note', f'{version("logfire")}, no project chosen here: logfire projects use, or set LOGFIRE_TOKEN'


def _show(found: list[Check]) -> None:
    from rich.text import Text

    width = max(len(check.name) for check in found)
    out = screen()
    for check in found:
        style = {'ok': 'green', 'note': 'yellow', 'broken': 'bold red'}[check.state]
        sign = (SIGNS[check.state].ljust(8), style)
        out.print(Text.assemble(sign, check.name.ljust(width), '  ', check.text), soft_wrap=True)
