"""What tells how a command ended stays around its output, whatever the output is and however little room there is."""

from __future__ import annotations

from compactor.outputs.allowance import Allowance
from compactor.outputs.logs.endings import Framed

SHARE = 0.5
"""Share of the allowance that the lines around may take; of longer ones each is cut."""
LEAST = 8
"""Tokens that a line is cut to at least."""


def between(frame: Framed, allowance: Allowance) -> Allowance:
    """What the output itself may have; that a command failed is known from the lines around it."""
    lines = _around(frame, allowance)
    if not lines:
        return allowance
    return allowance.with_tokens(allowance.tokens - allowance.count('\n'.join(lines)) - 2)


def around(frame: Framed, result: str, allowance: Allowance) -> str:
    """A result with the lines around it."""
    before = _cut(frame.before, allowance)
    behind = _cut(frame.behind, allowance)
    return '\n'.join(part for part in (before, result, behind) if part)


def _around(frame: Framed, allowance: Allowance) -> list[str]:
    return [part for part in (_cut(frame.before, allowance), _cut(frame.behind, allowance)) if part]


def _cut(text: str, allowance: Allowance) -> str:
    """The lines on one side, each cut where they would take more than their share."""
    if not text:
        return ''
    most = int(allowance.tokens * SHARE / 2)
    if allowance.with_tokens(most).holds(text):
        return text
    lines = text.split('\n')
    each = max(LEAST, most // len(lines))
    return '\n'.join(allowance.counter.fit(line, each).rstrip() for line in lines[-max(1, most // each) :])
