"""Lines of a file as they are shown: what lies close together is one, and a note says what is missing between."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NEAR = 3
"""Lines between two excerpts that are shown rather than noted as missing: the note would be as long."""
AROUND = 5
"""Lines shown on both sides of a line that holds a name of the prompt."""

Range = tuple[int, int]
"""First line, and the line behind the last; from 0."""


def merged(ranges: Iterable[Range], lines: Sequence[str], near: int = NEAR) -> list[Range]:
    """Ranges in order, without overlap and without small gaps; blank lines at their ends are dropped."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1] + near:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return [cut for start, end in joined if (cut := _trimmed(start, min(end, len(lines)), lines))[0] < cut[1]]


def _trimmed(start: int, end: int, lines: Sequence[str]) -> Range:
    while start < end and not lines[start].strip():
        start += 1
    while end > start and not lines[end - 1].strip():
        end -= 1
    return start, end


def around(line: int, count: int, span: int = AROUND) -> Range:
    """A line with those on both sides of it."""
    return max(0, line - span), min(count, line + span + 1)


def left_out(path: str, start: int, end: int, how: str) -> str:
    """The note on lines that are missing, and how they are got back: `[lines 12-80 left out: read app.py:12-80]`."""
    lines = f'line {start + 1}' if end - start == 1 else f'lines {start + 1}-{end}'
    return f'[{lines} left out: {how} {path}:{start + 1}-{end}]'


def excerpt(path: str, lines: Sequence[str], ranges: Sequence[Range], how: str) -> str:
    """The text of merged ranges, with notes between them and at both ends where something is missing."""
    shown: list[str] = []
    at = 0
    for start, end in ranges:
        if _holds(lines, at, start):
            shown.append(left_out(path, at, start, how))
        shown += lines[start:end]
        at = end
    if _holds(lines, at, len(lines)):
        shown.append(left_out(path, at, len(lines), how))
    return '\n'.join(shown)


def _holds(lines: Sequence[str], start: int, end: int) -> bool:
    return any(lines[i].strip() for i in range(start, end))
