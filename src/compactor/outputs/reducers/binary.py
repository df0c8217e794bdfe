"""Bytes in a text, as base64, as a hex dump or misread: one note of type and size each; the text around is kept.

{"name":"logo.png","data":"[PNG image, base64, about 41 KB]"}
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from compactor.outputs.allowance import Allowance
from compactor.outputs.json_text.parts import Tree, parts_of
from compactor.outputs.magic import amount, of_base64, of_broken, of_bytes
from compactor.outputs.reducers.json import reduce_json
from compactor.outputs.reducers.text import reduce_text

BLOB = 120
"""Characters of base64 in a line from which on they are data and no name."""
LEAST_LINES = 4
"""Lines of a hex dump or of base64 in a row from which on they are one."""
FLAWED = 0.03
"""Share of unreadable characters up to which a line is text with flaws."""

_INLINE = re.compile(
    rf'(?:data:(?P<mime>[\w.+\-]{{1,40}}/[\w.+\-]{{1,60}})[^,\s"]{{0,80}},)?(?<![\w+/\-])(?P<data>[\w+/\-]{{{BLOB},}}+={{0,2}})',
    re.ASCII,
)
_WRAPPED = re.compile(r'[ \t]{0,8}[A-Za-z0-9+/]{2,100}={0,2}')
_DUMP = re.compile(r'[ \t]{0,8}[0-9a-fA-F]{6,16}:?[ \t]+(?:[0-9a-fA-F]{2,8}[ \t|]{1,3}){4}')
_HEX = re.compile(r'[0-9a-fA-F]{2}')
WRAP = 56
"""Characters of a line of wrapped base64 at least; the last may be shorter."""


def reduce_binary(text: str, allowance: Allowance) -> str | None:
    """The text with notes in place of bytes; what is still too large then is shortened as lines."""
    lines = text.split('\n')
    shown: list[str] = []
    i = 0
    while i < len(lines):
        for belongs, least, note in _BLOCKS:
            end = i
            while end < len(lines) and belongs(lines[end]):
                end += 1
            if belongs is _is_wrapped and end < len(lines) and end > i and _WRAPPED.fullmatch(lines[end]):
                end += 1  # the last line is shorter
            said = note(lines[i:end]) if end - i >= least else None
            if said is not None:
                shown.append(said)
                i = end
                break
            if end - i > LEAST_LINES:  # not what it looked like; no need to look at each of its lines again
                shown.extend(map(_without_blobs, lines[i:end]))
                i = end
                break
        else:
            shown.append(_without_blobs(lines[i]))
            i += 1
    result = '\n'.join(shown)
    if result == text:
        return None
    if text.lstrip()[:1] in ('[', '{') and (parts := parts_of(result)) and isinstance(parts[0], Tree):
        return result if allowance.holds(result) else reduce_json(result, allowance)
    if allowance.handle:
        result += '\n' + allowance.left_out('bytes')
    return result if allowance.holds(result) and len(result) < len(text) else reduce_text(result, allowance)


def _is_dump(line: str) -> bool:
    return _DUMP.match(line) is not None


def _is_broken(line: str) -> bool:
    return '\ufffd' in line and line.count('\ufffd') > FLAWED * len(line)


def _is_wrapped(line: str) -> bool:
    return len(line.strip()) >= WRAP and _WRAPPED.fullmatch(line) is not None


def _of_dump(lines: Sequence[str]) -> str:
    """The type of what a hex dump shows, by its first bytes."""
    after = lines[0].strip().split(None, 1)[-1]
    first = bytes(int(pair, 16) for pair in _HEX.findall(after[:60])[:16])
    return f'[{of_bytes(first) or "binary data"}, hex dump of {len(lines):,} lines]'


def _of_broken(lines: Sequence[str]) -> str:
    kind = of_broken(lines[0]) or 'binary data'
    return f'[{kind}, misread as text, about {amount(sum(map(len, lines)))}]'


def _of_wrapped(lines: Sequence[str]) -> str | None:
    data = ''.join(line.strip() for line in lines[:8])
    if not _is_base64(data):
        return None
    return f'[{of_base64(data) or "data"}, base64, about {amount(sum(map(len, lines)) * 3 // 4)}]'


_BLOCKS: tuple[tuple[Callable[[str], bool], int, Callable[[Sequence[str]], str | None]], ...] = (
    (_is_broken, 1, _of_broken),
    (_is_dump, LEAST_LINES, _of_dump),
    (_is_wrapped, LEAST_LINES, _of_wrapped),
)


def _without_blobs(line: str) -> str:
    return _INLINE.sub(_noted, line) if len(line) >= BLOB else line


def _noted(found: re.Match[str]) -> str:
    data = found['data']
    if found['mime'] is None and not _is_base64(data):
        return found.group()
    return f'[{found["mime"] or of_base64(data) or "data"}, base64, about {amount(len(data) * 3 // 4)}]'


def _is_base64(data: str) -> bool:
    """Whether characters are spread as in encoded bytes: both cases and digits, and many different ones."""
    head = data[:400]
    capitals = sum(map(str.isupper, head))
    return (len(set(head)) >= 16 and 0.1 < capitals / len(head) < 0.95 and sum(map(str.isdigit, head)) >= 4) or (
        len(set(head)) <= 16 and _HEX.match(head) is not None and sum(map(str.isdigit, head)) > len(head) // 5
    )
