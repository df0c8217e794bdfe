"""Window: keeps the goal and the newest part of a history; what falls out is replaced by one mark that says so.

It counts genuine exchanges and also works inside one, because a coding agent spends a hundred steps on a single
prompt. Oldest steps go first; a prompt goes with the last of its steps; goal, current prompt and last step stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from compactor.digest.binding import BINDING
from compactor.history.bookkeeping import superseded
from compactor.history.handles import marked
from compactor.history.marks import SAID, SAID_AND_ASKED, Left, body_of, gap, left_out
from compactor.history.message import MARK, Part, message_of
from compactor.history.turns import Exchange, History, Segment, Step, history_of, is_summary
from compactor.strategies.strategy import Room


@dataclass(frozen=True, slots=True)
class Window:
    """Drops what lies before the newest exchanges, or steps, of which there may be so many; then until it fits.

    Attributes:
        keep_steps: this many newest steps (at least the last one) are never dropped.
        to_fit: False applies `room.max_exchanges` and `room.max_steps` alone.
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
        self.mark = LONGEST_MARK + room.frame
        self.superseded = superseded(history, room.reminders)
        self.goal = history.goal
        self.places = [(e, s) for e, exchange in enumerate(history.exchanges) for s in range(len(exchange.steps))]
        self.outside = self._beyond(room.max_exchanges)
        self.drop = {
            (e, s) for e in self.outside for s, step in enumerate(history.exchanges[e].steps) if not keeps(step, room)
        }
        if room.max_steps is not None and len(self.places) > room.max_steps:
            self._drop_beyond(room.max_steps)
        self.left = [sum((e, s) not in self.drop for s in range(len(x.steps))) for e, x in enumerate(history.exchanges)]
        self.size = history.tokens - sum(self._freed(history.exchanges[e].steps[s]) for e, s in self.drop)
        self.size -= sum(self._prompt_freed(history.exchanges[e]) for e in self.outside if e != self.goal)
        if self.drop:
            self.size += self.mark

    def drop_until(self, tokens: int, keep_steps: int) -> bool:
        """Plans to drop oldest steps until `tokens` are left; whether anything was added to the plan."""
        exchanges = self.history.exchanges
        dropped = False
        for e, s in self.places[: max(0, len(self.places) - max(1, keep_steps))]:
            if self.size <= tokens:
                break
            if (e, s) in self.drop or keeps(exchanges[e].steps[s], self.room):
                continue
            self.size -= self._freed(exchanges[e].steps[s]) - (0 if self.drop else self.mark)
            self.drop.add((e, s))
            self.left[e] -= 1
            dropped = True
            if not self.left[e] and e != self.goal and e != len(exchanges) - 1:
                self.outside.add(e)
                self.size -= self._prompt_freed(exchanges[e])
        return dropped

    def carry_out(self) -> History:
        """The history without what is planned to go, with what was left out noted behind the goal."""
        if not self.drop and not self.outside:
            return self.history
        exchanges = self.history.exchanges
        calls = sum(exchanges[e].steps[s].calls for e, s in self.drop)
        gone = self.superseded
        kept = self.history.map(
            lambda e, prompt: prompt.residue(gone) if e in self.outside and e != self.goal else prompt,
            lambda number, step: step.residue(gone) if self.places[number] in self.drop else step,
        )
        return _noted(kept, Left(len(self.drop), calls), self.room)

    def _beyond(self, most: int | None) -> set[int]:
        """Exchanges before the newest `most` that hold something to remove; the goal's prompt never counts."""
        prompted = [e for e, exchange in enumerate(self.history.exchanges) if exchange.prompted]
        if most is None or len(prompted) <= most:
            return set()
        return {e for e in range(prompted[-most]) if self._holds_anything(e)}

    def _drop_beyond(self, most: int) -> None:
        """Plans to drop all but the newest `most` steps, and the prompts of exchanges that lie before them."""
        exchanges = self.history.exchanges
        oldest = len(self.places) - most
        self.drop |= {(e, s) for e, s in self.places[:oldest] if not keeps(exchanges[e].steps[s], self.room)}
        self.outside |= {e for e in range(self.places[oldest][0]) if e != self.goal and self._holds_anything(e)}

    def _holds_anything(self, e: int) -> bool:
        exchange = self.history.exchanges[e]
        if any(not keeps(step, self.room) for step in exchange.steps):
            return True
        return e != self.goal and any(_goes(part) for segment in exchange.prompts for part in segment.parts)

    def _freed(self, step: Step) -> int:
        rest = step.residue(self.superseded)
        return step.tokens - (0 if rest is None else rest.tokens)

    def _prompt_freed(self, exchange: Exchange) -> int:
        rests = (segment.residue(self.superseded) for segment in exchange.prompts)
        return sum(s.tokens for s in exchange.prompts) - sum(rest.tokens for rest in rests if rest is not None)


LONGEST_MARK = 64
"""Room set aside for the gap mark, without what a framework says around it: more than it costs at a million steps
(checked by a test)."""


def _goes(part: Part) -> bool:
    return not part.protected and part.kind is not MARK and not is_summary(part)


def keeps(step: Step, room: Room) -> bool:
    """Whether a step must stay: protected parts in a pair, or tools that the policy protects."""
    tools = room.protect_tools
    return step.protected or (bool(tools) and any(part.tool in tools for part in step.parts))


def _noted(history: History, left: Left, room: Room) -> History:
    """The history with one gap mark for all that went: behind the goal, or ahead of the steps that precede it."""
    if not left.steps:
        return history
    left = sum((left_out(p.text) for p in history.rare if p.kind is MARK), start=left)
    bare = history.map(lambda _, prompt: prompt.only(_unnoted))
    note = message_of('request', (marked(gap(left), room),))
    segment = Segment(note, note.parts)
    return history_of(placed(bare.exchanges, segment))


def placed(exchanges: Sequence[Exchange], *notes: Segment) -> tuple[Exchange, ...]:
    """The exchanges with notes of ours behind the goal, or ahead of the steps that precede it."""
    at = next((e for e, exchange in enumerate(exchanges) if exchange.prompted or exchange.steps), None)
    if at is None:
        return (*exchanges, Exchange(notes, ()))
    host = exchanges[at]
    if host.prompted:
        host = replace(host, prompts=(*host.prompts, *notes))
    else:
        prompts = (s for s in host.prompts if s.parts)  # an empty request may only come first
        host = replace(host, prompts=(*notes, *prompts))
    return (*exchanges[:at], host, *exchanges[at + 1 :])


def _unnoted(part: Part) -> Part | None:
    """The part, unless it is a mark; what binds the agent, and what the user said, stay."""
    if part.kind is MARK and body_of(part.text).startswith((BINDING, SAID, SAID_AND_ASKED)):
        return part
    return unmarked(part)


def unmarked(part: Part) -> Part | None:
    """The part, unless it is a mark."""
    return None if part.kind is MARK else part
