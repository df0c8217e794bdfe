"""What a result still tells: verbatim, or in a form from which a reader can derive it.

Everything is compared with white space squeezed, without escape sequences, without line numbers of a reading tool and
with the escapes of JSON resolved, so that no form of writing is preferred.

Besides verbatim text these forms count, because they say the same without a doubt:

- a path, by any end of it that no other path of the output shares: `b/c.go` or `c.go` for `/a/b/c.go`;
- a path whose folder stands before its names, on one line (`src/app/: a.py, b.py`), as a heading over a list of names
  (`src/app/` or `src/app:` and names below), as an indented tree, or in braces (`src/{a,b}.py`);
- a place (file and line) whose file stands in the same line as the number (`a.go:12`, `File "a.go", line 12`,
  `a.go: 12, 40`) or is the last file named at the beginning of a line above it (`rg --heading`: the file, then
  lines that begin with their number);
- a row of a table by all its cells in one line, whatever stands between them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import Any

from retention.grammar import GUTTER

_ESCAPE = re.compile(r'\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])')
_STAMP = re.compile(r'^(?:[^\t\n]+\t[^\t\n]+\t)?\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?', re.MULTILINE)
"""What a CI log puts before each line: job, step and time."""
_PATH = re.compile(r'[\w.@+%~=\-]*[\w@+%~=\-/](?:[\w.@+%~=\-/\[\]]*[\w\-/\]])?')
_BRACES = re.compile(r'([\w.@+%~=\-/]*)\{([^{}\n]+)\}([\w.@+%~=\-/]*)')
_NUMBER = re.compile(r'(?<![\w.])[Ll]?(\d{1,6})(?!\d)')
_NUMBERED = re.compile(r'^\s*(?:\[?[Ll:]?|line )\d{1,6}\b')
_BARE_NAME = re.compile(r'^[\s│├└─|`+*\-]*([\w.@+%~=\-/]+?)/?(?:\s*\([^)]*\))?[*@]?$')
_HEADING = re.compile(r'^[\s│├└─|`+*\-]*([\w.@+%~=\-/]+?)(/:?|:)(?=[\s(\[]|$)\s*(?:\(([^)]*)\)|\[[^\]]*\])?:?\s*(.*)$')


def shown(text: str) -> str:
    """A text as a terminal shows it, without the stamps of a CI log and without line numbers before its lines."""
    text = _ESCAPE.sub('', text)
    text = '\n'.join(line.rstrip('\r').rpartition('\r')[2] for line in text.split('\n'))
    return GUTTER.sub('', _STAMP.sub('', text))


def squeezed(text: str) -> str:
    """A text on one line, with single blanks and without escapes of strings."""
    if '\\' in text:
        text = text.replace('\\n', ' ').replace('\\t', ' ').replace('\\r', ' ').replace('\\"', '"')
    return ' '.join(text.split())


def ends(path: str) -> Iterator[str]:
    """A path and each end of it: a/b/c, b/c, c."""
    path = path.removeprefix('./').strip('/')
    yield path
    for i, c in enumerate(path):
        if c == '/':
            yield path[i + 1 :]


class Reading:
    """A result, read; everything is worked out when first asked for."""

    def __init__(self, result: str) -> None:
        self.text = shown(result)
        self._result = result

    @cached_property
    def line(self) -> str:
        """All of it on one line; of JSON also the bare keys and values."""
        found = squeezed(self.text)
        parsed = self.parsed
        return found if parsed is None else f'{found} {squeezed(" ".join(_scalars(parsed)))}'

    @cached_property
    def lines(self) -> list[str]:
        """Its lines, squeezed."""
        return [squeezed(line) for line in self.text.split('\n')]

    @cached_property
    def starts(self) -> str:
        """Its lines one after the other, their sign apart from their text, for changed lines."""
        return '\n' + '\n'.join(f'{line[:1]}{line[1:].lstrip()}' for line in self.lines)

    @cached_property
    def parsed(self) -> Any:
        """Its value if it is JSON, else None."""
        stripped = self._result.strip()
        if not stripped or stripped[0] not in '[{':
            return None
        try:
            return json.loads(stripped)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def paths(self) -> frozenset[str]:
        """Every path that stands in it or follows from it, with all its ends."""
        found = {end for word in _PATH.findall(self.text) for end in ends(word)}
        for before, names, after in _BRACES.findall(self.text):
            found.update(end for name in names.split(',') for end in ends(before + name.strip() + after))
        found.update(end for path in _listed(self.text.split('\n')) for end in ends(path))
        return frozenset(found)

    @cached_property
    def places(self) -> frozenset[tuple[str, int]]:
        """Ends of paths with numbers that stand with them."""
        found: set[tuple[str, int]] = set()
        above: set[str] = set()
        for line in self.text.split('\n'):
            words = [word for word in _PATH.findall(line[:2_000]) if '.' in word or '/' in word]
            here = {end for word in words for end in ends(word)}
            numbered = _NUMBERED.match(line)
            if numbered:
                found.update((end, int(n)) for n in _NUMBER.findall(numbered.group()) for end in above)
            elif here:
                numbers = [int(n) for n in _NUMBER.findall(line[:2_000])]
                found.update((end, n) for n in numbers for end in here)
                if not line[:1].isspace() or len(numbers) == 0:
                    above = set(ends(words[0]))
        return frozenset(found)

    def has(self, text: str) -> bool:
        """Whether a squeezed text stands in it, not as a piece of a longer word."""
        at = self.line.find(text)
        while at >= 0:
            end = at + len(text)
            if not (_inside(self.line, at) and text[0].isalnum()) and not (_inside(self.line, end) and _word(text[-1])):
                return True
            at = self.line.find(text, at + 1)
        return False

    def has_row(self, cells: tuple[str, ...]) -> bool:
        """Whether one line holds all of these texts."""
        return any(all(cell in line for cell in cells) for line in self.lines)

    def has_count(self, number: str) -> bool:
        """Whether a number of things stands in it: '400 items', '12 of 400', '[400]'."""
        counted = (
            rf'(?:\bof|\[|\()\s*{number}\b|\b{number}\b\]?\)?\s*(?:more\b|items?|rows?|entries|records?|lines?|elem)'
        )
        return re.search(counted, self.line.replace(',', '')) is not None


def _word(c: str) -> bool:
    return c.isalnum() or c == '_'


def _inside(text: str, at: int) -> bool:
    return 0 < at < len(text) and _word(text[at - 1]) and _word(text[at])


def _scalars(value: Any, depth: int = 0) -> Iterator[str]:
    if depth > 60:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _scalars(inner, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _scalars(inner, depth + 1)
    elif isinstance(value, str):
        yield value


def _listed(lines: list[str]) -> Iterator[str]:
    """Paths that follow from folders over or before names."""
    stack: list[tuple[int, str]] = []
    for line, following in pairwise([*lines, '']):
        if not line.strip():
            stack = []
            continue
        indent = len(line) - len(line.lstrip(' \t│├└─|`+*-'))
        while stack and stack[-1][0] > indent:
            stack.pop()
        over = '/'.join(name for at, name in stack if at < indent) or (stack[-1][1] if stack else '')
        if heading := _HEADING.match(line):
            folder = heading[1].rstrip('/')
            below = '/'.join([*(name for at, name in stack if at < indent), folder])
            yield below
            for names in (heading[4], heading[3] or ''):
                yield from (f'{below}/{name}' for name in re.split(r'[,\s]+', names) if name)
            while stack and stack[-1][0] >= indent:
                stack.pop()
            stack.append((indent, folder))
        elif name := _BARE_NAME.match(line):
            yield f'{over}/{name[1]}' if over else name[1]
            deeper = len(following) - len(following.lstrip(' \t│├└─|`+*-')) > indent
            if deeper:
                while stack and stack[-1][0] >= indent:
                    stack.pop()
                stack.append((indent, name[1]))
        elif over:
            yield from (f'{over}/{name}' for name in re.split(r'[,\s]+', line.strip()) if name)
