"""Histories of the neutral view in a few letters, so that a table of shapes can be read.

A message is a text of items: `u` user, `s` system, `m` mark, `d` bookkeeping, `f` feedback, `+a` the result of call
a, and in a response (which starts with `R`) `t` text, `h` signed thinking, `?a` a call, `!x` a native call, `=x` its
result. `@r` puts the message into run r. What was made by the library is shown with a `*`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from compactor.history.marks import mark
from compactor.history.message import PART_FRAMING, Kind, Message, Part
from compactor.history.parse import Parsed, parse
from compactor.history.turns import Edit, History, Segment, Step
from compactor.history.write import write
from compactor.strategies import Room
from compactor.tokens.counter import counter_for

LETTERS = {
    'u': Kind.USER,
    's': Kind.SYSTEM,
    'm': Kind.MARK,
    'd': Kind.DELTA,
    'f': Kind.FEEDBACK,
    't': Kind.TEXT,
    'h': Kind.THINKING,
}
SIGNS = {'+': Kind.RESULT, '?': Kind.CALL, '!': Kind.NATIVE_CALL, '=': Kind.NATIVE_RESULT}
COUNTER = counter_for(None)


@dataclass(eq=False, slots=True)
class Raw:
    """Stands in for the framework's object: two with one label are still two."""

    label: str


def part(item: str, text: str | None = None, tool: str = 'run', **values: Any) -> Part:
    """One part; its text is its letter unless another is given."""
    kind = SIGNS.get(item[0]) or LETTERS[item[0]]
    paired = kind in SIGNS.values()
    text = text if text is not None else mark('so far') if kind is Kind.MARK else item
    values = {'protected': kind in (Kind.SYSTEM, Kind.DELTA), 'signed': kind is Kind.THINKING} | values
    tokens = COUNTER.base(text) + PART_FRAMING.get(kind, 0)
    return Part(kind, Raw(item), tokens, text, item[1:] if paired else '', tool if paired else '', **values)


def message(items: str, *parts: Part) -> Message:
    """One message, from its notation or (after the leading `R`) from parts."""
    words = items.split()
    response = words[:1] == ['R']
    run = next((word[1:] for word in words if word.startswith('@')), None)
    made = parts or tuple(part(w) for w in words[response:] if not w.startswith('@'))
    return Message('response' if response else 'request', made, Raw(items), 3 + sum(p.tokens for p in made), run)


def messages(text: str) -> list[Message]:
    """A history from messages separated by ` / `."""
    return [message(items.strip()) for items in text.split('/')] if text else []


def label(of: Part) -> str:
    """A part in the notation."""
    if of.raw is not None:
        return f'{of.raw.label}~' if of.edited else f'{of.raw.label}'
    if of.kind is Kind.MARK:
        return 'm*'
    return f'+{of.call_id}*'


def written(of: Sequence[Message]) -> str:
    """Messages in the notation."""
    return ' / '.join(' '.join([*(['R'] if m.role == 'response' else []), *(label(p) for p in m.parts)]) for m in of)


def tree(history: History) -> str:
    """`prompts : step, step` for each exchange, exchanges separated by ` | `."""

    def items(segments: Iterable[Segment]) -> str:
        return ' '.join(label(p) for segment in segments for p in segment.parts)

    def steps(of: Iterable[Step]) -> str:
        return ', '.join(items(step.segments) for step in of)

    return ' | '.join(f'{items(e.prompts)} : {steps(e.steps)}'.strip() for e in history.exchanges)


def dropping(history: History, *labels: str) -> History:
    """The history without the steps that hold a part of these labels."""
    return history.map_steps(lambda _, step: None if any(part.raw.label in labels for part in step.parts) else step)


def taking(before: Sequence[Message], places: str) -> Edit:
    """An edit that takes out some parts: each place is the index of a message and a part's label, as in `3?a`."""
    named = places.split()
    gone = {id(part) for i, message in enumerate(before) for part in message.parts if f'{i}{label(part)}' in named}
    return lambda part: None if id(part) in gone else part


def without(before: Sequence[Message], places: str) -> list[Message]:
    """The messages without parts of their steps (see `taking`), and without messages that this empties."""
    edit = taking(before, places)
    return write(parse(before).history.map_steps(lambda _, step: step.only(edit)).segments)


def repairs(parsed: Parsed) -> list[str]:
    """Repairs as `defect call_id`."""
    return [f'{repair.defect} {repair.call_id}'.strip() for repair in parsed.repairs]


def room(tokens: int, max_exchanges: int | None = None, *, protect: str = '', prompts: bool = False) -> Room:
    """Room for so many tokens, counted as o200k."""
    protected = frozenset(protect.split())
    return Room(tokens, max_exchanges, COUNTER.base, COUNTER.fit, COUNTER.fit_end, protected, prompts)
