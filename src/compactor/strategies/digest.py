"""Digest: folds the older steps into one digest of lines kept verbatim, and keeps the newest steps whole.

Goal, current prompt and last step stay messages. What is folded goes into one marked user part behind the goal;
a digest that is already there is folded in: its lines stand for selection again as what they were.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

from compactor.digest.binding import bounded as bound_within
from compactor.digest.binding import merged
from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote, plain, read, texts
from compactor.digest.evidence import Lines, Voice, lines_of
from compactor.digest.failures import pairs_of
from compactor.digest.questions import answered, asked_by
from compactor.digest.quotable import quotable
from compactor.history.bookkeeping import superseded
from compactor.history.handles import marked
from compactor.history.marks import Left, left_out
from compactor.history.message import SUMMARY as SUMMARY_PART
from compactor.history.message import Kind, Part, message_of
from compactor.history.turns import History, Segment, Step, history_of
from compactor.quoting import spelled
from compactor.strategies.bands import draw
from compactor.strategies.clamp import Clamp
from compactor.strategies.filling import BARE, Filling, binding_of
from compactor.strategies.shares import (
    cut,
    size_of,
)
from compactor.strategies.strategy import Room
from compactor.strategies.window import keeps, placed, unmarked

TAIL = 0.15
"""Share of the room for the newest steps, kept whole."""
SUMMARY = 0.15
"""Share of the digest for a model's summary, at most."""
TOLD = 0.30
"""The same for one that is carried on, or that an application or a provider wrote: nothing else tells of that."""
LEAST = 400
"""A digest smaller than this many tokens says little; the window does better."""
SMALL = 0.2
"""Share of the room that is enough for one where the room itself is small: a few words of the user and the newest lines
are worth more there than room that stays empty."""

NOTES = 12
"""What three messages cost beside their texts."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Folds what is older than the newest `tail` share of the room.

    Attributes:
        tail: share of the room for the newest steps; the last step always stays.
    """

    tail: float = TAIL
    name: str = 'digest'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        if history.tokens <= room.tokens and not _too_many(history, room):
            return history
        fold = Fold.plan(history, room, self.tail)
        if not fold.steps and not fold.standing:
            return fold.kept if fold.banded else history
        return fold.carry_out(room)


@dataclass(frozen=True, slots=True)
class Folded:
    """One step that is folded.

    Attributes:
        step: as it may be quoted.
        ordinal: its place in the conversation.
        back: tokens between it and the end.
        whole: as it stands in the history.
    """

    step: Step
    ordinal: int
    back: int
    whole: Step


@dataclass(frozen=True, slots=True)
class Fold:
    """What of a history is folded and what stays.

    Attributes:
        kept: the history without what is folded.
        steps: what is folded, oldest first.
        said: the users' words that go, those of the digest that stood before them first.
        before: the digest that stood in the history, or an empty one.
        standing: tokens of that digest.
        shown: the lines of what is kept.
        goal: index in `kept` of the exchange that states the goal.
        asked: the prompts that stay, each with the step that follows it; the goal's comes before step 1.
        shortened: the calls of what is kept that were cut, they or their results, each with its step and whole result.
        told: what others have summed up of still earlier messages, newest first.
        beside: what was put beside outputs by somebody, nobody knows who.
        there: the other calls of what is kept, with step and result.
        spoken: tokens of the users' words that go.
        banded: the steps of the middle band as they were: the digest tells what their results held.
    """

    kept: History
    steps: tuple[Folded, ...]
    said: tuple[Quote, ...]
    before: Document
    standing: int
    shown: tuple[Lines, ...]
    goal: int | None
    asked: tuple[Quote, ...]
    shortened: tuple[tuple[int, Part, Part], ...] = ()
    told: str = ''
    beside: tuple[Quote, ...] = ()
    there: tuple[tuple[int, Part, Part], ...] = ()
    spoken: int = 0
    banded: tuple[Folded, ...] = ()

    @classmethod
    def plan(cls, history: History, room: Room, tail: float) -> Fold:
        """What to fold, so that the newest `tail` share of the room stays whole."""
        goal = history.goal
        quote = partial(quotable, secrets=room.secrets)
        before = _standing(history, room)
        drawn = draw(history, room, _floor(history, room))
        first, cut = drawn.at if drawn is not None else _boundary(history, room, tail)
        ordinal, back = before.left.steps, history.tokens
        steps: list[Folded] = []
        banded: list[Folded] = []
        said, asked = list(before.said), list[Quote]()
        gone = superseded(history, room.reminders).union(id(p) for p in history.rare if p.kind is SUMMARY_PART)
        summaries: list[Part] = []
        beside = list(before.beside)
        silent: set[int] = set()
        spoken = 0
        pairs: list[tuple[int, Part, Part]] = []
        last = len(history.exchanges) - 1
        asking: Quote | None = None  # the agent's question that ends what was folded last
        for e, exchange in enumerate(history.exchanges):
            stays = e in (goal, last) or e > first or (e == first and cut < len(exchange.steps))
            back -= sum(segment.tokens for segment in exchange.prompts)
            words = [part for s in exchange.prompts for part in s.parts if _asked(part)]
            follows = 1 if e == goal else ordinal + 1
            if asking is not None and words and answered(words[0].text):
                said.append(asking)
            asking = None
            (asked if stays else said).extend(
                Quote(follows, Voice.USER, spelled(quote(part).text.strip())) for part in words
            )
            if not stays:
                silent.add(e)
                spoken += sum(part.tokens for part in words)
            for s, step in enumerate(exchange.steps):
                ordinal += 1
                back -= step.tokens
                if e > first or (e == first and s >= cut) or keeps(step, room):
                    asking = None
                    pairs += [(ordinal, call, result) for call, result in pairs_of(step.parts)]
                    if drawn is not None and ordinal - before.left.steps - 1 in drawn.banded:
                        banded.append(Folded(step.map(quote), ordinal, back, step))
                    continue
                bare = step.map(quote)
                steps.append(Folded(bare, ordinal, back, step))
                question = asked_by(bare.parts)
                asking = Quote(ordinal, Voice.AGENT, spelled(question)) if question else None
                said += [
                    Quote(ordinal, voice, spelled(text)) for voice, text in room.trusted.answers(pairs_of(bare.parts))
                ]
                summaries += [part for part in bare.parts if part.kind is SUMMARY_PART]
                beside += [
                    Quote(ordinal, Voice.BESIDE, spelled(part.text.strip())) for part in bare.parts if _unknown(part)
                ]
            if e <= first:
                summaries += [quote(part) for s in exchange.prompts for part in s.parts if part.kind is SUMMARY_PART]
        folded = {one.ordinal - before.left.steps - 1 for one in steps}
        drawn_out = history if drawn is None else drawn.history
        rest = _clipped(_without(drawn_out, silent, first, folded, gone), room, 0 if drawn is None else drawn.tokens)
        shown = tuple(lines_of(quote(part)) for part in rest.parts)
        whole = {part.text for part in rest.parts if part.kind in (Kind.CALL, Kind.RESULT)}
        there = tuple(pair for pair in pairs if pair[1].text in whole and pair[2].text in whole)
        stands = {id(call) for _, call, _ in there}
        shortened = tuple((n, quote(call), quote(result)) for n, call, result in pairs if id(call) not in stands)
        standing = sum(part.tokens for part in history.rare if part.kind is Kind.MARK)
        standing += sum(part.tokens for part in summaries)
        told = _told(summaries)
        return cls(
            rest,
            tuple(steps),
            tuple(said),
            before,
            standing,
            shown,
            rest.goal,
            tuple(asked),
            shortened,
            told,
            tuple(one for one in beside if one.text),
            there,
            spoken,
            tuple(banded),
        )

    def budget(self, room: Room) -> int:
        """Tokens that the digest may take; under `LEAST` it says nothing but what was left out.

        It takes no more than two thirds of what it folds now, beside what the standing one took: otherwise nothing
        would be won, or a chain of digests would lose at each link.
        """
        folded = self.spoken + sum(one.step.tokens for one in (*self.steps, *self.banded))
        return min(room.tokens - self.kept.tokens - NOTES - room.frame, folded * 2 // 3 + self.standing)

    def carry_out(self, room: Room, summary: str | None = None) -> History:
        """What stays, with the digest of what is folded.

        Args:
            room: how much there is.
            summary: what a model wrote about it, checked; None carries on the standing digest's summary and what others
                have summed up.
        """
        budget = self.budget(room)
        if budget < min(LEAST, max(int(room.tokens * SMALL), BARE + NOTES)):
            binding = bound_within(binding_of(self, room), max(0, budget - BARE), room.count)
            document = Document(self.left(), binding=binding)
            most = budget - size_of(replace(document, summary='-'), room)
            return self._with(replace(document, summary=cut(self.told, most, room.count)), room)
        if summary is None:
            told = '\n'.join(filter(None, (self.told, self.before.summary)))
            summary = cut(told, int(budget * TOLD), room.count)
        return self._with(Filling(self, room).document(budget, summary), room)

    def _with(self, document: Document, room: Room) -> History:
        notes = [message_of('request', (marked(text, room),)) for text in texts(document)]
        return history_of(placed(self.kept.exchanges, *(Segment(note, note.parts) for note in notes)))

    def left(self) -> Left:
        """How much the digest stands for."""
        return sum((Left(1, folded.step.calls) for folded in self.steps), start=self.before.left)


def _without(
    history: History, silent: Collection[int], first: int, folded: Collection[int], gone: Collection[int]
) -> History:
    """The history without marks, and without what is folded.

    Args:
        history: the history.
        silent: indexes of the exchanges whose prompts go.
        first: index of the last exchange that is folded, or a part of it; summaries up to there go too.
        folded: the steps that go, counted through all exchanges.
        gone: identities of parts that go with their step or prompt, though they would stay otherwise.
    """

    def prompts(e: int, prompt: Segment) -> Segment | None:
        rest = prompt.residue(gone) if e in silent else prompt
        rest = None if rest is None else rest.only(unmarked)
        return rest.only(_unsummed) if rest is not None and e <= first else rest

    return history.map(prompts, lambda number, step: step.residue(gone) if number in folded else step)


def _standing(history: History, room: Room) -> Document:
    """The digest or gap mark that already stands in a history, with what users said before it; or an empty one."""
    before = Document(Left(0, 0))
    for part in history.parts:
        if part.kind is not Kind.MARK:
            continue
        found = read(quotable(part, room.secrets).text)
        if found is None:
            before = replace(before, left=before.left + left_out(part.text))
        elif found.left.steps:
            before = replace(found, said=before.said, binding=before.binding)
        else:
            before = replace(before, said=(*before.said, *found.said), binding=merged(before.binding, found.binding))
    return before


def _told(summaries: Sequence[Part]) -> str:
    """What others have summed up, newest first, a sentence a line where it runs on."""
    found = [plain(part.text) for part in reversed(summaries)]
    return '\n'.join(_SENTENCE.sub('\n', text) for text in found if text)


_SENTENCE = re.compile(r'(?<=[.!?])[ \t]+(?=\S)')


def _asked(part: Part) -> bool:
    """Whether these are a person's words that a compaction may take out of their place."""
    return part.kind is Kind.USER and not part.protected and part.by != 'tool' and bool(part.text.strip())


def _unknown(part: Part) -> bool:
    """Whether these are words beside an output of which nobody knows whose they are."""
    return part.kind is Kind.USER and not part.by


def _unsummed(part: Part) -> Part | None:
    return None if part.kind is SUMMARY_PART else part


def _too_many(history: History, room: Room) -> bool:
    """Whether the history holds more exchanges, or steps, than it may (the goal's own prompt never counts)."""
    if room.max_steps is not None and sum(len(exchange.steps) for exchange in history.exchanges) > room.max_steps:
        return True
    beyond = history.exchanges[: _floor(history, room)]
    return any(exchange.steps or (exchange.prompted and e != history.goal) for e, exchange in enumerate(beyond))


def _floor(history: History, room: Room) -> int:
    """The first exchange that may stay."""
    prompted = [e for e, exchange in enumerate(history.exchanges) if exchange.prompted]
    most = room.max_exchanges
    return prompted[-most] if most is not None and len(prompted) > most else 0


def _boundary(history: History, room: Room, tail: float) -> tuple[int, int]:
    """Where the tail begins: (exchange, step); the last step always belongs to it."""
    # Where little has to go, more stays whole: a digest takes at most two thirds of what it stands for.
    most = max(int(room.tokens * tail), 3 * room.tokens - 2 * history.tokens)
    size = count = 0
    at: tuple[int, int] | None = None
    last = len(history.exchanges) - 1
    for e in range(last, _floor(history, room) - 1, -1):
        steps = history.exchanges[e].steps
        if e < last - 1:  # what a person said between these steps and those stays with them
            size += sum(prompt.tokens for prompt in history.exchanges[e + 1].prompts)
        for s in range(len(steps) - 1, -1, -1):
            size += steps[s].tokens
            if at is not None and (size > most or count == room.max_steps):
                return at
            at = (e, s)
            count += 1
    return at if at is not None else (len(history.exchanges) - 1, 0)


def _clipped(history: History, room: Room, least: int = 0) -> History:
    """What stays, its results cut where with them it would take more than `KEPT` of the room, or leave too little.

    `least`: tokens that it may take in any case, as its bands were drawn for them.
    """
    others = history.tokens - sum(part.tokens for part in history.parts if part.kind is Kind.RESULT)
    most = max(int(room.tokens * KEPT), min(others + int(room.tokens * RESULTS), int(room.tokens * MOST)))
    return Clamp().apply(history, replace(room, tokens=max(1, most, least), may_clamp_prompts=False))


KEPT, RESULTS, MOST = 0.3, 1 / 8, 0.45
"""Shares of the room: for what stays; for its results, where prompts and calls already take most of that; and for
both together."""
