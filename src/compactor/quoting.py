r"""Quotes that cannot break out: what some program takes for a line end, and what nobody sees, is spelled out.

Whatever people or models read of foreign text goes through here. `\n` and tabs stay, `\r\n` is one line end; every
other control character, line and paragraph separators, bidirectional marks, zero-width characters, tags, variation
selectors, fillers and lone surrogates are written as Python writes them (`\r`, `\x85`, `\u2028`, `\U000e0041`).
What is spelled out already stays as it is.
"""

from __future__ import annotations

import re

UNSEEN = (
    '\x00-\x08\x0b-\x1f\x7f-\x9f'  # control characters, but for line feed and tab
    '\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a'
    '\ud800-\udfff'  # halves of a character
    '\U000e0000-\U000e0fff'  # tags, and selectors among them
    '\u180b-\u180d\u180f\ufe00-\ufe0e'  # variation selectors
    '\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0'  # letters and marks that are blank
)
"""As pieces of a character class: Unicode's default ignorable characters, its line ends, and what else is blank."""
_LINE_END = re.compile(r'\r\n')
_SEEN_OF_ASCII = bytes(i for i in range(128) if i in b'\t\n' or 32 <= i < 127)
_EMOJI = '#*0-9\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff'
_ODD = re.compile(f'[{UNSEEN}]|(?<![{_EMOJI}])\ufe0f')
"""The selector that makes an emoji of a sign is one of these where it follows none."""
_SEEN = re.compile(f'[^\\s{UNSEEN}\ufe0f]')


def spelled(text: str) -> str:
    """The text, of as many lines as it has line feeds, with nothing in it that cannot be seen."""
    if not _has_odd(text):
        return text
    return _ODD.sub(_spelled, _LINE_END.sub('\n', text) if '\r\n' in text else text)


def _has_odd(text: str) -> bool:
    """Whether an expression for what is odd finds anything.

    It goes through a text at forty nanoseconds a character. So what is plain is taken out first, in a fortieth of that.
    """
    rest = text.encode('utf-8', 'surrogatepass').translate(None, _SEEN_OF_ASCII)
    if not rest:
        return False
    beyond = rest.decode('utf-8', 'surrogatepass')
    # Only of the selector does it matter what stood before it.
    return _ODD.search(text if '\ufe0f' in beyond else beyond) is not None


def is_blank(text: str) -> bool:
    """Whether there is nothing to be seen in a text."""
    return _SEEN.search(text) is None


def one_line(text: object) -> str:
    """The same on one line: stretches of white space are one space."""
    return spelled(' '.join(str(text).split()))


def _spelled(found: re.Match[str]) -> str:
    return ''.join(c.encode('unicode_escape').decode('ascii') for c in found[0])
