"""Where a long text may be cut so that its pieces hold exactly as many tokens as the whole.

tiktoken first splits a text with a regular expression and then merges bytes inside each split. A cut between
two splits therefore changes nothing. In the expressions of o200k_base and cl100k_base no split contains a
letter or digit followed by white space or by punctuation other than an apostrophe (`don't` is one split), and
neither expression looks behind; so a cut *there* is exact. Cutting bounds what one call of the encoder sees:
its expression engine gives up on a million spaces, and its merging is slower than linear on one endless word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# Characters. Larger pieces gain nothing in speed; smaller ones cost calls.
SOFT = 64 * 1024
# Where no safe place follows for this long (a megabyte of dashes, of base64, of spaces), the cut is made
# anyway; it can then miscount by a token or two per cut. Twice this size is a third slower on such texts.
HARD = 128 * 1024

# Not listed among what may follow: the apostrophe (contractions) and anything that may be a combining mark,
# which continues a word.
SAFE = re.compile(
    r'[^\W_](?=[ \t\r\n!"#$%&()*+,\-./:;<=>?@\[\\\]^_`{|}~'
    r'\u3000\u3001\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f])'
)


def spans(text: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, exact) of the pieces of `text`, in order and without gaps.

    `exact` is False where the piece ends in a hard cut. A text of at most `HARD` characters is one piece or
    is cut exactly.
    """
    start, size = 0, len(text)
    while size - start > SOFT:
        found = SAFE.search(text, start + SOFT, start + HARD)
        # The look-ahead of the expression sees the end of the searched region as the end of the text, hence a
        # hit always has its next character inside the region.
        if found is not None:
            end = found.end()
        elif size - start > HARD:
            end = start + HARD
        else:
            break
        yield start, end, found is not None
        start = end
    if start < size:
        yield start, size, True
