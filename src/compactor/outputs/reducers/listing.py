"""Names of files, by folder: how many of which ending, then the names, the upper levels first.

    1,402 names in 38 folders
    src/app/ 214 names: 180 .py, 30 .txt, 4 others
      api.py  app.py  config.py
    node_modules/ 1,020 names
    …
    [1,377 of 1,402 names left out; recall ab12cd34ef567890]

Sizes, dates and owners go before any name does; where all names of a folder fit, its first lines stay whole. What the
tools of a project make for themselves is one line.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarms
from compactor.outputs.pieces import Piece, pick, unmarked
from compactor.outputs.reducers.names import split
from compactor.outputs.sections import EXIT, body_of

ROW = 10
"""Names on one line: what is kept or left out as one."""
ENDINGS = 4
"""Endings that are counted by name."""
SHOWN = 400
"""Names below a folder of `NOISE` that can be shown at all."""
NOISY = 7.0
"""Rank of names below a folder of `NOISE`."""
LEAST_WHOLE = 5
"""Lines with all their columns that are worth showing beside the names."""
MOST_WHOLE = 2_000
"""Lines of a listing of which some are shown whole."""
FULL = 0.95
"""Share of the allowance that lines with all their columns may fill, with the names of the others."""
ROOMY = 0.8
"""Share of the allowance within which everything else has to be before names below a folder of `NOISE` are shown."""
NOISE = frozenset(
    [
        '.git',
        'node_modules',
        '__pycache__',
        'dist',
        '.venv',
        'venv',
        '.tox',
        '.mypy_cache',
        '.pytest_cache',
        '.ruff_cache',
        '.idea',
        '.gradle',
        'target',
        'site-packages',
        '.next',
        '.cache',
        '.eggs',
        'bower_components',
        'coverage',
        '.terraform',
    ]
)
"""Folders that tools make for themselves."""

_LONG = re.compile(
    r'[d\-lbcps][rwxsStT\-]{9}[@+.]?\s++\d++\s++\S++\s++(?:\S++\s++)?\d\S*+\s++'  # mode, links, owner, size
    r'(?:\S++\s++\d++\s++[\d:]++|\d{4}-\S++\s++[\d:.]++(?:\s[+\-]\d++)?)\s(?P<name>.+)'
)
_TREE = re.compile(r'(?P<before>[│| \u00a0]{0,400}?)(?:├|└|\||`|\+|\\)(?:──|--|---)[ \u00a0](?P<name>.+)')
_STATUS = re.compile(
    r'[ MADRCU?!]{2} \S|\t(?:modified|new file|deleted|renamed|both modified):  |On branch |HEAD detached'
    r'|Untracked|Changes '
)
_HEAD = (
    *(
        'On branch ',
        'HEAD detached',
        'Not currently on',
        '## ',
        'Your branch ',
        'You are currently',
        'You have unmerged',
    ),
    *(
        'All conflicts fixed',
        'interactive rebase',
        'rebase in progress',
        'No commits yet',
        'nothing to commit',
        'You are in',
    ),
)
"""Beginnings of lines that say where one stands."""
_CONFLICTS = ('UU', 'AA', 'DD', 'AU', 'UA', 'DU', 'UD')
_OBJECT = re.compile(r'\d{6} (?:blob|tree|commit) [0-9a-f]{7,64}\t(?P<name>.+)')
_SIZED = re.compile(r'(?P<size>\d[\d.,]*[KMGTB]?)\t(?P<name>.+)')
_FOLDER = re.compile(r'(?P<name>[^\s:][^:\n]*):$')
_NAME = re.compile(r'[^\s:"\'`(){}<>|,;=]+(?: [^\s:"\'`(){}<>|,;=]+){0,3}$')


@dataclass(slots=True)
class _Folder:
    """Names in one folder."""

    names: list[str] = field(default_factory=list)
    noise: dict[str, list[str]] = field(default_factory=dict)
    """Names below each folder of `NOISE` in it, with the folders between."""


def reduce_listing(text: str, allowance: Allowance) -> str | None:
    """See the module; None where hardly a line is a name."""
    start = body_of(text)
    lines = [line for line in text[start:].split('\n') if line.strip()]
    marked = sum(_STATUS.match(line) is not None for line in lines)
    if marked > len(lines) // 2:
        return pick([Piece(line, _status_rank(line)) for line in lines], allowance)
    folders, others, total = _read(lines)
    if total < 2 or len(others) > total:
        return None
    root = _root(list(folders))
    if root:
        folders = {name[len(root) :]: folder for name, folder in folders.items()}
    title = f'{total:,} names' + (f' in {len(folders):,} folders' if len(folders) > 1 else '')
    pieces = [Piece(f'{title} under {root}' if root else title, -1.0, 0)]
    if start and (code := EXIT.search(text[:start])):
        pieces.append(Piece(code.group(), 1.0, 0))
    pieces += [Piece(line, 1.0 if alarms(line) else 5.0, 0) for line in others]
    asks = allowance.asking(text)
    if asks is None and (whole := _whole(lines, folders, total, pieces, allowance)) is not None:
        return whole
    shallow = min((_depth(name) for name in folders), default=0)
    for name, folder in folders.items():
        pieces += _pieces(name, folder, _depth(name) - shallow, asks)
    if allowance.with_tokens(int(allowance.tokens * ROOMY)).holds('\n'.join(piece.text for piece in pieces)):
        pieces += [piece for name, folder in folders.items() for piece in _below(name, folder)]
    return pick(pieces, allowance, unit='names', of=total, gap=unmarked)


def _whole(
    lines: list[str], folders: dict[str, _Folder], total: int, before: list[Piece], allowance: Allowance
) -> str | None:
    """The names of one folder, the first lines of it with all their columns as far as there is room for that.

    None where there is no room for many of them beside the names, or where lines hold nothing but names.
    """
    folder = next(iter(folders.values()))
    if len(folders) > 1 or folder.noise or len(folder.names) != total or len(lines) > MOST_WHOLE:
        return None
    rows = [line for line in lines if _LONG.match(line) or _OBJECT.match(line) or _SIZED.match(line)]
    if len(rows) != total:
        return None
    room = allowance.with_tokens(int(allowance.tokens * FULL) - ROW)

    def shown(first: int) -> list[Piece]:
        rest = folder.names[first:]
        names = [rest[i : i + ROW] for i in range(0, len(rest), ROW)]
        title = before[0]._replace(text=f'{before[0].text}, of the first {first:,} the whole lines')
        found = [title, *before[1:], *(Piece(row, 2.0, 1) for row in rows[:first])]
        return [*found, *(Piece('  '.join(row), 2.6, len(row)) for row in names)]

    first = bisect_left(range(total), True, key=lambda n: not room.holds('\n'.join(p.text for p in shown(n + 1))))
    return pick(shown(first), allowance, unit='names', of=total, gap=unmarked) if first >= LEAST_WHOLE else None


def _status_rank(line: str) -> float:
    """The rank of a line of `git status`: where one stands, what is wrong, the headings, then the names."""
    if line.startswith(_HEAD):
        return -1.0
    if line.startswith(('Changes ', 'Untracked', 'Unmerged')):
        return 1.0
    if line[:2] in _CONFLICTS or 'both ' in line[:20]:
        return 1.2
    return 3.0 if line.startswith(('??', '!!')) else 2.0 if _STATUS.match(line) else 4.0


def _root(folders: list[str]) -> str:
    """The folder that all folders are in; '' where that says nothing."""
    if len(folders) < 2 or '' in folders:
        return ''
    first, last = min(folders), max(folders)
    alike = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    return split(f'{first[:alike]}x')[0]


def _depth(folder: str) -> int:
    return folder.replace('\\', '/').strip('/').count('/') + (folder not in ('', './'))


def _pieces(name: str, folder: _Folder, depth: int, asks: Callable[[str], bool] | None) -> list[Piece]:
    """A folder: its line, its names in rows, its noise."""
    pieces: list[Piece] = []
    deeper = min(depth, 6) * 0.25
    if folder.names:
        if name:
            pieces.append(Piece(_summary(name, folder.names), 1.2 + deeper, 0))
        indent = '  ' if name else ''
        rows: list[list[str]] = [[]]
        asked = [asks is not None and asks(own) for own in folder.names]
        for i, own in enumerate(folder.names):
            # a name that is asked for begins a row of its own, so that it does not depend on its neighbours
            if len(rows[-1]) >= ROW or asked[i] or (i and asked[i - 1]):
                rows.append([])
            rows[-1].append(own)
        pieces += [
            Piece(indent + '  '.join(row), (2.0 if i == 0 else 2.6) + deeper, len(row))
            for i, row in enumerate(rows)
            if row
        ]
    for noise, names in folder.noise.items():
        pieces.append(Piece(f'{name}{noise}/ {len(names):,} names', 2.2 + deeper, 0))
    return pieces


def _below(name: str, folder: _Folder) -> Iterator[Piece]:
    """Names in the folders of `NOISE`, for where everything else leaves room."""
    folders: dict[str, list[str]] = {}
    for noise, names in folder.noise.items():
        for path in names[:SHOWN]:
            below, own = split(path)
            folders.setdefault(f'{name}{noise}/{below}', []).append(own)
    for at, own_names in folders.items():
        for i in range(0, len(own_names), ROW):
            row = own_names[i : i + ROW]
            head = '' if i else f'{at}\n'
            yield Piece(f'{head}  {"  ".join(row)}', NOISY, len(row))


def _summary(name: str, names: list[str]) -> str:
    if len(names) < ENDINGS:
        return name
    endings = Counter(_ending(own) for own in names)
    most = [(ending, count) for ending, count in endings.most_common(ENDINGS + 1) if ending][:ENDINGS]
    rest = len(names) - sum(count for _, count in most)
    said = [f'{count:,} {ending}' for ending, count in most] + ([f'{rest:,} others'] if rest else [])
    return f'{name} {len(names):,} names: {", ".join(said)}'


def _ending(name: str) -> str:
    if name.endswith(('/', '\\')):
        return 'folders'
    _, dot, ending = name.rpartition('.')
    return f'.{ending}' if dot and 0 < len(ending) <= 8 and not name.startswith('.') else ''


def _read(lines: list[str]) -> tuple[dict[str, _Folder], list[str], int]:
    """Folders with their names, lines that are no names, and how many names there are."""
    folders: dict[str, _Folder] = {}
    others: list[str] = []
    current = ''
    stack: list[str] = []
    total = 0
    for line in lines:
        head = line[:1_000]
        if head.startswith('total ') and head[6:].strip().replace(',', '').rstrip('KMGT').isdigit():
            continue
        if (found := _TREE.match(head)) is not None:
            level = (found.start('name') - 1) // 4
            del stack[level:]
            name = found['name']
            folder = current + ''.join(stack[:level])
            stack += [''] * (level - len(stack)) + [f'{name.rstrip("/")}/']
        elif (found := _LONG.match(head)) is not None:
            name = found['name']
            folder = current
            if name in ('.', '..'):
                continue
            if head[0] == 'd':
                name = f'{name.rstrip("/")}/'
        elif (found := _OBJECT.match(head) or _SIZED.match(head)) is not None:
            folder, name = split(found['name'])
            if (size := found.groupdict().get('size')) is not None:
                name = f'{name} {size}'
        elif (found := _FOLDER.match(head)) is not None:
            current = found['name'].rstrip('/') + '/'
            continue
        elif _NAME.match(head):
            folder, name = split(head)
            folder = folder or current
        else:
            others.append(line)
            continue
        total += 1
        _add(folders, folder, name)
    return folders, others, total


def _add(folders: dict[str, _Folder], folder: str, name: str) -> None:
    parts = folder.replace('\\', '/').split('/')
    for i, part in enumerate(parts):
        if part in NOISE:
            above = '/'.join(parts[:i])
            below = '/'.join(parts[i + 1 :]) + name
            folders.setdefault(f'{above}/' if i else '', _Folder()).noise.setdefault(part, []).append(below)
            return
    folders.setdefault(folder, _Folder()).names.append(name)
