r"""Unified diffs read and applied to texts: exactly, or not at all.

What a model writes is taken as it is meant where that is certain: numbers in `@@` may be off, as long as the lines of a
hunk stand in one place only; an empty line stands for an empty line of context. Everything else is refused with what is
wrong. Ends of lines (`\r\n`) and a missing one at the end of a file stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from compactor.errors import WorkspaceError
from compactor.quoting import one_line

NOTHING = '/dev/null'
LARGEST = 1_000_000
"""Characters of a diff."""

_HUNK = re.compile(r'@@(?: -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))?)? @@|@@\s*$')
_REFUSED = ('rename from ', 'rename to ', 'copy from ', 'GIT binary patch', 'Binary files ', 'old mode ', 'new mode ')
_NO_END = '\\'


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines that are replaced.

    Attributes:
        at: the line that they are said to begin at, from 1; 0 for nowhere.
        before: what stands there.
        after: what is to stand there.
        kept: lines of context, which stand in both.
        ends: whether the last line of `before`, and of `after`, has an end; None where the diff does not say.
    """

    at: int
    before: tuple[str, ...]
    after: tuple[str, ...]
    kept: int = 0
    ends: tuple[bool | None, bool | None] = (None, None)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What is to become of a file.

    Attributes:
        old: its path; '' where it is made.
        new: the same; '' where it is removed.
        hunks: in order.
    """

    old: str
    new: str
    hunks: tuple[Hunk, ...]

    @property
    def path(self) -> str:
        """The file."""
        return self.new or self.old


def parsed(diff: str) -> list[FileDiff]:
    """The files of a diff, in order.

    Raises:
        WorkspaceError: it is no unified diff, or one that renames, or of what is no text.
    """
    if len(diff) > LARGEST:
        raise WorkspaceError(f'a diff has {LARGEST:,} characters at most, this one {len(diff):,}')
    lines = diff.split('\n')
    if lines and not lines[-1]:
        lines.pop()
    # Of a diff that came with ends of lines as on Windows they are not part of what it says.
    if all(line.endswith('\r') for line in lines if line.startswith(('--- ', '+++ ', '@@ '))):
        lines = [line.removesuffix('\r') for line in lines]
    found = list(_files(lines))
    if not found:
        raise WorkspaceError(
            'this is no unified diff: it needs lines "--- old/path", "+++ new/path" and "@@ -1,2 +1,3 @@"'
        )
    return found


def _files(lines: Sequence[str]) -> Iterator[FileDiff]:
    i = 0
    while i < len(lines):
        line = lines[i].rstrip('\r')
        if line.startswith(_REFUSED):
            raise WorkspaceError(f'{one_line(line)[:120]!r}: renames, modes and binary files are not for edits')
        if not _begins(lines, i):
            if _HUNK.match(line):
                raise WorkspaceError('a hunk stands before any file: write "--- path" and "+++ path" above it')
            i += 1
            continue
        old, new = _path(line[4:], 'a/'), _path(lines[i + 1].rstrip('\r')[4:], 'b/')
        if not old and not new:
            raise WorkspaceError('both sides of the diff are /dev/null')
        if old and new and old != new:
            raise WorkspaceError(f'{one_line(old)[:120]} and {one_line(new)[:120]} differ: renames are not for edits')
        i += 2
        hunks: list[Hunk] = []
        while i < len(lines) and (header := _HUNK.match(lines[i].rstrip('\r'))):
            hunk, i = _hunk(lines, i + 1, header)
            hunks.append(hunk)
        if not hunks and old and new:
            raise WorkspaceError(
                f'nothing is said to change in {one_line(new)[:120]}: a hunk begins with "@@ -1,2 +1,3 @@"'
            )
        yield FileDiff(old, new, tuple(hunks))


def _begins(lines: Sequence[str], i: int) -> bool:
    return lines[i].startswith('--- ') and i + 1 < len(lines) and lines[i + 1].startswith('+++ ')


def _path(said: str, prefix: str) -> str:
    path = said.split('\t')[0].strip()
    if path == NOTHING:
        return ''
    if not path or path.startswith('"'):
        raise WorkspaceError(f'{one_line(said)[:120]!r} is no path: write it without quotes')
    return path.removeprefix(prefix)


def _hunk(lines: Sequence[str], i: int, header: re.Match[str]) -> tuple[Hunk, int]:
    """A hunk from its first line on, and the line behind it."""
    before: list[str] = []
    after: list[str] = []
    ends: list[bool | None] = [None, None]
    left = int(header[2] if header[2] is not None else 1) if header[1] else 0
    last = ''
    kept = 0
    while i < len(lines):
        line = lines[i]
        # A removed line that begins with two dashes looks like the beginning of the next file.
        if (
            _HUNK.match(line.rstrip('\r'))
            or line.startswith('diff --git ')
            or (_begins(lines, i) and len(before) >= left)
        ):
            break
        tag = line[:1].strip('\r') or ' '
        if tag == _NO_END:
            ends = [False if last in ' -' else ends[0], False if last in ' +' else ends[1]]
        elif tag in ' -+':
            if tag in ' -':
                before.append(line[1:])
            if tag in ' +':
                after.append(line[1:])
            last = tag
            kept += tag == ' '
        else:
            raise WorkspaceError(f'{one_line(line)[:120]!r} in a hunk: its lines begin with a blank, "-" or "+"')
        i += 1
    return Hunk(int(header[1] or 0), tuple(before), tuple(after), kept, (ends[0], ends[1])), i


def applied(text: str | None, diff: FileDiff) -> str | None:
    """What a file holds after a diff; None for no file, before and after.

    Raises:
        WorkspaceError: it does not apply: what it says is there is not, or stands in several places.
    """
    name = one_line(diff.path)[:200]
    if not diff.old and text is not None:
        raise WorkspaceError(f'{name} is to be made and is there already: write a diff against what it holds')
    if diff.old and text is None:
        raise WorkspaceError(f'{name} is not there: to make it, write "--- /dev/null"')
    body, ended = _split(text or '')
    dos = _dos(text or '')
    new, new_ended = _replaced(body, ended, [_plain(hunk) for hunk in diff.hunks] if dos else diff.hunks, name)
    if not diff.new:
        if new:
            raise WorkspaceError(f'{name} is to be removed and has lines that the diff does not remove')
        return None
    end = '\r\n' if dos else '\n'
    return end.join(new) + (end if new and new_ended else '')


def _split(text: str) -> tuple[list[str], bool]:
    """Lines without their ends, and whether the last one has one."""
    if not text:
        return [], True
    lines = text.split('\n')
    ended = not lines[-1]
    if ended:
        lines.pop()
    return [line.removesuffix('\r') for line in lines] if _dos(text) else lines, ended


def _plain(hunk: Hunk) -> Hunk:
    before, after = ([line.removesuffix('\r') for line in lines] for lines in (hunk.before, hunk.after))
    return replace(hunk, before=tuple(before), after=tuple(after))


def _dos(text: str) -> bool:
    """Whether every line ends as on Windows; where only some do, their ends are part of the lines."""
    return '\r\n' in text and text.count('\n') == text.count('\r\n')


def _replaced(lines: list[str], ended: bool, hunks: Sequence[Hunk], name: str) -> tuple[list[str], bool]:
    made: list[str] = []
    at = moved = 0
    for number, hunk in enumerate(hunks, 1):
        place = _place(lines, hunk, at, hunk.at - 1 + moved, f'hunk {number} of {name}')
        if hunk.at:
            moved = place - (hunk.at - 1) if hunk.before else moved
        made += lines[at:place]
        made += hunk.after
        at = place + len(hunk.before)
        if at == len(lines):
            if hunk.ends[0] is False and ended:
                raise WorkspaceError(
                    f'hunk {number} of {name}: its last line has an end in the file, and none in the diff'
                )
            if hunk.ends[1] is False:
                ended = False
            elif hunk.ends[0] is False:
                ended = True
    return made + lines[at:], ended


def _place(lines: Sequence[str], hunk: Hunk, least: int, said: int, what: str) -> int:
    """Where a hunk begins: where it says, or in the one place where its lines stand."""
    size = len(hunk.before)
    if not size:
        # Lines that are added are said to stand behind a line, but for those of an empty file.
        place = said + 1 if hunk.at else (0 if not lines else -1)
        if not least <= place <= len(lines):
            raise WorkspaceError(f'{what} says no line that it stands beside: add lines of context')
        return place
    before = list(hunk.before)
    if said >= least and lines[said : said + size] == before:
        return said
    places = _standing(lines, before, least)
    if len(places) == 1:
        return places[0]
    if places:
        shown = ' and '.join(str(i + 1) for i in places)
        raise WorkspaceError(
            f'{what} fits in several places (lines {shown}, or more): say the line in "@@", or add context'
        )
    there = set(lines)
    wrong = next((line for line in before if line not in there), before[0])
    raise WorkspaceError(f'{what} does not fit: {one_line(wrong)[:120]!r} does not stand there; read the file again')


def _standing(lines: Sequence[str], before: Sequence[str], least: int) -> list[int]:
    """The first two places, from a line on, where lines stand; by one search of a text, which is linear."""
    text = '\n' + '\n'.join(lines[least:]) + '\n'
    wanted = '\n' + '\n'.join(before) + '\n'
    found: list[int] = []
    at = text.find(wanted)
    while at >= 0 and len(found) < 2:
        found.append(least + text.count('\n', 0, at))
        at = text.find(wanted, at + 1)
    return found
