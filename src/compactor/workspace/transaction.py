"""Files that change all or none: prepared beside each other, then put in place; what a crash left is finished first.

    check what is there ─► new and old contents into a folder of their own ─► journal ─► each in place ─► journal away

Until the journal is there nothing has happened; from then on whoever opens the workspace next puts the rest in place.
Where putting in place fails, the old contents are put back. A journal names the folder it was written in by its inode,
so that none that came with somebody's files is ever carried out. What a power cut loses that the system had not yet
written is not covered.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from compactor.errors import WorkspaceError
from compactor.files import write_whole
from compactor.locks import new_lock
from compactor.quoting import one_line
from compactor.workspace.root import STAGED, Root

JOURNAL = 'journal.json'
_lock = new_lock()


@dataclass(frozen=True, slots=True)
class Change:
    """A file that changes: its real path, what it holds, and what it is to hold; None for no file."""

    path: Path
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class _Step:
    """A change as the journal has it: path under the root, whether there is a new and an old content."""

    path: str
    new: bool
    old: bool


def commit(root: Root, changes: Sequence[Change]) -> None:
    """Carries out all changes, or none.

    Raises:
        WorkspaceError: a file has changed meanwhile, or the operating system refuses; no file is changed then.
    """
    with locked(root) as folder:
        recover(root, folder)
        for change in changes:
            if content(change.path) != change.before:
                raise WorkspaceError(f'{root.name(change.path)} has changed meanwhile: read it again')
        stage = folder / secrets.token_hex(8)
        try:
            steps = _staged(root, stage, changes)
            _write(stage, _journal(root, stage, steps, _missing(changes), undo=False))
        except OSError as error:
            shutil.rmtree(stage, ignore_errors=True)
            raise WorkspaceError(
                f'the edits cannot be prepared: {error.strerror or error}; no file was changed'
            ) from None
        _carry_out(root, stage, steps, changes)


def content(path: Path) -> str | None:
    """What a file holds; None for no file.

    Raises:
        WorkspaceError: it cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_bytes().decode('utf-8')
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise WorkspaceError(f'{one_line(path.name)} is no text in UTF-8, and only such are edited') from None
    except OSError as error:
        raise WorkspaceError(f'{one_line(path.name)} cannot be read: {error.strerror or error}') from None


@contextmanager
def locked(root: Root) -> Iterator[Path]:
    """The folder where edits are prepared, which no other thread or process uses meanwhile."""
    folder = root.folder.joinpath(*STAGED)
    with _lock:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if Path(os.path.realpath(folder)) != folder:
                raise WorkspaceError(f'{"/".join(STAGED)} leads out of the root: remove the link')
            if not (folder / '.gitignore').exists():
                write_whole(folder / '.gitignore', '*\n')
            handle = os.open(folder / 'lock', os.O_RDWR | os.O_CREAT | getattr(os, 'O_NOFOLLOW', 0), 0o600)
        except OSError as error:
            raise WorkspaceError(f'the root cannot be written: {error.strerror or error}') from None
        try:
            _wait_for(handle)
            yield folder
        finally:
            os.close(handle)


def _wait_for(handle: int) -> None:
    """Waits for other processes; where the system has no such locks, threads alone wait for each other."""
    try:
        import fcntl
    except ImportError:
        return
    fcntl.flock(handle, fcntl.LOCK_EX)


def recover(root: Root, folder: Path) -> None:
    """Finishes what a crash left half done, and removes what it had only prepared."""
    for stage in sorted(folder.iterdir()):
        if stage.is_symlink() or not stage.is_dir():
            continue
        journal = _read(root, stage)
        if journal is not None:
            steps = [_Step(**step) for step in journal['steps']]
            if journal['undo']:
                _put_back(root, stage, steps, journal['folders'])
            else:
                for k, step in enumerate(steps):
                    _put(root, stage, k, step)
            (stage / JOURNAL).unlink()
        shutil.rmtree(stage, ignore_errors=True)


def finish(root: Root) -> None:
    """The same when a workspace is opened, if there is anything to finish."""
    folder = root.folder.joinpath(*STAGED)
    if not folder.is_symlink() and folder.is_dir() and any(each.is_dir() for each in folder.iterdir()):
        with locked(root) as prepared:
            recover(root, prepared)


def _missing(changes: Sequence[Change]) -> list[Path]:
    """Folders that have to be made, inner ones first."""
    found = {
        parent
        for change in changes
        if change.after is not None
        for parent in change.path.parents
        if not parent.exists()
    }
    return sorted(found, key=lambda path: -len(path.parts))


def _staged(root: Root, stage: Path, changes: Sequence[Change]) -> list[_Step]:
    stage.mkdir(mode=0o700)
    usual = stage / 'usual'  # has the mode that new files get here
    usual.touch()
    steps = []
    for k, change in enumerate(changes):
        new, old = stage / f'{k}.new', stage / f'{k}.old'
        if change.before is not None:
            shutil.copy2(change.path, old)
        if change.after is not None:
            write_whole(new, change.after)
            if change.before is not None:
                shutil.copymode(change.path, new)
            else:
                shutil.copymode(usual, new)
        steps.append(_Step(root.name(change.path), change.after is not None, change.before is not None))
    return steps


def _journal(
    root: Root, stage: Path, steps: Sequence[_Step], folders: Sequence[Path], *, undo: bool
) -> Mapping[str, Any]:
    made = [root.name(folder) for folder in folders]
    return {'of': _inode(stage), 'undo': undo, 'steps': [asdict(step) for step in steps], 'folders': made}


def _inode(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_dev, found.st_ino]


def _write(stage: Path, journal: Mapping[str, Any]) -> None:
    write_whole(stage / JOURNAL, json.dumps(journal))


def _read(root: Root, stage: Path) -> dict[str, Any] | None:
    """The journal of a stage, if there is one that was written here, and that stays under the root."""
    try:
        journal: dict[str, Any] = json.loads((stage / JOURNAL).read_text('utf-8'))
        if journal['of'] != _inode(stage):
            return None
        names = [step['path'] for step in journal['steps']] + journal['folders']
        return journal if all(root.resolve(name) == root.folder / name for name in names) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _carry_out(root: Root, stage: Path, steps: Sequence[_Step], changes: Sequence[Change]) -> None:
    folders = json.loads((stage / JOURNAL).read_text('utf-8'))['folders']
    try:
        for k, step in enumerate(steps):
            _put(root, stage, k, step)
        (stage / JOURNAL).unlink()
    except BaseException as error:
        # An interrupt too leaves all as it was.
        try:
            _write(stage, {**_journal(root, stage, steps, (), undo=True), 'folders': folders})
            _put_back(root, stage, steps, folders)
            (stage / JOURNAL).unlink()
        except OSError as again:
            why = again.strerror or again
            raise WorkspaceError(f'the edits failed, and are undone when the root is next edited: {why}') from error
        shutil.rmtree(stage, ignore_errors=True)
        if isinstance(error, OSError):
            why = error.strerror or error
            raise WorkspaceError(f'the edits cannot be put in place: {why}; no file was changed') from None
        raise
    shutil.rmtree(stage, ignore_errors=True)


def _put(root: Root, stage: Path, k: int, step: _Step) -> None:
    target = root.resolve(step.path)
    new = stage / f'{k}.new'
    if not step.new:
        target.unlink(missing_ok=True)
    elif new.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        new.replace(target)


def _put_back(root: Root, stage: Path, steps: Sequence[_Step], folders: Sequence[str]) -> None:
    for k, step in enumerate(steps):
        target = root.resolve(step.path)
        old = stage / f'{k}.old'
        if not step.old:
            if not (stage / f'{k}.new').exists():
                target.unlink(missing_ok=True)
        elif old.exists():
            back = stage / f'{k}.back'
            shutil.copy2(old, back)
            back.replace(target)
    for folder in folders:
        where = root.folder / folder
        if where.is_dir() and not any(where.iterdir()):
            where.rmdir()
