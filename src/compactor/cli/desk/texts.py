"""What the commands of the desk read: files, folders, standard input, a text as argument, a git diff, a history.

Folders are read as git sees them where they are in a repository, else without what tools have put there. What is no
text is passed over and counted. Nothing is followed out of a folder.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from compactor.cli.screen import complain, count
from compactor.errors import ConfigError
from compactor.sources import STANDARD_INPUT
from compactor.workspace.files import LARGEST, LOOKED_AT, as_text, files_of, git, read

LONGEST_NAME = 4_096

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar='[WHAT]...',
        help='Files, folders, - for standard input, or a text with a blank in it. Default: standard input.',
    ),
]
Model = Annotated[str | None, typer.Option('--model', metavar='NAME', help='Model to count for, such as gpt-4.')]
Diff = Annotated[
    str | None, typer.Option('--diff', metavar='REV', help='The changes since a revision (HEAD), by file, as git says.')
]
History = Annotated[
    Path | None, typer.Option('--history', metavar='FILE', help='A saved history: its messages, one by one.')
]


class Named(NamedTuple):
    """A text and what it is called."""

    name: str
    text: str


@dataclass(slots=True)
class PassedOver:
    """What was not read: how many files, and the first of them with the reason."""

    number: int = 0
    first: list[str] = field(default_factory=list)

    def add(self, path: Path, why: str) -> None:
        """Notes a file."""
        self.number += 1
        if len(self.first) < 3:
            self.first.append(f'{path}: {why}')

    def tell(self) -> None:
        """Says so on stderr."""
        if self.number:
            complain(f'passed over {count(self.number, "file")}: {"; ".join(self.first)}')


def texts(
    what: Sequence[str] | None, passed: PassedOver, *, diff: str | None = None, history: Path | None = None
) -> Iterator[Named]:
    """All that was asked for, one after the other, so that not all of it need be held.

    Raises:
        ConfigError: there is no such file, or git cannot say; `HistoryError`: a file is no history.
    """
    if diff is not None:
        yield from changes(diff)
    if history is not None:
        yield from messages_of(history)
    if not what and (diff is not None or history is not None):
        return
    for one in what or (STANDARD_INPUT,):
        yield from _one(one, passed)


def _one(what: str, passed: PassedOver) -> Iterator[Named]:
    if what == STANDARD_INPUT:
        text = as_text(sys.stdin.buffer.read())
        yield from _parts(text) if text.startswith('diff --git ') else (Named('standard input', text),)
        return
    path = Path(what)
    there = len(what) < LONGEST_NAME and '\0' not in what and _exists(path)
    if not there:
        # A mistyped name must not be counted as a text.
        if not re.search(r'\s', what):
            raise ConfigError(f'{what}: there is no such file; a text to count has a blank in it, or comes by a pipe')
        yield Named('text', what)
        return
    if not path.is_dir():
        data = read(path)
        if data is None:
            raise ConfigError(f'{path}: cannot be read, or is larger than {LARGEST // 1024 // 1024} MB')
        yield Named(what, as_text(data))
        return
    for each in files_of(path):
        data = read(each)
        if data is None:
            passed.add(each, 'cannot be read, or is too large')
        elif b'\0' in data[:LOOKED_AT]:
            passed.add(each, 'is no text')
        else:
            yield Named(str(each), as_text(data))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a name that no file system takes
        return False


def changes(revision: str) -> list[Named]:
    """What has changed since a revision, by file."""
    if revision.startswith('-'):
        raise ConfigError(f'a revision is such as HEAD or main..topic, not {revision!r}')
    text = git(Path(), 'diff', '--no-color', '--no-ext-diff', revision, '--')
    if text is None:
        raise ConfigError(f'git knows no changes since {revision!r} here: is this a repository, and that a revision?')
    return _parts(text)


def _parts(diff: str) -> list[Named]:
    """A diff by file."""
    parts = [part for part in re.split(r'(?m)^(?=diff --git )', diff) if part.strip()]
    return [Named(found[1] if (found := re.match(r'diff --git \S+ b/(.*)', part)) else 'diff', part) for part in parts]


def messages_of(file: Path) -> list[Named]:
    """The messages of a history as texts."""
    from compactor.adapters.pydantic_ai.messages.texts import texts_of
    from compactor.cli.sessions import load

    session = load(file)
    session.tell_left_out()
    return [Named(f'{file.name}#{one.number} {one.role}', one.text) for one in texts_of(session.messages)]
