"""Prompt-cache markers whose part was removed move to the nearest user part before it; they never multiply.

A marker says "cache everything up to here". When what stood there is gone, the end of what is kept before it is
the same statement about the new history. A marker is never left at the start of a part, which providers refuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from compactor.history.message import USER, Message, Part
from compactor.history.turns import History


def move_cache_points(before: Sequence[Message], after: History) -> History:
    """`after` with the cache points of the user parts it lost moved to the user parts kept before them."""
    if not any(part.cache_points for message in before if not message.plain for part in message.parts):
        return after
    kept = {id(part.raw) for part in after.parts if part.raw is not None}
    gains: dict[int, tuple[Any, ...]] = {}
    host: Part | None = None
    for part in (part for message in before for part in message.parts):
        if id(part.raw) in kept:
            if part.kind is USER:
                host = part
        elif part.cache_points and host is not None and not host.cache_points:
            gains[id(host.raw)] = part.cache_points[-1:]
    if not gains:
        return after

    def moved(part: Part) -> Part:
        points = gains.pop(id(part.raw), None)  # once, even where a log holds one part twice
        return part if points is None else replace(part, cache_points=points, edited=True)

    return after.map(lambda _, prompt: prompt.map(moved), lambda _, step: step.map(moved))
