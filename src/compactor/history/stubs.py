"""Stubs: one bracketed line in the place of content that went; it says what stood there and where to find it.

A stub is never stubbed again and never counts as a copy of anything, so strategies recognise each other's. One that
was quoted or forged by a tool does no harm: it only keeps its own text from being stubbed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from compactor.quoting import one_line

_RESULT = re.compile(r'\[(?:[^\s\[\]]{1,200} )?(?:failed )?result(?:, about| of about) [\d,]+ tokens\b[^\n\[\]]*\]')
_REFUSED = re.compile(r'\[refused: [^\n]*; called again in step [\d,]+, which worked\]')
_BANDED = re.compile(r'(?:([^\n]{1,400})\n)?\[(?:failed, )?[\d,]+ tokens left out, #[\d,]+\]')
_MEDIUM = re.compile(r'^\[[^\n]{1,300}, cleared\]$', re.MULTILINE)
_CUT = re.compile(r'\n?\[\.\.\. about (\d{1,3}(?:,\d{3}){0,4}) of \d{1,3}(?:,\d{3}){0,4} tokens left out \.\.\.\]\n?')


@dataclass(frozen=True, slots=True)
class Cut:
    """Where in a text its middle was cut out: the place of the stub, and how many tokens it says are missing."""

    start: int
    end: int
    missing: int


def cleared_result(what: str, tokens: int) -> str:
    """The stub of a result that can only be had by calling the tool again."""
    return f'[{one_line(what)} of about {tokens:,} tokens cleared; call the tool again if you need it]'


def superseded_result(what: str, tokens: int, why: str) -> str:
    """The stub of a result that says nothing which does not stand elsewhere: `why` says where."""
    return f'[{one_line(what)}, about {tokens:,} tokens: {one_line(why)}]'


def refused_call(reason: str, step: int) -> str:
    """The stub of a retry message whose call was corrected in a later step."""
    return f'[refused: {one_line(reason)}; called again in step {step:,}, which worked]'


def cleared_medium(name: str) -> str:
    """The stub of an image, a document or other media: `name` is its type and size, or where it is."""
    return f'[{one_line(name)}, cleared]'


def banded_result(line: str, tokens: int, step: int, *, failed: bool) -> str:
    """The stub of a result whose call stays: its telling line, if it has one, and where the rest can be had."""
    stub = f'[{"failed, " if failed else ""}{tokens:,} tokens left out, #{step:,}]'
    return f'{one_line(line)[:LINE]}\n{stub}' if line else stub


LINE = 240
"""Characters of a telling line."""


def is_stub(text: str) -> bool:
    """Whether a result is, as a whole, a stub of ours, its telling line included."""
    return text.endswith(']') and bool(_RESULT.fullmatch(text) or _REFUSED.fullmatch(text) or _BANDED.fullmatch(text))


def telling_line(text: str) -> str:
    """What a stub still quotes of its result; '' for most."""
    found = _BANDED.fullmatch(text)
    return (found[1] or '') if found else ''


def lost_media(text: str) -> bool:
    """Whether a stub of cleared media stands in this text."""
    return _MEDIUM.search(text) is not None


def says_failed(text: str) -> bool:
    """Whether a stub says that its result had failed."""
    return '[failed' in text or ' failed result' in text


def cut_out(missing: int, total: int) -> str:
    """The stub between the beginning and the end of a text of `total` tokens whose middle was cut out."""
    return f'\n[... about {missing:,} of {total:,} tokens left out ...]\n'


def cuts(text: str) -> Iterator[Cut]:
    """Every place in a text where something was cut out before."""
    return (Cut(found.start(), found.end(), int(found[1].replace(',', ''))) for found in _CUT.finditer(text))
