"""Fills a digest: what binds, the users' words, the ledgers, what came of it, then the record and the names.

Each part has its share, and leaves to the others what it does not need. What remains at the end goes to the users'
words, to what binds, and to whatever else can be quoted, the agent's own words first.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cached_property, partial
from itertools import groupby

from compactor.digest.binding import MOST_NAMED, Binding
from compactor.digest.binding import bounded as bound_within
from compactor.digest.binding import lines_of as bound_lines
from compactor.digest.binding import render as render_binding
from compactor.digest.document import Digest as Document
from compactor.digest.document import Quote
from compactor.digest.evidence import Lines, Voice, lines_of, voice_of
from compactor.digest.failures import Failing, command_of, failing, pairs_of, turned_down
from compactor.digest.files import Touched, touched
from compactor.digest.holding import Holding, setting
from compactor.digest.obligations import Collector
from compactor.digest.quotable import quotable
from compactor.digest.record import Record, in_order
from compactor.digest.select import choose, holders, values
from compactor.digest.story import Conclusion, conclusions, told
from compactor.history.message import RESULT, Kind, Part
from compactor.strategies.folded import Fold
from compactor.strategies.rest import Heads, rest_of, story_within
from compactor.strategies.shares import (
    FILLINGS,
    MARKED,
    SPARE,
    affordable,
    bonuses,
    bounded,
    costs,
    names,
    open_work,
    quote,
    ranked,
    size_of,
    telling,
)
from compactor.strategies.strategy import Room
from compactor.strategies.words import PLAINLY, left_of, unsaid, within

USER = 0.30
"""Share of the room for the users' own words."""
ALONE = 0.50
"""The same where no tool was ever called: then nothing else says what was to be done."""
NAMED_FROM = 400
"""A digest of fewer tokens does not name what finds no room: the names would take the room of what does."""
BESIDE = 0.10
"""Share of the room for words beside outputs of which nobody knows whether a person wrote them."""
LEDGERS = 0.20
"""Share of the digest for files and failures together, at most."""
STORY = 0.10
"""Share of the digest for what came of each exchange, at most."""
NAMES = 0.33
"""Share of what is left for the record that goes to bare names."""
OBLIGED = 0.25
"""Share of the digest for what binds the agent and what it has still to do, at most."""
UNUSED = 0.03
"""From this share of the digest on, room that nothing else needs goes to the users' words and to what binds."""
LITTLE = 16
"""Tokens that are left unused: hardly a line fits."""
CHANGES = 0.05
"""Share of the digest for what settings were changed to, at most."""
WORDS = 4
"""Tokens that a quote of the users' words costs beside its text."""
BARE = 64
"""Room in it for what it says in any case."""
REACH = 200_000
"""Lines and failures are taken from this many newest tokens; the ledger of files is complete."""


class Filling:
    """Fills the digest of a fold, within a room."""

    def __init__(self, fold: Fold, room: Room) -> None:
        self._fold = fold
        self._room = room
        self._binding = binding_of(fold, room)

    def document(self, budget: int, summary: str) -> Document:
        """The digest within `budget` tokens, with this summary of a model."""
        room = self._room
        document = self._filled(budget, summary, 0)
        spare = budget - size_of(document, room)
        if spare > budget * UNUSED and (document.said != self._fold.said or document.binding.unfit):
            document = self._filled(budget, summary, spare)
            spare = budget - size_of(document, room)
        if spare > LITTLE:
            document = self._with_rest(document, spare, plainly=spare > budget // 100)
        return self._within(document, budget)

    def _within(self, document: Document, budget: int) -> Document:
        """The document, with less where it is larger than it may be: the oldest lines go first."""
        room = self._room
        while (over := size_of(document, room) - budget) > 0 and document.record:
            spare = max(1, len(document.record) * over // (over + budget))
            document = replace(document, record=document.record[spare:], names=document.names[: -spare or None])
        if over > 0:
            document = replace(document, names=(), changed=(), story=story_within(told(document.story), 0, room))
            over = size_of(document, room) - budget
        if over > 0:
            words = sum(room.count(one.text) + WORDS for one in document.said)
            document = replace(document, said=within(document.said, max(0, words - over - WORDS), room))
        return document

    def _filled(self, budget: int, summary: str, spare: int) -> Document:
        """About `budget` tokens; `spare` of them the record does not need."""
        fold, room = self._fold, self._room
        binding = bound_within(self._binding, int(budget * OBLIGED) + spare, room.count)
        bound = room.count(render_binding(binding)) if binding else 0
        most = max(0, budget - bound - BARE)
        tools = fold.left().calls > 0
        share = int(room.tokens * (USER if tools else ALONE)) + spare
        said = within(fold.said, min(share, most), room, PLAINLY if tools else 1.0)
        if budget >= NAMED_FROM and (gone := unsaid(fold.said, said)):
            binding = replace(binding, unfit=(*binding.unfit, *gone)[-MOST_NAMED:])
        document = Document(
            fold.left(),
            said=said,
            summary=summary,
            beside=within(fold.beside, int(room.tokens * BESIDE), room) if fold.beside else (),
            binding=binding,
            files=self._ledgers[0],
            failures=self._ledgers[1],
        )
        document = bounded(document, int(budget * LEDGERS), room)
        document = replace(document, story=story_within(self._concluded, int(budget * STORY), room))
        return self._with_record(document, budget)

    @cached_property
    def _ledgers(self) -> tuple[dict[str, Touched], dict[str, Failing]]:
        """The files with what was done to them, and the failures."""
        fold, room = self._fold, self._room
        quoted = partial(quotable, secrets=room.secrets)
        gone = (*fold.steps, *fold.banded)
        done = ((f.ordinal, pair) for f in gone for pair in pairs_of(f.whole.parts) if _done(pair[1]))
        calls = [(ordinal, quoted(call)) for ordinal, (call, _) in done]
        recent = (f for f in fold.steps if f.back <= REACH)
        pairs = [(f.ordinal, call, result) for f in recent for call, result in pairs_of(f.step.parts)]
        failures = _unresolved(fold, failing(pairs, fold.before.failures), room)
        return touched(calls, fold.before.files), failures

    @cached_property
    def _concluded(self) -> list[Conclusion]:
        """What the exchanges came to."""
        fold = self._fold
        starts = {one.step for one in (*fold.said, *fold.asked) if one.voice is Voice.USER}
        steps = [(f.ordinal, tuple(f.step.parts)) for f in fold.steps if f.back <= REACH]
        return [*told(fold.before.story), *conclusions(steps, starts)]

    def _with_record(self, document: Document, whole: int) -> Document:
        """The document with the record and the names that fill it up to `whole` tokens."""
        room, before = self._room, self._fold.before
        record, holding = self._candidates
        document = replace(
            document, open=open_work(record, before.open), changed=self._changed(record, holding, int(whole * CHANGES))
        )
        record = self._pasted(record, document)
        held = holders(record)
        worth = values(record, held)
        shown = (*self._fold.shown, Lines.of(_quoted(document)))
        budget = whole - size_of(document, room)
        bare = int(budget * NAMES)
        order = choose(record, worth, held, shown, int(budget * SPARE), costs(record), bonuses(record))
        twice = {(one.voice, one.text) for one in (*document.open, *document.changed, *document.story)}
        order = [i for i in order if (record.of(i).voice, record.texts[i]) not in twice]
        seen = {name for lines in shown for each in lines.names for name in each} | set(document.files)
        worth = ranked({name: value for name, value in worth.items() if telling(name, held[name], record)})
        space = budget - bare
        heads = Heads(record, order)

        def place(name: str) -> tuple[int, int, int]:
            at = held.get(name)
            return (at[-1], at[0], record.names[at[0]].index(name)) if at else (-1, 0, 0)

        for _ in range(FILLINGS):
            chosen = affordable(order, record, space, room, heads.of)
            shows = seen.union(*(record.names[i] for i in chosen))
            listed = names(worth, place, before.names, shows, bare, room)
            filled = replace(document, record=Heads(record, chosen).quotes(chosen), names=listed)
            slack = whole - size_of(filled, room)
            if 0 <= slack < whole // 100:
                break
            space += slack
        return filled

    def _with_rest(self, document: Document, spare: int, *, plainly: bool) -> Document:
        """The document with what can be quoted and is not, as far as it fits; in little room the agent's words."""
        record, _ = self._candidates
        return replace(document, record=rest_of(record, document, self._fold.shown, spare, self._room, plainly))

    def _pasted(self, record: Record, document: Document) -> Record:
        """The candidates with what was pasted into the users' words that are not told whole."""
        fold = self._fold
        blocks = left_of(fold.said, document.said)
        if not blocks:
            return record
        back = {folded.ordinal: folded.back for folded in fold.steps}
        newest = next(iter(back.values()), 0)
        found = record.copy()
        for step, text in blocks:
            lines = lines_of(Part(RESULT, None, 0, text))
            found.add(lines, step, Voice.OUTPUT, back.get(step, newest))
        return found.distinct()

    def _changed(self, record: Record, holding: Holding, budget: int) -> tuple[Quote, ...]:
        """What settings were changed to, the newest within a budget."""
        before = self._fold.before.changed
        known = {one.text: one for one in before if not _past(one, holding)}
        lines = holding.changed
        known |= {text: quote(record, i) for i, text in enumerate(record.texts) if text in lines}
        kept: list[Quote] = []
        left = float(budget)
        for one in sorted(known.values(), key=lambda one: -one.step):
            left -= self._room.count(one.text) + MARKED
            if left < 0:
                break
            kept.append(one)
        return tuple(sorted(kept, key=lambda one: (one.step, one.voice)))

    @cached_property
    def _candidates(self) -> tuple[Record, Holding]:
        """The lines to choose from: those of the digest that is folded in, as what they were, and of recent steps.

        With them, what of them holds.
        """
        fold = self._fold
        record, holding = Record(), _holding(fold)
        newest = fold.steps[0].back + fold.steps[0].step.tokens if fold.steps else fold.kept.tokens
        pace = 600
        source = (0, '')
        before = sorted((*fold.before.story, *fold.before.open, *fold.before.record), key=lambda one: one.step)
        for (step, voice), quotes in groupby(before, key=lambda one: (one.step, one.voice)):
            lines = Lines.of([one.text for one in quotes if not _past(one, holding)])
            if voice is Voice.CALL and len(lines):
                source = (step, lines.texts[-1])
            of = source[1] if voice is Voice.OUTPUT and source[0] == step else ''
            record.add(lines, step, voice, newest + (fold.before.left.steps - step) * pace, of)
        for folded in fold.steps:
            if folded.back > REACH:
                continue
            for part, of in in_order(tuple(folded.step.parts)):
                voice = voice_of(part)
                if voice is not None:
                    record.add(holding.lines(part, folded.ordinal), folded.ordinal, voice, folded.back, of)
        for folded in fold.banded:
            for part, of in in_order(tuple(folded.step.parts)):
                if part.kind is RESULT or (part.kind is Kind.TEXT and part.text not in self._stands):
                    voice = Voice.OUTPUT if part.kind is RESULT else Voice.AGENT
                    record.add(holding.lines(part, folded.ordinal), folded.ordinal, voice, folded.back, of)
        return record.distinct(), holding

    @cached_property
    def _stands(self) -> frozenset[str]:
        """What the agent says in what is kept."""
        return frozenset(part.text for part in self._fold.kept.parts if part.kind is Kind.TEXT)


def binding_of(fold: Fold, room: Room) -> Binding:
    """What binds the agent, and what it has still to do."""
    trusted = room.trusted.at(part.text for part in fold.kept.parts if part.kind in (Kind.SYSTEM, Kind.USER))
    collector = Collector(trusted, fold.before.binding, partial(quotable, secrets=room.secrets))
    for folded in fold.steps:
        collector.follow(folded.ordinal, folded.whole.parts)
    whole = {part.text for part in fold.kept.parts if part.kind is Kind.TEXT}
    for folded in fold.banded:
        for part in folded.whole.parts:
            if part.kind is Kind.TEXT and part.text not in whole:
                collector.spoken(folded.ordinal, part)
    for step, call, result in fold.shortened:
        collector.called(step, call, result)
    for step, call, result in fold.there:
        collector.seen(step, call, result)
    for part in fold.kept.parts:
        if part.kind is Kind.TEXT and not part.edited:
            collector.plainly(part)
    return collector.binding()


def _quoted(document: Document) -> list[str]:
    """Every line that stands in it already."""
    said = [text for quote in (*document.said, *document.beside) for text in quote.text.split('\n')]
    said += [*bound_lines(document.binding), *(one.text for one in (*document.changed, *document.story))]
    said += [text for failure in document.failures.values() for text in (failure.command, *failure.lines)]
    return said


def _unresolved(fold: Fold, failures: dict[str, Failing], room: Room) -> dict[str, Failing]:
    """The failures that what is kept does not tell anew: a command run again there speaks for itself."""
    kept = [quotable(part, room.secrets) for part in fold.kept.parts if part.kind in (Kind.CALL, Kind.RESULT)]
    again = {command_of(call) for call, _ in pairs_of(kept)}
    open_still = {command: failure for command, failure in failures.items() if command not in again}
    text = '\n'.join(part.text for part in kept if part.kind is Kind.RESULT)
    cut_out = failing(fold.shortened).items()
    return open_still | {c: failure for c, failure in cut_out if not all(line in text for line in failure.lines)}


def _holding(fold: Fold) -> Holding:
    """What of the lines still holds, by all that followed."""
    holding = Holding()
    for folded in fold.steps:
        if folded.back <= REACH:
            holding.follow(folded.ordinal, pairs_of(folded.step.parts))
    for step, call, result in sorted((*fold.shortened, *fold.there), key=lambda one: one[0]):
        holding.follow(step, [(call, result)])
    return holding


def _past(one: Quote, holding: Holding) -> bool:
    """Whether a line that a digest has quoted holds no more: it was edited, or its setting has another value now."""
    if holding.past(one.text, one.step):
        return True
    said = setting(one.text)
    return said is not None and holding.now(said[0]) not in (None, said[1])


def _done(result: Part) -> bool:
    """Whether a call did what it says, as far as files go: a shell that fails has still done something."""
    return not (turned_down(result) or result.failed or (len(result.text) < 600 and _REFUSED.match(result.text)))


_REFUSED = re.compile(r'\s*(?:Error: (?!Exit)|File does not exist|ENOENT|No such file|Could not )')
