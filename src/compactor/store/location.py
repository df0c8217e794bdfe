"""Where a store lives unless it is told otherwise, how its URL is shown, and who may read it."""

from __future__ import annotations

import os
from pathlib import Path

from compactor.errors import ConfigError, StoreError

OWNER_ONLY_FOLDER, OWNER_ONLY_FILE = 0o700, 0o600
SQLITE = 'sqlite:///'
UNREADABLE = (
    'the URL of the store cannot be read: it is postgresql+psycopg://user:password@host:port/name, special characters'
    ' of the password percent-encoded (@ is %40, / is %2F)'
)
"""Said without the URL, in which nobody knows where the password ends."""


def default_url() -> str:
    """`COMPACTOR_STORE`, or a SQLite file in the user's state directory.

    Raises:
        ConfigError: the extra that knows that directory is not installed.
    """
    named = os.environ.get('COMPACTOR_STORE')
    if named:
        return named
    try:
        from platformdirs import user_state_path
    except ImportError:
        raise ConfigError(
            "a store without a path needs platformdirs: pip install 'pydantic-ai-compactor[store]',"
            ' or set COMPACTOR_STORE'
        ) from None

    return f'{SQLITE}{user_state_path("compactor") / "store.db"}'


def as_url(store: str | Path) -> str:
    """A URL from what a user gave: a URL, or the path of a SQLite file (`~` is the home folder).

    Raises:
        ConfigError: the URL is of a kind that is not served, or cannot be read.
    """
    if not isinstance(store, str | Path):
        raise ConfigError(f"a store is a path, 'sqlite:///...' or 'postgresql+psycopg://...', not {store!r}")
    text = str(store)
    if not text.strip():
        raise ConfigError("a store is a path, 'sqlite:///...' or 'postgresql+psycopg://...', not an empty text")
    if text == ':memory:':
        return f'{SQLITE}:memory:'
    if isinstance(store, Path) or '://' not in text:
        return f'{SQLITE}{Path(text).expanduser()}'
    kind, _, rest = text.partition('://')
    if kind in ('postgres', 'postgresql', 'postgresql+psycopg'):
        address, _, options = rest.partition('?')
        if address.count('@') > 1 or '@' in options:
            # It would be cut in the wrong place, and the rest of a password shown as the name of a host.
            raise ConfigError(UNREADABLE)
        return f'postgresql+psycopg://{rest}'
    if kind == 'sqlite':
        if rest and not rest.startswith('/'):
            raise ConfigError(f'a SQLite URL has three slashes before the path: {SQLITE}{rest}')
        return text
    raise ConfigError(f"a store is 'sqlite:///...' or 'postgresql+psycopg://...', not {kind}://")


def file_of(url: str) -> Path | None:
    """The file of a SQLite URL: all that stands behind the three slashes; None for one in memory or another kind."""
    name = url.removeprefix(SQLITE) if url.startswith(SQLITE) else ''
    return Path(name) if name and name != ':memory:' else None


def without_password(url: str) -> str:
    """A URL as it may be shown: no password, and none of the options, which may hold one."""
    if url.startswith('sqlite'):
        return url
    scheme, _, rest = url.partition('://')
    address, _, options = rest.partition('?')
    user, at, host = address.rpartition('@')
    if at:
        return f'{scheme}://{user.partition(":")[0]}@{host}'
    # A password that holds a question mark has cut the address short: then nothing after a colon can be trusted.
    return f'{scheme}://{address.partition(":")[0] if "@" in options else address}'


def prepare(path: Path) -> None:
    """Makes folder and file, readable by their owner only; what is there already keeps its mode.

    Raises:
        StoreError: they cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, mode=OWNER_ONLY_FOLDER, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, OWNER_ONLY_FILE))
    except OSError as error:
        raise StoreError(
            f'cannot open {path} for writing: {error.strerror or error}; give its folder to this user, or put the'
            ' store elsewhere (COMPACTOR_STORE)'
        ) from None
