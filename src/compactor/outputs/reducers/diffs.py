"""Diffs: every file with how much of it changed, then the changed lines, then what stands around them.

    diff src/app/totals.py (+2 -1)
    @@ -14 +14 @@ def total(rows):
    -    return sum(rows)
    +    return sum(row.price for row in rows)
    diff uv.lock (+310 -280)
    …
    [601 of 640 lines left out; recall ab12cd34ef567890]

Where much has to go, context goes first: every run of changed lines then has a heading of its own that says where it
is. Lock files, generated and minified ones come last. If not even the files fit, they are grouped by folder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from compactor.outputs.allowance import Allowance
from compactor.outputs.pieces import Piece, clipped, pick
from compactor.outputs.reducers.names import grouped
from compactor.outputs.sections import body_of

TIGHT = 6.0
"""Characters of the text per token of the allowance from which on context is left out without being offered."""
SHARES = (4, 12, 40)
"""Changed lines of a file that come in the first, second and third turn: no file takes the room of the others."""
LEAST = 3
"""Tokens of the line that stands for a file, at least."""
MINIFIED = 500
"""Characters of a line that nobody wrote by hand."""

_FIRST, _LAST = 1.0, 4.5
"""Ranks of the first changed lines of a file, and of those of a file that nobody wrote by hand."""
_FILE = re.compile(
    r'diff --git (?:"?a/)?(?P<a>.+?)"? "?b/(?P<b>[^"\n]+)"?$|diff --(?:cc|combined) (?P<c>.+)$'
    r'|diff (?:-\S+ )+(?P<d>.+)$'
)
_HUNK = re.compile(r'@@+ (?:-(\d+)(?:,(\d+))? ){1,8}\+(\d+)(?:,(\d+))? @@+ ?(.*)')
_PLAIN_HUNK = re.compile(r'\d+(?:,\d+)?[acd]\d+(?:,\d+)?$')
_SIGN = re.compile(
    r'^(?:diff |--- |@@| [^|\n]{1,200}\| +(?:\d|Bin)| \d+ files? changed|Only in |Binary files )', re.MULTILINE
)
_COMMIT = re.compile(r'(?:commit [0-9a-f]{7,64}|From [0-9a-f]{40} )')
_STAT = re.compile(r' \S[^|\n]{0,200}\| +(?:\d|Bin)|\s*\d+ files? changed|Only in |Binary files ')
_ABOUT = re.compile(
    r'(?:index |old mode |new mode |new file|deleted file|similarity |dissimilarity |rename |copy |--- |\+\+\+ '
    r'|Binary |GIT binary)'
)
_GENERATED = re.compile(
    r'(?:^|/)(?:[\w.\-]*\.lock|package-lock\.json|pnpm-lock\.yaml|go\.sum|npm-shrinkwrap\.json|[\w.\-]+\.min\.\w+'
    r'|[\w.\-]+\.map'
    r'|[\w.\-]+\.pb\.go|[\w.\-]+_pb2?\.\w+|[\w.\-]*generated[\w.\-]*|[\w.\-]+\.snap|(?:dist|build|vendor'
    r'|node_modules)/.*)$'
)


@dataclass(slots=True)
class _File:
    """One file of a diff: its name, what its headings say, how many lines they are, and its lines."""

    name: str
    about: list[str] = field(default_factory=list)
    headings: int = 0
    plus: int = 0
    minus: int = 0
    body: list[tuple[str, str]] = field(default_factory=list)
    """(what the line is: 'hunk', 'plus', 'minus', 'same' or 'other', the line)."""

    def heading(self) -> str:
        """The one line that stands for the file."""
        about = list(dict.fromkeys(self.about))
        if self.plus or self.minus or not about:
            about.insert(0, f'+{self.plus:,} -{self.minus:,}')
        return f'diff {self.name} ({", ".join(about)})'


def reduce_diffs(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there is no diff."""
    if not _SIGN.search(text):
        return None
    lines = text[body_of(text) :].split('\n')
    parts = list(_parts(lines))
    files = [part for part in parts if isinstance(part, _File)]
    if not files:
        stats = [Piece(line, 1.0 if _STAT.match(line) else 3.0) for line in lines]
        return pick(stats, allowance) if any(piece.rank < 2 for piece in stats) else None
    many = len(files) * LEAST > allowance.tokens
    if many or not _holds([file.heading() for file in files], allowance):
        entries = [(file.name, f'+{file.plus} -{file.minus}') for file in files]
        return grouped(entries, allowance, f'{len(files):,} files changed', 'files')
    tight = len(text) > allowance.tokens * TIGHT
    asks = allowance.asking(text)
    most = allowance.tokens * 2
    pieces: list[Piece] = []
    for part in parts:
        if isinstance(part, _File):
            pieces.append(Piece(part.heading(), -1.0, part.headings))
            changes = _changes(part, tight, asks)
            pieces += islice(changes, most)
            if asks is not None:  # beyond what could be kept, only what is asked for is worth a look
                pieces += [piece for piece in changes if asks(piece.text)]
        else:
            pieces.append(_around(part))
    return pick(pieces, allowance, of=len(lines))


def _holds(headings: list[str], allowance: Allowance) -> bool:
    joined = '\n'.join(headings)
    room = int(allowance.tokens * 0.9) - 24
    return len(joined) <= room * 8 and allowance.count(joined) <= room


def _around(line: str) -> Piece:
    """A line outside of any file: commits and their first words, summaries."""
    if _COMMIT.match(line):
        return Piece(line, 1.0)
    if line.startswith(('Only in ', 'Binary files ')):
        return Piece(line, -1.0)
    if _STAT.match(line):
        return Piece(line, 3.0)
    return Piece(line, 2.0 if line.startswith('    ') and line.strip() else 5.0)


def _parts(lines: list[str]) -> Iterator[_File | str]:
    """Files and the lines between them, in order."""
    file: _File | None = None
    old = new = 0  # lines of the hunk that are still to come
    ways = 1
    plain = False
    for i, line in enumerate(lines):
        if file is not None and (old > 0 or new > 0) and (line[:1] in '+- ' or not line):
            signs = line[:ways]
            if '-' in signs:
                old -= 1
                file.minus += 1
                file.body.append(('minus', line))
            elif '+' in signs:
                new -= 1
                file.plus += 1
                file.body.append(('plus', line))
            else:
                old -= 1
                new -= 1
                file.body.append(('same', line))
            continue
        if line.startswith('diff ') and file is not None and line == lines[i - 1]:
            file.headings += 1  # the same again says nothing
            continue
        if line.startswith('diff --git a/') and (name := _twice(line)):  # nearly every one
            if file is not None:
                yield file
            file = _File(name, headings=1)
            old = new = 0
            plain = False
            continue
        named = _FILE.match(line) if line.startswith('diff ') else None
        following = lines[i + 1] if i + 1 < len(lines) else ''
        bare = line.startswith('--- ') and following.startswith('+++ ') and (file is None or bool(file.body))
        if named is not None or bare:
            if file is not None:
                yield file
            name = _name_of(following[4:], line[4:]) if named is None else named['b'] or named['c'] or named['d']
            file = _File(name, headings=1)
            if named is not None and named['a'] and named['a'] != named['b']:
                file.about.append(f'renamed from {named["a"]}')
            old = new = 0
            plain = named is not None and named['d'] is not None
        elif file is not None and line.startswith('@@') and (hunk := _HUNK.match(line)) is not None:
            ways = max(1, len(line) - len(line.lstrip('@')) - 1)
            old, new = int(hunk[2] or 1), int(hunk[4] or 1)
            file.body.append(('hunk', line))
        elif file is not None and _ABOUT.match(line) and not file.body:
            file.headings += 1
            _read_about(file, line)
        elif plain and file is not None and (line[:2] in ('< ', '> ') or _PLAIN_HUNK.match(line) or line == '---'):
            what = {'<': 'minus', '>': 'plus', '-': 'other'}.get(line[0], 'hunk')
            file.minus += what == 'minus'
            file.plus += what == 'plus'
            file.body.append((what, line))
        elif file is not None and (line.startswith('\\') or (not line and not _starts(following))):
            file.body.append(('other', line))
        else:
            if file is not None:
                yield file
                file = None
            yield line
    if file is not None:
        yield file


def _twice(line: str) -> str:
    """The name in `diff --git a/name b/name`, '' where they are two names."""
    names = line[13:]
    half = (len(names) - 3) // 2
    return names[:half] if names[half : half + 3] == ' b/' and names[:half] == names[half + 3 :] else ''


def _starts(line: str) -> bool:
    return line.startswith(('diff ', 'commit ', '--- '))


def _name_of(new: str, old: str) -> str:
    name = old if new.startswith('/dev/null') else new
    return name.split('\t')[0].removeprefix('a/').removeprefix('b/')


def _read_about(file: _File, line: str) -> None:
    first, _, rest = line.partition(' ')
    if first in ('new', 'deleted'):
        file.about.append(f'mode {line[-6:]}' if rest.startswith('mode') else first)
    elif first == 'copy' and rest.startswith('from '):
        file.about[:] = [f'copied from {rest[5:]}']
    elif first in ('Binary', 'GIT'):
        file.about.append('binary')


def _changes(file: _File, tight: bool, asks: Callable[[str], bool] | None) -> Iterator[Piece]:
    """The lines of a file as pieces; without context, each run of changes under a heading, where it is tight."""
    last = bool(_GENERATED.search(file.name)) or any(len(line) > MINIFIED for _, line in file.body)
    blank = _only_blanks(file.body)
    seen = 0
    at_old = at_new = 0
    about = ''
    headed = True
    rank = _LAST if last else _FIRST
    for i, (what, line) in enumerate(file.body):
        if what == 'hunk':
            hunk = _HUNK.match(line)
            if hunk is None or not tight:
                yield Piece(line if hunk is None else _short(hunk), rank)
                headed = True
            else:
                at_old, at_new, about, headed = int(hunk[1]), int(hunk[3]), hunk[5], False
            continue
        if what in ('plus', 'minus'):
            shown = clipped(line, MINIFIED // 2) if last else line
            if tight and not headed:
                shown = f'{f"@@ -{at_old} +{at_new} @@ {about}".rstrip()}\n{shown}'
                headed = True
            asked = asks is not None and asks(line)
            yield Piece(shown, min(rank, 1.0) if asked else 4.0 if i in blank else rank)
            seen += 1
            if seen in SHARES and not last:
                rank += 0.5
        elif tight:
            headed = headed and not at_new  # diffs without numbers have no headings to make
        else:
            yield Piece(line, 3.5 if _beside(file.body, i) else 5.0)
        at_old += what != 'plus'
        at_new += what != 'minus'


def _short(hunk: re.Match[str]) -> str:
    return f'@@ -{hunk[1]} +{hunk[3]} @@ {hunk[5]}'.rstrip()


def _beside(body: list[tuple[str, str]], i: int) -> bool:
    return any(0 <= j < len(body) and body[j][0] in ('plus', 'minus') for j in (i - 1, i + 1))


def _only_blanks(body: list[tuple[str, str]]) -> set[int]:
    """Changed lines that differ from their counterpart by blanks alone, and those that are blank."""
    found: set[int] = set()
    removed: dict[str, list[int]] = {}
    for i, (what, line) in enumerate(body):
        if what == 'minus':
            removed.setdefault(''.join(line[1:].split()), []).append(i)
        elif what == 'plus':
            alike = removed.get(''.join(line[1:].split()))
            if alike:
                found |= {i, alike.pop()}
        else:
            removed.clear()
            continue
        if not line[1:].strip():
            found.add(i)
    return found
