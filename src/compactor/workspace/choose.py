"""What of the definitions goes into a context, and in which form: a signature, or whole.

Every step, a signature or the body behind it, has a value (what the definition is needed, by how much of it that is)
and a cost in tokens; the steps of best value for their cost are taken until the room is full.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from compactor.outputs.code_text.signatures import Role
from compactor.workspace.definitions import Definition

SIGNATURE = 0.35
"""What the signature of a definition is worth, of the whole."""
NAMED = 4.0
"""By how much more it counts what the prompt names."""
MOST = 1_500
"""Definitions that are weighed against each other."""
HEADING, MARK = 16, 14
"""Tokens of the heading of a file, and of the note on lines that are left out."""
BODIES = 0.0015
"""How much a definition is needed at least for more than its signature."""
SHARE = 0.6
"""Share of the room that one definition may take, unless the prompt names it."""


@dataclass
class Chosen:
    """Definitions by the form in which they are shown, as places in the graph."""

    whole: set[int] = field(default_factory=set)
    signatures: set[int] = field(default_factory=set)
    cost: int = 0


def chosen(
    definitions: Sequence[Definition],
    scores: Sequence[float],
    named: Mapping[int, float],
    room: int,
    cost_of: Callable[[Definition, bool], int],
) -> Chosen:
    """Chooses.

    Args:
        definitions: all of them.
        scores: how much each is needed, 0 to 1.
        named: what the prompt names, 1.0 where it is sure.
        room: tokens.
        cost_of: tokens of a definition, whole (True) or its signature.
    """
    ranked = sorted((i for i, score in enumerate(scores) if score > 0), key=lambda i: (-scores[i], i))[:MOST]
    steps: list[tuple[float, int, bool, int]] = []
    for i in ranked:
        value = scores[i] * (NAMED if named.get(i, 0.0) >= 1 else 1.0)
        cost = cost_of(definitions[i], False)
        heapq.heappush(steps, (-value * SIGNATURE / cost, i, False, cost))
        body = cost_of(definitions[i], True) + MARK
        if (
            scores[i] >= BODIES
            and definitions[i].role is Role.FUNCTION
            and body <= room * (1.0 if named.get(i, 0.0) >= 1 else SHARE)
        ):
            density = value * (1 - SIGNATURE) / max(1, body - cost)
            # A body comes behind its signature, or with it where it is hardly longer.
            heapq.heappush(steps, (-min(density, value / body * 2), i, True, body))
    made = Chosen()
    files: set[str] = set()
    while steps:
        _, i, whole, cost = heapq.heappop(steps)
        path = definitions[i].path
        if whole and i in made.signatures:
            cost -= cost_of(definitions[i], False)
        elif i in made.whole:
            continue
        extra = 0 if path in files else HEADING
        if made.cost + cost + extra > room:
            continue
        made.cost += cost + extra
        files.add(path)
        made.signatures.discard(i)
        (made.whole if whole else made.signatures).add(i)
    return made
