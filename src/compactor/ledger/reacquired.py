"""What an agent got again that a compaction had taken: by tool and by the way it got it, with its tokens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Way = Literal['recall', 'reread', 'rerun']
"""From the archive, by reading a file again, or by the same call."""
WAYS: tuple[Way, ...] = ('recall', 'reread', 'rerun')


@dataclass(frozen=True, slots=True)
class Reacquired:
    """What was got again.

    Attributes:
        tool: by which tool.
        way: see `Way`.
        tokens: of the results, as counted.
        times: how often.
    """

    tool: str
    way: Way
    tokens: int
    times: int = 1


def summed(many: Iterable[Reacquired]) -> tuple[Reacquired, ...]:
    """Sums by tool and way, most tokens first."""
    found: dict[tuple[str, Way], tuple[int, int]] = {}
    for one in many:
        tokens, times = found.get((one.tool, one.way), (0, 0))
        found[one.tool, one.way] = (tokens + one.tokens, times + one.times)
    sums = [Reacquired(tool, way, tokens, times) for (tool, way), (tokens, times) in found.items()]
    return tuple(sorted(sums, key=lambda one: (-one.tokens, one.tool, one.way)))
