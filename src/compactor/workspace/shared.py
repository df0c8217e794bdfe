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
    plain: list[set[int]] = []
    for k, one in enumerate(excerpts):
        made: list[str] = []
        fresh: set[int] = set()
        i = 0
        while i < len(one.lines):
            place = seen.get(tuple(one.lines[i : i + LINES])) if i + LINES <= len(one.lines) else None
            length = 0 if place is None else _run(excerpts[place[0]].lines, plain[place[0]], place[1], one.lines, i)
            if place is not None and sum(map(len, one.lines[i : i + length])) >= CHARACTERS:
                made.append(_note(one, i, excerpts[place[0]], place[1], length))
                i += length
            else:
                length = max(1, length)
                made += one.lines[i : i + length]
                fresh.update(range(i, i + length))
                i += length
        # What is only noted here is not referred to here: a note that leads to a note helps nobody.
        plain.append(fresh)
        for i in sorted(fresh):
            if all(j in fresh for j in range(i, i + LINES)):
                seen.setdefault(tuple(one.lines[i : i + LINES]), (k, i))
        shown.append('\n'.join(made))
    return shown


def _run(lines: Sequence[str], plain: set[int], at: int, others: Sequence[str], i: int) -> int:
    length = 0
    while at + length in plain and i + length < len(others) and lines[at + length] == others[i + length]:
        length += 1
    return length


def _note(one: Excerpt, i: int, other: Excerpt, at: int, length: int) -> str:
    here = f'{one.first + i}-{one.first + i + length - 1}'
    there = f'{other.path}:{other.first + at}-{other.first + at + length - 1}'
    return f'[lines {here} are {there}, as above]'
