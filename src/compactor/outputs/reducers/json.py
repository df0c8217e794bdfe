"""JSON stays JSON: shape and keys are kept, long texts and long arrays are shortened, and each says by how much.

A value gets a share of the room by what it needs: small values are kept whole, large ones divide what is left. Of an
array the first and the last elements are kept, those that the question names, and those whose state differs from the
others'. What is missing is said in the place where it was, as JSON allows it:

    {"total":1200,"runs":[
    {"id":1,"conclusion":"success","log":"Set up job… 3,911 more chars"},
    "… 1,198 more items",
    {"id":1200,"conclusion":"failure"}],
    "…":"[about 98% of 137,317 characters left out; recall ab12cd34ef567890]"}

Lines of JSON stay lines of JSON, and a text around JSON is kept around it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.parts import Tree, dumped, parts_of
from compactor.outputs.json_text.writer import JsonWriter
from compactor.outputs.reducers.text import reduce_text

ROUNDS = 8
"""Attempts to meet the allowance; each is counted exactly."""
NEAR = 0.95
"""Share of the allowance that ends the attempts."""
PER_TOKEN = 3.0
"""Characters that a token of JSON holds, before anything was counted."""
MOST_PER_TOKEN = 12
"""Characters that a token may hold at most, where a single value takes most of the room."""
PROSE_SHARE = 0.3
"""Share of the allowance that the texts around the JSON may take."""


def reduce_json(text: str, allowance: Allowance) -> str | None:
    """See the module; None where the text holds no JSON that parses."""
    parts = parts_of(text)
    trees = [part for part in parts if isinstance(part, Tree)]
    if not trees:
        return None
    around = [part for part in parts if isinstance(part, str) and part.strip()]
    if not around:
        return _shortened(trees, len(text), allowance, allowance.asking(text))
    return _with_text_around(parts, text, allowance)


def _with_text_around(parts: list[Tree | str], text: str, allowance: Allowance) -> str | None:
    """JSON between texts: short texts are kept whole, of long ones as much as `PROSE_SHARE` allows."""
    asks = allowance.asking(text)
    groups: list[list[Tree] | str] = []
    for part in parts:
        if isinstance(part, str):
            if part.strip():
                groups.append(part.strip('\n'))
        elif groups and isinstance(groups[-1], list):
            groups[-1].append(part)
        else:
            groups.append([part])
    room = allowance.tokens - len(groups)
    said = _said([group for group in groups if isinstance(group, str)], int(room * PROSE_SHARE), allowance)
    left = room - sum(map(allowance.count, said))
    sizes = [sum(tree.end - tree.start for tree in group) for group in groups if isinstance(group, list)]
    shown: list[str] = []
    texts = iter(said)
    for group in groups:
        if isinstance(group, str):
            shown.append(next(texts))
            continue
        share = left * sizes[0] // max(1, sum(sizes))
        result = _shortened(group, sizes.pop(0), allowance.with_tokens(share), asks)
        if result is None or share <= 0:
            return None
        left -= allowance.count(result)
        shown.append(result)
    whole = '\n'.join(part for part in shown if part)
    return whole if allowance.holds(whole) and len(whole) < len(text) else None


def _said(texts: list[str], room: int, allowance: Allowance) -> list[str]:
    """The texts around, within a room that they share."""
    shown: list[str] = []
    for i, text in enumerate(texts):
        share = allowance.with_tokens(room // (len(texts) - i))
        result = text if share.holds(text) else reduce_text(text, share) or ''
        room -= allowance.count(result)
        shown.append(result)
    return shown


def _shortened(trees: list[Tree], size: int, allowance: Allowance, asks: Callable[[str], bool] | None) -> str | None:
    """One tree, or lines of trees, within the allowance; what fits whole is only written more densely."""
    writer = JsonWriter(allowance, asks, on_one_line=len(trees) > 1)
    budget = allowance.tokens * PER_TOKEN
    values = [tree.value for tree in trees]
    low, high = 0.0, float('inf')
    best: str | None = None
    for _ in range(ROUNDS):
        text = _written(values, int(budget), size, writer)
        tokens = allowance.count(text)
        if tokens <= allowance.tokens:
            if best is None or len(text) > len(best):
                best = text
            low = budget
            if tokens >= allowance.tokens * NEAR or not writer.cut:
                break
        else:
            high = budget
        scaled = budget * allowance.tokens * 0.97 / max(1, tokens)
        budget = scaled if low < scaled < high else (low + min(high, budget * 2)) / 2
        budget = min(budget, allowance.tokens * MOST_PER_TOKEN)
        if budget < 8:
            break
    return best if best is not None else _least(size, allowance)


def _least(size: int, allowance: Allowance) -> str | None:
    """Where not even the shape fits: a text, which is JSON too."""
    for note in (allowance.left_out(f'{size:,} characters'), f'… {size:,} chars', '…'):
        if allowance.holds(dumped(note)):
            return dumped(note)
    return None


def _written(values: list[Any], budget: int, size: int, writer: JsonWriter) -> str:
    writer.begin()
    if len(values) > 1:
        return _lines(values, budget, size, writer)
    root = values[0]
    if writer.size(root, budget) <= budget:
        return writer.write(root, budget)
    share = max(1, min(99, round(100 - 100 * budget / max(1, size))))
    note = writer.allowance.left_out(f'about {share}% of {size:,} characters')
    return writer.write(root, budget - len(note) - 8, note)


def _lines(values: list[Any], budget: int, size: int, writer: JsonWriter) -> str:
    """Each tree on its line; where lines are missing, a line of JSON says how many."""
    room = budget - 80
    chosen = writer.chosen(values, room)
    shares = writer.shares([values[i] for i in chosen], room, 2, first=writer.failing(values, chosen))
    lines: list[str] = []
    before = -1
    for i, share in zip(chosen, shares, strict=True):
        if i > before + 1:
            lines.append(_more(i - before - 1))
        lines.append(writer.write(values[i], share))
        before = i
    if before < len(values) - 1:
        lines.append(_more(len(values) - 1 - before))
    if len(chosen) < len(values):
        missing = f'{len(values) - len(chosen):,} of {len(values):,} lines'
        lines.append(dumped(writer.allowance.left_out(missing)))
    elif writer.cut:
        lines.append(dumped(writer.allowance.left_out(f'the rest of long values, {size:,} characters in all')))
    return '\n'.join(lines)


def _more(lines: int) -> str:
    return dumped(f'… {lines:,} more {"line" if lines == 1 else "lines"}')
