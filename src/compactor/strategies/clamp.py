"""Clamp: cuts the largest texts of what must stay, keeping beginning and end, until the history fits.

The last rung: it is there so that one huge result in the last step cannot break a budget. All results and call
arguments are cut to one common height, so small ones stay whole. Arguments are an object of JSON when they are cut,
whatever they were; those of a call that nobody has answered yet are not touched, as its tool is still to run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from compactor.digest.failures import pairs_of
from compactor.history.message import CALL, RESULT, SUMMARY, TEXT, THINKING, USER, Kind, Part
from compactor.history.stubs import Cut, cut_out, cuts, lost_media
from compactor.history.turns import History
from compactor.strategies.strategy import Room

FLOOR = 96
"""No text is cut below this many tokens: less than this says nothing."""

RUNGS: tuple[tuple[Kind, ...], ...] = (
    (RESULT,),
    (RESULT, THINKING),
    (RESULT, THINKING, CALL, TEXT, SUMMARY),
)
"""What is cut, each only if the one before was not enough: what tools said can be had again, what was thought has
served its turn, what was done and answered is the record itself."""


@dataclass(frozen=True, slots=True)
class Clamp:
    """Cuts results, unsigned thinking, arguments and old answers.

    Earlier user prompts are cut only if `room.may_clamp_prompts`, and last.
    """

    floor: int = FLOOR
    name: str = 'clamp'

    def apply(self, history: History, room: Room) -> History:
        """See `Strategy.apply`."""
        for kinds in RUNGS:
            if history.tokens <= room.tokens:
                return history
            history = _level(history, kinds, room, self.floor)
        if history.tokens > room.tokens and room.may_clamp_prompts:
            history = _level(history, (USER,), room, self.floor)
        return history


def _current(history: History) -> set[int]:
    """Identities of the parts of the last message, whose user parts no policy may cut."""
    segments = list(history.segments)
    return {id(part) for part in segments[-1].message.parts} if segments else set()


def _unanswered(history: History) -> set[int]:
    """Identities of the calls without a result."""
    steps = [step for exchange in history.exchanges for step in exchange.steps]
    answered = {id(call) for step in steps for call, _ in pairs_of(step.parts)}
    return {id(part) for step in steps for part in step.parts if part.kind is CALL and id(part) not in answered}


def _level(history: History, kinds: tuple[Kind, ...], room: Room, floor: int) -> History:
    """Cuts the parts of these kinds to the greatest common height at which the history fits."""
    current = _current(history) if USER in kinds else set()
    if CALL in kinds:
        current |= _unanswered(history)
    parts = [part for part in history.parts if _may_cut(part, kinds, room) and id(part) not in current]
    height = height_of([part.tokens for part in parts], history.tokens - room.tokens, floor)
    tall = {id(part): part for part in parts if part.tokens > height}
    if not tall:
        return history
    cut = {key: clamped(part, height, room) for key, part in tall.items()}

    def edit(part: Part) -> Part:
        return cut.get(id(part), part)

    return history.map(lambda _, prompt: prompt.map(edit), lambda _, step: step.map(edit))


def _may_cut(part: Part, kinds: tuple[Kind, ...], room: Room) -> bool:
    if part.kind not in kinds or part.protected or part.signed or part.media or part.tool in room.protect_tools:
        return False
    return part.kind is not USER or not lost_media(part.text)  # it has been made smaller already


def height_of(sizes: Sequence[int], excess: int, floor: int) -> int:
    """The greatest height such that cutting every size to it frees `excess`, but not below `floor`."""
    descending = sorted(sizes, reverse=True)
    taken = 0
    for count, size in enumerate(descending, start=1):
        taken += size
        below = descending[count] if count < len(descending) else 0
        height = (taken - excess) // count
        if height >= below:
            return max(floor, min(height, size))
    return floor


def clamped(part: Part, height: int, room: Room) -> Part:
    """The part cut to at most `height` tokens, or itself where that cannot be done."""
    text = part.text
    framing = part.tokens - room.count(text)
    if part.kind is CALL:
        cut = _cut_arguments(text, height - framing, room)
    else:
        cut = _cut(text.removesuffix(part.closing), height - framing - room.count(part.closing), room)
    if cut is None:
        return part
    cut += part.closing
    tokens = room.count(cut) + framing
    return part.with_text(cut, tokens) if tokens < part.tokens else part


def _cut(text: str, most: int, room: Room) -> str | None:
    """Beginning and end of a text around a stub that says how much is missing; None if it does not pay."""
    size = room.count(text)
    if size <= most:
        return None
    before = tuple(cuts(text))
    total = size + sum(cut.missing - room.count(text[cut.start : cut.end]) for cut in before)
    budget = most - room.count(cut_out(total, total)) - 2
    if budget < 8:
        return None
    head = room.fit(text, budget * 2 // 3)
    tail = room.fit_end(text[len(head) :], budget - room.count(head))
    shorter = _joined(text, head, tail, before, total, room)
    while room.count(shorter) > most and (head or tail):  # tokens merge and split at the seams
        head, tail = room.fit(head, room.count(head) - 2), room.fit_end(tail, room.count(tail) - 2)
        shorter = _joined(text, head, tail, before, total, room)
    return shorter


def _joined(text: str, head: str, tail: str, before: Sequence[Cut], total: int, room: Room) -> str:
    """`head` and `tail` of a text of `total` tokens around one stub; what earlier cuts between them took counts too."""
    start, end = len(head), len(text) - len(tail)
    for cut in before:
        start = cut.start if cut.start < start < cut.end else start
        end = cut.end if cut.start < end < cut.end else end
    head, tail = text[:start], text[end:]
    kept = [cut for cut in before if cut.end <= start or cut.start >= end]
    apart = sum(cut.missing - room.count(text[cut.start : cut.end]) for cut in kept)
    return head + cut_out(total - apart - room.count(head) - room.count(tail), total) + tail


def _cut_arguments(text: str, most: int, room: Room) -> str | None:
    """Call arguments with their longest strings cut, as an object of JSON; None if that does not make them smaller.

    Where strings are not what is long, or the arguments are no object (a model wrote them: they may stop in the
    middle, or be nested beyond reason), their text is cut and stands under one key.
    """
    excess = room.count(text) - most
    if excess <= 0:
        return None
    try:
        arguments = json.loads(text)
        strings = _strings(arguments) if isinstance(arguments, dict) else []
        cut = _shortened(arguments, strings, excess, most, room) if strings else ''
    except (ValueError, RecursionError):
        cut = ''
    if not cut or room.count(cut) > most:
        cut = min((found for found in (cut, _as_text(text, most, room)) if found), key=room.count)
    return cut


CUT = 'arguments, cut'
"""The key of arguments that are not an object any more."""
_BLANKS = re.compile(r'\s{2,}')


def _as_text(text: str, most: int, room: Room) -> str:
    """The text of some arguments, cut, under one key; runs of blanks in it are one blank."""
    text = _BLANKS.sub(' ', text)
    within = most
    for _ in range(4):
        whole = _json({CUT: _cut(text, within, room) or room.fit(text, max(1, within))})
        over = room.count(whole) - most
        if over <= 0:
            break
        within -= over
    return whole


def _shortened(arguments: Any, strings: list[str], excess: int, most: int, room: Room) -> str:
    """The arguments as JSON, their strings cut to one height; a few times, because escapes cost tokens too."""
    cut = ''
    for _ in range(4):
        height = height_of([room.count(s) for s in strings], excess, 24)
        shorter = {s: _cut(s, height, room) or s for s in strings if room.count(s) > height}
        cut = _json(_replaced(arguments, shorter))
        over = room.count(cut) - most
        if over <= 0:
            break
        excess += over
    return cut


def _json(value: Any) -> str:
    """Compact JSON that can be sent: half a surrogate pair, which is no character, stays escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(',', ':'))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(',', ':'))
    return text


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [s for item in value.values() for s in _strings(item)]
    if isinstance(value, list):
        return [s for item in value for s in _strings(item)]
    return []


def _replaced(value: Any, shorter: dict[str, str]) -> Any:
    if isinstance(value, str):
        return shorter.get(value, value)
    if isinstance(value, dict):
        return {key: _replaced(item, shorter) for key, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, shorter) for item in value]
    return value
