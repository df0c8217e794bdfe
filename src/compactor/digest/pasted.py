"""What of a person's words is pasted: logs, reports, code, a terminal. It is an output that stands in a prompt.

Told by form alone: a block between tags that machines write, a fenced block, a run of lines that a program wrote. The
same words typed by hand in such a form count as pasted; they are never lost for it, only shortened before the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

LEAST = 4
"""Lines of a block between tags or fences that counts as pasted."""
RUN = 6
"""Lines of a machine in a row that do."""
LONGEST = 400
"""Characters of a typed line; a longer one of many names or signs is data."""
ENDS = 2
"""Lines of a pasted block that are told, at its beginning and of what it says about trouble."""
WORDS = 3
"""Blanks in a line that says something."""
_TYPED = frozenset(
    [
        'user_query',
        'user_request',
        'user_message',
        'user',
        'query',
        'task',
        'instructions',
        'user_instructions',
        'request',
        'feedback',
        'rules',
        'goal',
        'prompt',
        'question',
        'message',
    ]
)
"""Tags that frameworks put around what a person typed."""
_OPENS = re.compile(r'\s{0,3}<([a-z][\w\-]{0,40})(?: [^<>]{0,200})?>')
_FENCE = re.compile(r'\s{0,3}(```|~~~)')
_MACHINE = re.compile(
    r'\s*(?:'
    r'\[?\d{4}-\d\d-\d\d[T ]|\[?\d\d:\d\d:\d\d|[$❯➜>»│┃├└╭╰⏺⎿⏵●] ?|\|.*\|\s*$|[{}\[\]()]+[,;]?\s*$'
    r'|\d{1,6}(?:[→|:]|\s{2,})'
    r'|(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE|FAIL(?:ED)?|PASS(?:ED)?|ok)\b|at \S+\(|File "|Traceback |E   '
    r'|[\w./\-]+\.\w{1,5}:\d+|[+\-]{3} |@@ |diff --git |index [0-9a-f]{6}|"[^"]{1,80}": |[=\-_*~#]{4,}\s*$'
    r'|<[/!?]?\w[^<>]*>'
    r')'
)
_INDENTED = re.compile(r'(?:\t| {2,})(?![-*+•] |\d+[.)] )\S')
_TROUBLE = re.compile(
    r'\b(?:error|exception|fail(?:ed|ure|s)?|fatal|panic|denied|cannot|refused|critical|must|never)\b', re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some lines of a prompt, and whether they are pasted."""

    text: str
    pasted: bool


@lru_cache(maxsize=2_048)
def pieces(text: str) -> tuple[Piece, ...]:
    """A prompt as typed and pasted pieces, in order."""
    lines = text.split('\n')
    if len(lines) < LEAST:
        return (Piece(text, False),)
    pasted = _pasted(lines)
    found: list[Piece] = []
    start = 0
    for i in range(1, len(lines) + 1):
        if i == len(lines) or pasted[i] != pasted[start]:
            found.append(Piece('\n'.join(lines[start:i]), pasted[start]))
            start = i
    return tuple(found)


def shortened(text: str) -> str:
    """What is told of a pasted block: its first lines, and those that say most of trouble."""
    lines = [line.rstrip() for line in text.split('\n') if line.strip()]
    says = [i for i, line in enumerate(lines) if line.count(' ') >= WORDS] or list(range(len(lines)))
    told = says[:ENDS]
    told += [i for i in says[ENDS:] if _TROUBLE.search(lines[i][:LONGEST])][:ENDS]
    return '\n'.join(lines[i][:LONGEST] for i in told)


def _pasted(lines: Sequence[str]) -> list[bool]:
    marks = [False] * len(lines)
    for first, last in [*_tagged(lines), *_fenced(lines), *_runs(lines)]:
        marks[first : last + 1] = [True] * (last + 1 - first)
    return marks


def _tagged(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Blocks between a tag and its end."""
    closes = {}
    for i, line in enumerate(lines):
        for name in _CLOSED.findall(line):
            closes[name] = i
    at = 0
    while at < len(lines):
        opened = _OPENS.match(lines[at])
        if opened is not None and opened[1] not in _TYPED:
            end = closes.get(opened[1], -1)
            if end >= at + LEAST - 1:
                yield at, end
                at = end
        at += 1


_CLOSED = re.compile(r'</([a-z][\w\-]{0,40})>')


def _fenced(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    opened = -1
    for i, line in enumerate(lines):
        if _FENCE.match(line) is None:
            continue
        if opened < 0:
            opened = i
            continue
        if i - opened >= LEAST - 1:
            yield opened, i
        opened = -1


def _runs(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Lines of a machine in a row; blank ones among them go with them."""
    first, last, count = -1, -1, 0
    for i, line in enumerate(lines):
        if not line.strip():
            continue
        if _is_machine(line):
            first = i if first < 0 else first
            last = i
            count += 1
            continue
        if count >= RUN:
            yield first, last
        first, count = -1, 0
    if count >= RUN:
        yield first, last


def _is_machine(line: str) -> bool:
    return len(line) > LONGEST or _MACHINE.match(line[:LONGEST]) is not None or _INDENTED.match(line) is not None
