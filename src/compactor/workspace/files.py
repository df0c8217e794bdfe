"""What is read of folders: files as git sees them, or all but what tools have put there; only what is a text.

Nothing is followed out of a folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from compactor.outputs.encodings import decoded

LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read; a larger one is passed over."""
LOOKED_AT = 8_192
"""Bytes at the beginning of a file that tell whether it is a text."""
TOOLS = frozenset(
    [
        '.git',
        '.hg',
        '.svn',
        '.venv',
        'venv',
        'env',
        'node_modules',
        '__pycache__',
        '.mypy_cache',
        '.ruff_cache',
        '.pytest_cache',
        '.tox',
        '.nox',
        '.hypothesis',
        '.idea',
        '.vscode',
        'dist',
        'build',
        'target',
        '.next',
        '.cache',
        '.compactor',
        '.venvs',
    ]
)
"""Folders that tools have made."""


def files_of(folder: Path) -> list[Path]:
    """Files under a folder in order: those that git knows or would add, or all but what tools have made."""
    listed = git(folder, 'ls-files', '-z', '--cached', '--others', '--exclude-standard')
    if listed:  # a folder that git ignores as a whole was named on purpose
        names = sorted({name for name in listed.split('\0') if name})
        return [path for name in names if (path := folder / name).is_file() and not path.is_symlink()]
    found: list[Path] = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in TOOLS)
        found += [path for name in sorted(names) if (path := Path(where, name)).is_file() and not path.is_symlink()]
    return found


def git(folder: Path, *arguments: str) -> str | None:
    """What git answers in a folder; None where it cannot."""
    program = shutil.which('git')
    if program is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603 - git by its path, without a shell
            [program, *arguments], cwd=folder, capture_output=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.decode('utf-8', 'replace') if done.returncode == 0 else None


def read(path: Path) -> bytes | None:
    """What a file holds; None where it cannot be read or is too large."""
    try:
        return path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError:
        return None


def as_text(data: bytes) -> str:
    """Bytes as the text that was meant, whatever its encoding."""
    text = decoded(data)
    return text if text is not None else data.decode('utf-8', 'replace')
