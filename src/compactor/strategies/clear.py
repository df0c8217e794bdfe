"""Clear: replaces old tool results by stubs that say what stood there, oldest first, until the history fits."""

from __future__ import annotations

from dataclasses import dataclass

from compactor.history.message import PART_FRAMING, Kind, Part
from compactor.history.turns import History, Step
from compactor.strategies.strategy import Room

WORTH = 24
"""A result is cleared only if that saves at least this many tokens; a stub costs about 20."""


@dataclass(frozen=True, slots=True)
class Clear:
    """Clears results of all but the newest `keep_steps` steps, as far as the room demands.

    Pairs stay whole: the call keeps its arguments, its result keeps its place and id.
    """

    keep_steps: int = 3
    name: str = 'clear'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        excess = history.tokens - room.tokens
        if excess <= 0:
            return history
        last = sum(len(exchange.steps) for exchange in history.exchanges) - max(1, self.keep_steps)

        def edit(ordinal: int, step: Step) -> Step:
            nonlocal excess
            if ordinal >= last or excess <= 0:
                return step
            cleared = step.map(lambda part: _cleared(part, room))
            excess -= step.tokens - cleared.tokens
            return cleared

        return history.map_steps(edit)


def _cleared(part: Part, room: Room) -> Part:
    if part.kind is not Kind.RESULT or part.protected or part.tool in room.protect_tools or part.tokens <= WORTH:
        return part
    state = 'failed result' if part.failed else 'result'
    what = f'{part.tool} {state}' if part.tool else state
    stub = f'[{what} of about {part.tokens:,} tokens cleared; call the tool again if you need it]{part.closing}'
    tokens = room.count(stub) + PART_FRAMING[Kind.RESULT]
    return part if part.tokens - tokens < WORTH else part.with_text(stub, tokens)
