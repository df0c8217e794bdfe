"""Notes of ours inside a history, recognised by a header and a hash, wherever merging has moved them.

A mark says what was left out, so that a model does not take a gap for the truth. It is found again after a merge
with its neighbours, a dump or another process; a mark that was edited or forged is plain user text.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache

_FORM = re.compile(r'\[compactor ([0-9a-f]{8})\] (.*)', re.DOTALL)
_COUNTS = re.compile(r'([\d,]+) earlier steps? \(([\d,]+) tool calls?\)')

NO_BEGINNING = 'No user message precedes this point: the beginning of this conversation is missing.'
UNANSWERED = '[no result: this call was never answered]'
"""Stands in for the result of a call that will not be answered any more."""
UNANSWERED_TOKENS = 16
"""What `UNANSWERED` costs with a result's framing in either bundled vocabulary (checked by a test)."""
OPENING_TOKENS = 27
"""What `opening()` costs in either bundled vocabulary (checked by a test)."""


@dataclass(frozen=True, slots=True)
class Left:
    """How much of a history was left out before a mark."""

    steps: int
    calls: int

    def __add__(self, other: Left) -> Left:
        return Left(self.steps + other.steps, self.calls + other.calls)


def mark(body: str) -> str:
    """`body` under our header."""
    return f'[compactor {_digest(body)}] {body}'


def opening() -> str:
    """The mark that opens a history whose beginning was cut away before it reached us."""
    return mark(NO_BEGINNING)


def gap(left: Left) -> str:
    """The mark that stands where steps were removed."""
    steps = 'step' if left.steps == 1 else 'steps'
    calls = 'call' if left.calls == 1 else 'calls'
    return mark(
        f'{left.steps:,} earlier {steps} ({left.calls:,} tool {calls}) of this conversation left out here to stay'
        ' within the context budget. Read again what you need; do not assume what they contained.'
    )


def is_mark(text: str) -> bool:
    """Whether `text` is, to the letter, a mark of ours."""
    return text.startswith('[compactor ') and _is_genuine(text)


@lru_cache(maxsize=64)
def _is_genuine(text: str) -> bool:
    found = _FORM.fullmatch(text)
    return found is not None and found[1] == _digest(found[2])


def body_of(text: str) -> str | None:
    """What a mark says behind its header; None for any other text."""
    return text[len('[compactor 00000000] ') :] if is_mark(text) else None


def left_out(text: str) -> Left:
    """What a gap mark says was left out; nothing for any other text."""
    found = _COUNTS.search(text) if is_mark(text) else None
    return Left(*(int(n.replace(',', '')) for n in found.groups())) if found else Left(0, 0)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode('utf-8', 'surrogatepass')).hexdigest()[:8]
