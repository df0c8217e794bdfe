"""A folder that nothing leaves: paths that a model or a file names, made real ones under it, or refused.

A path is followed to what it stands for first, links of any part of it included, and only then looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from compactor.errors import WorkspaceError
from compactor.quoting import one_line

LONGEST = 4_096
"""Characters of a path."""
STAGED = ('.compactor', 'edits')
"""Where batches of edits are prepared; nobody reads or edits it by a path."""


class Root:
    """A folder, and paths under it.

    Args:
        folder: the folder; it has to exist.

    Attributes:
        folder: where it really is.

    Raises:
        WorkspaceError: there is no such folder.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(os.path.realpath(folder))
        if not self.folder.is_dir():
            raise WorkspaceError(f'{one_line(folder)} is no folder: name one that exists as the root of a workspace')

    def resolve(self, path: str | Path) -> Path:
        """Where a path really leads; relative ones are meant from the root.

        Raises:
            WorkspaceError: it leads out of the root, is none, or names what is for nobody: git's own folder and ours.
        """
        said = str(path)
        if not said.strip() or '\0' in said or len(said) > LONGEST:
            raise WorkspaceError(f'{one_line(said)[:200]!r} is no path: name a file relative to the root')
        try:
            real = Path(os.path.realpath(self.folder / said))
            inside = real.relative_to(self.folder)
        except (ValueError, OSError):
            raise WorkspaceError(
                f'{one_line(said)[:200]} leads out of the root: only paths under it are served'
            ) from None
        parts = [part.lower() for part in inside.parts]
        if '.git' in parts or tuple(parts[:2]) == STAGED:
            raise WorkspaceError(f'{one_line(said)[:200]} is not for tools: it is kept by git, or by batches of edits')
        return real

    def name(self, real: Path) -> str:
        """A path that `resolve` gave, as it is shown: relative, with slashes; '.' for the root itself."""
        return real.relative_to(self.folder).as_posix()

    def confines(self, path: Path) -> bool:
        """Whether a path, links followed, lies under the root and may be read."""
        try:
            self.resolve(path)
        except WorkspaceError:
            return False
        return True
