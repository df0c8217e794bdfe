"""Which lines of what was read hold no more: the file was edited since, or the same was asked again and said otherwise.

A digest quotes what is still so. An older reading of a file loses the lines that a later edit took out, or that a later
reading of the whole file does not show; of an answer to the same call the older lines go that give a setting another
value. What comes back later holds again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import compress
from typing import Any

from compactor.digest.commands import PATH_KEYS, arguments, scripts
from compactor.digest.evidence import Lines, lines_of
from compactor.digest.failures import command_of
from compactor.digest.reads import located, reads
from compactor.history.message import CALL, Part

_OLD = ('old_string', 'old_str', 'old', 'oldText', 'old_text', 'search', 'find')
_NEW = ('new_string', 'new_str', 'new', 'newText', 'new_text', 'replace', 'replacement')
_WHOLE = ('content', 'contents', 'text', 'file_text')
_PATCHED = re.compile(r'^\*\*\* (?:Update|Add) File: (.+)$')
_SETTING = re.compile(
    r'["\'`]?([A-Za-z_][\w.\-/]{1,60})["\'`]?\s{0,8}(?:[:=]|=>)\s{0,8}["\'`]?([^\s"\'`,;]{1,60})["\'`]?[,;]?'
)
_VALUE = re.compile(r'v?\d[\w.\-+%:]*|true|false|on|off|yes|no|null|none|enabled|disabled', re.IGNORECASE)
MOST = 4_000
"""Lines of one reading that are followed."""


class Holding:
    """Follows what files and answers say, oldest first; then tells of each part the lines that still hold."""

    def __init__(self) -> None:
        self._sources: dict[int, str] = {}
        self._known: dict[str, set[str]] = {}
        self._gone: dict[str, dict[str, int]] = {}
        self._settings: dict[str, dict[str, tuple[str, str]]] = {}
        self._newest: dict[tuple[str, str], str] = {}
        self._values: dict[str, str] | None = None

    @property
    def changed(self) -> frozenset[str]:
        """The lines that give the settings which were changed last the values that they have now."""
        return frozenset(list(self._newest.values())[-CHANGED:])

    def now(self, key: str) -> str | None:
        """The value that a setting was read with, or changed to, last; None where that is not known."""
        if self._values is None:
            told = (setting(line) for line in self._newest.values())
            self._values = dict(one for one in told if one is not None)
        return self._values.get(key)

    def follow(self, step: int, pairs: Iterable[tuple[Part, Part]]) -> None:
        """The calls of a step, with their results."""
        for call, result in pairs:
            if result.failed:
                continue
            for path, old, new in _edits(call):
                self._sources[id(call)] = path
                self._replaced(step, path, old, new)
            shown = reads(call)
            if len(shown) == 1:
                self._sources[id(result)] = shown[0].path
                self._shown(step, shown[0].path, result, (shown[0].first, shown[0].last) == (1, None))
            elif not shown and len(result.text) <= LONGEST:
                self._answered(step, command_of(call), result)

    def lines(self, part: Part, step: int) -> Lines:
        """The lines of a part that still hold."""
        lines = lines_of(part)
        gone = self._gone.get(self._sources.get(id(part), ''))
        if not gone:
            return lines
        # What an edit takes out stands in the edit itself too, so that the step of the change counts as after it.
        own = 0 if part.kind is CALL else 1
        keep = [gone.get(text, 0) < step + own for text in lines.texts]
        return lines if all(keep) else _only(lines, keep)

    def past(self, text: str, step: int) -> bool:
        """Whether a line that a digest has quoted of this step, nobody knows of what, held until later."""
        return _SETTING.search(text) is not None and any(gone.get(text, 0) > step for gone in self._gone.values())

    def _replaced(self, step: int, path: str, old: Iterable[str] | None, new: Iterable[str]) -> None:
        """Lines of a file were put in the place of others; None stands for all of it."""
        fresh = set(_stripped(new))
        known = self._known.setdefault(path, set())
        before = known - fresh if old is None else set(_stripped(old)) - fresh
        self._changed(step, path, before, fresh)

    def _shown(self, step: int, path: str, result: Part, whole: bool) -> None:
        """A file was read."""
        fresh = set(lines_of(result).texts[:MOST])
        known = self._known.setdefault(path, set())
        self._changed(step, path, known - fresh if whole and fresh else set(), fresh)
        if _SETTINGS.search(path) is not None:
            for key, (_, line) in list(_settings(fresh).items())[:FIRST]:
                if (path, key) not in self._newest:
                    self._note(path, key, line)

    def _changed(self, step: int, path: str, before: set[str], fresh: set[str]) -> None:
        gone = self._gone.setdefault(path, {})
        for line in before:
            gone[line] = step
        for line in fresh.intersection(gone):
            del gone[line]
        self._known[path] = (self._known[path] - before) | fresh
        if before and fresh:
            past = _settings(before)
            for key, (value, line) in _settings(fresh).items() if past else ():
                if past.get(key, (value, line))[0] != value:
                    self._note(path, key, line)

    def _note(self, source: str, key: str, line: str) -> None:
        self._values = None
        self._newest.pop((source, key), None)
        self._newest[source, key] = line

    def _answered(self, step: int, command: str, result: Part) -> None:
        """The same call as before may give a setting another value."""
        settings = self._settings.setdefault(command, {})
        gone = self._gone.setdefault(command, {})
        self._sources[id(result)] = command
        lines = lines_of(result).texts[:MOST]
        for line in gone.keys() & set(lines):
            del gone[line]
        for key, (value, line) in _settings(lines).items():
            known = settings.get(key)
            if known is not None and known[0] != value:
                gone[known[1]] = step
                self._note(command, key, line)
            settings[key] = (value, line)


_SETTINGS = re.compile(r'\.(?:toml|ini|cfg|conf|env|properties|ya?ml)$|(?:^|/)\.env(?:\.\w{1,20})?$')
"""Files of settings: what they say is remembered where it was read first, so that a later reading is known as a change
when the first is no longer there."""
FIRST = 8
"""Settings of one such file that are remembered unchanged."""
CHANGED = 24
"""Settings of which it is remembered that they were changed."""
LONGEST = 20_000
"""Characters of an answer whose settings are followed; what is longer is a log."""


def setting(line: str) -> tuple[str, str] | None:
    """The key and the value of a setting that stands on a line of its own."""
    found = next(iter(_settings([line]).items()), None)
    return None if found is None else (found[0], found[1][0])


def _settings(lines: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Settings on lines of their own: value and line of each that has one value; rows of a table have many."""
    found: dict[str, tuple[str, str]] = {}
    many: set[str] = set()
    for line in sorted(lines):
        one = _SETTING.fullmatch(line) if len(line) <= 140 else None
        if one is None or _VALUE.fullmatch(one[2]) is None:
            continue
        if found.setdefault(one[1], (one[2], line))[0] != one[2]:
            many.add(one[1])
    return {key: value for key, value in found.items() if key not in many}


def _edits(call: Part) -> Iterator[tuple[str, list[str] | None, list[str]]]:
    """What a call puts in the place of what, file by file; None stands for a whole file."""
    text = call.text
    if not any(sign in text for sign in ('old', 'search', 'find', 'content', 'text', '*** ')):
        return
    values = arguments(text)
    path = next((values[key] for key in PATH_KEYS if isinstance(values.get(key), str)), None)
    if path is not None:
        where = located(path, '')
        listed = values.get('edits')
        found: list[Any] = [values, *(listed if isinstance(listed, list) else [])]
        for one in found:
            if isinstance(one, Mapping) and (old := _first(one, _OLD)) is not None:
                yield where, old.split('\n'), (_first(one, _NEW) or '').split('\n')
        if _first(values, _OLD) is None and (whole := _first(values, _WHOLE)) is not None:
            yield where, None, whole.split('\n')
    if '*** ' in text:
        for script in scripts(values):
            yield from _patched(script)


def _first(values: Mapping[str, Any], keys: Iterable[str]) -> str | None:
    return next((value for key in keys if isinstance(value := values.get(key), str)), None)


def _patched(script: str) -> Iterator[tuple[str, list[str], list[str]]]:
    path = ''
    old: list[str] = []
    new: list[str] = []
    for line in script.split('\n'):
        if found := _PATCHED.match(line):
            if path:
                yield path, old, new
            path, old, new = located(found[1].strip(), ''), [], []
        elif path and line[:1] == '-':
            old.append(line[1:])
        elif path and line[:1] in ('+', ' '):
            new.append(line[1:])
    if path:
        yield path, old, new


def _stripped(lines: Iterable[str]) -> Iterator[str]:
    return (text for line in lines if len(text := line.strip()) > 1)


def _only(lines: Lines, keep: list[bool]) -> Lines:
    """These of the lines."""
    return Lines(
        tuple(compress(lines.texts, keep)),
        tuple(compress(lines.names, keep)),
        tuple(compress(lines.words, keep)),
        tuple(compress(lines.sizes, keep)),
    )
