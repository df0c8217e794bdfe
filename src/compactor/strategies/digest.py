"""Digest: folds the older steps into one digest of lines kept verbatim, and keeps the newest steps whole.

Goal, current prompt and last step stay messages. What is folded goes into one marked user part behind the goal;
a digest that is already there is folded in: its lines stand for selection again as what they were.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby

from compactor.digest.binding import MOST_NAMED, Binding, merged
from compactor.digest.binding import bounded as bound_within
from compactor.digest.binding import lines_of as bound_lines
from compactor.digest.binding import render as render_binding
from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote, plain, read, texts
from compactor.digest.evidence import Lines, Voice, lines_of, voice_of
from compactor.digest.failures import Failing, command_of, failing, pairs_of, turned_down
from compactor.digest.files import touched
from compactor.digest.holding import Holding
from compactor.digest.obligations import Collector
from compactor.digest.questions import answered, asked_by
from compactor.digest.quotable import quotable
from compactor.digest.record import Record
from compactor.digest.select import choose, holders, values
from compactor.history.bookkeeping import superseded
from compactor.history.handles import marked
from compactor.history.marks import Left, left_out
from compactor.history.message import SUMMARY as SUMMARY_PART
from compactor.history.message import Kind, Part, message_of
from compactor.history.turns import History, Segment, Step, history_of
from compactor.quoting import spelled
from compactor.strategies.bands import draw
from compactor.strategies.clamp import Clamp
from compactor.strategies.shares import (
    FILLINGS,
    MARKED,
    SPARE,
    affordable,
    bonuses,
    bounded,
    costs,
    cut,
    names,
    open_work,
    quote,
    ranked,
    size_of,
    telling,
)
from compactor.strategies.strategy import Room
from compactor.strategies.window import keeps, placed, unmarked
from compactor.strategies.words import unsaid, within

TAIL = 0.15
"""Share of the room for the newest steps, kept whole."""
USER = 0.30
"""Share of the room for the users' own words."""
BESIDE = 0.10
"""Share of the room for words beside outputs of which nobody knows whether a person wrote them."""
LEDGERS = 0.20
"""Share of the digest for files and failures together, at most."""
NAMES = 0.33
"""Share of what is left for the record that goes to bare names."""
SUMMARY = 0.15
"""Share of the digest for a model's summary, at most."""
TOLD = 0.30
"""The same for one that is carried on, or that an application or a provider wrote: nothing else tells of that."""
OBLIGED = 0.25
"""Share of the digest for what binds the agent and what it has still to do, at most."""
UNUSED = 0.03
"""From this share of the digest on, room that nothing else needs goes to the users' words and to what binds."""
CHANGES = 0.05
"""Share of the digest for what settings were changed to, at most."""
LEAST = 400
"""A digest smaller than this many tokens says little; the window does better."""
SMALL = 0.2
"""Share of the room that is enough for one where the room itself is small: a few words of the user and the newest lines
are worth more there than room that stays empty."""

NOTES = 8
"""What two messages cost beside their texts."""
BARE = 64
"""Room in it for what it says in any case."""
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
        shortened: the calls of what is kept whose results were cut, each with its step and its whole result.
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
        stands = history if drawn is None else drawn.history
        rest = _clipped(_without(stands, silent, first, folded, gone), room, 0 if drawn is None else drawn.tokens)
        shown = tuple(lines_of(quote(part)) for part in rest.parts)
        results = {part.text for part in rest.parts if part.kind is Kind.RESULT}
        shortened = tuple((n, quote(call), quote(result)) for n, call, result in pairs if result.text not in results)
        there = tuple(pair for pair in pairs if pair[2].text in results)
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
            binding = bound_within(self._binding(room), max(0, budget - BARE), room.count)
            document = Document(self.left(), binding=binding)
            most = budget - size_of(replace(document, summary='-'), room)
            return self._with(replace(document, summary=cut(self.told, most, room.count)), room)
        if summary is None:
            told = '\n'.join(filter(None, (self.told, self.before.summary)))
            summary = cut(told, int(budget * TOLD), room.count)
        document = self._document(budget, room, summary, 0)
        spare = budget - size_of(document, room)
        if spare > budget * UNUSED and self._wants_more(document, room):
            document = self._document(budget, room, summary, spare)
        while (size := size_of(document, room)) > budget and document.record:
            spare = max(1, len(document.record) * (size - budget) // size)
            document = replace(document, record=document.record[spare:], names=document.names[: -spare or None])
        return self._with(document, room)

    def _with(self, document: Document, room: Room) -> History:
        notes = [message_of('request', (marked(text, room),)) for text in texts(document)]
        return history_of(placed(self.kept.exchanges, *(Segment(note, note.parts) for note in notes)))

    def left(self) -> Left:
        """How much the digest stands for."""
        return sum((Left(1, folded.step.calls) for folded in self.steps), start=self.before.left)

    def _wants_more(self, document: Document, room: Room) -> bool:
        """Whether something of the users' words, or of what binds, was left out."""
        return document.said != self.said or bool(document.binding.unfit)

    def _binding(self, room: Room) -> Binding:
        """What binds the agent, and what it has still to do."""
        trusted = room.trusted.at(part.text for part in self.kept.parts if part.kind in (Kind.SYSTEM, Kind.USER))
        collector = Collector(trusted, self.before.binding, partial(quotable, secrets=room.secrets))
        for folded in self.steps:
            collector.follow(folded.ordinal, folded.whole.parts)
        for step, call, result in self.shortened:
            collector.called(step, call, result)
        for step, call, result in self.there:
            collector.seen(step, call, result)
        for part in self.kept.parts:
            if part.kind is Kind.TEXT:
                collector.plainly(part)
        return collector.binding()

    def _document(self, budget: int, room: Room, summary: str, spare: int) -> Document:
        """The digest within about `budget` tokens: what binds, users' words, ledgers, then the record and the names.

        Args:
            budget: for all of it.
            room: counts.
            summary: of a model.
            spare: tokens that the rest does not need.
        """
        binding = bound_within(self._binding(room), int(budget * OBLIGED) + spare, room.count)
        bound = room.count(render_binding(binding)) if binding else 0
        most = max(0, budget - bound - BARE)
        said = within(self.said, min(int(room.tokens * USER) + spare, most), room)
        if gone := unsaid(self.said, said):
            binding = replace(binding, unfit=(*binding.unfit, *gone)[-MOST_NAMED:])
        recent = [f for f in self.steps if f.back <= REACH]
        quote = partial(quotable, secrets=room.secrets)
        done = ((f.ordinal, pair) for f in self.steps for pair in pairs_of(f.whole.parts) if _done(pair[1]))
        calls = [(ordinal, quote(call)) for ordinal, (call, _) in done]
        pairs = [(f.ordinal, call, result) for f in recent for call, result in pairs_of(f.step.parts)]
        document = Document(
            self.left(),
            said=said,
            summary=summary,
            beside=within(self.beside, int(room.tokens * BESIDE), room) if self.beside else (),
            files=touched(calls, self.before.files),
            binding=binding,
            failures=self._unresolved(failing(pairs, self.before.failures), room),
        )
        document = bounded(document, int(budget * LEDGERS), room)
        return self._with_record(document, budget, room)

    def _unresolved(self, failures: dict[str, Failing], room: Room) -> dict[str, Failing]:
        """The failures that what is kept does not tell anew: a command run again there speaks for itself."""
        kept = [quotable(part, room.secrets) for part in self.kept.parts if part.kind in (Kind.CALL, Kind.RESULT)]
        again = {command_of(call) for call, _ in pairs_of(kept)}
        open_still = {command: failure for command, failure in failures.items() if command not in again}
        text = '\n'.join(part.text for part in kept if part.kind is Kind.RESULT)
        cut_out = failing(self.shortened).items()
        return open_still | {c: failure for c, failure in cut_out if not all(line in text for line in failure.lines)}

    def _with_record(self, document: Document, whole: int, room: Room) -> Document:
        """The document with the record and the names that fill it up to `whole` tokens."""
        record, holding = self._candidates()
        changed = self._changed(record, holding, int(whole * CHANGES), room)
        held = holders(record)
        worth = values(record, held)
        said = [text for quote in (*document.said, *document.beside) for text in quote.text.split('\n')]
        said += [*bound_lines(document.binding), *(one.text for one in changed)]
        said += [text for failure in document.failures.values() for text in (failure.command, *failure.lines)]
        shown = (*self.shown, Lines.of(said))
        document = replace(document, open=open_work(record, self.before.open), changed=changed)
        budget = whole - size_of(document, room)
        bare = int(budget * NAMES)
        order = choose(record, worth, held, shown, int(budget * SPARE), costs(record), bonuses(record))
        told = {name for lines in shown for names in lines.names for name in names} | set(document.files)
        worth = ranked({name: value for name, value in worth.items() if telling(name, held[name], record)})
        space = budget - bare

        def place(name: str) -> tuple[int, int, int]:
            at = held.get(name)
            return (at[-1], at[0], record.names[at[0]].index(name)) if at else (-1, 0, 0)

        for _ in range(FILLINGS):
            chosen = affordable(order, record.texts, space, room)
            seen = told.union(*(record.names[i] for i in chosen))
            listed = names(worth, place, self.before.names, seen, bare, room)
            filled = replace(document, record=tuple(quote(record, i) for i in chosen), names=listed)
            slack = whole - size_of(filled, room)
            if slack < whole // 100:
                break
            space += slack
        return filled

    def _holding(self) -> Holding:
        """What of the lines still holds, by all that followed."""
        holding = Holding()
        for folded in self.steps:
            if folded.back <= REACH:
                holding.follow(folded.ordinal, pairs_of(folded.step.parts))
        for step, call, result in sorted((*self.shortened, *self.there), key=lambda one: one[0]):
            holding.follow(step, [(call, result)])
        return holding

    def _changed(self, record: Record, holding: Holding, budget: int, room: Room) -> tuple[Quote, ...]:
        """What settings were changed to, the newest within a budget."""
        told = {one.text: one for one in self.before.changed if not holding.past(one.text, one.step)}
        lines = holding.changed
        told |= {text: quote(record, i) for i, text in enumerate(record.texts) if text in lines}
        kept: list[Quote] = []
        left = float(budget)
        for one in sorted(told.values(), key=lambda one: -one.step):
            left -= room.count(one.text) + MARKED
            if left < 0:
                break
            kept.append(one)
        return tuple(sorted(kept, key=lambda one: (one.step, one.voice)))

    def _candidates(self) -> tuple[Record, Holding]:
        """The lines to choose from: those of the digest that is folded in, as what they were, and of recent steps.

        With them, what of them holds.
        """
        record, holding = Record(), self._holding()
        newest = self.steps[0].back + self.steps[0].step.tokens if self.steps else self.kept.tokens
        pace = 600
        for (step, voice), quotes in groupby(self.before.record, key=lambda one: (one.step, one.voice)):
            lines = Lines.of([one.text for one in quotes if not holding.past(one.text, step)])
            record.add(lines, step, voice, newest + (self.before.left.steps - step) * pace)
        for folded in self.steps:
            if folded.back > REACH:
                continue
            for part in folded.step.parts:
                voice = voice_of(part)
                if voice is not None:
                    record.add(holding.lines(part, folded.ordinal), folded.ordinal, voice, folded.back)
        for folded in self.banded:
            for part in folded.step.parts:
                if part.kind is Kind.RESULT:
                    record.add(holding.lines(part, folded.ordinal), folded.ordinal, Voice.OUTPUT, folded.back)
        return record.distinct(), holding


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


def _done(result: Part) -> bool:
    """Whether a call did what it says, as far as files go: a shell that fails has still done something."""
    return not (turned_down(result) or result.failed or (len(result.text) < 600 and _REFUSED.match(result.text)))


_REFUSED = re.compile(r'\s*(?:Error: (?!Exit)|File does not exist|ENOENT|No such file|Could not )')
