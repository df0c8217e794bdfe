"""What an output is wanted for: the identifiers of the current prompt and of the call's own arguments."""

from __future__ import annotations

import re
from collections.abc import Iterable

from compactor.digest.identifiers import identifiers

MOST = 48
"""Words looked for at most: the first of the arguments, then those of the prompt."""
LONGEST = 8_000
"""Characters of a prompt that are looked through."""

_QUOTED = re.compile(r'[`"\']([\w][\w .\-/:]{1,60}[\w])[`"\']')
_NAMED = re.compile(r'\b(?:function|class|method|variable|type|module|file|test|table|field|column)\s+(\w{3,60})')
_LEAST = 3


def words_of(prompt: str, arguments: Iterable[str] = ()) -> frozenset[str]:
    """Identifiers, quoted words and what follows 'function', 'class' and the like, in a prompt and in arguments.

    Plain words name nothing and are left out. Paths stand for their last part too, as tools print it in many forms.
    """
    found: dict[str, None] = {}
    for text in (*arguments, prompt):
        text = text[:LONGEST]
        names = [*identifiers(text), *_QUOTED.findall(text), *_NAMED.findall(text)]
        for name in names:
            last = name.rsplit('/', 1)[-1]
            if len(last) >= _LEAST:
                found.setdefault(last)
    return frozenset(list(found)[:MOST])
