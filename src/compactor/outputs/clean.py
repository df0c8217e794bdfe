"""What a terminal would not show is no content: escape sequences, overwritten progress bars, trailing blanks.

First the encoding is put right, then control characters go, then what a carriage return overwrote. `clean` loses
nothing that a person at the terminal would have seen at the end, nor a line that spoke of trouble before it was
overwritten; a text with anything to see never becomes empty. It is idempotent.
"""

from __future__ import annotations

import re

from compactor.outputs.encodings import sound
from compactor.outputs.logs.alarms import alarming
from compactor.secrets.seen import ESCAPE

_TO_BEGIN = re.compile(r'\x1b\[1?G')
"""Moves to the beginning of the line: what follows overwrites it."""
_CONTROL = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x1b\x80-\x9f]+')
_NUMBER = re.compile(r'\d+')
_DELETED = {code: None for code in range(128) if _CONTROL.match(chr(code))}
_BLANK = re.compile(r'\n{4,}')
_BACKSPACE = re.compile(r'[^\x08\n]\x08')


def clean(text: str) -> str:
    """The text as a terminal would show it in the end, without trailing blanks."""
    text = sound(text)
    if '\x1b' in text:
        text = _TO_BEGIN.sub('\r', text)
        text = ESCAPE.sub('', text)
    for _ in range(8):  # underlined and bold text of old pagers: a_b, each pass takes the innermost
        if '\x08' not in text:
            break
        text = _BACKSPACE.sub('', text)
    # Deleting from plain ASCII by a table is ten times as fast as by an expression, and most outputs are that.
    text = text.translate(_DELETED) if text.isascii() else _CONTROL.sub('', text)
    if '\r' in text:
        text = '\n'.join(map(_overwritten, text.split('\n')))
    text = '\n'.join(map(str.rstrip, text.split('\n')))
    return (_BLANK.sub('\n\n\n', text) if '\n\n\n\n' in text else text).rstrip()


def _overwritten(line: str) -> str:
    """What is left of a line that was written over itself: the last that can be seen, and what told of trouble."""
    if '\r' not in line:
        return line
    parts = [part for part in line.split('\r') if part and not part.isspace()]
    if len(parts) < 2:
        return parts[0] if parts else ''
    kept: dict[str, str] = {}
    for i in alarming(parts[:-1]):
        kept[_NUMBER.sub('', parts[i])] = parts[i]
    kept.pop(_NUMBER.sub('', parts[-1]), None)
    return '\n'.join((*kept.values(), parts[-1]))
