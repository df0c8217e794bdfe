"""Finds private keys, which go over many lines: in whatever gutter those stand, escaped or quoted, whole or cut.

A key is read line by line from its head onwards and from its tail backwards, so that what a cut has left of one is
found from its other end. Of a block that has neither, three full lines of base64 are enough.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

from compactor.secrets.gutters import is_gutter, shape
from compactor.secrets.reading import ENOUGH, FULL, Reading, Span

LEAST = 16
"""Characters of base64 in a line of a key; its last lines may be shorter."""
SURE = 40
"""Characters of a line from which it is one of a key even if no tail follows."""
BLANKS = 3
"""Lines without content in a row that a key may hold."""
NEAR = 400
"""Characters around such lines in which something may say that they are another thing, such as a certificate."""
LONGEST = 2_000
"""Characters of a line at most."""
NAME = 64
"""Characters of a head or a tail at most."""
WINDOW = 100_000
"""Characters before a tail in which its key stands."""

_BASE64 = b'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=%\\'
"""What a line of a key is made of, also where it is quoted for a URL (`%2B`) or by JSON (`\\/`)."""
_JUNK = b' \t\r"\'`,;|\\+?'
"""What may stand behind a line: the end of a string and what joins it to the next."""
_GAP = rb'(?:[ +_]|%20)'
_ARMOUR = re.compile(
    rb'-{4,5} ?(?P<what>BEGIN|END)'
    + _GAP
    + rb'(?:[A-Z0-9]{1,12}'
    + _GAP
    + rb'){0,3}PRIVATE'
    + _GAP
    + rb'KEY(?:'
    + _GAP
    + rb'BLOCK)? ?-{4,5}|Private-Lines: \d{1,4}'
)
"""Head or tail; the second is PuTTY's head."""
_ROW = re.compile(
    rb'(?:[ \t]{0,4}+[A-Za-z0-9+/=]{16,}+){1,1000}+(?:[ \t]{1,4}+[A-Za-z0-9+/=]{1,15}+(?=[ \t]{0,4}-----END))?'
)
"""Lines of a key that lost their ends, behind a head ..."""
_ROW_BEFORE = re.compile(rb'(?:[A-Za-z0-9+/=]{16,}+[ \t]{0,4}+){1,1000}+(?:[A-Za-z0-9+/=]{1,15}+[ \t]{1,4}+)?')
"""... and before a tail."""
_END = re.compile(rb'\r?\n|(?:\\{1,8}r)?\\{1,8}n|(?:%0[Dd])?%0[Aa]|&#1[03];|<br ?/?>')
"""Ends of lines, also such as are written down."""
_HEADER = re.compile(rb'[A-Z][A-Za-z-]{2,30}: [^\n\\]{0,200}$')
_MIXED = tuple(map(re.compile, (rb'[A-Z]', rb'[a-z]', rb'[0-9]')))


class _Kind(Enum):
    """What a line is to a key."""

    HEAD = auto()
    TAIL = auto()
    BODY = auto()
    SHORT = auto()
    HEADER = auto()
    BLANK = auto()
    OTHER = auto()


class _Line(NamedTuple):
    """A line: where it begins and ends, what it is, and where what is not gutter begins."""

    begin: int
    end: int
    kind: _Kind
    body: int


def keys(reading: Reading) -> Iterator[Span]:
    """Where private keys stand, or what is left of them."""
    flat, lower = reading.flat, reading.lower
    done = 0
    at = lower.find(b'private')
    while at >= 0:
        armour = _ARMOUR.search(flat, max(done, at - 60), at + 60)
        if armour is not None:
            tail = armour['what'] == b'END'
            span = _backwards(flat, armour.start(), armour.end(), done) if tail else _forwards(flat, *armour.span())
            if span is not None:
                yield span
            done = at = max(armour.end(), span[1] if span is not None else 0)
        at = lower.find(b'private', at + (armour is None))


def goes_on(reading: Reading, start: int, end: int) -> Span:
    """A key whose first line is known to stand here, with the lines that follow it."""
    return _forwards(reading.flat, start, end, begun=True) or (start, end)


def _forwards(flat: bytes, start: int, at: int, *, begun: bool = False) -> Span | None:
    """A key from its head, which begins at `start` and ends at `at`; None where nothing of it follows."""
    end, sure, short, blanks = (at if begun else -1), begun, 0, 0
    if not begun and (row := _ROW.match(flat, at)):
        sure = row.end() - at >= SURE
        at = end = row.end()
    for line in _lines(flat, at, _before(flat, start)):
        if line.kind is _Kind.TAIL:
            return (start, line.body) if end >= 0 else None
        if line.kind is _Kind.BODY and not short:
            end, blanks = line.end, 0
            sure = sure or line.end - line.body >= SURE
        elif line.kind is _Kind.SHORT and end >= 0 and short < 2:
            short += 1
        elif line.kind is _Kind.BLANK and blanks < BLANKS:
            blanks += 1
        elif line.kind is not _Kind.HEADER or end >= 0:
            break
    return (start, end) if end >= 0 and sure else None


def _backwards(flat: bytes, at: int, end: int, least: int) -> Span | None:
    """A key up to its tail, which begins at `at` and ends at `end`; None where nothing of it stands before."""
    start, blanks = -1, 0
    window = max(least, at - WINDOW)
    ends = [window, *(match.end() for match in _END.finditer(flat, window, at))]
    like = flat[ends[-1] : at]
    if row := _ROW_BEFORE.fullmatch(flat, ends[-1] + len(like) - len(like.lstrip()), at):
        start = row.start()
    stop = ends[-1]
    for begin in reversed(ends[:-1]):
        line = _line(flat, begin, stop, like)
        stop = begin
        if line.kind is _Kind.BODY or (line.kind is _Kind.SHORT and start < 0):
            start, blanks, like = line.body, 0, flat[begin : line.body]
        elif line.kind is _Kind.BLANK and blanks < BLANKS:
            blanks += 1
        elif line.kind is not _Kind.SHORT:
            # The first line of a string stands behind whatever begins the string.
            start = line.body if line.kind is _Kind.OTHER and line.end - line.body >= SURE else start
            break
    return (start, end) if start >= 0 else None


def _before(flat: bytes, at: int) -> bytes:
    """What stands before a place in its line."""
    return flat[max(flat.rfind(b'\n', 0, at) + 1, at - LONGEST) : at]


def _lines(flat: bytes, at: int, like: bytes) -> Iterator[_Line]:
    """The lines from here on, the rest of this one first."""
    first = True
    while at < len(flat):
        dashes = flat.find(b'-----', at, at + LONGEST)
        found = _END.search(flat, at, at + LONGEST if dashes < 0 else dashes + NAME)
        stop = found.end() if found else min(len(flat), at + LONGEST if dashes < 0 else dashes + NAME)
        line = _line(flat, at, stop, b'' if first else like)
        yield line
        if line.kind is _Kind.BODY:
            like = flat[at : line.body]
        first, at = False, stop


def _line(flat: bytes, begin: int, end: int, like: bytes) -> _Line:
    """What a line is; `like` is the gutter of the one beside it."""
    found = _END.search(flat, begin, end)
    stop = found.start() if found else end
    if armour := _ARMOUR.search(flat, begin, stop):
        tail = armour['what'] == b'END'
        return _Line(begin, stop, _Kind.TAIL if tail else _Kind.HEAD, armour.end())
    text = flat[begin:stop]
    said = text.rstrip(_JUNK)
    length = len(said) - len(said.rstrip(_BASE64))
    body = begin + len(said) - length
    in_gutter = is_gutter(flat[begin:body], like)
    if in_gutter and length >= LEAST:
        return _Line(begin, stop, _Kind.BODY, body)
    if not said or is_gutter(text, like):
        return _Line(begin, stop, _Kind.BLANK, stop)
    if in_gutter and length:
        return _Line(begin, stop, _Kind.SHORT, body)
    if (header := _HEADER.search(text)) and is_gutter(text[: header.start()], like):
        return _Line(begin, stop, _Kind.HEADER, stop)
    return _Line(begin, stop, _Kind.OTHER, body)


def blocks(reading: Reading) -> Iterator[Span]:
    """Where full lines of base64 stand that nothing tells to be anything but a piece of a key."""
    lines = [(end - size, end) for at, end in reading.full_lines if (size := _size(reading, at, end))]
    if len(lines) < ENOUGH:
        return
    flat = reading.flat
    some = lines[:1]
    between: bytes | None = None
    for line in lines[1:]:
        joint = _joint(flat[some[-1][1] : line[0]])
        if joint is None or (between is not None and joint != between):
            yield from _block(flat, some)
            some = some[-1:] if joint is not None else []
        between = joint
        some.append(line)
    yield from _block(flat, some)


def _size(reading: Reading, at: int, end: int) -> int:
    """How long a full line is that stands here; 0 for none. What comes before it may be an escape or a mark."""
    flat = reading.flat
    starts = (at, reading.begin(at), at + (flat[at] == ord('+')))
    size = next((end - start for start in starts if end - start in FULL), 0)
    return size if all(kind.search(flat, end - size, end) for kind in _MIXED) else 0


def _joint(between: bytes) -> bytes | None:
    """What stands between two lines, without what changes from line to line; None where they do not follow."""
    if between == b' ':
        return between
    pieces = _END.split(between[:LONGEST])
    if len(between) > LONGEST or not 2 <= len(pieces) <= BLANKS + 2:
        return None
    if all(not piece.strip(_JUNK) or is_gutter(piece) for piece in pieces):
        return b''
    return b'\n'.join(map(shape, pieces)) if len(pieces) == 2 else None


def _block(flat: bytes, lines: list[Span]) -> Iterator[Span]:
    if len(lines) < ENOUGH:
        return
    start, end = lines[0][0], lines[-1][1]
    for near in (flat[max(0, start - NEAR) : start], flat[end : end + NEAR]):
        if b'-----BEGIN ' in near or b'-----END ' in near or b'base64,' in near:
            return
    yield start, end
