"""What readers of files, of logs and of differences put before every line: numbers, names, times, marks.

A secret over several lines has one of these in each of them.
"""

from __future__ import annotations

import re

LONGEST = 200
"""Characters of a gutter at most."""

_PIECES = tuple(
    re.compile(piece)
    for piece in (
        rb'\\{1,8}(?:t|u[0-9a-f]{4})?',  # a tab or an arrow, written down
        rb'[ \t>+<|*#;/"\'`,!?-]+',  # indentation; marks of diffs, quotations and comments; `?` stands for `→` and `│`
        rb'\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?',  # a time, such as logs have
        rb'[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S{1,60} \S{1,60}:',  # a time, host and program of a system's log
        rb'\d{1,9}(?:[:.)\]=-](?:\d{1,5}[:-])?)?(?=[ \t|>?:\\-]|$)',  # the number of a line, maybe of a column
        rb'\d{1,9}[:.)\]|=-](?:\d{1,5}[:-])?',
        rb'\[[^\]\n]{1,120}\]',  # `[pod/web-0/app]`, `[INFO]`
        rb'\^?[0-9a-f]{7,40} (?:[^\s(]{1,100} +)?\([^)\n]{5,100}\)',  # whose line it is, as blame says
        rb'[\w./@ -]{1,60}?[ \t]*\|',  # `app_1  |`
        rb'[^\s:"]{1,150}[:-]\d{1,7}[:-]',  # `path/to/file:12:`
        rb'[^\s:"]{1,150}:(?! )',  # `path/to/file:`
        rb'[{}\[\]]+',
        rb'[\w@.-]{1,30}\\{0,3}" ?: ?(?:\\{0,3}"[^"\\\n]{0,100}\\{0,3}"|\\{0,3}"|\d{1,20})',  # `log":"`
        rb'(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|FATAL)\b:?',
    )
)
_WORD = re.compile(rb'[A-Za-z0-9_]+')
_BLANK = re.compile(rb'[ \t]+')


def is_gutter(before: bytes, like: bytes = b'') -> bool:
    """Whether what stands before something in a line is no part of its text.

    Args:
        before: what stands there.
        like: what stood before the line that came before: whatever looks the same is a gutter too.
    """
    if len(before) > LONGEST:
        return False
    return shape(before) == shape(like) or _all_known(before)


def gutter(flat: bytes, at: int) -> int:
    """Where the text of a line begins that itself begins at `at`, as far as its gutter is known."""
    while piece := next((match for piece in _PIECES if (match := piece.match(flat, at)) and match.end() > at), None):
        at = piece.end()
    return at


def _all_known(before: bytes) -> bool:
    return gutter(before, 0) == len(before)


def shape(before: bytes) -> bytes:
    """A gutter without what changes from line to line; grep has `:` in lines that match and `-` in those around."""
    return _BLANK.sub(b' ', _WORD.sub(b'w', before)).replace(b'-', b':').replace(b'+', b' ').strip()
