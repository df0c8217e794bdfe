"""Which line of a failing Go test says why it failed: Go prints what a test logs and what it complains of alike.

store_test.go:38: opening the store
store_test.go:52: after rewind: got "v1", want "v2"
store_test.go:60: done
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

REACH = 400
"""Characters of a line that are looked at."""
MORE = 8
"""Lines that go on with a complaint."""
TURN = 0.01
"""What a line loses in rank with each before it."""
TURNS = 90
"""Lines after which nothing more is lost."""

_PLACE = re.compile(r'\s+[\w./\-]+\.go:\d+:(?: |$)')
_TEST = re.compile(r'\s+[\w./\-]+_test\.go:\d+:(?: |$)')
_COMPLAINS = re.compile(
    r'\b(?:want(?:ed)?|got|expect\w*|should|must|unexpected|fail\w*|error|mismatch|missing|not|no such|nil|panic'
    r'|invalid|cannot|could|can\'t|didn\'t|wrong|differ\w*|timed? ?out)\b|!=',
    re.IGNORECASE,
)
_LIBRARY = re.compile(r'\s+Error:\s+\S')
"""How the usual library of assertions says what was wrong, below the place."""


class Complaint(NamedTuple):
    """Why a test failed: the line that says so, and the ranks of the lines that belong to it."""

    line: int
    ranks: dict[int, float]


def place_rank(line: str) -> float | None:
    """The rank of a line that Go prints with its place, better in a file of tests than in helpers; None of others."""
    if '.go:' not in line or _PLACE.match(line, 0, REACH) is None:
        return None
    return 1.5 if _TEST.match(line, 0, REACH) else 2.5


def complaint_of(lines: Sequence[str], block: Sequence[int]) -> Complaint | None:
    """The last line of a failing test that complains, else the last that its own file printed; None without any."""
    placed = [i for i in block if _PLACE.match(lines[i], 0, REACH)]
    own = [i for i in placed if _TEST.match(lines[i], 0, REACH)]
    complaints = [i for i in own if _COMPLAINS.search(lines[i], lines[i].find('.go:'), REACH)]
    bare = [i for i in own if lines[i].endswith(':')]  # the complaint is on the lines below
    found = max(((complaints or own or placed)[-1:] + bare[-1:]), default=None)
    if found is None:
        return None
    ranks = {own[0]: 1.2} if own else {}
    for n, i in enumerate(reversed(complaints)):
        ranks[i] = 0.8 + min(n, TURNS) * TURN
    after = bisect_right(block, found)
    for n, i in enumerate(block[after : after + MORE]):
        if _PLACE.match(lines[i], 0, REACH):
            break
        ranks[i] = 0.42 if _LIBRARY.match(lines[i]) else 0.9 + n * TURN
    return Complaint(found, ranks)
