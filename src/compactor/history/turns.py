"""The tree: a history is exchanges, an exchange is prompts and steps, a step is responses with their results.

Ownership is by part, not by message: one request may end a step and open the next exchange. A `Segment` is a
message's share in one node of the tree; the writer puts shares of one message together again. Strategies keep,
edit or remove whole steps and the parts in them, so a call and its result are never separated.

Whoever changes a tree does it by `map`: what is not changed stays the same object, and a message that would lose all of
its parts keeps them. `only` is for what must go whatever is left: messages, steps and exchanges that it empties go too.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from itertools import count
from operator import is_
from typing import TypeVar

from compactor.history.message import (
    CALL,
    FRAMING,
    NATIVE_CALL,
    NATIVE_RESULT,
    RESULT,
    SUMMARY,
    USER,
    Message,
    Part,
)

Edit = Callable[[Part], Part | None]
"""What becomes of a part: itself, another one in its place, or None to take it out."""

T = TypeVar('T')


def _mapped(nodes: tuple[T, ...], edit: Callable[[T], T | None]) -> tuple[T, ...]:
    """What `edit` leaves of the nodes: the same tuple where all are as they were, be it in other objects."""
    edited = [node if (after := edit(node)) is node or after == node else after for node in nodes]
    if all(map(is_, edited, nodes)):
        return nodes
    return tuple(node for node in edited if node is not None)


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

    def map(self, edit: Edit) -> Segment:
        """The segment with `edit` applied to each part; as it is where that would take all of them."""
        return self.only(edit) or self

    def only(self, edit: Edit) -> Segment | None:
        """The segment with `edit` applied to each part; None when nothing is left."""
        kept = _mapped(self.parts, edit)
        if kept is self.parts:
            return self
        return Segment(self.message, kept) if kept else None

    def residue(self, superseded: Container[int] = ()) -> Segment | None:
        """What stays when the segment goes; see `Step.residue`."""
        return self.only(_staying(superseded))


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

    def map(self, edit: Edit) -> Step:
        """The step with `edit` applied to each part; a message that would lose all of them stays as it is."""
        segments = _mapped(self.segments, lambda segment: segment.map(edit))
        return self if segments is self.segments else step_of(segments)

    def only(self, edit: Edit) -> Step | None:
        """The step with `edit` applied to each part, without the messages that this empties; None if all are."""
        segments = _mapped(self.segments, lambda segment: segment.only(edit))
        if segments is self.segments:
            return self
        return step_of(segments) if segments else None

    def residue(self, superseded: Container[int] = ()) -> Step | None:
        """What stays when the step goes: protected parts that are not half of a pair, and an application's summaries.

        `superseded`: identities of parts that may go all the same (see `bookkeeping.py`).
        """
        if not any(part.protected or part.kind is SUMMARY for s in self.segments for part in s.parts):
            return None
        return self.only(_staying(superseded))


PAIRED = (CALL, RESULT, NATIVE_CALL, NATIVE_RESULT)
"""Kinds that never stand alone."""


def is_summary(part: Part) -> bool:
    """Whether it is an application's summary with something in it: nothing else tells what came before it."""
    return part.kind is SUMMARY and not part.signed and bool(part.text.strip())


def _staying(superseded: Container[int]) -> Edit:
    """Takes out what goes with its step or prompt."""

    def stays(part: Part) -> Part | None:
        if id(part) in superseded or part.kind in PAIRED:
            return None
        return part if part.protected or is_summary(part) else None

    return stays


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

    def only(
        self, prompt: Callable[[Segment], Segment | None] | None, step: Callable[[Step], Step | None] | None
    ) -> Exchange | None:
        """The exchange with what these leave of each prompt and of each step; None when nothing is left."""
        prompts = self.prompts if prompt is None else _mapped(self.prompts, prompt)
        steps = self.steps if step is None else _mapped(self.steps, step)
        if prompts is self.prompts and steps is self.steps:
            return self
        return Exchange(prompts, steps) if prompts or steps else None


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
    def rare(self) -> Iterator[Part]:
        """The parts of all messages that are not plain ones, in order: among them is every mark and every summary."""
        for segment in self.segments:
            if not segment.message.plain:
                yield from segment.parts

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

    def map(
        self,
        prompts: Callable[[int, Segment], Segment | None] | None = None,
        steps: Callable[[int, Step], Step | None] | None = None,
    ) -> History:
        """The history with what `prompts` and `steps` make of its nodes, in the order in which they are sent.

        Args:
            prompts: what becomes of a segment in the prompts of the exchange of this index; None takes it out.
            steps: what becomes of the step of this index, counted through all exchanges; None takes it out.

        Returns:
            The history, without the exchanges that this empties.
        """
        numbers, places = count(), count()

        def edited(exchange: Exchange) -> Exchange | None:
            e = next(places)
            return exchange.only(
                None if prompts is None else lambda segment: prompts(e, segment),
                None if steps is None else lambda step: steps(next(numbers), step),
            )

        exchanges = _mapped(self.exchanges, edited)
        return self if exchanges is self.exchanges else history_of(exchanges)

    def map_steps(self, edit: Callable[[int, Step], Step | None]) -> History:
        """See `map`: every step, by its index."""
        return self.map(steps=edit)


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
