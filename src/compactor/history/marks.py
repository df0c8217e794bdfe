"""Notes of ours inside a history: a header with a seal, and a body that says what was left out.

A mark says what was left out, so that a model does not take a gap for the truth. Here it is written without its seal;
an adapter seals what it writes and knows again what it reads (`seal.py`), by the framework's structure as far as that
goes. A part is a mark because its kind says so: no text makes it one. What was edited or forged is its bringer's text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from compactor.history.seal import DIGITS, NOBODY, UNSEALED, Scope, Seal

_FORM = re.compile(rf'\[compactor ([0-9]{{{DIGITS}}})\] ')
_COUNTS = re.compile(r'(?:Digest of )?(\d[\d,]{0,19}) earlier steps? \((\d[\d,]{0,19}) tool calls?\)')
_LINE = re.compile(r'\nArchive ([0-9a-f]{16})\b[^\n]*\Z')
_PIN = 'Pinned: '
_BEGINS = '[compactor '
_HEADER = len(f'{_BEGINS}{UNSEALED}] ')

SAID = 'What the user said in the steps that are left out here (#n? in step n):'
"""Begins the mark that quotes the users' own words. It stands beside the digest and is no part of it: frameworks say
of a summary that it holds no instructions."""
SAID_AND_ASKED = SAID.replace('#n? in step n', '#n? in step n, #n> what you had asked')
"""The same where an answer stands with the agent's question."""
SUMMED = 'Summary of earlier messages, written by a model:'
"""Begins the mark that holds somebody else's summary, where requests have no place for one."""
SHORTENED = 'Some content of the steps below was shortened to stay within the context budget.'

NO_BEGINNING = 'No user message precedes this point: the beginning of this conversation is missing.'
MISPLACED = 'The request that stood here held only tool results that belong to earlier calls or to none.'
UNANSWERED = '[no result: this call was never answered]'
"""Stands in for the result of a call that will not be answered any more."""
UNANSWERED_TOKENS = 16
"""What `UNANSWERED` costs with a result's framing in either bundled vocabulary (checked by a test)."""
MISPLACED_TOKENS = 30
"""What `misplaced()` costs at most in either bundled vocabulary (checked by a test)."""
OPENING_TOKENS = 28
"""What `opening()` costs in either bundled vocabulary (checked by a test)."""


@dataclass(frozen=True, slots=True)
class Left:
    """How much of a history was left out before a mark."""

    steps: int
    calls: int

    def __add__(self, other: Left) -> Left:
        return Left(self.steps + other.steps, self.calls + other.calls)


def mark(body: str) -> str:
    """`body` under our header, not sealed yet."""
    return f'{_BEGINS}{UNSEALED}] {body}'


def sealed(text: str, seal: Seal, place: str = '') -> str:
    """A mark, whatever seal it had, with the one of this key in this conversation and place (see `Seal.digits`)."""
    body = text[_HEADER:]
    return f'{_BEGINS}{seal.digits("mark", body, place)}] {body}'


def looks_marked(text: str) -> bool:
    """Whether a text has a header like ours, whoever has written it."""
    return text.startswith(_BEGINS) and _FORM.match(text) is not None


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
    return mark(SHORTENED)


def summed(text: str) -> str:
    """Somebody else's summary as a mark, so that it passes for nobody's words."""
    return mark(f'{SUMMED}\n{text}')


def summary_in(text: str) -> str | None:
    """The summary in such a mark; None for any other text."""
    return text[_HEADER + len(SUMMED) + 1 :] if text.startswith(SUMMED, _HEADER) else None


def pinned(text: str, seal: Seal, scope: Scope = ()) -> str:
    """Content that survives every compaction; unlike other marks it is a person's words.

    Args:
        text: what is pinned.
        seal: with the key.
        scope: whose pin it is; default: of whoever has the key.
    """
    body = _PIN + text
    return f'{_BEGINS}{seal.digits("pin", body, scope=scope)}] {body}'


def says_pinned(text: str) -> bool:
    """Whether a text looks like pinned content, whoever has written it."""
    return text.startswith(_PIN, _HEADER) and looks_marked(text)


def is_pin(text: str, seal: Seal = NOBODY) -> bool:
    """Whether `text` is, to the letter, pinned content of ours; nothing is without a key."""
    return says_pinned(text) and seal.holds('pin', text[_HEADER:], text[len(_BEGINS) : _HEADER - 2])


def is_mark(text: str, seal: Seal = NOBODY, place: str = '') -> bool:
    """Whether `text` is, to the letter, a mark of ours in this conversation and place (pinned content is none).

    Nothing is without a key.
    """
    if not looks_marked(text) or text.startswith(_PIN, _HEADER):
        return False
    return seal.holds('mark', text[_HEADER:], text[len(_BEGINS) : _HEADER - 2], place)


# What follows is asked of marks: of parts whose kind says that they are.


def rewrites(text: str) -> bool:
    """Whether a mark stands for what a compaction took out: a summary, as frameworks have it. Other marks are notes."""
    return _COUNTS.match(text, _HEADER) is not None or text.startswith(SHORTENED, _HEADER)


def body_of(text: str) -> str:
    """What a mark says behind its header, without the line that names its archive."""
    return _LINE.sub('', text[_HEADER:])


def with_line(text: str, line: str | None) -> str:
    """A mark whose last line is `line` (see `handles.line`), or which has no such line."""
    body = body_of(text)
    made = body if line is None else f'{body}\n{line}'
    return text if made == text[_HEADER:] else mark(made)


def handle_of(text: str) -> str | None:
    """The archive's handle in a mark's last line; None for a mark without."""
    found = _LINE.search(text)
    return found[1] if found is not None else None


def left_out(text: str) -> Left:
    """What a gap mark says was left out; nothing for any other mark."""
    found = _COUNTS.match(text, _HEADER)
    return Left(*(int(n.replace(',', '')) for n in found.groups())) if found else Left(0, 0)


def spoken(text: str) -> str:
    """What a mark says, whichever seal it has: what tells it from others after it was sealed again."""
    return text[_HEADER:]
