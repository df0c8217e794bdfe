"""Digest: folds the older steps into one digest of lines kept verbatim, and keeps the newest steps whole.

Goal, current prompt and last step stay messages. What is folded goes into one marked user part behind the goal;
a digest that is already there is folded in: its lines stand for selection again as what they were.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote, read, render
from compactor.digest.evidence import Candidate, Line, Voice, candidates, line, lines_of
from compactor.digest.failures import Failing, command_of, failing, pairs_of, turned_down
from compactor.digest.files import touched
from compactor.digest.select import choose, values
from compactor.history.marks import Left, left_out
from compactor.history.message import Kind, Part, message_of
from compactor.history.turns import Exchange, History, Segment, Step, history_of, step_of
from compactor.strategies.clamp import Clamp
from compactor.strategies.shares import (
    FILLINGS,
    SPARE,
    affordable,
    bonus,
    bounded,
    cost,
    cut,
    distinct,
    names,
    open_work,
    telling,
    within,
)
from compactor.strategies.strategy import Room
from compactor.strategies.window import keeps, placed

TAIL = 0.15
"""Share of the room for the newest steps, kept whole."""
USER = 0.30
"""Share of the room for the users' own words."""
LEDGERS = 0.20
"""Share of the digest for files and failures together, at most."""
NAMES = 0.33
"""Share of what is left for the record that goes to bare names."""
SUMMARY = 0.15
"""Share of the digest for a model's summary, at most."""
LEAST = 400
"""A digest smaller than this many tokens says nothing; the window does better."""

REACH = 200_000
"""Lines and failures are taken from this many newest tokens; the ledger of files is complete."""


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
        if not fold.steps:
            return history
        return fold.carry_out(room)


@dataclass(frozen=True, slots=True)
class Folded:
    """One step that is folded: its ordinal in the conversation and the tokens between it and the end."""

    step: Step
    ordinal: int
    back: int


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
        shortened: the calls of what is kept whose results were cut, each with its step and its whole result.
    """

    kept: History
    steps: tuple[Folded, ...]
    said: tuple[Quote, ...]
    before: Document
    standing: int
    shown: tuple[Line, ...]
    goal: int | None
    asked: tuple[Quote, ...]
    shortened: tuple[tuple[int, Part, Part], ...] = ()

    @classmethod
    def plan(cls, history: History, room: Room, tail: float) -> Fold:
        """What to fold, so that the newest `tail` share of the room stays whole."""
        goal = history.goal
        before = _standing(history)
        first, cut = _boundary(history, room, tail)
        ordinal, back = before.left.steps, history.tokens
        steps: list[Folded] = []
        said, asked = list(before.said), list[Quote]()
        exchanges: list[Exchange] = []
        pairs: list[tuple[int, Part, Part]] = []
        last = len(history.exchanges) - 1
        for e, exchange in enumerate(history.exchanges):
            stays = e in (goal, last) or e > first or (e == first and cut < len(exchange.steps))
            back -= sum(segment.tokens for segment in exchange.prompts)
            words = [
                part for s in exchange.prompts for part in s.parts if part.kind is Kind.USER and not part.protected
            ]
            follows = 1 if e == goal else ordinal + 1
            (asked if stays else said).extend(Quote(follows, Voice.USER, part.text.strip()) for part in words)
            whole: list[Step] = []
            for s, step in enumerate(exchange.steps):
                ordinal += 1
                back -= step.tokens
                if e > first or (e == first and s >= cut) or keeps(step, room):
                    whole.append(step)
                    pairs += [(ordinal, call, result) for call, result in pairs_of(step.parts)]
                    continue
                steps.append(Folded(step, ordinal, back))
                if residue := step.residue():
                    whole.append(step_of(residue))
            prompts = exchange.prompts if stays else exchange.residue()
            prompts = tuple(kept for segment in prompts if (kept := segment.map(_unmarked)) is not None)
            if prompts or whole:
                exchanges.append(Exchange(prompts, tuple(whole)))
        rest = _clipped(history_of(tuple(exchanges)), room)
        shown = tuple(line for part in rest.parts for line in lines_of(part))
        texts = {part.text for part in rest.parts if part.kind is Kind.RESULT}
        shortened = tuple(pair for pair in pairs if pair[2].text not in texts)
        standing = sum(part.tokens for part in history.parts if part.kind is Kind.MARK)
        return cls(rest, tuple(steps), tuple(said), before, standing, shown, rest.goal, tuple(asked), shortened)

    def budget(self, room: Room) -> int:
        """Tokens that the digest may take; under `LEAST` it says nothing but what was left out.

        It takes no more than two thirds of what it folds now, beside what the standing one took: otherwise nothing
        would be won, or a chain of digests would lose at each link.
        """
        folded = sum(one.step.tokens for one in self.steps)
        return min(room.tokens - self.kept.tokens - 4, folded * 2 // 3 + self.standing)

    def carry_out(self, room: Room, summary: str | None = None) -> History:
        """What stays, with the digest of what is folded.

        Args:
            room: how much there is.
            summary: what a model wrote about it, checked; None carries the standing digest's summary on.
        """
        budget = self.budget(room)
        if budget < LEAST:
            return self._with(Document(self.left()), room)
        if summary is None:
            summary = cut(self.before.summary, int(budget * SUMMARY), room.count)
        document = self._document(budget, room, summary)
        text = render(document)
        while (size := room.count(text)) > budget and document.record:
            spare = max(1, len(document.record) * (size - budget) // size)
            document = replace(document, record=document.record[spare:], names=document.names[: -spare or None])
            text = render(document)
        return self._with(document, room)

    def _with(self, document: Document, room: Room) -> History:
        text = render(document)
        note = message_of('request', (Part(Kind.MARK, None, room.count(text), text),))
        segment = Segment(note, note.parts)
        return history_of(placed(self.kept.exchanges, segment))

    def left(self) -> Left:
        """How much the digest stands for."""
        return sum((Left(1, folded.step.calls) for folded in self.steps), start=self.before.left)

    def _document(self, budget: int, room: Room, summary: str) -> Document:
        """The digest within about `budget` tokens: users' words, ledgers, then the record and the names."""
        said = within(self.said, int(room.tokens * USER), room)
        recent = [f for f in self.steps if f.back <= REACH]
        calls = [(f.ordinal, call) for f in self.steps for call, result in pairs_of(f.step.parts) if _done(result)]
        pairs = [(f.ordinal, call, result) for f in recent for call, result in pairs_of(f.step.parts)]
        document = Document(
            self.left(),
            said=said,
            summary=summary,
            files=touched(calls, self.before.files),
            failures=self._unresolved(failing(pairs, self.before.failures)),
        )
        document = bounded(document, int(budget * LEDGERS), room)
        return self._with_record(document, budget, room)

    def _unresolved(self, failures: dict[str, Failing]) -> dict[str, Failing]:
        """The failures that what is kept does not tell anew: a command run again there speaks for itself."""
        again = {command_of(call) for call, _ in pairs_of(self.kept.parts)}
        open_still = {command: failure for command, failure in failures.items() if command not in again}
        text = '\n'.join(part.text for part in self.kept.parts if part.kind is Kind.RESULT)
        cut_out = failing(self.shortened).items()
        return open_still | {c: failure for c, failure in cut_out if not all(line in text for line in failure.lines)}

    def _with_record(self, document: Document, whole: int, room: Room) -> Document:
        """The document with the record and the names that fill it up to `whole` tokens."""
        recent = (f for f in self.steps if f.back <= REACH)
        lines = distinct(
            [*self._old_lines(), *(c for f in recent for c in candidates(f.step.parts, f.ordinal, f.back))]
        )
        worth, holders = values(lines)
        shown = [*self.shown, *(line(text) for quote in document.said for text in quote.text.split('\n'))]
        shown += [line(text) for failure in document.failures.values() for text in (failure.command, *failure.lines)]
        document = replace(document, open=open_work(lines))
        budget = whole - room.count(render(document))
        bare = int(budget * NAMES)
        ranked = choose(lines, worth, holders, shown, int(budget * SPARE), cost, bonus)
        place = {name: (at[-1], i) for i, (name, at) in enumerate(holders.items())}
        told = {name for line in shown for name in line.names} | set(document.files)
        worth = {name: value for name, value in worth.items() if telling(name, (lines[i] for i in holders[name]))}
        space = budget - bare
        for _ in range(FILLINGS):
            chosen = [lines[i] for i in affordable(ranked, lines, space, room)]
            record = tuple(Quote(c.step, c.voice, c.line.text) for c in chosen)
            seen = told.union(*(c.line.names for c in chosen))
            listed = names(worth, place, self.before.names, seen, bare, room)
            filled = replace(document, record=record, names=listed)
            slack = whole - room.count(render(filled))
            if slack < whole // 100:
                break
            space += slack
        return filled

    def _old_lines(self) -> list[Candidate]:
        """The lines of the digest that is folded in, as what they were."""
        newest = self.steps[0].back + self.steps[0].step.tokens
        pace = 600
        return [
            Candidate(line(q.text), q.step, q.voice, newest + (self.before.left.steps - q.step) * pace)
            for q in self.before.record
        ]


def _standing(history: History) -> Document:
    """The digest or gap mark that already stands in a history, or an empty one."""
    before = Document(Left(0, 0))
    for part in history.parts:
        if part.kind is Kind.MARK:
            before = read(part.text) or replace(before, left=before.left + left_out(part.text))
    return before


def _too_many(history: History, room: Room) -> bool:
    """Whether the history holds more exchanges than it may (the goal's own prompt never counts)."""
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
    size = 0
    at: tuple[int, int] | None = None
    for e in range(len(history.exchanges) - 1, _floor(history, room) - 1, -1):
        steps = history.exchanges[e].steps
        for s in range(len(steps) - 1, -1, -1):
            size += steps[s].tokens
            if at is not None and size > most:
                return at
            at = (e, s)
    return at if at is not None else (len(history.exchanges) - 1, 0)


def _clipped(history: History, room: Room) -> History:
    """What stays, its results cut where with them it would take more than `KEPT` of the room, or leave too little."""
    others = history.tokens - sum(part.tokens for part in history.parts if part.kind is Kind.RESULT)
    most = max(int(room.tokens * KEPT), min(others + int(room.tokens * RESULTS), int(room.tokens * MOST)))
    return Clamp().apply(history, replace(room, tokens=max(1, most), may_clamp_prompts=False))


KEPT, RESULTS, MOST = 0.3, 1 / 8, 0.45
"""Shares of the room: for what stays; for its results, where prompts and calls already take most of that; and for
both together."""


def _unmarked(part: Part) -> Part | None:
    return None if part.kind is Kind.MARK else part


def _done(result: Part) -> bool:
    """Whether a call did what it says, as far as files go: a shell that fails has still done something."""
    return not (turned_down(result) or result.failed or (len(result.text) < 600 and _REFUSED.match(result.text)))


_REFUSED = re.compile(r'\s*(?:Error: (?!Exit)|File does not exist|ENOENT|No such file|Could not )')
