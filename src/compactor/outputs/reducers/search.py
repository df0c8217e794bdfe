"""Hits of a search, by file: every file with its number of hits, a hit of each, then more hits, then context.

    41 hits in 3 files
    src/app/totals.py: 38 hits
      14: def total(rows):
      20, 31: return total(rows)
    …
    [36 of 41 lines left out; recall ab12cd34ef567890]

A file with one hit stays as it was, `file:line: text`. Over-long hits are cut around what was searched for; equal hits
of a file are one line. If not even the files fit, they are grouped by folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarms
from compactor.outputs.pieces import Piece, pick, unmarked
from compactor.outputs.reducers.listing import reduce_listing
from compactor.outputs.reducers.names import grouped, split
from compactor.outputs.sections import EXIT, body_of

LONGEST = 180
"""Characters of a hit at most."""
LISTED = 3
"""Lines of `ls` among the hits from which on they are taken as a listing."""
TURNS = (1, 3, 8, 20)
"""Hits of a file that come in the first, second, ... turn."""

_HIT = re.compile(r'(?P<path>(?:[A-Za-z]:[\\/])?[^\s:][^:\n]{0,400}+):(?P<line>\d+):(?:\d+:)?(?P<text>.*)')
_CONTEXT = re.compile(r'(?P<path>(?:[A-Za-z]:[\\/])?[^\s:][^:\n]{0,300}?\.\w{1,10})-(?P<line>\d+)-(?P<text>.*)')
_NUMBERED = re.compile(r'(?P<line>\d+)(?P<sign>[:\-])(?:\d+:)?(?P<text>.*)')
_UNNUMBERED = re.compile(r'(?P<path>(?:[A-Za-z]:[\\/])?[^\s:]{1,300}[/.\\][^\s:]{0,200}):(?P<text>.*)')
_PATH = re.compile(r'(?:[A-Za-z]:[\\/])?[^\s:]{1,400}$')
_BINARY = re.compile(r'Binary file (?P<path>\S+) matches')
_LONG = re.compile(r'[d\-lbcps][rwxsStT\-]{9}[@+.]?\s|total \d[\d.,]*[KMGT]?$')
_DIVIDER = re.compile(r'-{2,3}$')


@dataclass(slots=True)
class _Found:
    """Hits of one file: line numbers by text, context lines, the whole in order."""

    hits: dict[str, list[str]] = field(default_factory=dict)
    count: int = 0
    context: list[tuple[str, str]] = field(default_factory=list)
    order: list[tuple[bool, str]] = field(default_factory=list)
    """(whether it is a hit, its text or the place of the context line) in the order of the output."""

    def hit(self, line: str, text: str) -> None:
        """Adds a hit."""
        self.count += 1
        text = text.strip()
        if text not in self.hits:
            self.order.append((True, text))
        self.hits.setdefault(text, []).append(line)

    def beside(self, line: str, text: str) -> None:
        """Adds a line beside a hit."""
        self.order.append((False, str(len(self.context))))
        self.context.append((line, text))


def reduce_search(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there are no hits."""
    start = body_of(text)
    lines = [line for line in text[start:].split('\n') if line and not _DIVIDER.match(line)]
    files, others = _read(lines)
    if start and (code := EXIT.search(text[:start])):
        others.insert(0, code.group())
    if not files:
        return None
    total = sum(found.count for found in files.values())
    names = len(files)
    hits = f'{total:,} {"hit" if total == 1 else "hits"} in ' if total else ''
    whole = len(others) + sum(found.count + len(found.context) or 1 for found in files.values())
    title = f'{hits}{names:,} {"file" if names == 1 else "files"}'
    headings = {path: _heading(path, found) for path, found in files.items()}
    room = int(allowance.tokens * 0.95) - 24
    counted = _holds(headings.values(), room, allowance)
    if not counted and _holds(headings, room, allowance):
        headings = {path: path for path in headings}  # names before numbers
        counted = True
    if not counted:
        entries = [(path, str(found.count) if found.count > 1 else '') for path, found in files.items() if path]
        return grouped(entries, allowance, title, 'files')
    asked = _asked(text, allowance)
    pieces = [Piece(title, -1.0, 0)]
    pieces += _others(others, allowance)
    for path, found in files.items():
        if path:
            pieces.append(Piece(headings[path], -1.0, 0 if found.order else 1))
        pieces += _pieces(found, asked, allowance.tokens)
    return pick(pieces, allowance, of=whole, gap=unmarked)


def _others(lines: list[str], allowance: Allowance) -> list[Piece]:
    """What is no hit; a listing before or behind the hits is made smaller as such."""
    listed = [line for line in lines if _LONG.match(line[:600])]
    pieces: list[Piece] = []
    if len(listed) >= LISTED:
        names = reduce_listing('\n'.join(listed), allowance.with_tokens(allowance.tokens // 3))
        if names is not None:
            pieces.append(Piece(names, 0.5, len(listed)))
            lines = [line for line in lines if not _LONG.match(line[:600])]
    return pieces + [Piece(line, 1.0 if alarms(line) else 4.0) for line in lines]


def _holds(lines: Iterable[str], room: int, allowance: Allowance) -> bool:
    joined = '\n'.join(lines)
    return len(joined) <= room * 8 and allowance.count(joined) <= room


def _asked(text: str, allowance: Allowance) -> re.Pattern[str] | None:
    """What the question names and the hits hold: where a hit that is too long is looked at."""
    lower = text.lower()
    present = sorted(
        (word for word in allowance.question if word.lower() in lower), key=lambda word: (-len(word), word)
    )
    return re.compile('|'.join(map(re.escape, present)), re.IGNORECASE) if present else None


def _heading(path: str, found: _Found) -> str:
    if not found.order:
        return path
    return f'{path}: {found.count:,} hits' if found.count > 1 else f'{path}:'


def _pieces(found: _Found, asked: re.Pattern[str] | None, most: int) -> list[Piece]:
    pieces: list[Piece] = []
    seen = 0
    for is_hit, key in found.order[: most * 2]:  # no more could be kept
        if is_hit:
            numbers = found.hits[key]
            at = ', '.join(numbers[:6]) + (f', … {len(numbers) - 6:,} more' if len(numbers) > 6 else '')
            rank = 1.0 + sum(seen >= turn for turn in TURNS) * 0.6
            pieces.append(
                Piece(
                    f'  {at}: {_cut(key, asked)}'.rstrip() if numbers[0] else f'  {_cut(key, asked)}'.rstrip(),
                    rank,
                    len(numbers),
                )
            )
            seen += 1
        else:
            line, text = found.context[int(key)]
            pieces.append(Piece(f'  {line}- {_cut(text, asked)}'.rstrip(), 5.0 if text.strip() else 6.0))
    return pieces


def _cut(text: str, asked: re.Pattern[str] | None) -> str:
    """A hit of at most `LONGEST` characters, around what the question names or else its beginning."""
    text = text.rstrip()
    if len(text) <= LONGEST:
        return text
    match = asked.search(text) if asked is not None else None
    named = match.start() if match is not None else 0
    begin = max(0, min(named - LONGEST // 3, len(text) - LONGEST)) if named > LONGEST // 2 else 0
    shown = text[begin : begin + LONGEST].strip()
    after = '…' if begin + LONGEST < len(text) else ''
    return f'{"…" if begin else ""}{shown}{after}'


def _read(lines: list[str]) -> tuple[dict[str, _Found], list[str]]:
    """Files with their hits, in the order of the output, and lines that are neither."""
    files: dict[str, _Found] = {}
    others: list[str] = []
    short: dict[str, str] = {}
    heading = ''

    def of(path: str) -> _Found:
        if path not in files:
            known = short.setdefault(split(path)[1], path)
            if _same(known, path):
                path = known  # context lines may give the path in full, hits relative
        return files.setdefault(path, _Found())

    for i, line in enumerate(lines):
        head = line[:600]
        if _LONG.match(head):
            others.append(line)
            continue
        numbered = _NUMBERED.match(head)
        if numbered is not None:
            found = of(heading)
            (found.hit if numbered['sign'] == ':' else found.beside)(numbered['line'], line[numbered.start('text') :])
        elif (hit := _HIT.match(head)) is not None:
            of(hit['path']).hit(hit['line'], line[hit.start('text') :])
        elif '-' in head and (context := _CONTEXT.match(head)) is not None:
            of(context['path']).beside(context['line'], line[context.start('text') :])
        elif (binary := _BINARY.match(head)) is not None:
            of(binary['path']).hit('', 'binary, matches')
        elif (bare := _UNNUMBERED.match(head)) is not None:
            of(bare['path']).hit('', line[bare.start('text') :])
        elif _PATH.match(head) and ('/' in line or '.' in line or '\\' in line):
            following = lines[i + 1] if i + 1 < len(lines) else ''
            if _NUMBERED.match(following[:40]):
                heading = line
            of(line)
        else:
            others.append(line)
    return files, others


def _same(path: str, other: str) -> bool:
    """Whether one is a path in full and the other the end of it."""
    full, end = (path, other) if len(path) > len(other) else (other, path)
    return full.startswith('/') and not end.startswith('/') and full.endswith('/' + end)
