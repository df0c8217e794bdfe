"""Fingerprints of files and folders: equal as long as nobody has changed anything, and never equal after."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

MOST_FILES = 5_000
"""Files under a folder beyond which it has no fingerprint: looking at them would cost more than the tool."""
FRESH = 2.0
"""Seconds: a file changed less than this ago may change again within one tick of the file system's clock, and keep its
times and size. Of such a file the content counts too."""
READ = 16 * 1024 * 1024
"""Bytes of a fresh file that are read at most; a larger one has no fingerprint until it has rested."""

Fingerprint = tuple[tuple[object, ...], ...]


def fingerprint(paths: Iterable[str | Path], now: float) -> Fingerprint | None:
    """What is known of these files and folders; None where they cannot be told from a changed state.

    Args:
        paths: files, folders (with all that is under them), and such as do not exist, which is a state too.
        now: seconds since 1970.
    """
    found: list[tuple[object, ...]] = []
    for path in paths:
        for each in _under(Path(path)):
            if len(found) >= MOST_FILES:
                return None
            state = _state(each, now)
            if state is None:
                return None
            found.append(state)
    return tuple(found)


def _under(path: Path) -> Iterator[Path]:
    """A path, and if it is a folder all that is under it, in a fixed order. Links to folders are not followed."""
    yield path
    if path.is_dir():
        for folder, folders, names in os.walk(path):
            folders.sort()
            for name in sorted([*names, *folders]):
                yield Path(folder, name)


def _state(path: Path, now: float) -> tuple[object, ...] | None:
    """The state of one path; None where it cannot be known."""
    try:
        seen = path.stat()
        state = (str(path), seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_mode)
        if not stat.S_ISREG(seen.st_mode) or now - max(seen.st_mtime, seen.st_ctime) > FRESH:
            return state
        if seen.st_size > READ:
            return None
        return (*state, hashlib.sha256(path.read_bytes()).hexdigest())
    except FileNotFoundError:
        return (str(path), None)
    except OSError:
        return None


def same(before: Fingerprint, after: Fingerprint) -> bool:
    """Whether two fingerprints are of one state; a content that only one of them knows is compared no further."""
    if len(before) != len(after):
        return False
    return all(a == b or (len(a) == 7 and a[:6] == b) for a, b in zip(before, after, strict=True))
