"""What a terminal would not show is no content: escape sequences, overwritten progress bars, trailing blanks.

`clean` loses nothing that a person at the terminal would have seen at the end. It is idempotent.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r'\x1b(?:\[[0-?]*[ -/]*[@-~]'  # CSI: colours, cursor movements
    r'|\][^\x07\x1b]{0,4096}(?:\x07|\x1b\\)'  # OSC: titles, links
    r'|[PX^_][^\x1b]{0,4096}\x1b\\'  # DCS, SOS, PM, APC
    r'|[ -/]*[0-~])'  # everything else that begins with ESC
)
_CONTROL = re.compile(r'[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x1b\x80-\x9f]+')
_DELETED = {code: None for code in range(128) if _CONTROL.match(chr(code))}
_BLANK = re.compile(r'\n{4,}')
_BACKSPACE = re.compile(r'[^\x08\n]\x08')


def clean(text: str) -> str:
    """The text as a terminal would show it in the end, without trailing blanks."""
    if '\x1b' in text:
        text = _ESCAPE.sub('', text)
    for _ in range(8):  # underlined and bold text of old pagers: a_b, each pass takes the innermost
        if '\x08' not in text:
            break
        text = _BACKSPACE.sub('', text)
    if '\r' in text:
        text = '\n'.join(map(_overwritten, text.split('\n')))
    # Deleting from plain ASCII by a table is ten times as fast as by an expression, and most outputs are that.
    text = text.translate(_DELETED) if text.isascii() else _CONTROL.sub('', text)
    text = '\n'.join(map(str.rstrip, text.split('\n')))
    return (_BLANK.sub('\n\n\n', text) if '\n\n\n\n' in text else text).rstrip()


def _overwritten(line: str) -> str:
    """What is left of a line that was written over itself: the last that was written."""
    return line.rstrip('\r').rpartition('\r')[2] if '\r' in line else line
