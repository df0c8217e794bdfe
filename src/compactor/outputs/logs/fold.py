"""Folds what repeats: cycles in a list of keys, such as the frames of a recursion."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import NamedTuple

LONGEST_CYCLE = 6
"""Keys of the longest cycle that is looked for."""


class Cycle(NamedTuple):
    """`keys[start:start + period]` stands there once and then `times` more."""

    start: int
    period: int
    times: int


def cycles(keys: Sequence[Hashable]) -> list[Cycle]:
    """The cycles in a list, the shortest first at each place; they do not overlap. Linear in the list's length."""
    found: list[Cycle] = []
    i = 0
    while i < len(keys):
        for period in range(1, LONGEST_CYCLE + 1):
            j = i + period
            while j < len(keys) and keys[j] == keys[j - period]:
                j += 1
            times = (j - i) // period - 1
            if times > 0:
                found.append(Cycle(i, period, times))
                i += period * (times + 1)
                break
        else:
            i += 1
    return found
