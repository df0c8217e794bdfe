"""Prune: takes out what says nothing: acknowledgements, empty texts, attempts that were refused and corrected, and
bookkeeping that a later part supersedes.

No step is dropped, only parts of it: ordinals stay what they are, and no mark is needed.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass

from compactor.digest.failures import pairs_of, telling
from compactor.history.bookkeeping import superseded
from compactor.history.marks import left_out
from compactor.history.message import CALL, FEEDBACK, MARK, NATIVE_CALL, PART_FRAMING, RESULT, TEXT, THINKING, Part
from compactor.history.stubs import is_stub, refused_call
from compactor.history.turns import History, Step
from compactor.strategies.clamp import FLOOR, clamped
from compactor.strategies.strategy import Room


def _listed(text: str) -> frozenset[str]:
    return frozenset(' '.join(entry.split()) for entry in text.split('|'))


ACKNOWLEDGEMENTS = _listed(
    """
    ok | okay | sure | alright | all right | done | good | great | perfect | excellent | nice | got it | i see |
    understood | certainly | of course | no problem | sounds good | makes sense | thanks | thank you | you're right |
    continuing | moving on | proceeding | one moment | working on it | on it | i'll keep going | let me keep going |
    i'll get started | let me get started | let me take a look | let me think | here goes | here we go | so
    """
)
"""Clauses that tell neither a finding nor a decision nor a plan."""
ANNOUNCING = _listed(
    """
    a | again | all | also | and | at | back | check | continue | do | double-check | first | go | i | i'll | i'm |
    going | it | just | let | let's | look | me | more | move | next | now | okay | on | once | out | proceed |
    quickly | re-run | rerun | result | results | run | see | start | take | test | tests | that | the | them | then |
    these | this | to | too | try | verify | will
    """
)
"""Words of which an announcement of the call beside it is made ('Now let me run the tests again:'). No word here
names a thing, judges, denies or gives a reason, so neither does a text made of them."""
LONGEST = 120
"""Characters of a text that is looked at: a longer one says more than that it goes on."""
REASON = 160
"""Characters kept of the reason for which a call was refused."""
WORTH = 8
"""A refusal becomes a stub only if that saves at least this many tokens: less is noise, and costs the cache."""
COMPARED = 64
"""Calls of the next step with which a refused one is compared."""
ALIKE = 0.5
"""Share of the words of the shorter arguments that a corrected call has to have in common with the refused one."""

_CLAUSES = re.compile(r'[.!?,;:…\n—–]+|\s-+\s')
_WORDS = re.compile(r'\w+')
_ERROR = re.compile(r'"loc": ?\[([^\]]{0,500}+)\],\s{0,80}+"msg": ?"((?:[^"\\]|\\.)*+)"')


@dataclass(frozen=True, slots=True)
class Prune:
    """Prunes all but the newest `keep_steps` steps of a history that does not fit.

    What a person wrote stays, and so does the last word of every exchange, which is what the person read.
    """

    keep_steps: int = 3
    name: str = 'prune'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        if history.tokens <= room.tokens:
            return history
        steps = [step for exchange in history.exchanges for step in exchange.steps]
        last = len(steps) - max(1, self.keep_steps)
        before = sum(left_out(part.text).steps for part in history.rare if part.kind is MARK)
        gone = superseded(history, room.reminders)

        def edit(ordinal: int, step: Step) -> Step:
            if ordinal >= last:
                return step
            step = _corrected(step, steps[ordinal + 1], before + ordinal + 2, room)
            return _pruned(step, gone)

        pruned = history.map_steps(edit)
        return pruned if pruned.tokens < history.tokens else history


def _corrected(step: Step, then: Step, ordinal: int, room: Room) -> Step:
    """The step, its refused calls that `then` (of this ordinal) made again with success cut to what was wrong."""
    if not any(part.retried for segment in step.segments for part in segment.parts):
        return step
    cut: dict[int, Part] = {}
    made = [(call.tool, _words(call)) for call, result in pairs_of(then.parts)[:COMPARED] if not result.failed]
    for call, result in pairs_of(step.parts):
        if result.retried and not _stays(call, room) and not _stays(result, room) and _made_again(call, made):
            cut[id(result)] = _refused(result, ordinal, room)
            cut[id(call)] = clamped(call, FLOOR, room)
    return step.map(lambda part: cut.get(id(part), part))


def _made_again(call: Part, made: Sequence[tuple[str, set[str]]]) -> bool:
    """Whether one of the calls made (tool and words) is this one again, with similar arguments."""
    words = _words(call)
    return any(
        tool == call.tool and len(words & others) >= ALIKE * min(len(words), len(others)) for tool, others in made
    )


def _words(call: Part) -> set[str]:
    return set(_WORDS.findall(call.text))


def _refused(result: Part, ordinal: int, room: Room) -> Part:
    """The retry message as one line: why, and where the call succeeded."""
    text = result.text.removesuffix(result.closing)
    if is_stub(text):
        return result
    errors = [f'{".".join(_WORDS.findall(where))}: {error}' for where, error in _ERROR.findall(text)]
    reason = '; '.join(errors) or ' '.join(telling(text))
    reason = ' '.join(reason.split())
    if len(reason) > REASON:
        reason = reason[:REASON].rstrip() + '…'
    stub = refused_call(reason, ordinal) + result.closing
    tokens = room.count(stub) + PART_FRAMING[RESULT]
    return result.with_text(stub, tokens) if result.tokens - tokens >= WORTH else result


def _stays(part: Part, room: Room) -> bool:
    return part.protected or part.signed or part.media or part.tool in room.protect_tools


def _pruned(step: Step, superseded: Container[int]) -> Step:
    """The step without the parts that say nothing, or that a later one supersedes."""
    gone: set[int] = {id(part) for part in step.parts if id(part) in superseded}
    for segment in step.segments:
        gone |= _idle(segment.parts) if segment.message.role == 'response' else _answered(segment.parts)
    return step.map(lambda part: None if id(part) in gone else part)


def _idle(parts: Sequence[Part]) -> set[int]:
    """The parts of a response that say nothing; none where a signature or an id may bind them to their neighbours."""
    words = [part for part in parts if part.kind is TEXT or part.kind is THINKING]
    if not words or any(part.signed or part.refers for part in parts):
        return set()
    calls = any(part.kind is CALL or part.kind is NATIVE_CALL for part in parts)
    return {id(part) for part in words if not part.protected and _says_nothing(part, calls)}


def _says_nothing(part: Part, calls: bool) -> bool:
    text = part.text if len(part.text) <= LONGEST else part.text[: LONGEST + 1].strip() or part.text.strip()
    if not text.strip():
        return True
    return calls and part.kind is TEXT and acknowledges(text)


def _answered(parts: Sequence[Part]) -> set[int]:
    """Retry messages that answer no call and stand beside results; alone they divide two responses, and stay."""
    notes = [part for part in parts if part.kind is FEEDBACK and not part.protected]
    if not notes or not any(part.kind is RESULT for part in parts):
        return set()
    return set(map(id, notes))


def acknowledges(text: str) -> bool:
    """Whether a text only says that its author heard, agrees, goes on or does what the call beside it does."""
    if len(text) > LONGEST:
        return False
    clauses = (' '.join(clause.lower().replace('’', "'").split()) for clause in _CLAUSES.split(text))
    return all(clause in ACKNOWLEDGEMENTS or ANNOUNCING.issuperset(clause.split()) for clause in clauses)
