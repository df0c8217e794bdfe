"""The tree: a history is exchanges, an exchange is prompts and steps, a step is responses with their results.

Ownership is by part, not by message: one request may end a step and open the next exchange. A `Segment` is a
message's share in one node of the tree; the writer puts shares of one message together again. Strategies keep,
edit or remove whole steps and the parts in them, so a call and its result are never separated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from operator import is_

from compactor.history.message import CALL, FRAMING, NATIVE_CALL, NATIVE_RESULT, RESULT, USER, Message, Part


@dataclass(frozen=True, slots=True)
class Segment:
    """The parts of one message that belong to one node."""

    message: Message
    parts: tuple[Part, ...]

    @property
    def tokens(self) -> int:
        """Tokens of these parts; the message's framing counts with its first segment only when it is whole."""
        if self.parts is self.message.parts:
            return self.message.tokens
        return FRAMING + sum(part.tokens for part in self.parts)

    def map(self, edit: Callable[[Part], Part | None]) -> Segment | None:
        """The segment with `edit` applied to each part (None removes it); None when nothing is left."""
        edited = [edit(part) for part in self.parts]
        kept = tuple(part for part in edited if part is not None)
        if len(kept) == len(self.parts) and all(map(is_, kept, self.parts)):
            return self
        return Segment(self.message, kept) if kept else None


@dataclass(frozen=True, slots=True)
class Step:
    """The atomic unit: consecutive responses, the results bound to their calls, and the notes after them.

    Attributes:
        segments: responses first, then requests, in the order in which they are sent.
        tokens: their size.
    """

    segments: tuple[Segment, ...]
    tokens: int

    @property
    def parts(self) -> Iterator[Part]:
        """Every part, in order."""
        return (part for segment in self.segments for part in segment.parts)

    @property
    def calls(self) -> int:
        """How many tools it called."""
        calls = 0
        for segment in self.segments:
            for part in segment.parts:
                calls += part.kind is CALL
        return calls

    @property
    def protected(self) -> bool:
        """Whether it must be kept whole: one of its calls or results is protected."""
        for segment in self.segments:
            for part in segment.parts:
                if part.protected and part.kind in PAIRED:
                    return True
        return False

    def map(self, edit: Callable[[Part], Part | None]) -> Step:
        """The step with `edit` applied to each part; unchanged nodes stay the same objects."""
        segments = tuple(s for segment in self.segments if (s := segment.map(edit)) is not None)
        if len(segments) == len(self.segments) and all(map(is_, segments, self.segments)):
            return self
        return step_of(segments)

    def residue(self) -> tuple[Segment, ...]:
        """What stays when the step goes: the protected parts that are not half of a pair."""
        if not any(part.protected for segment in self.segments for part in segment.parts):
            return ()
        return tuple(s for segment in self.segments if (s := segment.map(_only_protected)) is not None)


PAIRED = (CALL, RESULT, NATIVE_CALL, NATIVE_RESULT)
"""Kinds that never stand alone."""


def _only_protected(part: Part) -> Part | None:
    return part if part.protected and part.kind not in PAIRED else None


def step_of(segments: tuple[Segment, ...]) -> Step:
    """A step over these segments, counted."""
    return Step(segments, sum(segment.tokens for segment in segments))


@dataclass(frozen=True, slots=True)
class Exchange:
    """Genuine user prompts with no response between them, and the steps that follow.

    `prompts` is empty for what precedes the first prompt of a history whose beginning was cut away.
    """

    prompts: tuple[Segment, ...]
    steps: tuple[Step, ...]

    @property
    def tokens(self) -> int:
        """Size of prompts and steps."""
        return sum(s.tokens for s in self.prompts) + sum(s.tokens for s in self.steps)

    @property
    def parts(self) -> Iterator[Part]:
        """Every part, in order."""
        yield from (part for segment in self.prompts for part in segment.parts)
        for step in self.steps:
            yield from step.parts

    @property
    def prompted(self) -> bool:
        """Whether a person opened it (else it is headless, or only marks and bookkeeping)."""
        return any(part.kind is USER for segment in self.prompts for part in segment.parts)

    def residue(self) -> tuple[Segment, ...]:
        """What stays when the prompts go."""
        return tuple(s for segment in self.prompts if (s := segment.map(_only_protected)) is not None)


@dataclass(frozen=True, slots=True)
class History:
    """A whole history, in order.

    Attributes:
        exchanges: its exchanges; the last one is the current one.
        tokens: its size in the units of the local tokenizer.
    """

    exchanges: tuple[Exchange, ...]
    tokens: int

    @property
    def parts(self) -> Iterator[Part]:
        """Every part, in order."""
        for exchange in self.exchanges:
            yield from exchange.parts

    @property
    def segments(self) -> Iterator[Segment]:
        """Every segment, in the order in which it is sent."""
        for exchange in self.exchanges:
            yield from exchange.prompts
            for step in exchange.steps:
                yield from step.segments

    @property
    def goal(self) -> int | None:
        """Index of the exchange whose prompt states the goal: the first that a person opened."""
        return next((i for i, exchange in enumerate(self.exchanges) if exchange.prompted), None)

    def map_steps(self, edit: Callable[[int, Step], Step]) -> History:
        """The history with `edit(ordinal, step)` applied to every step; unchanged nodes stay the same objects."""
        ordinal = 0
        exchanges: list[Exchange] = []
        for exchange in self.exchanges:
            steps = []
            for step in exchange.steps:
                steps.append(edit(ordinal, step))
                ordinal += 1
            same = all(map(is_, steps, exchange.steps))
            exchanges.append(exchange if same else replace(exchange, steps=tuple(steps)))
        if all(map(is_, exchanges, self.exchanges)):
            return self
        return history_of(tuple(exchanges))


def history_of(exchanges: tuple[Exchange, ...]) -> History:
    """A history over these exchanges, counted; shares of one message are framed once."""
    tokens = sum(exchange.tokens for exchange in exchanges)
    before: Segment | None = None
    shared = 0
    for exchange in exchanges:
        for segment in exchange.prompts:
            if before is not None and segment.message is before.message:
                shared += FRAMING
            before = segment
        for step in exchange.steps:
            for segment in step.segments:
                if before is not None and segment.message is before.message:
                    shared += FRAMING
                before = segment
    return History(exchanges, tokens - shared)
