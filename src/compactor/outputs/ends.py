"""Beginning and end of a text: what is left where nothing is known of it."""

from __future__ import annotations

import json

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.parts import end_of
from compactor.outputs.level import TRUNCATED
from compactor.outputs.pieces import NEVER, Piece, pick


def heads_tails(text: str, allowance: Allowance) -> str | None:
    """The first and the last lines, as many of each as fit and are wanted; None where not even the first line does."""
    lines = text.split('\n')
    middle = len(lines) / 2
    head, tail = allowance.head_lines, allowance.tail_lines
    first = len(lines) if head is None and tail is None else head or 0
    last = len(lines) - (tail or 0)
    pieces = [
        Piece(line, 1_000_000 - abs(i + 0.25 - middle)) if i < first or i >= last else Piece('', NEVER)
        for i, line in enumerate(lines)
    ]
    bare = Allowance(allowance.tokens, allowance.counter, handle=allowance.handle)
    return pick(pieces, bare)


def truncated(text: str, allowance: Allowance) -> str:
    """Beginning and end around the literal marker `...truncated`, cut wherever the allowance ends."""
    note = f'\n{TRUNCATED} {allowance.left_out(f"about {len(text):,} characters, the middle")}\n'
    if allowance.count(note) > allowance.tokens // 2:
        note = f'\n{TRUNCATED}\n'
    room = allowance.tokens - allowance.count(note) - 1
    reach = max(64, room * 32)  # no need to look at more of a long text than could be kept
    head = allowance.counter.fit(text[:reach], room * 2 // 3)
    tail = allowance.counter.fit_end(text[-reach:], room - allowance.count(head))
    while allowance.count(cut := f'{head.rstrip()}{note}{tail.lstrip()}'.strip()) > allowance.tokens:
        head = allowance.counter.fit(head, allowance.count(head) - 2)  # tokens merge and split at the seams
        tail = allowance.counter.fit_end(tail, allowance.count(tail) - 2)
        if not head and not tail:
            return allowance.counter.fit(TRUNCATED, allowance.tokens)
    return cut


def parses(text: str) -> bool:
    """Whether a text is JSON as a whole."""
    stripped = text.strip()
    if not stripped or stripped[0] not in '{["' or stripped[-1] not in '}]"':
        return False
    return end_of(stripped, 0) == len(stripped)


def quoted(text: str, allowance: Allowance) -> str:
    """Beginning and end of JSON that is too large for its allowance however little is kept: as one JSON text."""
    tokens = allowance.tokens - 2
    while True:
        cut = json.dumps(truncated(text, allowance.with_tokens(max(4, tokens))), ensure_ascii=False)
        over = allowance.count(cut) - allowance.tokens
        if over <= 0:
            return cut
        if tokens <= 4:
            return json.dumps(TRUNCATED)
        tokens -= max(1, over)
