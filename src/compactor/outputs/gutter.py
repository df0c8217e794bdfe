"""Line numbers that a tool for reading files puts before every line: `39→text`, `39<tab>text`.

An output that was saved to a file and read back carries them: without them it is again what it was.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from itertools import pairwise

from compactor.outputs.allowance import Allowance

NOTE = '[line numbers of the file left out]'
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


def ungutter(reducer: Callable[[str, Allowance], str | None]) -> Callable[[str, Allowance], str | None]:
    """A reducer that gets its text without the numbers before the lines, and says that they are gone."""

    @wraps(reducer)
    def reduce(text: str, allowance: Allowance) -> str | None:
        bare = without_gutter(text)
        if bare is None:
            return reducer(text, allowance)
        result = reducer(bare, allowance.with_tokens(allowance.tokens - allowance.count(NOTE) - 1))
        return None if result is None else f'{NOTE}\n{result}'

    return reduce
