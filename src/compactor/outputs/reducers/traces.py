"""Stack traces: type and message, where the project's own code took part, then the rest.

    Traceback (most recent call last):
    …
      File "/app/shop/totals.py", line 12, in total
        return sum(row.price for row in rows)
    [previous 2 frames repeated 118 more times]
    …
    TypeError: unsupported operand type(s) for +: 'int' and 'NoneType'
    [61 of 70 lines left out]

Lines of a log around a trace come after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.logs.fold import cycles
from compactor.outputs.logs.ranked import assembled
from compactor.outputs.logs.stack import Placed, Stack
from compactor.outputs.logs.stacks import may_hold_stacks, stacks_of
from compactor.outputs.pieces import Piece, pick

NEAR = 4
"""Lines before and after the traces that come before the other lines of the log."""
STEP = 0.01
"""What a frame loses in rank with each frame between it and the innermost one."""
FAR = 90
"""Frames after which nothing more is lost."""
LATER = 3.0
"""What goroutines that did not crash, and traces seen before, lose in rank."""
MESSAGE_LINES = 6
"""Further lines of a message that come before the outer frames."""
WORTH_FOLDING = 3
"""Frames that must repeat for a note to be better than they."""


def reduce_traces(text: str, allowance: Allowance) -> str | None:
    """See the module; None where there is no stack."""
    if not may_hold_stacks(text):
        return None
    lines = text.split('\n')
    stacks = stacks_of(lines)
    if not stacks:
        return None
    ranks = ranks_of(lines, stacks)
    pieces = assembled(lines, ranks, joined_frames(lines, stacks, ranks), allowance)
    return pick(pieces, allowance, of=len(lines))


def ranks_of(lines: Sequence[str], stacks: Sequence[Stack]) -> list[float]:
    """The rank of each line: of the traces by what they show, of the others by how near they are and what they say."""
    last = len(lines) - 1
    first_stack, last_stack = stacks[0].start, max(stack.end for stack in stacks)
    ranks: list[float] = []
    alarms = frozenset(alarming(lines))
    for i, line in enumerate(lines):
        near = first_stack - NEAR <= i < last_stack + NEAR or i < 2 or i > last - NEAR
        if not line.strip():
            ranks.append(6.0)
        elif line.startswith(('--- FAIL', 'FAIL:', 'ERROR:', 'FAILED')):
            ranks.append(0.2)
        elif i in alarms:
            ranks.append(2.5 if near else 3.5)
        else:
            ranks.append(3.7 if near else 5.0)
    seen: set[tuple[str, str]] = set()
    for stack in stacks:
        _rank_stack(stack, lines, ranks, seen)
    return ranks


def _rank_stack(stack: Stack, lines: Sequence[str], ranks: list[float], seen: set[tuple[str, str]]) -> None:
    frames = stack.inmost_first
    inmost = next((placed for placed in frames if placed.frame.own), frames[0] if frames else None)
    key = ('\n'.join(lines[i] for i in stack.heads), inmost.frame.place if inmost else '')
    behind = LATER if key in seen or not stack.crashed else 0.0
    seen.add(key)
    for i in range(stack.start, min(stack.end, len(lines))):
        ranks[i] = max(ranks[i], 4.0) if lines[i].strip() else 6.0
    ranks[stack.start] = min(ranks[stack.start], 0.7 + behind)  # 'Traceback', 'goroutine 7 [running]'
    for i in stack.links:
        ranks[i] = (3.0 if lines[i].startswith('created by') else 0.5) + behind
    for i in stack.folded:
        ranks[i] = 1.3 + behind
    for n, i in enumerate(stack.messages):
        ranks[i] = (1.1 + n * STEP if n < MESSAGE_LINES else 4.0) + behind
    for i in stack.heads:
        ranks[i] = 0.0 + behind
    for distance, placed in enumerate(frames):
        rank = _rank_frame(placed, distance, inmost) + behind
        for i in range(placed.start, placed.end):
            ranks[i] = rank if i not in stack.heads else min(rank, ranks[i])


def _rank_frame(placed: Placed, distance: int, inmost: Placed | None) -> float:
    lost = min(distance, FAR) * STEP
    if placed is inmost:
        return 0.3
    if placed.frame.own:
        return 1.2 + lost
    return 1.15 if distance == 0 else 2.8 + lost


def joined_frames(
    lines: Sequence[str], stacks: Sequence[Stack], ranks: Sequence[float]
) -> dict[int, tuple[int, Piece]]:
    """Each frame with its code as one piece, and a note in the place of the repeats of a recursion."""
    covered: dict[int, tuple[int, Piece]] = {}
    for stack in stacks:
        best = [min(ranks[placed.start : placed.end]) for placed in stack.frames]
        for start, period, times in cycles([placed.frame.place for placed in stack.frames]):
            if period * times < WORTH_FOLDING:
                continue
            for k in range(start, start + period):
                best[k] = min(best[k : start + period * (times + 1) : period])
            again, final = stack.frames[start + period], stack.frames[start + period * (times + 1) - 1]
            what = 'frame' if period == 1 else f'{period} frames'
            note = f'[previous {what} repeated {times:,} more time{"s" if times > 1 else ""}]'
            covered[again.start] = (final.end, Piece(note, max(best[start : start + period]) + STEP / 2, 0))
        for placed, rank in zip(stack.frames, best, strict=True):
            if placed.start not in covered:
                shown = [line for line in lines[placed.start : placed.end] if not _is_marker(line)]
                covered[placed.start] = (placed.end, Piece('\n'.join(shown), rank, len(shown)))
    return covered


def _is_marker(line: str) -> bool:
    """Whether a line only underlines the one above: `    ~~~~^^^^^`."""
    return not line.strip(' ~^|')
