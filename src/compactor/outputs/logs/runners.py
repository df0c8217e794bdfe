"""What a line of a test runner is: the table of `runner_rows`, asked by the first character of a line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from compactor.outputs.logs.runner_rows import ROWS, TAILS, Role, Row


class Mark(NamedTuple):
    """What a line of a test runner is.

    Attributes:
        role: what it is.
        runner: whose row of the table it was.
        name: the test, as it is written; '' where the line names none.
        file: the file or the package that it is in; ''.
        error: why it failed, where the line says so; ''.
    """

    role: Role
    runner: str = ''
    name: str = ''
    file: str = ''
    error: str = ''


_TAILS = tuple((tail.role, re.compile(tail.pattern)) for tail in TAILS)
_TAIL_ENDS = ('ED', '%]', 'OR', 'ok', 'OK', 'IL', 'SS', 'UN', "'", 're', '"', ' F', ' E', ' s', ' x', ' w')
_DOTS = re.compile(r'(?:\S+ )?[.sxXFESRWIN*!,]{2,}+(?:\s+\[\s*\d+%\]|\s+\d+ / \d+ \(\s*\d+%\))?$|[.!,․]$')
_TIMES = re.compile(
    r'(?: *[\[(]<?[\d.,:]+ ?(?:ms|s|µs|us|sec|seconds|min|m)(?: [\d.]+m?s)?[\])]'
    r'| \d[\d.]*m?s'
    r'| \# time=[\d.]+m?s)?(?: \(retry [x#]\d+\))?$'
)
_NUMBERED = (
    ' passing', ' failing', ' examples', ' example,', 'PHPUnit', 'FAILURES!', 'Failures:', 'laywright', ' flaky',
    'assertions', '[chromium]', '[firefox]', '[webkit]', ' specs,', 'Randomized with seed', ' tests, ', 'There w',
    ' › ', 'scenarios (', ' failures', '# Running',
)  # fmt: skip


def numbers_tests(text: str) -> bool:
    """Whether lines such as '  1) adds two numbers' are failing tests here."""
    return any(word in text for word in _NUMBERED)


def mark_of(line: str) -> Mark | None:
    """What a line is; look only at the beginning and the end of long ones.

    Lines such as '  1) adds two numbers' are failing tests in some outputs only (`NUMBERED`, `numbers_tests`).
    """
    bare = line.lstrip(' \t')
    first = bare[:1]
    deep = len(line) - len(bare)
    if first in _BY_FIRST:
        found = _expression(first)(bare)
        if found is not None and (kind := found.lastgroup) is not None:
            row = ROWS[int(kind[1:])]
            if deep <= row.deepest:
                return _marked(row, kind[1:], found)
        for number in _NEEDING.get(first, ()):
            row = ROWS[number]
            if row.needs in bare and (needed := _single(number)(bare)) is not None:
                return _marked(row, str(number), needed)
    if bare.endswith(_TAIL_ENDS):
        for role, pattern in _TAILS:
            if (ended := pattern.match(bare)) is not None:
                return Mark(role, 'inline', ended['name'])
    if bare[-1:] in _DOT_ENDS and _DOTS.match(bare):
        return Mark(Role.PASSED, 'dots')
    return None


NUMBERED = frozenset(('number', 'minitest', 'playwright'))
"""Runners whose lines begin with a number, as those of lists do."""
_DOT_ENDS = frozenset('.sFE]xX)!,*․')


def without_time(name: str) -> str:
    """The name of a test without how long it took."""
    return _TIMES.sub('', name).rstrip()


def _marked(row: Row, number: str, found: re.Match[str]) -> Mark:
    groups = found.groupdict('')
    name = groups.get(f'name{number}', '')
    if part := groups.get(f'part{number}'):
        name = f'{name} ({part})'
    return Mark(row.role, row.runner, name, groups.get(f'file{number}', ''), groups.get(f'error{number}', ''))


def _first(needing: bool) -> dict[str, tuple[int, ...]]:
    found: dict[str, list[int]] = {}
    for number, row in enumerate(ROWS):
        if bool(row.needs) == needing:
            for character in row.begins:
                found.setdefault(character, []).append(number)
    return {character: tuple(dict.fromkeys(numbers)) for character, numbers in found.items()}


_BY_FIRST = _first(needing=False)
_NEEDING = _first(needing=True)
_BY_FIRST |= {character: () for character in _NEEDING if character not in _BY_FIRST}


@cache
def _expression(character: str) -> Callable[[str], re.Match[str] | None]:
    """The rows that begin with a character, as one expression; the group that matches last names the row."""
    numbers = _BY_FIRST[character]
    return re.compile('|'.join(f'(?P<r{n}>{_numbered(n)})' for n in numbers) if numbers else r'(?!)').match


@cache
def _single(number: int) -> Callable[[str], re.Match[str] | None]:
    return re.compile(_numbered(number)).match


def _numbered(number: int) -> str:
    """A row's expression, its groups named so that they are told from those of others."""
    return re.sub(r'\(\?P<(\w+)>', rf'(?P<\g<1>{number}>', ROWS[number].pattern)


_EVENT = re.compile(r'^\{[^\n]{0,200}?"Action": ?"\w', re.MULTILINE)
_PACKAGE = re.compile(r'^\{[^\n]{0,400}?"(?:Package|ImportPath)": ?"', re.MULTILINE)


def holds_go_events(text: str) -> bool:
    """Whether a text is what `go test -json` writes; what a compiler complained of may stand before."""
    head = text[:4_000]
    return '"Action"' in head and _EVENT.search(head) is not None and _PACKAGE.search(head) is not None


def from_go_json(text: str) -> str | None:
    """The plain log in the records of `go test -json`, package by package; None where it is something else."""
    if not holds_go_events(text):
        return None
    packages: dict[str, list[str]] = {}
    for line in text.split('\n'):
        if not line.startswith('{'):
            packages.setdefault('', []).append(f'{line}\n')
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            packages.setdefault('', []).append(f'{line}\n')
            continue
        if isinstance(record, dict) and isinstance(output := record.get('Output'), str):
            package = record.get('Package') or record.get('ImportPath') or ''
            packages.setdefault(str(package), []).append(output)
    return ''.join(output for outputs in packages.values() for output in outputs).rstrip('\n')
