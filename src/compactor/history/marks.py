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
_LINE = re.compile(r'\nArchive ([0-9a-f]{16})\b[^\n]*\Z')
_PIN = 'Pinned: '
_HEADER = len('[compactor 00000000] ')

NO_BEGINNING = 'No user message precedes this point: the beginning of this conversation is missing.'
MISPLACED = 'The request that stood here held only tool results that belong to earlier calls or to none.'
UNANSWERED = '[no result: this call was never answered]'
"""Stands in for the result of a call that will not be answered any more."""
UNANSWERED_TOKENS = 16
"""What `UNANSWERED` costs with a result's framing in either bundled vocabulary (checked by a test)."""
MISPLACED_TOKENS = 27
"""What `misplaced()` costs at most in either bundled vocabulary (checked by a test)."""
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


def misplaced() -> str:
    """The mark that stands for a last request of which nothing is left: a history to be sent ends with a request."""
    return mark(MISPLACED)


def gap(left: Left) -> str:
    """The mark that stands where steps were removed."""
    steps = 'step' if left.steps == 1 else 'steps'
    calls = 'call' if left.calls == 1 else 'calls'
    return mark(
        f'{left.steps:,} earlier {steps} ({left.calls:,} tool {calls}) of this conversation left out here to stay'
        ' within the context budget. Read again what you need; do not assume what they contained.'
    )


def shortened() -> str:
    """The mark of a history that lost no step, but parts of some."""
    return mark('Some content of the steps below was shortened to stay within the context budget.')


def pinned(text: str) -> str:
    """Content that survives every compaction; unlike other marks it is a person's words."""
    return mark(_PIN + text)


def is_pin(text: str) -> bool:
    """Whether `text` is, to the letter, pinned content."""
    return text.startswith(_PIN, _HEADER) and text.startswith('[compactor ') and _is_genuine(text)


def is_mark(text: str) -> bool:
    """Whether `text` is, to the letter, a mark of ours (pinned content is none)."""
    return text.startswith('[compactor ') and not text.startswith(_PIN, _HEADER) and _is_genuine(text)


@lru_cache(maxsize=64)
def _is_genuine(text: str) -> bool:
    found = _FORM.fullmatch(text)
    return found is not None and found[1] == _digest(found[2])


def body_of(text: str) -> str | None:
    """What a mark says behind its header, without the line that names its archive; None for any other text."""
    return _LINE.sub('', text[_HEADER:]) if is_mark(text) else None


def with_line(text: str, line: str | None) -> str:
    """A mark whose last line is `line` (see `handles.line`), or which has no such line."""
    body = body_of(text)
    if body is None:
        return text
    return mark(body if line is None else f'{body}\n{line}')


def handle_of(text: str) -> str | None:
    """The archive's handle in a mark's last line; None for a mark without and for any other text."""
    found = _LINE.search(text) if text.startswith('[compactor ') else None
    return found[1] if found is not None and is_mark(text) else None


def left_out(text: str) -> Left:
    """What a gap mark says was left out; nothing for any other text."""
    found = _COUNTS.search(text) if is_mark(text) else None
    return Left(*(int(n.replace(',', '')) for n in found.groups())) if found else Left(0, 0)


def _digest(body: str) -> str:
    return hashlib.sha256(body.encode('utf-8', 'surrogatepass')).hexdigest()[:8]
