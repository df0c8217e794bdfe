"""Logs of compilers, linters, package managers and build servers: errors, findings, how it ended, warnings, steps.

    [dropped where it began a line: "build Compile", times]
    src/cart.c:12:5: error: expected ';' before '}' token
       12 |     return total
    …
    src/cart.c:3:9: warning: unused variable 'n' [-Wunused-variable] (×41 like this)
    …
    make: *** [Makefile:4: cart.o] Error 1
    [1,204 of 1,210 lines left out]

Of errors, findings and warnings come one of each kind, one in each file and one of each kind in each file, in this
order; then the others. What stands for more says how many there are like it; a message and its place become one line.
Where these do not fit they are cut, not dropped. Downloads and the like are dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.buildlog import Line, Role, line_of
from compactor.outputs.logs.prefixes import untimed, without_prefix
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.stack import Stack
from compactor.outputs.logs.stacks import stacks_of
from compactor.outputs.pieces import GAP, NEVER, Piece, pick
from compactor.outputs.reducers.traces import joined_frames, reduce_traces

REACH = 400
"""Characters of a line that are looked at."""
CONTEXT = 8
"""Lines after an error or a warning that explain it."""
END = 12
"""Lines at the end in which a status is the final one."""
TURN = 0.01
"""What the next of a kind loses in rank: so all kinds get their turn."""
TURNS = 90
"""After as many nothing more is lost."""
LITTLE = 10
"""Characters for each token allowed up to which a log is little: what is noise in a long one is shown if it fits."""
EMPTY = Line(Role.OTHER)
"""A line without anything on it."""
FIRST = {Role.ERROR: 0.1, Role.FINDING: 0.2, Role.WARNING: 1.3}
"""Rank of the first of its kind."""
IN_FILE = {Role.ERROR: 0.15, Role.FINDING: 0.25, Role.WARNING: 1.35}
"""Rank of the first in its file."""
OF_BOTH = {Role.ERROR: 0.3, Role.FINDING: 0.35, Role.WARNING: 1.6}
"""Rank of the first of its kind in its file."""
NEXT = {Role.ERROR: 0.6, Role.FINDING: 0.7, Role.WARNING: 3.0}
"""Rank of the others."""
MUST = 0.4
"""Rank up to which lines are cut rather than dropped."""
FILES = 12
"""Files that are named behind a finding that others have too."""
ENDLESS = 8_192
"""Characters that a line may have to be looked at as a whole."""
CUTS = (240, 200, 160, 130, 115, 100, 90, 80)
"""Characters that they are cut to, the first at which they fit."""


_BLANKS = re.compile(r'(?<=\S) {2,}')


def reduce_builds(text: str, allowance: Allowance) -> str | None:
    """See the module; None where nothing of it is recognised, not even a stack."""
    lines, dropped = without_prefix(text.split('\n'))
    kinds = [line_of(line if len(line) <= REACH else line[:REACH]) if line else EMPTY for line in lines]
    if not any(kind.role <= Role.STATUS for kind in kinds):
        return reduce_traces(text, allowance)
    little = len(text) <= allowance.tokens * LITTLE
    ranks, shown, gone = _ranked(lines, kinds, noise=5.8 if little else NEVER)
    stacks = _stacks(text, lines, ranks)
    covered = joined_frames(lines, stacks, ranks)
    for i, note in shown.items():
        covered[i] = (i + 1, Piece(note, ranks[i], 1 + gone.get(i, 0)))
    _joined_places(lines, kinds, ranks, covered)
    _cut(lines, kinds, ranks, covered, allowance)
    pieces = assembled(lines, ranks, covered, allowance)
    if dropped is not None:
        pieces.insert(0, Piece(dropped, 0.04, 0))

    def gap(begin: int, end: int) -> str:
        """A mark only where what stands around belongs together: a finding stands for itself."""
        inside = begin > 0 and end < len(pieces) and max(pieces[begin - 1].rank, pieces[end].rank) > 1
        return GAP if inside else ''

    return pick(pieces, allowance, of=len(lines), gap=gap)


def _ranked(
    lines: Sequence[str], kinds: Sequence[Line], noise: float
) -> tuple[list[float], dict[int, str], dict[int, int]]:
    """The rank of each line, for noise as given; what is shown in its place; how many lines were folded into it."""
    ranks: list[float] = []
    alike = Counter((kind.role, kind.like) for kind in kinds if kind.role in FIRST)
    turn: Counter[tuple[Role, str]] = Counter()
    files: set[tuple[bool, str]] = set()
    pairs: set[tuple[str, str]] = set()
    said = False
    seen: dict[str, int] = {}
    gone: Counter[int] = Counter()
    firsts: dict[int, int] = {}
    file: int | None = None
    since, context = 0, 0.0
    last = len(lines) - 1
    for i, (line, kind) in enumerate(zip(lines, kinds, strict=True)):
        role = kind.role
        since += 1
        if not line:
            since += CONTEXT if since > 2 else 0
            ranks.append(NEVER)
            continue
        bare = untimed(line).strip()
        if i < last and kinds[i + 1].role is Role.PLACE:
            bare += lines[i + 1]  # the same words at another place are another error
        before = seen.setdefault(bare, i)
        rank = 4.6 if before == i else 5.5
        if role in FIRST:
            key = role, kind.like
            n = turn[key]
            turn[key] += 1
            where = kind.file or _file_of(kinds, i, file)
            grave = role is not Role.WARNING
            if n == 0:
                rank = FIRST[role]
            elif where and (grave, where) not in files:
                rank = IN_FILE[role]
            elif where and (where, kind.like) not in pairs:
                rank = OF_BOTH[role]
            else:
                rank = NEXT[role] + min(n, TURNS) * TURN
            files.add((grave, where))
            pairs.add((where, kind.like))
            if role is Role.ERROR and not said:
                rank, said = -2.0, True
            if before != i and line.strip():
                gone[before] += 1
                rank = NEVER
            elif n == 0 and alike[key] > 1 and role is not Role.ERROR:
                firsts[i] = alike[key]
            if file is not None and rank < ranks[file] and line.startswith((' ', '\t')):
                ranks[file] = rank
            since, context = 0, rank
        elif since == 1 and (role is Role.PLACE or (lines[i - 1].endswith(':') and role is Role.OTHER)):
            rank = context  # the place of what stands above, or what is wrong at the place above
        elif role is Role.STATUS:
            rank = -1.0 if i > last - END else 0.9
            if before != i:
                rank = 4.8
        elif role is Role.NOISE:
            rank = noise if before == i else NEVER
        elif role is Role.STEP:
            rank = 4.4 if before == i else 5.5
        elif role is Role.FILE:
            file = i
        elif since <= CONTEXT and context < NEVER:
            rank = (2.0 if context < FIRST[Role.WARNING] else 4.2) + context / 10 + since * TURN
        elif context == NEVER and since <= CONTEXT and before != i:
            rank = NEVER
        if rank < NEVER:
            rank = (
                min(rank, -0.5) if i == last else min(rank, 1.2) if i > last - 3 else min(rank, 3.5) if i < 3 else rank
            )
        ranks.append(rank)
    shown = {i: f'{lines[i]} (×{n:,} like this)' for i, n in firsts.items() if gone[i] + 1 < n}
    for i, n in gone.items():
        shown.setdefault(i, f'{lines[i]} (×{n + 1:,})')
    return ranks, shown, dict(gone)


def _file_of(kinds: Sequence[Line], i: int, heading: int | None) -> str:
    """The file of a finding that names none: on the line below it, or the heading above."""
    if i + 1 < len(kinds) and kinds[i + 1].role is Role.PLACE:
        return kinds[i + 1].file
    return kinds[heading].file if heading is not None else ''


def _joined_places(
    lines: Sequence[str], kinds: Sequence[Line], ranks: Sequence[float], covered: dict[int, tuple[int, Piece]]
) -> None:
    """Makes one piece of a message and the place below it."""
    for i, kind in enumerate(kinds[1:], 1):
        if kind.role is Role.PLACE and kinds[i - 1].role in FIRST and ranks[i - 1] < NEVER:
            piece = covered[i - 1][1] if i - 1 in covered else Piece(lines[i - 1], ranks[i - 1])
            covered[i - 1] = (i + 1, Piece(f'{piece.text} {lines[i].strip()}', piece.rank, piece.lines + 1))


def _cut(
    lines: Sequence[str],
    kinds: Sequence[Line],
    ranks: list[float],
    covered: dict[int, tuple[int, Piece]],
    allowance: Allowance,
) -> None:
    """Cuts what has to be shown, where it does not fit, so that all of it does."""
    if _fit(lines, ranks, covered, allowance, MUST):
        return
    firsts: dict[tuple[Role, str], int] = {}
    also: dict[int, list[int]] = {}
    for i, kind in enumerate(kinds):
        if ranks[i] in (*FIRST.values(), -2.0) and kind.role in FIRST:
            firsts.setdefault((kind.role, kind.like), i)
        elif ranks[i] in IN_FILE.values() and (first := firsts.get((kind.role, kind.like))) is not None:
            also.setdefault(first, []).append(i)
    for first, others in also.items():
        end, piece = covered[first] if first in covered else (first + 1, Piece(lines[first], ranks[first]))
        places = [_file_of(kinds, i, None) or kinds[i].file for i in others]
        said = ', '.join(filter(None, places[:FILES])) + (
            f' and {len(places) - FILES:,} more' if len(places) > FILES else ''
        )
        if not said:
            continue
        covered[first] = (end, piece._replace(text=f'{piece.text} also in {said}'))
        for i in others:
            ranks[i] = OF_BOTH[kinds[i].role] + 0.01
            if i in covered:
                covered[i] = (covered[i][0], covered[i][1]._replace(rank=ranks[i]))
    _fit(lines, ranks, covered, allowance, OF_BOTH[Role.ERROR])


def _fit(
    lines: Sequence[str],
    ranks: Sequence[float],
    covered: dict[int, tuple[int, Piece]],
    allowance: Allowance,
    most: float,
) -> bool:
    """Cuts the pieces up to a rank so that all of them fit; whether they do."""
    must = {
        i: covered[i] if i in covered else (i + 1, Piece(lines[i], rank))
        for i, rank in enumerate(ranks)
        if rank < most and lines[i]
    }
    room = int(allowance.tokens * 0.9) - 20
    if len(must) > allowance.tokens:
        return False
    if sum(len(piece.text) for _, piece in must.values()) <= room * 2:
        return True
    whole = {i: _BLANKS.sub(' ', _ends(piece.text)) for i, (_, piece) in must.items()}
    for width in CUTS:
        texts = {i: _shortened(text, width) for i, text in whole.items()}
        if allowance.with_tokens(room - len(must)).holds('\n'.join(texts.values())):
            for i, text in texts.items():
                covered[i] = (must[i][0], must[i][1]._replace(text=text))
            return True
    return False


def _ends(line: str) -> str:
    """The line, of an endless one its ends: more is not looked at."""
    return line if len(line) <= ENDLESS else f'{line[: ENDLESS // 2]} … {line[-ENDLESS // 2 :]}'


def _shortened(text: str, width: int) -> str:
    """A message of about so many characters: its middle goes, if a place stands at its end."""
    if len(text) <= width:
        return text
    at = max(text.rfind(' --> '), 0) or text.rfind(' also in ')
    if at > 0:  # places stay
        return f'{text[: max(24, min(at, width))].rstrip()}{"" if at <= width else "…"}{text[at:]}'
    return f'{text[: width - 1].rstrip()}…'


def _stacks(text: str, lines: Sequence[str], ranks: list[float]) -> list[Stack]:
    """Stacks in a build log: a build tool or a plug-in crashed."""
    if 'Traceback (most' not in text and '\tat ' not in text and 'panicked at' not in text and '\n    at ' not in text:
        return []
    stacks = stacks_of(lines)
    for stack in stacks:
        for n, i in enumerate(stack.heads):
            ranks[i] = min(ranks[i], 0.2 + n * TURN)
        inmost = stack.inmost_first
        own = next((placed for placed in inmost if placed.frame.own), None)
        for distance, placed in enumerate(inmost):
            rank = 0.4 if placed is own else (2.0 if placed.frame.own else 4.5) + min(distance, TURNS) * TURN
            for i in range(placed.start, placed.end):
                ranks[i] = min(rank, ranks[i]) if i in stack.heads else rank
    return stacks
