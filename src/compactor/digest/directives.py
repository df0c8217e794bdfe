"""Sentences that direct: which lines of a text that binds go last where not all of it fits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from compactor.digest.directive_words import SPACED, UNSPACED


def _expression() -> re.Pattern[str]:
    """All words of all languages in one expression."""
    spaced = sorted({re.escape(word) for word in chain(*SPACED.values())}, key=len, reverse=True)
    unspaced = sorted({re.escape(word) for word in chain(*UNSPACED.values())}, key=len, reverse=True)
    return re.compile(rf'(?<!\w)(?:{"|".join(spaced)})(?!\w)|{"|".join(unspaced)}', re.IGNORECASE)


_DIRECTS = _expression()
LOOKED_AT = 600
"""Characters of a line that are looked at; what is longer is data, not a sentence."""


@lru_cache(maxsize=8_192)
def directs(line: str) -> bool:
    """Whether a line says what is to be done, or left."""
    return _DIRECTS.search(line[:LOOKED_AT].replace('\u2019', "'")) is not None


def sentences(text: str) -> list[str]:
    """A text as lines, and a long line as its sentences."""
    found: list[str] = []
    for line in text.split('\n'):
        found += _SENTENCE.split(line) if len(line) > LONG else [line]
    return [line.rstrip() for line in found if line.strip()]


def directing(lines: Sequence[str]) -> list[int]:
    """Which of these lines direct, and which stand among such: rules that are told without a word for it."""
    own = [i for i, line in enumerate(lines) if directs(line)]
    return list(range(len(lines))) if len(lines) <= AMONG and 2 * len(own) >= len(lines) else own


AMONG = 40
"""Lines of a text, at most half of which may say without a word for it what is to be done."""
LONG = 160
_SENTENCE = re.compile(r'(?<=[.!?])\s+(?=\S)|(?<=[。！？])')
