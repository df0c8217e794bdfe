"""Where the key of seals comes from: what is said, the environment, a store, a file of the user's, or chance.

The pure rooms are handed a key as a value (`history.seal.Key`); here is where one is found if nobody names one.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compactor.history.marks import pinned
from compactor.history.seal import Key, Scope, Seal
from compactor.locks import new_lock

VARIABLE = 'COMPACTOR_KEY'
"""The environment's: secrets with commas between them."""
FILE = 'key'
BYTES = 32
LONGEST = 4096
"""Bytes of the file that are read."""

log = logging.getLogger('compactor')

KeyLike = Key | str | bytes | Sequence[str | bytes]
"""What a `key=` may be: a secret, several of them (the first writes, all read), or a `Key`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key, and what is wrong with it: '' where nothing is."""

    key: Key
    trouble: str = ''
    named: bool = True


HOMES = ('XDG_STATE_HOME', 'HOME', 'LOCALAPPDATA', 'USERPROFILE')
"""Variables on which `state_folder` hangs."""
_found: dict[tuple[str | None, ...], Found] = {}
_finding = new_lock()


def key_of(said: KeyLike | None = None) -> Key:
    """The key that was named, else the process's own.

    Raises:
        ConfigError: what was named holds no secret.
    """
    return Key.of(said) if said is not None else process_key().key


def key_for(said: KeyLike | None, archive: Any) -> Key:
    """The key that was named, else that of the store in which an archive is kept, else the process's own.

    The store's writes, the process's own is read too. Raises what a store raises that cannot be read.
    """
    if said is not None:
        return Key.of(said)
    own = process_key()
    secret = getattr(archive, 'secret', None)
    return own.key if own.named or secret is None else Key((secret(),)) | own.key


def process_key() -> Found:
    """The key of this process, where nobody names one: the environment's, else the user's, else a random one.

    The environment is looked at anew each time, the file is read once.
    """
    said = os.environ.get(VARIABLE, '')
    place = (said, *map(os.environ.get, HOMES))  # a request asks more than once, so that no path is made for that
    with _finding:
        if place not in _found:
            _found[place] = Found(Key.of(said)) if said.strip(' ,') else _of_user(state_folder())
        return _found[place]


def state_folder() -> Path | None:
    """The folder in which programs keep what is the user's; None where there is none."""
    try:
        if sys.platform == 'win32':
            base = os.environ.get('LOCALAPPDATA') or str(Path.home() / 'AppData' / 'Local')
        elif sys.platform == 'darwin':
            base = str(Path.home() / 'Library' / 'Application Support')
        else:
            base = os.environ.get('XDG_STATE_HOME') or str(Path.home() / '.local' / 'state')
    except RuntimeError:  # a user without a home
        return None
    return Path(base) / 'compactor'


def _of_user(folder: Path | None) -> Found:
    trouble = 'there is no home to keep one in'
    if folder is not None:
        try:
            return Found(Key((_kept(folder / FILE),)), named=False)
        except (OSError, ValueError) as error:
            trouble = f'{folder / FILE}: {error}'
    return Found(Key((secrets.token_bytes(BYTES),)), trouble, named=False)


def _kept(file: Path) -> bytes:
    """The secret in a file, which is made if it is not there. Raises `ValueError` if others can read it too."""
    with suppress(FileNotFoundError):
        return _read(file)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = file.with_name(f'{FILE}.{secrets.token_hex(8)}')
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, 'wb') as out:
            out.write(secrets.token_hex(BYTES).encode())
        try:
            os.link(made, file)  # of two processes, one makes it
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            if not file.exists():
                os.replace(made, file)
    finally:
        made.unlink(missing_ok=True)
    return _read(file)


def _read(file: Path) -> bytes:
    with file.open('rb') as opened:
        mode = os.fstat(opened.fileno())
        if os.name == 'posix':
            if mode.st_uid != os.geteuid():
                raise ValueError('it belongs to somebody else')
            if stat.S_IMODE(mode.st_mode) & 0o077:
                raise ValueError('others can read it: chmod 600, or delete it, and a new one is made')
        data = opened.read(LONGEST).strip()
    if len(data) < BYTES:
        raise ValueError('it is too short for a secret: delete it, and a new one is made')
    return data


def pin(text: str, *, key: KeyLike | None = None, scope: Scope = ()) -> str:
    """User content that no compaction removes, shortens or moves out of its place in the order.

        agent.run(['Fix the build.', pin('Never touch the production database.')])

    It is plain text with a header that holds a seal, hence recognised after a reload, a merge and in every version of
    the framework, and written by nobody who has not the key. Edited, it is a prompt like any other. In a list of
    contents all of the list is kept. Pinned content counts against every budget: pin what is short.

    Args:
        text: what must stay; the model reads it as `[compactor ........] Pinned: ...`.
        key: as for `Compactor`.
        scope: whose pin it is, such as ('conversation', 'c1'): it is one nowhere else. Default: wherever the key is.
    """
    return pinned(text, Seal(key_of(key)), tuple(scope))
