"""Calls that do nothing but show files: which files, and which of their lines.

A tool with a path says so by its name; a shell command by its words (`cd src && sed -n '1,80p' a.py`). What does
anything else besides is no read, because its result says more than the file does.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compactor.digest.commands import PATH_KEYS, arguments, folder, scripts, sequence
from compactor.history.message import Part

_READING = re.compile(r'(?:^|[_\-.])(?:read|view|open|cat)(?:$|[_\-.])|^read(?=[A-Z])', re.IGNORECASE)
_FIRST = ('offset', 'start_line', 'line_start', 'start_line_one_indexed', 'start')
_LAST = ('end_line', 'line_end', 'end_line_one_indexed_inclusive', 'end')
_SAYS_NOTHING = ('command', 'description', 'explanation', 'security_risk', 'summary', 'encoding', 'reason', 'timeout')
_SILENT = ('cd', 'true', ':', 'set', 'echo', 'printf', 'pwd')
_VALUED = {'nl': 'bdfhilnsvw', 'head': 'nc', 'tail': 'nc', 'cat': '', 'bat': ''}
"""Commands that show files, with the letters of their options that take a value."""


@dataclass(frozen=True, slots=True)
class Read:
    """Lines of one file.

    Attributes:
        path: the file, joined with the folder where the call names one.
        first: first line, from 1; negative counts from the end.
        last: last line; None is the end of the file.
    """

    path: str
    first: int = 1
    last: int | None = None

    def covers(self, other: Read) -> bool:
        """Whether it shows every line that `other` shows, in the same file."""
        if not same_file(self.path, other.path):
            return False
        if (self.first, self.last) in ((1, None), (other.first, other.last)):
            return True
        if self.first < 0 or other.first < 0:
            return self.first <= other.first < 0
        return self.first <= other.first and (self.last is None or (other.last is not None and other.last <= self.last))

    def within(self, first: int, last: int | None) -> Read | None:
        """What a filter that lets lines `first` to `last` pass leaves of it; None where that cannot be told."""
        if (first, last) == (1, None):
            return self
        if self.first < 0 or first < 0:
            return replace(self, first=first, last=last) if (self.first, self.last) == (1, None) else None
        ends = [self.first + last - 1] if last is not None else []
        ends += [self.last] if self.last is not None else []
        return replace(self, first=self.first + first - 1, last=min(ends) if ends else None)


def same_file(one: str, other: str) -> bool:
    """Whether two paths name one file; a relative one with a folder in it names any absolute one that ends so."""
    if one == other:
        return True
    short, long = sorted((one, other), key=len)
    return '/' in short and short[0] not in '/~.' and long[0] == '/' and long.endswith('/' + short)


def reads(call: Part) -> tuple[Read, ...]:
    """The files that a call shows, if that is all it does; else nothing."""
    values = arguments(call.text)
    if _READING.search(call.tool) or values.get('command') == 'view':
        return _by_tool(values)
    found = list(scripts(values))
    return _by_shell(found[0], folder(values)) if len(found) == 1 else ()


def located(path: str, where: str) -> str:
    """A path in one form, joined with the folder it is relative to, if that is known."""
    return posixpath.normpath(posixpath.join(where, path))


def _by_tool(values: Mapping[str, Any]) -> tuple[Read, ...]:
    """What a reading tool shows, if every one of its arguments is understood."""
    given = {key: value for key, value in values.items() if key not in _SAYS_NOTHING and value is not None}
    path = next((given.pop(key) for key in PATH_KEYS if key in given), None)
    lines = given.get('view_range')
    view = given.pop('view_range') if isinstance(lines, list) and len(lines) == 2 else (None, None)
    first = next((given.pop(key) for key in _FIRST if key in given), view[0])
    last = next((given.pop(key) for key in _LAST if key in given), view[1])
    limit = given.pop('limit', None)
    numbers = [number for number in (first, last, limit) if number is not None]
    if not isinstance(path, str) or given or not all(type(number) is int for number in numbers):
        return ()
    first = first or 1
    if limit is not None:
        last = first + limit - 1
    return (Read(located(path, ''), first, None if last is None or last < 0 else last),)


def _by_shell(script: str, where: str) -> tuple[Read, ...]:
    shown: list[Read] = []
    for pipeline in sequence(script) or ():
        name, *words = pipeline[0] or ('',)
        if name == 'cd' and len(pipeline) == 1 and len(words) == 1:
            where = posixpath.join(where, words[0])
        elif name not in _SILENT or len(pipeline) > 1:
            found = _piped(pipeline, where)
            if not found:
                return ()
            shown += found
    return tuple(shown)


def _piped(pipeline: Sequence[Sequence[str]], where: str) -> list[Read]:
    """What a pipeline shows: its first command names the files, the others let some of the lines pass."""
    source = _shown(pipeline[0])
    if source is None or not source[0]:
        return []
    found: list[Read] = []
    for path in source[0]:
        read: Read | None = Read(located(path, where)).within(*source[1])
        for command in pipeline[1:]:
            then = _shown(command)
            if read is None or then is None or then[0]:
                return []
            read = read.within(*then[1])
        if read is None:
            return []
        found.append(read)
    return found


Lines = tuple[int, int | None]


def _shown(command: Sequence[str]) -> tuple[list[str], Lines] | None:
    """The files a command names and the lines of them it shows; None if it does anything else."""
    if not command:
        return None
    name, *words = command
    if name == 'sed':
        return _by_sed(words)
    if name not in _VALUED:
        return None
    options, paths = _sorted(words, _VALUED[name])
    if any(set(path) & set('*?[{$') for path in paths):
        return None
    lines = _COUNTED[name](options) if name in _COUNTED else (1, None)
    return (paths, lines) if lines is not None else None


def _by_sed(words: Sequence[str]) -> tuple[list[str], Lines] | None:
    """`sed -n '10,20p' file`."""
    if len(words) < 2 or words[0] != '-n':
        return None
    lines = re.fullmatch(r'(\d+)(?:,(\d+|\$))?p', words[1])
    if lines is None:
        return None
    first = int(lines[1])
    last = first if lines[2] is None else None if lines[2] == '$' else int(lines[2])
    return list(words[2:]), (first, last)


def _sorted(words: Iterable[str], valued: str) -> tuple[list[str], list[str]]:
    """Options (each with its value) and file names."""
    options: list[str] = []
    paths: list[str] = []
    waiting = False
    for word in words:
        if waiting:
            options[-1] += word
            waiting = False
        elif word.startswith('-') and len(word) > 1:
            options.append(word)
            waiting = len(word) == 2 and word[1] in valued
        else:
            paths.append(word)
    return options, paths


def _count(options: Sequence[str]) -> int | None:
    """The number in `-n20`, `-20` or nothing (10 lines); None for anything else. `+20` is -20."""
    if not options:
        return 10
    number = re.fullmatch(r'-(?:n|-lines=)?(\+?)(\d{1,9})', options[0]) if len(options) == 1 else None
    return None if number is None else int(number[2]) * (-1 if number[1] else 1)


def _head(options: Sequence[str]) -> Lines | None:
    number = _count(options)
    return (1, number) if number is not None and number > 0 else None


def _tail(options: Sequence[str]) -> Lines | None:
    number = _count(options)
    return None if not number else (-number, None)


_COUNTED: Mapping[str, Callable[[Sequence[str]], Lines | None]] = {'head': _head, 'tail': _tail}
