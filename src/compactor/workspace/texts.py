"""The texts of a workspace: files that paths name, and those of folders, read in parallel and only under the root."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from compactor.errors import WorkspaceError
from compactor.quoting import one_line
from compactor.secrets.redact import Secrets, redact
from compactor.workspace.files import LOOKED_AT, as_text, files_of, read
from compactor.workspace.root import Root

THREADS = 8
"""Files that are read at once."""
LARGEST = 1_000_000
"""Bytes of a file of a folder that is looked into; what is longer was not written by hand. A file named itself may be
as large as any that is read."""


def texts_of(root: Root, paths: Iterable[str | Path], secrets: Secrets | None) -> list[tuple[str, str]]:
    """Names relative to the root and texts, each once, in order; what is no text is passed over.

    Raises:
        WorkspaceError: a path leads out of the root, or there is nothing there.
    """
    found: dict[Path, bool] = {}
    for path in paths:
        real = root.resolve(path)
        if real.is_dir():
            for each in files_of(real):
                if root.confines(each):
                    found.setdefault(root.resolve(each), False)
        elif real.is_file():
            found[real] = True
        else:
            raise WorkspaceError(f'{one_line(path)[:200]}: there is no such file or folder')
    with ThreadPoolExecutor(THREADS, 'compactor-read') as pool:
        texts = pool.map(partial(_text, secrets), found.items())
        return [(root.name(real), text) for real, text in zip(found, texts, strict=True) if text is not None]


def _text(secrets: Secrets | None, item: tuple[Path, bool]) -> str | None:
    path, named = item
    try:
        if not named and path.stat().st_size > LARGEST:
            return None
    except OSError:
        return None
    data = read(path)
    if data is None or b'\0' in data[:LOOKED_AT]:
        return None
    text = as_text(data)
    return text if secrets is None else redact(text, secrets)
