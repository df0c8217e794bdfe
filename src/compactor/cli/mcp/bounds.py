"""What a client may hand in, and which files may be read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import to_json

from compactor.cli.desk.texts import Named, PassedOver, texts
from compactor.errors import ConfigError

LARGEST = 8 * 1024 * 1024
"""Bytes of a call's arguments, and of a file that a call names."""
MOST = 64 * 1024 * 1024
"""Bytes of all files that a call reads."""


class InputTooLarge(ConfigError):
    """What was handed in is larger than a call may be; the message says how large, and what to do."""


class OutsideRoot(ConfigError):
    """A path leads out of the folder that the server may read."""


def within_bounds(arguments: dict[str, Any]) -> None:
    """Raises `InputTooLarge` where the arguments of a call are."""
    size = len(to_json(arguments, inf_nan_mode='constants'))
    if size > LARGEST:
        raise InputTooLarge(
            f'the arguments have {size:,} bytes, a call takes {LARGEST:,}: name a file by its path, or hand it in parts'
        )


class Root:
    """The folder whose files a server may read, and no others.

    Args:
        folder: where it is.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def path(self, name: str) -> Path:
        """A file or folder under the root, links followed.

        Raises:
            OutsideRoot: it is outside.
            ConfigError: there is none, or it is a file that is too large.
        """
        try:
            path = (self.folder / name).resolve()
            inside = path.is_relative_to(self.folder)
            size = path.stat().st_size if inside else 0
        except (OSError, ValueError, RuntimeError):
            raise ConfigError(f'{name[:200]}: there is no such file or folder that can be read') from None
        if not inside:
            raise OutsideRoot(f'{name[:200]}: is outside of the folder that this server reads (compactor mcp --root)')
        if path.is_file() and size > LARGEST:
            raise InputTooLarge(f'{name[:200]}: has {size:,} bytes, a file may have {LARGEST:,}')
        return path

    def texts(self, names: Sequence[str], passed: PassedOver) -> Iterator[Named]:
        """The texts of files and folders, by their names under the root, up to `MOST` bytes together."""
        size = 0
        for name in names:
            for one in texts([str(self.path(name))], passed):
                size += len(one.text)
                own = os.path.relpath(one.name, self.folder)
                if size > MOST:
                    passed.add(Path(own), f'more than {MOST:,} bytes before it')
                    return
                yield Named(own, one.text)
