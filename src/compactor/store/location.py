"""Where a store lives unless it is told otherwise, and who may read it."""

from __future__ import annotations

import os
from pathlib import Path

from compactor.errors import ConfigError, StoreError

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600


def default_url() -> str:
    """`COMPACTOR_STORE`, or a SQLite file in the user's state directory."""
    named = os.environ.get('COMPACTOR_STORE')
    if named:
        return named
    from platformdirs import user_state_path

    return f'sqlite:///{user_state_path("compactor") / "store.db"}'


def as_url(store: str | Path) -> str:
    """A URL from what a user gave: a URL, or the path of a SQLite file.

    Raises:
        ConfigError: the URL is of a kind that is not served.
    """
    text = str(store)
    if '://' not in text:
        return f'sqlite:///{Path(text).expanduser()}'
    kind = text.partition('://')[0]
    if kind in ('postgres', 'postgresql'):
        return f'postgresql+psycopg://{text.partition("://")[2]}'
    if kind not in ('sqlite', 'postgresql+psycopg'):
        raise ConfigError(f"a store is 'sqlite:///...' or 'postgresql+psycopg://...', not {kind}://")
    return text


def prepare(path: Path) -> None:
    """Makes folder and file, readable by their owner only; a file that is there keeps its mode.

    Raises:
        StoreError: they cannot be made.
    """
    try:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, mode=OWNER_ONLY_FOLDER)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY_FILE))
    except OSError as error:
        raise StoreError(f'cannot make the store {path}: {error.strerror or error}') from None
