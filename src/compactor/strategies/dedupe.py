"""Dedupe: results whose content stands again further on, or is no longer true, become stubs that say where to look.

First what loses nothing: files read again later, and outputs that came again word for word. Then, if there is still
too much, what is stale: reads of which later edits replaced a good part. The newest copy always stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from compactor.digest.commands import arguments, folder, strings
from compactor.digest.failures import pairs_of
from compactor.digest.files import Action, touches
from compactor.digest.reads import Read, located, reads, same_file
from compactor.history.marks import left_out
from compactor.history.message import MARK, PART_FRAMING, RESULT, Part
from compactor.history.stubs import cuts, is_stub, lost_media, superseded_result
from compactor.history.turns import History, Step
from compactor.strategies.strategy import Room

WORTH = 24
"""A result becomes a stub only if that saves at least this many tokens; a stub costs about 25."""
REPEATED = 100
"""An output that came again becomes a stub only above this many tokens: a shorter one ('Updated a.py') says at a
glance what looking it up in a later step would cost a thought for."""
SHARED = 0.5
"""Share of a read's lines that the newer read must show as well: else it was another file, or other lines of it."""
STALE = 0.25
"""Share of a read's lines that later edits quote from which on it misleads more than it tells. One edited line in a
long file leaves the rest of the read as true as it was, and the file is one that the agent works on."""

COMPARED = 256
"""A read is compared with so many of the newest reads, and edits, of files of its name."""

_NUMBERED = re.compile(r'^\s*\d+\s*(?:→|\t|\|)')
_PASSING = re.compile(r'^(?:Chunk ID|Wall time|Duration|Elapsed): .*$', re.MULTILINE)
"""Lines in which a shell tells about the call, which differ each time."""


@dataclass(frozen=True, slots=True)
class Dedupe:
    """Stubs what is superseded in all but the newest `keep_steps` steps of a history that does not fit."""

    keep_steps: int = 3
    name: str = 'dedupe'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        if history.tokens <= room.tokens:
            return history
        last = sum(len(exchange.steps) for exchange in history.exchanges) - max(1, self.keep_steps)
        if last <= 0:
            return history
        shown = list(_outputs(history))
        old = [output for output in shown if output.step < last and output.may_go(room)]
        history = _stubbed(history, _repeated(old, shown), room)
        if history.tokens <= room.tokens:
            return history
        return _stubbed(history, _stale(old, shown), room)


Superseded = Mapping[tuple[int, int], str]
"""By step and identity of a result: what superseded it."""


@dataclass(frozen=True)
class _Output:
    """One call with its result: the `step` it stands in (from 0) and that step's `ordinal` in the conversation."""

    step: int
    ordinal: int
    call: Part
    result: Part

    @property
    def key(self) -> tuple[int, int]:
        return self.step, id(self.result)

    def may_go(self, room: Room) -> bool:
        """Whether the result may be replaced by a stub at all."""
        part = self.result
        if part.protected or part.signed or part.media or self.call.protected or part.tokens <= WORTH:
            return False
        return part.tool not in room.protect_tools and not is_stub(part.text.removesuffix(part.closing))

    @cached_property
    def text(self) -> str:
        """What came back, without what differs each time."""
        return _PASSING.sub('', self.result.text)

    @cached_property
    def whole(self) -> bool:
        """Whether the result is still as it came."""
        text = self.result.text
        return not (self.result.media or is_stub(text) or lost_media(text) or any(cuts(text)))

    @cached_property
    def reads(self) -> tuple[Read, ...]:
        """The files it shows."""
        return () if self.result.failed or self.result.media else reads(self.call)

    @cached_property
    def lines(self) -> frozenset[str]:
        """Its distinct lines, without numbers."""
        lines = (_NUMBERED.sub('', line).strip() for line in self.text.split('\n'))
        return frozenset(line for line in lines if line)

    @cached_property
    def edits(self) -> tuple[tuple[str, Action], ...]:
        """The files it changed, and how."""
        if self.result.failed:
            return ()
        changed = [(path, action) for path, action in touches(self.call) if action != 'read']
        where = folder(arguments(self.call.text)) if changed else ''
        return tuple((located(path, where), action) for path, action in changed)

    @cached_property
    def quoted(self) -> frozenset[str]:
        """The lines that its call quotes: in an edit, those replaced and those put in their place."""
        texts = strings(arguments(self.call.text))
        return frozenset(line.lstrip('+-').strip() for text in texts for line in text.split('\n'))

    def replaces(self, older: _Output) -> frozenset[str]:
        """The lines of an older read that it changed, or quotes beside what it changed."""
        done = {action for path, action in self.edits if same_file(path, older.reads[0].path)}
        if not done:
            return frozenset()
        return older.lines if done & {'created', 'deleted'} else older.lines & self.quoted

    def shows(self, older: _Output) -> bool:
        """Whether it shows the files that `older` shows, with most of their lines."""
        if not all(any(mine.covers(read) for mine in self.reads) for read in older.reads):
            return False
        return self.whole and len(older.lines & self.lines) >= SHARED * len(older.lines)


def _outputs(history: History) -> Iterator[_Output]:
    """Every call with its result, oldest first."""
    left = sum(left_out(part.text).steps for part in history.rare if part.kind is MARK)
    steps = (step for exchange in history.exchanges for step in exchange.steps)
    for number, step in enumerate(steps):
        for call, result in pairs_of(step.parts):
            yield _Output(number, left + number + 1, call, result)


def _repeated(old: Iterable[_Output], shown: list[_Output]) -> Superseded:
    """Files that a later call shows again, and outputs that came again."""
    reading: dict[str, list[_Output]] = {}
    newest: dict[str, _Output] = {}
    for output in shown:
        for read in output.reads:
            reading.setdefault(_name(read.path), []).append(output)
        if output.result.tokens > REPEATED and output.whole:
            newest[output.text] = output
    gone: dict[tuple[int, int], str] = {}
    for output in old:
        later = reading.get(_name(output.reads[0].path), [])[-COMPARED:] if output.reads else []
        again = next((o for o in reversed(later) if _after(o, output) and o.shows(output)), None)
        if again is not None:
            files = 'the same file was' if len(output.reads) == 1 else 'the same files were'
            gone[output.key] = f'{files} read again in step {again.ordinal:,}'
        elif (same := newest.get(output.text)) is not None and output.whole and _after(same, output):
            gone[output.key] = f'the same output came again in step {same.ordinal:,}'
    return gone


def _stale(old: Iterable[_Output], shown: list[_Output]) -> Superseded:
    """Files of which a good part was changed after they were read."""
    changes: dict[str, list[_Output]] = {}
    for output in shown:
        for name in {_name(path) for path, _ in output.edits}:
            changes.setdefault(name, []).append(output)
    gone: dict[tuple[int, int], str] = {}
    for output in old:
        if len(output.reads) != 1:
            continue
        later = changes.get(_name(output.reads[0].path), [])[-COMPARED:]
        replaced = [(o, lines) for o in later if _after(o, output) and (lines := o.replaces(output))]
        if len(frozenset().union(*(lines for _, lines in replaced))) >= STALE * max(1, len(output.lines)):
            step = replaced[-1][0].ordinal
            gone[output.key] = f'superseded by the edit in step {step:,}; read it again if you need it'
    return gone


def _after(one: _Output, other: _Output) -> bool:
    return one.step > other.step


def _name(path: str) -> str:
    return path.rsplit('/', 1)[-1]


def _stubbed(history: History, gone: Superseded, room: Room) -> History:
    """The history with a stub in the place of every superseded result."""
    if not gone:
        return history

    def edit(number: int, step: Step) -> Step:
        def stubbed(part: Part) -> Part:
            why = gone.get((number, id(part)))
            return part if why is None else _stub(part, why, room)

        return step.map(stubbed)

    return history.map_steps(edit)


def _stub(part: Part, why: str, room: Room) -> Part:
    """The result as a stub, where that pays."""
    state = 'failed result' if part.failed else 'result'
    stub = superseded_result(f'{part.tool} {state}' if part.tool else state, part.tokens, why) + part.closing
    tokens = room.count(stub) + PART_FRAMING[RESULT]
    return part.with_text(stub, tokens) if part.tokens - tokens >= WORTH else part
