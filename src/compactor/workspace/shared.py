"""Text that several excerpts share, shown once: where it comes again, a note says where it stands.

What is looked for is runs of lines that are equal; a run counts if it is long enough for a note to be shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LINES = 5
"""Lines of a run at least."""
CHARACTERS = 160
"""Characters of a run at least."""


class Excerpt(NamedTuple):
    """Lines of a file, and the number of the first, from 1."""

    path: str
    first: int
    lines: Sequence[str]


def once(excerpts: Sequence[Excerpt]) -> list[str]:
    """The text of each, with notes in place of what an earlier one shows: `[lines 1-20 are app.py:1-20, as above]`."""
    seen: dict[tuple[str, ...], tuple[int, int]] = {}
    shown: list[str] = []
    for k, one in enumerate(excerpts):
        made: list[str] = []
        fresh: list[int] = []
        i = 0
        while i < len(one.lines):
            place = seen.get(tuple(one.lines[i : i + LINES])) if i + LINES <= len(one.lines) else None
            length = 0 if place is None else _run(excerpts[place[0]].lines, place[1], one.lines, i)
            if place is not None and sum(map(len, one.lines[i : i + length])) >= CHARACTERS:
                made.append(_note(one, i, excerpts[place[0]], place[1], length))
                i += length
            else:
                made.append(one.lines[i])
                fresh.append(i)
                i += 1
        # What is only noted here is not referred to here: a note that leads to a note helps nobody.
        there = set(fresh)
        for i in fresh:
            if i + LINES <= len(one.lines) and all(j in there for j in range(i, i + LINES)):
                seen.setdefault(tuple(one.lines[i : i + LINES]), (k, i))
        shown.append('\n'.join(made))
    return shown


def _run(lines: Sequence[str], at: int, others: Sequence[str], i: int) -> int:
    length = 0
    while at + length < len(lines) and i + length < len(others) and lines[at + length] == others[i + length]:
        length += 1
    return length


def _note(one: Excerpt, i: int, other: Excerpt, at: int, length: int) -> str:
    here = f'{one.first + i}-{one.first + i + length - 1}'
    there = f'{other.path}:{other.first + at}-{other.first + at + length - 1}'
    return f'[lines {here} are {there}, as above]'
