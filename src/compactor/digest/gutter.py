"""Line numbers that a tool for reading files puts before every line: `39→text`, `39<tab>text`.

A text that was read from a file carries them: without them it is again what it was.
"""

from __future__ import annotations

import re
from itertools import pairwise

SHARE = 0.9
"""Share of the lines that have a number, at least."""

_NUMBER = re.compile(r'^[ \t]*+(\d++)(?:→|\t)', re.MULTILINE)
_LINE = re.compile(r'^[ \t]*+\d++(?:→|\t)')


def without_gutter(text: str) -> str | None:
    """The text without the numbers before its lines; None where they are no line numbers that rise by one."""
    if not _LINE.match(text):
        return None
    numbers = [found[1] for found in _NUMBER.finditer(text)]
    rising = sum(len(a) < 9 and len(b) < 9 and int(b) == int(a) + 1 for a, b in pairwise(numbers))
    lines = text.count('\n') + 1
    if len(numbers) < max(2, lines * SHARE) or rising < (len(numbers) - 1) * SHARE:
        return None
    return _NUMBER.sub('', text)
