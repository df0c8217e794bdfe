"""A text as a reader sees it, without colours and what has no width, and where each of its characters stands.

A secret is looked for in what is seen: `\\x1b[31mghp_` is no token to an expression, and one to a person or a model.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from compactor.secrets.reading import WIDTHLESS

ESCAPE = re.compile(
    r'\x1b(?:\[[0-?]*[ -/]*[@-~]'  # CSI: colours, cursor movements
    r'|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)'  # OSC: titles, links
    r'|[PX^_][^\x1b]{0,4096}\x1b\\'  # DCS, SOS, PM, APC
    r'|[ -/]*[0-~])'  # everything else that begins with ESC
)
"""What terminals carry out and do not show."""
_BACK = re.compile(r'\x08{1,64}')
_CONTROLS = [chr(i) for i in (*range(8), 11, 12, *range(14, 27), *range(28, 32), 127)]
_OTHER = re.compile(r'[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]')
"""Controls that have no shape, beside those that begin an escape or step back."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is seen of a text.

    Attributes:
        text: it.
    """

    text: str
    _starts: list[int]
    _shifts: list[int]

    def back(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of it stands in the whole text; what is not seen inside belongs to it."""
        return self._at(start), self._at(end - 1) + 1

    def _at(self, at: int) -> int:
        return at + self._shifts[bisect_right(self._starts, at) - 1]


def seen(text: str) -> Seen:
    """What is seen of a text."""
    unseen = [found.span() for found in ESCAPE.finditer(text)]
    unseen += (_stepped_over(text, *found.span()) for found in _BACK.finditer(text))
    if any(control in text for control in _CONTROLS):
        unseen += (found.span() for found in _OTHER.finditer(text))
    for sign in WIDTHLESS:
        if sign in text:
            unseen += (found.span() for found in re.finditer(sign, text))
    return _without(text, sorted(unseen))


def _stepped_over(text: str, start: int, end: int) -> tuple[int, int]:
    """Steps back, and what they go over in their line: text that is underlined or bold in old pagers."""
    begin = 2 * start - end
    return max(begin, 0, text.rfind('\n', max(0, begin), start) + 1), end


def _without(text: str, unseen: list[tuple[int, int]]) -> Seen:
    pieces: list[str] = []
    starts, shifts = [0], [0]
    end = size = 0
    for start, stop in unseen:
        if start > end:
            pieces.append(text[end:start])
            size += start - end
        end = max(end, stop)
        if starts[-1] == size:
            shifts[-1] = end - size
        else:
            starts.append(size)
            shifts.append(end - size)
    pieces.append(text[end:])
    return Seen(''.join(pieces), starts, shifts)
