"""Stacks in a test log: in the details of a failure they tell most of it, elsewhere they were only printed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from compactor.outputs.logs.stack import Stack
from compactor.outputs.logs.stacks import REACH, stacks_of

TURN = 0.01
"""What a frame loses in rank with each before it."""
TURNS = 90
"""Frames after which nothing more is lost."""
_VARIES = re.compile(r'0x[0-9a-fA-F]+|\d+')


def ranked_stacks(lines: Sequence[str], inside: set[int], outside: Sequence[int], ranks: list[float]) -> list[Stack]:
    """The stacks in the lines inside and outside of failures; improves the ranks of their lines."""
    at = sorted(inside | set(outside))
    seen: set[str] = set()
    stacks = stacks_of([lines[i] for i in at])
    for stack in stacks:
        _place(stack, at)
        if inside and stack.start not in inside:
            words = '\n'.join(_VARIES.sub('', lines[i][:REACH]) for i in stack.heads)
            _rank_aside(stack, ranks, 2.0 if words in seen else 0.0)
            seen.add(words)
        else:
            _rank(stack, ranks)
    return stacks


def _place(stack: Stack, at: Sequence[int]) -> None:
    """Numbers its lines as the whole log does."""
    stack.start, stack.end = at[stack.start], at[min(stack.end, len(at)) - 1] + 1
    stack.heads, stack.messages = [at[i] for i in stack.heads], [at[i] for i in stack.messages]
    stack.links, stack.folded = [at[i] for i in stack.links], [at[i] for i in stack.folded]
    for placed in stack.frames:
        placed.start, placed.end = at[placed.start], at[placed.end - 1] + 1


def _rank(stack: Stack, ranks: list[float]) -> None:
    for n, i in enumerate(stack.heads):
        ranks[i] = min(ranks[i], 0.4 + n * TURN)
    for n, i in enumerate((*stack.messages, *stack.links, *stack.folded)):
        ranks[i] = min(ranks[i], 2.0 + n * TURN)
    inmost = stack.inmost_first
    owned = 0
    alone = not any(placed.frame.own for placed in inmost)
    for distance, placed in enumerate(inmost):
        rank = 3.0 + min(distance, TURNS) * TURN
        if placed.frame.own or (alone and distance == 0):
            rank = 0.9 if owned == 0 else 1.3 + min(owned, TURNS) * TURN
            owned += 1
        for i in range(placed.start, placed.end):
            ranks[i] = min(ranks[i], rank)


def _rank_aside(stack: Stack, ranks: list[float], behind: float) -> None:
    """A stack in none of the failures, printed once or, then it comes `behind`, again."""
    for n, i in enumerate(stack.heads):
        ranks[i] = min(ranks[i], 1.7 + behind + n * TURN)
    for n, placed in enumerate(stack.inmost_first):
        for i in range(placed.start, placed.end):
            ranks[i] = min(ranks[i], 3.2 + behind + min(n, TURNS) * TURN)
