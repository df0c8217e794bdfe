"""Clear: replaces old media and old tool results by stubs that say what stood there, until the history fits.

Media go first, wherever they stand outside the newest steps: in results, in what tools put beside them, and in old
user prompts, whose words stay. Then whole results go. Both oldest first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from compactor.history.message import PART_FRAMING, RESULT, Part
from compactor.history.stubs import cleared_result, is_stub
from compactor.history.turns import History
from compactor.strategies.strategy import Room

WORTH = 24
"""A part is cleared only if that saves at least this many tokens; a stub costs about 20."""

Edit = Callable[[Part], Part]


@dataclass(frozen=True, slots=True)
class Clear:
    """Clears all but the newest `keep_steps` steps, the goal and the current prompt, as far as the room demands.

    Pairs stay whole: the call keeps its arguments, its result keeps its place and id.
    """

    keep_steps: int = 3
    name: str = 'clear'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        if history.tokens <= room.tokens:
            return history
        last = sum(len(exchange.steps) for exchange in history.exchanges) - max(1, self.keep_steps)
        history = _edited(history, last, room, lambda part: _bared(part, room), prompts=True)
        return _edited(history, last, room, lambda part: _cleared(part, room), prompts=False)


def _edited(history: History, last: int, room: Room, edit: Edit, *, prompts: bool) -> History:
    """The history with `edit` applied to the steps before `last`, and to old prompts, until it fits."""
    excess = history.tokens - room.tokens
    kept = (history.goal, len(history.exchanges) - 1)

    def until(part: Part) -> Part:
        nonlocal excess
        if excess <= 0:
            return part
        after = edit(part)
        excess -= part.tokens - after.tokens
        return after

    return history.map(
        lambda e, prompt: prompt.map(until) if prompts and e not in kept else prompt,
        lambda number, step: step.map(until) if number < last else step,
    )


def _bared(part: Part, room: Room) -> Part:
    """The part with a stub in the place of each medium."""
    if part.without_media is None or not part.media or part.protected or part.tool in room.protect_tools:
        return part
    text = part.without_media()
    tokens = room.count(text) + PART_FRAMING.get(part.kind, 0)
    return part if part.tokens - tokens < WORTH else replace(part.with_text(text, tokens), media=False)


def _cleared(part: Part, room: Room) -> Part:
    """The result as a stub."""
    if part.kind is not RESULT or part.protected or part.tool in room.protect_tools or part.tokens <= WORTH:
        return part
    if is_stub(part.text.removesuffix(part.closing)):
        return part
    state = 'failed result' if part.failed else 'result'
    stub = cleared_result(f'{part.tool} {state}' if part.tool else state, part.tokens) + part.closing
    tokens = room.count(stub) + PART_FRAMING[RESULT]
    return part if part.tokens - tokens < WORTH else replace(part.with_text(stub, tokens), media=False)
