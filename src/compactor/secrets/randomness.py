"""Whether a text looks generated, and whether it only stands for what would be."""

from __future__ import annotations

import math
import re
from collections import Counter

TURNS = 3
"""How often letters and digits take turns, at least, in what is no name; `sha256_v2` has 2."""
ENTROPY = 2.9
"""Bits a character from which a text may be random; 16 random hexadecimal digits have 3.2 on average."""
NAMED = 0.5
"""Share of a text in whole words between its separators from which it is a name."""
FEW = 0.15
"""Such turns for each character, below which a text that is mostly words is a name, such as `getTokenV2FromCache3`."""
MIXED = 0.4
"""Changes between small letters, capitals and digits, for each character, from which few digits are enough ..."""
WORDY = 0.6
"""... where no more than this share of it is in words, also such as `camelCase` has."""

_TURN = re.compile(r'(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])')
_CHANGE = re.compile(r'(?<=[a-z])(?=[A-Z\d])|(?<=[A-Z])(?=[a-z\d])|(?<=\d)(?=[A-Za-z])')
_NAME = re.compile(r'(?:(?<=^)|(?<=[_\-./]))[A-Z]?[a-z]{3,}(?=$|[_\-./\d])')
_WORD = re.compile(r'[A-Z]?[a-z]{3,}|[A-Z]{3,}')
_KINDS = tuple(map(re.compile, ('[a-z]', '[A-Z]', '[0-9]', '[!@#%^&*+~?$=-]')))
"""Kinds of characters in a password."""
_WORD_AND_NUMBER = re.compile(r'(?=.*\d)(?=.*[A-Za-z].*[A-Za-z])[A-Za-z0-9!@#%^&*+~?-]{7,}')
_TELLING = re.compile(r'(?i)passw|pwd|secret|token|value|string|test|user|admin|demo|none|null|true|false')
"""What stands for a password in programs and in documents."""
_EXPRESSION = re.compile(r'\$\{|\{\{|%\(|<[^>]*>|^[$%<{(/.]|://|\w\(|\w\[|\\')
_MADE_UP = re.compile(r'(?i)example|x{5}|placeholder|change_?me|redacted|your[_-]|insert[_-]|\*{3}|\.{3}')


def looks_random(text: str) -> bool:
    """Whether a text looks generated: letters and digits mixed, few of them twice, hardly any words."""
    turns = _turns(text, _TURN)
    if turns >= TURNS:
        if _share(text, _NAME) > NAMED or (turns < len(text) * FEW and _share(text, _WORD) > WORDY):
            return False
    elif _turns(text, _CHANGE) < MIXED * len(text) or _share(text, _WORD) > WORDY:
        return False
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) >= ENTROPY


def _turns(text: str, change: re.Pattern[str]) -> int:
    return sum(1 for _ in change.finditer(text))


def _share(text: str, words: re.Pattern[str]) -> float:
    return sum(len(word[0]) for word in words.finditer(text)) / len(text)


def password_like(text: str, *, quoted: bool = False, given: bool = False) -> bool:
    """Whether a text may be what somebody made up for a password, and is no name, path or expression.

    Args:
        text: what stands behind a name such as `password`.
        quoted: it stands in quotes, so that it is no expression.
        given: it stands right behind the sign, as in settings and queries, and hardly in programs.
    """
    if made_up(text) or _EXPRESSION.search(text):
        return False
    kinds = sum(kind.search(text) is not None for kind in _KINDS)
    if kinds == len(_KINDS) or looks_random(text):
        return True
    if given and _WORD_AND_NUMBER.fullmatch(text):
        return not _TELLING.search(text)
    return quoted and kinds >= 3 and _share(text, _WORD) <= WORDY


def made_up(text: str) -> bool:
    """Whether a text stands for a secret that is not there: `xxxxx`, `AKIA...EXAMPLE`."""
    return _MADE_UP.search(text) is not None or len(set(text)) <= 3
