"""Each test with a `url` or a `store` runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from compactor.store.engine import Store
from tests.store.databases import missing_postgres, temporary_postgres

START = 1_770_000_000.0
"""Where a test's clock starts: 2026-02-02 02:40 UTC."""

_missing = cache(missing_postgres)


class Clock:
    """A clock that stands still until it is moved (`clock.now += 60`)."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock of `store`."""
    return Clock()


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL database; skips where there is no server."""
    missing = _missing()
    if missing:
        pytest.skip(missing)
    with temporary_postgres() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet, in a folder that is not there yet."""
    return f'sqlite:///{tmp_path / "state" / "store.db"}'


@pytest.fixture(params=['sqlite', 'postgres'])
def url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind."""
    found: str = request.getfixturevalue(f'{request.param}_url')
    return found


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    """An open store on an empty database of either kind."""
    with Store.open(url, clock=clock) as opened:
        yield opened
