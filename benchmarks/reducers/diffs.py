"""Facts of diffs: which files, which lines."""

from __future__ import annotations

import re

from .facts import Form, Found, paths, texts

_FILE = re.compile(
    r'^diff --git a/(?:\S+) b/(\S+)|^(?:---|\+\+\+) (?:[ab]/)?([^\s]+)|^rename (?:from|to) (\S+)'
    r'|^ (\S+(?:/\S+|\.\w+)) +\| +(?:\d+|Bin)',
    re.MULTILINE,
)
_CHANGED = re.compile(r'^[+-](?![+-]{2} )[^\n]*', re.MULTILINE)
LEAST = 3
"""Characters of a changed line below which it says nothing."""


def diffs(text: str) -> Found:
    """Names of files; distinct changed lines with their sign."""
    names = [name for match in _FILE.finditer(text) if (name := next(filter(None, match.groups()))) != '/dev/null']
    start = min((at for mark in ('diff --git ', '--- ', '@@ ') if (at := text.find(mark)) >= 0), default=0)
    lines = [
        f'{line[0]}{line[1:].strip()}' for line in _CHANGED.findall(text[start:]) if len(line[1:].strip()) >= LEAST
    ]
    return [*paths('file', 4, names), *texts('changed line', 1, lines, 100, Form.START)] if names else []
