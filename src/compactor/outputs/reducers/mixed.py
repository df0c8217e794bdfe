"""Several outputs in one text, under headings or of several tools: each is made smaller by what it is.

The more one needs, the more room it gets. Small sections stay whole. Of the room that is left, sections that failed
and streams of errors get a double part.
"""

from __future__ import annotations

import re

from compactor.outputs.allowance import LEAST, Allowance
from compactor.outputs.detect import detect
from compactor.outputs.ends import truncated
from compactor.outputs.frame import around, between
from compactor.outputs.logs.alarms import alarming
from compactor.outputs.logs.endings import framed
from compactor.outputs.reducers.single import SINGLE
from compactor.outputs.reducers.text import reduce_text
from compactor.outputs.runs import runs
from compactor.outputs.sections import sections

HEADING = 300
"""Characters of a first line that may be the heading of a section."""
SHOWN = 24
"""Sections shown at most beside those that failed; of more the first and the last."""
_ERRORS = re.compile(r'std_?err|\berrors?\b|fail|exit(?:ed)?(?: with)?(?: code)?:? [1-9]', re.IGNORECASE)


def reduce_mixed(text: str, allowance: Allowance) -> str | None:
    """See the module; None of a text that is one output."""
    headed = sections(text)
    spans = headed or runs(text)
    if spans is None or len(spans) < 2:
        return None
    parts = [text[start:end].strip('\n') for start, end in spans]
    failing = [_ERRORS.search(part[:HEADING]) is not None or bool(alarming(part[:4_000].split('\n'))) for part in parts]
    parts, failing, missing = _most(parts, failing, allowance)
    room = allowance.tokens - len(parts) * 2
    note = ''
    if missing:
        note = allowance.left_out(f'{missing:,} of {len(spans):,} sections')
        room -= allowance.count(note)
    shares = _shares(parts, failing, room, allowance)
    if min(shares, default=0) < LEAST:
        return None
    shown = [
        _shortened(part, share, allowance, headed=headed is not None) for part, share in zip(parts, shares, strict=True)
    ]
    whole = '\n\n'.join((*shown, note) if note else shown)
    return whole if allowance.holds(whole) and len(whole) < len(text) else None


def _most(parts: list[str], failing: list[bool], allowance: Allowance) -> tuple[list[str], list[bool], int]:
    """The sections that can be shown: those that failed or that the question names, the first ones and the last."""
    most = max(2, min(SHOWN, allowance.tokens // 60))
    if len(parts) <= most:
        return parts, failing, 0
    asks = allowance.asking('\n'.join(part[:HEADING] for part in parts))
    asked = [asks is not None and asks(part[:HEADING]) for part in parts]
    order = sorted(range(len(parts)), key=lambda i: (not asked[i], not failing[i], i != len(parts) - 1, i))
    chosen = sorted(order[:most])
    return [parts[i] for i in chosen], [failing[i] for i in chosen], len(parts) - len(chosen)


def _shares(parts: list[str], failing: list[bool], room: int, allowance: Allowance) -> list[int]:
    """Tokens of each section: what it needs if that is little, else its part of what the small ones leave."""
    needs = [allowance.count(part) if len(part) <= room * 12 else len(part) // 4 for part in parts]
    weights = [2 if fails else 1 for fails in failing]
    shares = [0] * len(parts)
    left, weight = room, sum(weights)
    for i in sorted(range(len(parts)), key=lambda i: needs[i] / weights[i]):
        shares[i] = max(LEAST, min(needs[i] + 1, left * weights[i] // weight))
        left -= shares[i]
        weight -= weights[i]
    return shares


def _shortened(part: str, share: int, allowance: Allowance, *, headed: bool) -> str:
    own = allowance.with_tokens(share)
    if own.holds(part):
        return part
    heading, _, body = part.partition('\n')
    if not headed or not body or len(heading) > HEADING:
        heading, body = '', part
    inner = own.with_tokens(share - allowance.count(heading) - 1)
    frame = framed(body)
    rest = between(frame, inner)
    result = around(frame, _reduced(frame.body, rest) or truncated(frame.body, rest), inner)
    whole = f'{heading}\n{result}' if heading else result
    return whole if own.holds(whole) else truncated(part, own)


def _reduced(text: str, allowance: Allowance) -> str | None:
    reducer = SINGLE.get(detect(text).kind)
    if reducer is not None:
        result = reducer(text, allowance)
        if result is not None and allowance.holds(result) and len(result) < len(text):
            return result
    result = reduce_text(text, allowance)
    return result if result is not None and allowance.holds(result) else None
