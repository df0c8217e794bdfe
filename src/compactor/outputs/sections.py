"""Where one output ends and the next begins, in a text that holds several, and where a harness's wrapper ends.

Only clear separators count: the headings of `head` and `tail`, headings that scripts write with `echo`, prompts with
their command, and blocks of the two streams. A rule without a name, or the headings of a test runner, separate nothing.
"""

from __future__ import annotations

import re

MOST = 200
"""Sections at most; of a text with more separators the last section holds the rest."""

EXIT = re.compile(r'^(?:Process exited with code|Exit code) [1-9]\d*$', re.MULTILINE)
"""How a harness says that a command failed."""

BEGINNINGS = (
    '==> ',
    '===',
    '---',
    '###',
    '***',
    '>>>',
    '$ ',
    'stdout',
    'stderr',
    'STDOUT',
    'STDERR',
    'tdout:',
    'tderr:',
)
"""What every separator has in its first characters: lines without are not looked at."""
_SEPARATOR = re.compile(
    r'(?:==> [^\n]{1,300} <=='  # head and tail of several files
    r'|(?:={3,}|-{3,}|#{3,}|\*{3,}|>{3,}) ?(?P<name>[^\s=\-#*<>][^\n]{0,100}?) ?(?:={3,}|-{3,}|#{3,}|\*{3,}|<{3,})'
    r'|\$ [A-Za-z./~_][^\n]{0,400}'
    r'|<(?:stdout|stderr)>|(?:STDOUT|STDERR|Stdout|Stderr|stdout|stderr):)$',
    re.MULTILINE,
)
_OF_A_RUNNER = re.compile(
    r'test session starts|test process starts|failures?$|errors?$|warnings? summary|short test summary|passes$|slowest'
    r'|\d+ (?:passed|failed|errors?|tests?|warnings?|deselected|skipped|xfailed)\b|no tests ran|coverage|captured'
    r'|live log|rerun|max fixtures|setup of|teardown of|[\w.]+\.test_|^test_|^[\w./\[\]\-]*::'
    r'|^(?:fail|pass|skip|bench|run|cont|name|pause)\b',
    re.IGNORECASE,
)
_WRAPPER = re.compile(
    r'(?:(?:Command|Chunk ID|Wall time|Process (?:exited|running)|Original token count|Exit code)\b[^\n]*\n){1,7}'
    r'(?:Output:\n(?:Total output lines: \d+\n+)?)?'
    r'|<returncode>-?\d+</returncode>\n<output>\n?'
)


def sections(text: str) -> list[tuple[int, int]] | None:
    """Begin and end of each output in a text, its heading first, together the whole text; None if it is but one.

    What precedes the first separator is a section of its own unless it is blank.
    """
    starts: list[int] = []
    for at in _candidates(text):
        found = _SEPARATOR.match(text, at)
        if found is not None and not ((name := found['name']) is not None and _OF_A_RUNNER.search(name)):
            starts.append(at)
            if len(starts) >= MOST:
                break
    if not starts:
        return None
    if text[: starts[0]].strip():
        starts.insert(0, 0)
    else:
        starts[0] = 0
    if len(starts) < 2:
        return None
    return list(zip(starts, [*starts[1:], len(text)], strict=True))


def _candidates(text: str) -> list[int]:
    """Begins of lines that may be separators, in order."""
    found: set[int] = set()
    for beginning in BEGINNINGS:
        at = text.find(beginning)
        while at >= 0:
            start = text.rfind('\n', max(0, at - 2), at) + 1 if at else 0
            if at < 2 or start:
                found.add(start)
            end = text.find('\n', at)
            at = text.find(beginning, end) if end >= 0 else -1
    return sorted(found)


def body_of(text: str) -> int:
    """Where the output itself begins, behind the lines that a harness puts before it (exit code, time, 'Output:')."""
    found = _WRAPPER.match(text)
    return found.end() if found is not None else 0
