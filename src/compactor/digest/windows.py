"""A line too long to be kept whole: windows around its names, or its beginning where it has none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compactor.digest.identifiers import places

LONG = 400
"""A line longer than this is taken in windows around its names."""
AROUND = 90
"""Characters kept on each side of a name in a long line."""
WINDOWS = 12
"""At most this many windows of one long line."""
EDGE = 24
"""Characters in which a window's edge looks for the beginning of a word."""
REACH = 64 * 1024
"""Characters of a line whose names are looked for: the windows of a line full of names lie in its first 5,000."""
NEAR = 8 * 1024
"""Characters in which names are looked for inside of others at first."""


def windows(text: str) -> Iterator[str]:
    """The windows of a line, in order."""
    spans = _merged(text)
    if not spans:
        yield text[: 2 * AROUND] + ' …'
    for start, end in spans:
        whole = text[start:end] if end == len(text) else text[start:end].rsplit(' ', 1)[0]
        yield ('… ' if start else '') + whole.strip() + (' …' if end < len(text) else '')


def _merged(text: str) -> list[list[int]]:
    """Where the windows begin and end.

    A name counts where its letters stand first, be it inside of another one. To look for each of many names from the
    beginning of the line would take the square of its length, so it is done in the part that the windows come from.
    """
    head = text[:REACH]
    found = places(head)
    longest = max(map(len, found), default=0)
    near = NEAR
    while True:
        spans = _spans(text, {name: _first(head, name, at, near) for name, at in found.items()})
        whole = near >= len(head)
        # What stands further on than `near` may stand earlier than is known here, but not before that.
        if whole or (len(spans) > WINDOWS and spans[WINDOWS - 1][1] < near - longest - AROUND):
            return spans[:WINDOWS]
        near *= 4


def _first(text: str, name: str, at: int, near: int) -> int:
    """Where a name that stands at `at` stands first, as far as `near` tells."""
    first = text.find(name, 0, min(at + len(name), near))
    return at if first < 0 else first


def _spans(text: str, found: Mapping[str, int]) -> list[list[int]]:
    """The surroundings of each name, those that overlap in one as long as that is not too long."""
    spans = [[_edge(text, at - AROUND), min(len(text), at + len(name) + AROUND)] for name, at in found.items()]
    spans.sort()
    merged: list[list[int]] = []
    for span in spans:
        if merged and span[0] <= merged[-1][1] and span[1] - merged[-1][0] <= LONG:
            merged[-1][1] = max(merged[-1][1], span[1])
        else:
            merged.append(span)
    return merged


def _edge(text: str, at: int) -> int:
    """Where a word begins at or soon after `at`, so that a window begins with a whole word."""
    if at <= 0:
        return 0
    space = text.find(' ', at - 1, at + EDGE)
    return at if space < 0 else space + 1
