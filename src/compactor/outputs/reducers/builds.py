"""Logs of compilers, linters, package managers and build servers: errors, findings, how it ended, warnings, steps.

    [dropped where it began a line: "build Compile", times]
    src/cart.c:12:5: error: expected ';' before '}' token
       12 |     return total
    …
    src/cart.c:3:9: warning: unused variable 'n' [-Wunused-variable] (×41 like this)
    …
    make: *** [Makefile:4: cart.o] Error 1
    [1,204 of 1,210 lines left out]

Of errors each is kept with its place, one of each kind first. Warnings and findings come one of each kind first, with
how many there are like it. Downloads and the like are dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.buildlog import Line, Role, line_of
from compactor.outputs.logs.prefixes import untimed, without_prefix
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.stack import Stack
from compactor.outputs.logs.stacks import stacks_of
from compactor.outputs.pieces import NEVER, Piece, pick
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
FIRST = {Role.ERROR: 0.1, Role.FINDING: 0.5, Role.WARNING: 1.3}
"""Rank of the first of its kind."""
NEXT = {Role.ERROR: 0.6, Role.FINDING: 0.7, Role.WARNING: 3.0}
"""Rank of the others."""


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
    pieces = assembled(lines, ranks, covered, allowance)
    if dropped is not None:
        pieces.insert(0, Piece(dropped, 0.04, 0))
    return pick(pieces, allowance, of=len(lines))


def _ranked(
    lines: Sequence[str], kinds: Sequence[Line], noise: float
) -> tuple[list[float], dict[int, str], dict[int, int]]:
    """The rank of each line, for noise as given; what is shown in its place; how many lines were folded into it."""
    ranks: list[float] = []
    alike = Counter(kind for kind in kinds if kind.role in FIRST)
    turn: Counter[Line] = Counter()
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
            n = turn[kind]
            turn[kind] += 1
            rank = FIRST[role] if n == 0 else NEXT[role] + min(n, TURNS) * TURN
            if before != i and line.strip():
                gone[before] += 1
                rank = NEVER
            elif n == 0 and alike[kind] > 1 and role is not Role.ERROR:
                firsts[i] = alike[kind]
            if file is not None and rank < ranks[file] and line.startswith((' ', '\t')):
                ranks[file] = rank
            since, context = 0, rank
        elif since == 1 and (role is Role.PLACE or (lines[i - 1].endswith(':') and role is Role.OTHER)):
            rank = context  # the place of what stands above, or what is wrong at the place above
        elif role is Role.STATUS:
            rank = 0.05 if i > last - END else 0.9
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
            rank = min(rank, 1.2) if i > last - 3 else min(rank, 3.5) if i < 3 else rank
        ranks.append(rank)
    shown = {i: f'{lines[i]} (×{n:,} like this)' for i, n in firsts.items() if gone[i] + 1 < n}
    for i, n in gone.items():
        shown.setdefault(i, f'{lines[i]} (×{n + 1:,})')
    return ranks, shown, dict(gone)


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
