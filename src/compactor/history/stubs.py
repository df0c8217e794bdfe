"""Stubs: one bracketed line in the place of content that went; it says what stood there and where to find it.

A stub is never stubbed again and never counts as a copy of anything, so strategies recognise each other's.
"""

from __future__ import annotations

import re

_RESULT = re.compile(r'\[(?:[^\s\[\]]{1,200} )?(?:failed )?result(?:, about| of about) [\d,]+ tokens\b[^\n\[\]]*\]')
_REFUSED = re.compile(r'\[refused: [^\n]*; called again in step [\d,]+, which worked\]')
_MEDIUM = re.compile(r'^\[[^\n]{1,300}, cleared\]$', re.MULTILINE)


def cleared_result(what: str, tokens: int) -> str:
    """The stub of a result that can only be had by calling the tool again."""
    return f'[{what} of about {tokens:,} tokens cleared; call the tool again if you need it]'


def superseded_result(what: str, tokens: int, why: str) -> str:
    """The stub of a result that says nothing which does not stand elsewhere: `why` says where."""
    return f'[{what}, about {tokens:,} tokens: {why}]'


def refused_call(reason: str, step: int) -> str:
    """The stub of a retry message whose call was corrected in a later step."""
    return f'[refused: {reason}; called again in step {step:,}, which worked]'


def cleared_medium(name: str) -> str:
    """The stub of an image, a document or other media: `name` is its type and size, or where it is."""
    return f'[{name}, cleared]'


def is_stub(text: str) -> bool:
    """Whether a result is, as a whole, a stub of ours."""
    return bool(_RESULT.fullmatch(text) or _REFUSED.fullmatch(text))


def lost_media(text: str) -> bool:
    """Whether a stub of cleared media stands in this text."""
    return _MEDIUM.search(text) is not None
