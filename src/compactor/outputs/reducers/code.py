"""Source text: imports folded, every signature, and whole the bodies that the question is about.

    1→package sync
    3→import (
    …
    41→// Push sends what the remote lacks.
    42→func (s *Syncer) Push(ctx context.Context) error {
    … 34 lines
    [1,214 of 1,290 lines left out; recall ab12cd34ef567890]

Lines are shown as they are or not at all; line numbers that a text carries stay in front of their lines, and where it
carries none, the gaps say which lines are missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from compactor.outputs.allowance import Allowance
from compactor.outputs.code_text.languages import language_of
from compactor.outputs.code_text.signatures import Block, Role, outline
from compactor.outputs.pieces import GAP, Piece, pick
from compactor.outputs.sections import body_of

IMPORTS = 8
"""Lines of imports that are all shown; of more the first ones are."""
CHUNK = 12
"""Lines of a body that are kept or left out together."""
MOST_LINES = 40_000
"""Lines of a text whose outline is worth making."""
LONG_LINES = 300
"""Characters a line on the average beyond which a text was not written by people."""
WHOLE = 60
"""Lines up to which a body that the question is about is kept or left out as one."""

_NUMBERED = re.compile(r'[ \t]*(\d{1,7})(?:(→|\t|: ?| ?\| ?)(.*))?$')
_ONE_CHARACTER = ('→', '\t')
_DOCUMENTS = re.compile(r'\s*[rRuUbB]{0,2}(?:"""|\'\'\'|"|\')')
_TYPE = re.compile(r'\s*(?:export\s+|pub\s+|public\s+|declare\s+)*(?:type|interface|enum|struct|union|typedef)\b')
_CLOSER = re.compile(r'[)}\]]+[;,]?|end')
_LETTER = re.compile(r'[^\W\d_]')


_IMPORTS = 2.2
_DEFINE = (Role.FUNCTION, Role.CONTAINER)


class Numbered(NamedTuple):
    """A text without the numbers in front of its lines, and the lines before and behind those that have numbers."""

    bare: list[str]
    first: int
    end: int


def reduce_code(text: str, allowance: Allowance) -> str | None:
    """See the module."""
    start = body_of(text)
    head = text[:start].rstrip('\n')
    lines = text[start:].split('\n')
    if len(lines) > MOST_LINES or len(text) > LONG_LINES * len(lines):
        return None
    numbered = unnumbered(lines)
    first, end = (numbered.first, numbered.end) if numbered else (0, len(lines))
    bare = numbered.bare if numbered else lines
    pieces: list[Piece] = []
    begins: list[int] = []
    if head:
        pieces.append(Piece(head, 2.0, head.count('\n') + 1))
        begins.append(0)
    for i in (*range(first), *range(end, len(lines))):
        if lines[i].strip() and i < first:
            pieces.append(Piece(lines[i], 2.0))
            begins.append(i)
    blocks = outline(bare, language_of('\n'.join(bare[:200]), allowance.path))
    named = _named(blocks, bare, allowance)
    for at, until, rank in _ranked(blocks, bare, named):
        pieces.append(Piece('\n'.join(lines[first + at : first + until]), rank, until - at))
        begins.append(first + at)
    behind = '\n'.join(line for line in lines[end:] if line.strip())
    if behind:
        pieces.append(Piece(behind, 5.0, behind.count('\n') + 1))
        begins.append(end)
    pieces = [_folded(piece) if piece.rank == _IMPORTS else piece for piece in pieces]
    begins.append(len(lines))

    def gap(missing: int, until: int) -> str:
        count = sum(piece.lines for piece in pieces[missing:until])
        what = f'{GAP} {count:,} {"line" if count == 1 else "lines"}'
        return what if numbered or count == 1 else f'{what}, {begins[missing] + 1}-{begins[until]}'

    blank = len(lines) - sum(map(bool, map(str.strip, lines)))
    total = sum(piece.lines for piece in pieces)
    return pick(pieces, allowance, of=total if total <= len(lines) - blank else None, gap=gap)


def unnumbered(lines: Sequence[str]) -> Numbered | None:
    """The lines without their numbers, if they have numbers that rise by one; None otherwise."""
    first = next((i for i, line in enumerate(lines[:40]) if _separator(line)), None)
    if first is None:
        return None
    separator = _separator(lines[first])
    expected = int(lines[first].strip().split(separator, 1)[0])
    bare: list[str] = []
    end = first
    strays = 0
    if separator in _ONE_CHARACTER:  # nearly every line, without a pattern
        for line in lines[first:]:
            line = line.lstrip(' \t')
            rest = line.removeprefix(str(expected))
            if len(rest) == len(line) or (rest and rest[0] != separator):
                break
            bare.append(rest[1:])
            expected += 1
        end = first + len(bare)
    for i in range(end, len(lines)):
        found = _NUMBERED.match(lines[i])
        if found and int(found[1]) == expected and (found[2] is None or found[2].strip(' ') == separator):
            bare.extend([''] * (i - first - len(bare)))
            bare.append(found[3] or '')
            expected += 1
            end = i + 1
        else:
            strays += 1
            if strays > 20 + len(bare) // 4:
                break
    return Numbered(bare, first, end) if len(bare) >= 3 and strays <= len(bare) // 4 + len(lines) - end else None


def _separator(line: str) -> str:
    found = _NUMBERED.match(line)
    return '' if found is None or found[2] is None else '\t' if found[2] == '\t' else found[2].strip(' ')


def _named(blocks: Sequence[Block], lines: Sequence[str], allowance: Allowance) -> set[int]:
    """Indices of the blocks whose first lines hold what the question names."""
    asks = allowance.asking('\n'.join(lines))
    if asks is None:
        return set()
    return {
        i
        for i, block in enumerate(blocks)
        if block.role is not Role.COMMENT and asks('\n'.join(lines[block.start : min(block.body, block.start + 4)]))
    }


def _ranked(blocks: Sequence[Block], lines: Sequence[str], named: set[int]) -> Iterator[tuple[int, int, float]]:
    """First line, line behind the last, and rank of each piece."""
    i = 0
    while i < len(blocks):
        block = blocks[i]
        follower = blocks[i + 1] if i + 1 < len(blocks) else None
        if block.role is Role.IMPORT:
            start = block.start
            while i + 1 < len(blocks) and blocks[i + 1].role is Role.IMPORT and blocks[i + 1].start - blocks[i].end < 3:
                i += 1
            yield start, blocks[i].end, _IMPORTS
        elif block.role is Role.COMMENT:
            documents = follower is not None and follower.start == block.end and follower.role in _DEFINE
            yield from _comment(block, lines, 2.5 if documents else 5.5)
        elif block.role is Role.CONTAINER:
            yield block.start, block.end, 0.8
        elif block.role is Role.FUNCTION:
            yield block.start, block.body, 1.0
            yield from _body(block.body, block.end, lines, i in named)
        else:
            important = i in named
            rank = 0.5 if important else _rank_of(lines[block.start])
            for k, (start, end) in enumerate(_chunks(block.start, block.end, lines)):
                yield start, end, rank if important or k == 0 else max(4.0, rank) + min(k, 40) * 0.02
        i += 1


def _rank_of(line: str) -> float:
    """The rank of a statement that encloses no definition, by its first line."""
    if _TYPE.match(line):
        return 2.0
    bare = line.lstrip()
    return 1.1 if bare.startswith(('@', '#[')) else 5.8 if _CLOSER.fullmatch(bare) else 3.0


def _comment(block: Block, lines: Sequence[str], rank: float) -> Iterator[tuple[int, int, float]]:
    """The first line of a comment that says something, and the rest."""
    if block.end - block.start <= 2:
        yield block.start, block.end, rank
        return
    first = next((i for i in range(block.start, block.end) if _LETTER.search(lines[i])), block.start) + 1
    yield block.start, first, rank
    if first < block.end:
        yield first, block.end, 6.0


def _body(start: int, end: int, lines: Sequence[str], named: bool) -> Iterator[tuple[int, int, float]]:
    """A body: the first line of its documentation, then its statements."""
    if start < end and not named and _DOCUMENTS.match(lines[start]):
        yield start, start + 1, 2.5
        start += 1
    if start >= end:
        return
    if named and end - start <= WHOLE:
        yield start, end, 0.5
        return
    for k, (first, last) in enumerate(_chunks(start, end, lines)):
        yield first, last, 0.6 if named else 4.0 + min(k, 40) * 0.02


def _chunks(start: int, end: int, lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Lines in groups that end at blank lines or where the outermost statements begin, `CHUNK` at most in one."""
    if end - start <= CHUNK:
        yield start, end
        return
    shown = lines[start:end]
    inner = list(map(str.lstrip, shown))
    least = min((len(line) - len(bare) for line, bare in zip(shown, inner, strict=True) if bare), default=0)
    at = start
    for i in range(start + 1, end):
        if i - at < CHUNK // 2:
            continue
        bare = inner[i - start]
        outermost = not bare or (len(shown[i - start]) - len(bare) == least and bare[0] not in ')}]')
        if outermost or i - at >= CHUNK:
            yield at, i
            at = i
    yield at, end


def _folded(piece: Piece) -> Piece:
    """Imports: the first ones, and how many more there are."""
    lines = [line for line in piece.text.split('\n') if line.strip()]
    if len(lines) > IMPORTS:
        rest = len(lines) - IMPORTS + 2
        lines = [*lines[: IMPORTS - 2], f'{GAP} {rest} more lines of imports']
    return Piece('\n'.join(lines), 2.0, piece.lines)
