"""Window: keeps the goal and the newest part of a history; what falls out is replaced by one mark that says so.

It counts genuine exchanges and also works inside one, because a coding agent spends a hundred steps on a single
prompt. Oldest steps go first; a prompt goes with the last of its steps; goal, current prompt and last step stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compactor.history.marks import Left, gap, left_out
from compactor.history.message import MARK, Part, message_of
from compactor.history.turns import Exchange, History, Segment, Step, history_of, step_of
from compactor.strategies.strategy import Room


@dataclass(frozen=True, slots=True)
class Window:
    """Drops what lies before the newest `room.max_exchanges` exchanges, then the oldest steps until it fits.

    Attributes:
        keep_steps: this many newest steps (at least the last one) are never dropped.
        to_fit: False applies `max_exchanges` alone.
    """

    keep_steps: int = 1
    to_fit: bool = True
    name: str = 'window'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        plan = _Plan(history, room)
        if self.to_fit:
            plan.drop_until(room.tokens, self.keep_steps)
        result = plan.carry_out()
        aim = room.tokens
        while self.to_fit and result.tokens > room.tokens:  # shares of one message are framed again when split
            aim -= result.tokens - room.tokens
            if not plan.drop_until(aim, self.keep_steps):
                break
            result = plan.carry_out()
        return result


class _Plan:
    """What to drop from one history, with the size that would be left."""

    def __init__(self, history: History, room: Room) -> None:
        self.history = history
        self.room = room
        self.goal = history.goal
        self.outside = self._beyond(room.max_exchanges)
        self.drop = {
            (e, s) for e in self.outside for s, step in enumerate(history.exchanges[e].steps) if not keeps(step, room)
        }
        self.left = [sum((e, s) not in self.drop for s in range(len(x.steps))) for e, x in enumerate(history.exchanges)]
        self.size = history.tokens - sum(_freed(history.exchanges[e].steps[s]) for e, s in self.drop)
        self.size -= sum(_prompt_freed(history.exchanges[e]) for e in self.outside if e != self.goal)
        if self.drop:
            self.size += LONGEST_MARK

    def drop_until(self, tokens: int, keep_steps: int) -> bool:
        """Plans to drop oldest steps until `tokens` are left; whether anything was added to the plan."""
        exchanges = self.history.exchanges
        steps = [(e, s) for e, exchange in enumerate(exchanges) for s in range(len(exchange.steps))]
        dropped = False
        for e, s in steps[: max(0, len(steps) - max(1, keep_steps))]:
            if self.size <= tokens:
                break
            if (e, s) in self.drop or keeps(exchanges[e].steps[s], self.room):
                continue
            self.size -= _freed(exchanges[e].steps[s]) - (0 if self.drop else LONGEST_MARK)
            self.drop.add((e, s))
            self.left[e] -= 1
            dropped = True
            if not self.left[e] and e != self.goal and e != len(exchanges) - 1:
                self.outside.add(e)
                self.size -= _prompt_freed(exchanges[e])
        return dropped

    def carry_out(self) -> History:
        """The history without what is planned to go, with what was left out noted behind the goal."""
        if not self.drop and not self.outside:
            return self.history
        steps_left = calls_left = 0
        exchanges: list[Exchange] = []
        for e, exchange in enumerate(self.history.exchanges):
            prompts = exchange.residue() if e in self.outside and e != self.goal else exchange.prompts
            steps: list[Step] = []
            for s, step in enumerate(exchange.steps):
                if (e, s) not in self.drop:
                    steps.append(step)
                    continue
                steps_left += 1
                calls_left += step.calls
                if residue := step.residue():
                    steps.append(step_of(residue))
            if prompts or steps:
                exchanges.append(Exchange(prompts, tuple(steps)))
        return _noted(history_of(tuple(exchanges)), Left(steps_left, calls_left), self.room)

    def _beyond(self, most: int | None) -> set[int]:
        """Exchanges before the newest `most` that hold something to remove; the goal's prompt never counts."""
        prompted = [e for e, exchange in enumerate(self.history.exchanges) if exchange.prompted]
        if most is None or len(prompted) <= most:
            return set()
        return {e for e in range(prompted[-most]) if self._holds_anything(e)}

    def _holds_anything(self, e: int) -> bool:
        exchange = self.history.exchanges[e]
        if any(not keeps(step, self.room) for step in exchange.steps):
            return True
        return e != self.goal and any(_goes(part) for segment in exchange.prompts for part in segment.parts)


LONGEST_MARK = 64
"""Room set aside for the gap mark: more than it costs at a million steps (checked by a test)."""


def _goes(part: Part) -> bool:
    return not part.protected and part.kind is not MARK


def keeps(step: Step, room: Room) -> bool:
    """Whether a step must stay: protected parts in a pair, or tools that the policy protects."""
    tools = room.protect_tools
    return step.protected or (bool(tools) and any(part.tool in tools for part in step.parts))


def _freed(step: Step) -> int:
    return step.tokens - sum(segment.tokens for segment in step.residue())


def _prompt_freed(exchange: Exchange) -> int:
    return sum(segment.tokens for segment in exchange.prompts) - sum(s.tokens for s in exchange.residue())


def _noted(history: History, left: Left, room: Room) -> History:
    """The history with one gap mark for all that went: behind the goal, or ahead of the steps that precede it."""
    if not left.steps:
        return history
    left = sum((left_out(p.text) for p in history.parts if p.kind is MARK), start=left)
    bare: list[Exchange] = []
    for exchange in history.exchanges:
        prompts = tuple(s for segment in exchange.prompts if (s := segment.map(_unmarked)) is not None)
        if prompts or exchange.steps:
            bare.append(replace(exchange, prompts=prompts))
    note = message_of('request', (_mark(left, room),))
    segment = Segment(note, note.parts)
    return history_of(placed(bare, segment))


def placed(exchanges: Sequence[Exchange], note: Segment) -> tuple[Exchange, ...]:
    """The exchanges with a note of ours behind the goal, or ahead of the steps that precede it."""
    at = next((e for e, exchange in enumerate(exchanges) if exchange.prompted or exchange.steps), None)
    if at is None:
        return (*exchanges, Exchange((note,), ()))
    host = exchanges[at]
    if host.prompted:
        host = replace(host, prompts=(*host.prompts, note))
    else:
        prompts = (s for s in host.prompts if s.parts)  # an empty request may only come first
        host = replace(host, prompts=(note, *prompts))
    return (*exchanges[:at], host, *exchanges[at + 1 :])


def _unmarked(part: Part) -> Part | None:
    return None if part.kind is MARK else part


def _mark(left: Left, room: Room) -> Part:
    text = gap(left)
    return Part(MARK, None, room.count(text), text)
