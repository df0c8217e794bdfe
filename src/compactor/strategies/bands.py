"""Bands: between the newest steps, kept whole, and the digest stand steps whose calls stay calls.

An agent goes on better from its own calls than from sentences about them. In the middle band a call keeps its
arguments, clamped; its result is a stub with the step's number and, where one line tells how it ended, that line; what
was thought is gone, as far as the provider allows (`reasoning.py`). The digest says what those results held.

A band is drawn when a history is rewritten. What is appended afterwards stands whole until the next time.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from compactor.digest.failures import failed, telling
from compactor.history.marks import left_out
from compactor.history.message import CALL, MARK, PART_FRAMING, RESULT, TEXT, THINKING, Part
from compactor.history.reasoning import ReasoningRule
from compactor.history.stubs import banded_result, is_stub
from compactor.history.turns import History, Segment, Step
from compactor.strategies.clamp import clamped
from compactor.strategies.strategy import Room
from compactor.strategies.window import keeps

SHARES: tuple[tuple[int, float], ...] = ((4_000, 0.0), (12_000, 0.18))
"""Share of the room for both bands of steps, by the room that it holds under: small rooms have none to spare. Later
actions grow likelier with it, and what the digest can quote grows less (docs/bands.md has the figures): with these the
evidence of recorded sessions falls by no more than .05, and their actions by .10."""
MOST = 0.22
"""The share of larger rooms."""
WHOLE = 0.3
"""Share of that for the newest steps, kept whole; the last one always stays."""
FIXED = 0.45
"""From this share of the room on that goal and current prompt take, there is no room for a band."""
ARGUMENTS, WORDS = 96, 64
"""Tokens of the arguments of a call, and of what the agent said, in the middle band."""
SHORT = 24
"""A result of no more tokens stands whole: a stub costs about half of that."""


def share_for(tokens: int) -> float:
    """The share of a room of so many tokens that its bands of steps take."""
    return next((share for most, share in SHARES if tokens < most), MOST)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A history with its bands.

    Attributes:
        history: the history, with the steps of the middle band as they will stand.
        at: where the bands begin: exchange and step.
        banded: the steps of the middle band as they were, by their index in the whole history.
        tokens: for all that stays: the bands, goal and prompts.
    """

    history: History
    at: tuple[int, int]
    banded: Mapping[int, Step]
    tokens: int


def draw(history: History, room: Room, floor: int) -> Drawn | None:
    """The history with its bands; None where there is no room for any, or nothing to put into them.

    Args:
        history: the history.
        room: how much there is.
        floor: the first exchange of which steps may stay.
    """
    ends = {history.goal, len(history.exchanges) - 1}
    fixed = sum(p.tokens for e, x in enumerate(history.exchanges) if e in ends for p in x.prompts)
    if room.band <= 0 or fixed > room.tokens * FIXED:
        return None
    budget = min(int(room.tokens * room.band), int(room.tokens * (1 - LEFT)) - fixed)
    band = _Band(history, room)
    most = max(int(budget * WHOLE), 3 * room.tokens - 2 * history.tokens)
    budget = max(budget, most)
    size = 0
    at: tuple[int, int] | None = None
    banded: dict[int, Step] = {}
    edited: dict[int, Step] = {}
    whole = True
    for number, (e, s) in _newest_first(history, floor):
        if number == 0:
            break  # something is folded in any case: the digest tells what the results of the band held
        step = history.exchanges[e].steps[s]
        whole = at is None or (whole and size + step.tokens <= most)
        stands = step if whole else band.of(number, step)
        taken = min(stands.tokens, most) if at is None else stands.tokens
        if s == len(history.exchanges[e].steps) - 1 and e not in ends:  # its prompts stay with the steps
            taken += sum(prompt.tokens for prompt in history.exchanges[e].prompts)
        if at is not None and (size + taken > budget or _count(at, history) == room.max_steps):
            break
        size += taken
        at = e, s
        if stands is not step:
            banded[number], edited[number] = step, stands
    if at is None or not banded:
        return None
    return Drawn(history.map_steps(lambda n, step: edited.get(n, step)), at, banded, fixed + max(size, budget))


LEFT = 0.25
"""Share of the room that is left to the digest at least."""


def _count(at: tuple[int, int], history: History) -> int:
    """How many steps stand from there on."""
    e, s = at
    return sum(len(exchange.steps) for exchange in history.exchanges[e:]) - s


def _newest_first(history: History, floor: int) -> Iterator[tuple[int, tuple[int, int]]]:
    """Every step from an exchange on, the newest first: its index in the whole history, and its place."""
    places = [(e, s) for e, exchange in enumerate(history.exchanges) for s in range(len(exchange.steps))]
    for number in range(len(places) - 1, -1, -1):
        if places[number][0] < floor:
            return
        yield number, places[number]


class _Band:
    """Makes the steps of the middle band of one history."""

    def __init__(self, history: History, room: Room) -> None:
        self._room = room
        self._before = sum(left_out(part.text).steps for part in history.rare if part.kind is MARK)
        self._turn = _turn(history, room.rule)

    def of(self, number: int, step: Step) -> Step:
        """The step of this index as it stands in the band; itself where it has to stay whole."""
        if keeps(step, self._room):
            return step
        bare = step.map(lambda part: self._edited(part, self._before + number + 1))
        segments = tuple(self._unthought(segment) for segment in bare.segments)
        thought = sum(segment.tokens for segment in segments)
        return bare if thought == bare.tokens else Step(segments, thought)

    def _unthought(self, segment: Segment) -> Segment:
        """A response without what was thought, where something is left that says or does anything."""
        if not any(part.kind is CALL or (part.kind is TEXT and part.text.strip()) for part in segment.parts):
            return segment
        bound = id(segment.message) in self._turn

        def bare(part: Part) -> Part | None:
            held = bound and part.signed and not part.item
            return None if part.kind is THINKING and not held else part

        return segment.map(bare)

    def _edited(self, part: Part, ordinal: int) -> Part:
        if part.protected:
            return part
        if part.kind is RESULT:
            return self._stubbed(part, ordinal)
        if part.signed or part.media or part.kind not in (CALL, TEXT):
            return part
        most = ARGUMENTS if part.kind is CALL else WORDS
        return clamped(part, most, self._room) if part.tokens > most else part

    def _stubbed(self, part: Part, ordinal: int) -> Part:
        text = part.text.removesuffix(part.closing)
        if part.tokens <= SHORT or is_stub(text):
            return part
        bad = failed(part)
        stub = banded_result(_ending(text, bad), part.tokens, ordinal, failed=bad) + part.closing
        tokens = self._room.count(stub) + PART_FRAMING[RESULT]
        return replace(part.with_text(stub, tokens), media=False) if tokens < part.tokens else part


def _turn(history: History, rule: ReasoningRule) -> Collection[int]:
    """Identities of the messages whose signed thinking stays with its calls: those of the current tool turn.

    Whoever answers now: the provider that has signed it may answer next. A prompt that comes with results, or right
    behind them, is taken to end no turn. Where signatures bind what precedes them, all thinking is stale.
    """
    found: set[int] = set()
    for exchange in () if rule.binds else reversed(history.exchanges):
        if found and exchange.steps and not any(part.kind is RESULT for part in exchange.steps[-1].parts):
            break  # what the agent said then, calling nothing, has ended its turn
        found.update(id(segment.message) for step in exchange.steps for segment in step.segments)
        found.update(id(segment.message) for segment in exchange.prompts)
    return found


def _ending(text: str, bad: bool) -> str:
    """The one line of a result that tells how it ended; '' where none does."""
    if bad:
        return next(iter(telling(text)), '')
    lines = text[-TAIL:].split('\n')
    found = [line for line in lines if len(line) < LONGEST and _VERDICT.search(line)]
    return found[-1].strip() if found else ''


TAIL = 1_200
"""Characters of a result's end in which a line that tells how it ended is looked for."""
LONGEST = 200
"""Characters of such a line at most."""
_VERDICT = re.compile(
    r'\b\d+ (?:passed|failed|errors?|warnings?|tests?|files? changed|insertions?)\b|\b(?:Success|PASS|All checks'
    r' passed)\b|^ok\b|\bcreated\b|\bupdated successfully\b',
    re.IGNORECASE,
)
