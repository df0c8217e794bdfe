"""Secrets out of texts, before anything is cut, stored, logged or shown: `[REDACTED-<8 hex>]` stands in their place.

Equal secrets get equal marks, so that a reader still sees that two places hold the same one. The hex digits are of an
HMAC-SHA-256 whose key is random for each process: of a plain hash 32 bits would be enough to find a password out of a
list of passwords. Who needs the same marks in several processes sets `Secrets.key`.

Every tool output passes through here, also what fits its budget, so ordinary text must cost nearly nothing. Two quick
looks decide which patterns run at all. A token with a prefix of its maker ('ghp_', 'sk-ant-') is a run of 20 or more
letters, digits, `_`, `-` and `.`; such runs are found by a search for bytes, and only those that begin like one of the
patterns are matched. Everything else runs where a word that it cannot do without is there. No pattern can backtrack
over more than a fixed number of characters, or begins in the middle of what it matches, so all of this is linear.

Why no library: one comparison on 791 outputs of recorded sessions, which no command repeats, gave for an output of 25
to 60 KB 590 ms to detect-secrets 1.5, which took every other word for a secret (260 ms without measures of entropy),
and 0.1 ms to secrethider 0.1.2, which broke 68 of the outputs, source code mostly (`Token: auth.Token`). This takes 0.5
ms (`make reducers` shows it) and changed none of them.
"""

from __future__ import annotations

import hmac
import math
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from compactor.outputs.secret_patterns import ASSIGNMENTS, AT_WORDS, LEAST_TOKEN, PATTERNS, STARTS, WORDS

MARK = re.compile(r'\[REDACTED-[0-9a-f]{8}\]')
"""What stands in a secret's place; never redacted again."""
_PROCESS_KEY = os.urandom(32)
_RUN = bytes(ord('a') if chr(i) in '_-.' or (chr(i).isalnum() and i < 128) else ord(' ') for i in range(256))
"""Turns each byte of a token into 'a' and every other into a blank."""
_LONG = b'a' * LEAST_TOKEN
_MARKS = b'_-.'
_ESCAPES = {b'\\': (1, 5), b'%': (2,)}
"""Characters of an escape after its first: one letter or u and four digits, or two digits."""


@dataclass(frozen=True)
class Secrets:
    """What counts as a secret.

    Attributes:
        patterns: regular expressions by name. Of a match the group `secret` goes, the group `random` only where it
            looks random, and without such groups all of it. Expressions that are not built in are searched for in every
            text: see that they cannot backtrack.
        key: of the hash in the marks; random for each process by default.
    """

    patterns: Mapping[str, str]
    key: bytes = field(default=_PROCESS_KEY, repr=False)

    def with_patterns(self, more: Mapping[str, str]) -> Secrets:
        """The same with further patterns by name; one of the same name takes the other's place."""
        return replace(self, patterns={**self.patterns, **more}) if more else self

    def without(self, *names: str) -> Secrets:
        """The same without some patterns."""
        return replace(self, patterns={name: each for name, each in self.patterns.items() if name not in names})

    @cached_property
    def _tokens(self) -> Mapping[bytes, tuple[re.Pattern[str], ...]]:
        """Patterns of tokens with a prefix, by its first two bytes."""
        found: dict[bytes, tuple[re.Pattern[str], ...]] = {}
        for pattern in self.patterns.values():
            for start in STARTS.get(pattern, ()):
                found[start[:2].encode()] = (*found.get(start[:2].encode(), ()), re.compile(pattern))
        return found

    @cached_property
    def _others(self) -> tuple[tuple[tuple[bytes, ...], re.Pattern[str]], ...]:
        """The other patterns, each with the words of which one must be there; none for those of users."""
        return tuple(
            (tuple(word.encode() for word in WORDS.get(pattern, ())), re.compile(pattern))
            for pattern in self.patterns.values()
            if pattern not in STARTS
        )

    def mark(self, secret: str) -> str:
        """What stands in the place of a secret."""
        digest = hmac.digest(self.key, secret.encode('utf-8', 'surrogatepass'), 'sha256')
        return f'[REDACTED-{digest.hex()[:8]}]'


HIGH_CONFIDENCE = Secrets(PATTERNS)
"""Only what is a secret by its form or its context beyond reasonable doubt."""
WIDER = HIGH_CONFIDENCE.with_patterns({'assignment': ASSIGNMENTS})
"""Also whatever looks random and is assigned to a name such as `password`, `token` or `api_key`."""


def redact(text: str, secrets: Secrets = HIGH_CONFIDENCE) -> str:
    """The text with `[REDACTED-<8 hex>]` in the place of every secret; the same object where there is none.

    Idempotent: it ends only when nothing more is found, and marks are never part of what is found.
    """
    while spans := _found(text, secrets):
        parts: list[str] = []
        end = 0
        for start, stop in spans:
            parts += (text[end:start], secrets.mark(text[start:stop]))
            end = stop
        text = ''.join((*parts, text[end:]))
    return text


def _found(text: str, secrets: Secrets) -> list[tuple[int, int]]:
    """Where the secrets are, in order; of overlapping ones the first, of equal beginnings the longest."""
    # One byte for each character, so that positions are the same in both.
    flat = text.encode('ascii', 'replace')
    spans = [match.span() for match in _token_matches(text, flat, secrets)]
    lower = flat.lower()
    for words, pattern in secrets._others:
        if not words or any(word in lower for word in words):
            found = _at_words(text, lower, words, pattern) if pattern.pattern in AT_WORDS else pattern.finditer(text)
            spans += filter(None, map(_span, found))
    if not spans:
        return []
    marks = [match.span() for match in MARK.finditer(text)] if '[REDACTED-' in text else []
    kept: list[tuple[int, int]] = []
    at = 0
    for start, stop in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= stop or (kept and start < kept[-1][1]):
            continue
        while at < len(marks) and marks[at][1] <= start:
            at += 1
        if at < len(marks) and marks[at][0] < stop:
            continue
        kept.append((start, stop))
    return kept


def _token_matches(text: str, flat: bytes, secrets: Secrets) -> Iterator[re.Match[str]]:
    """Tokens with a prefix, each at the beginning of a long run."""
    tokens = secrets._tokens
    if not tokens:
        return
    runs = flat.translate(_RUN)
    at = runs.find(_LONG)
    while at >= 0:
        end = runs.find(b' ', at)
        end = len(runs) if end < 0 else end
        for start in _starts(flat, at, end):
            for pattern in tokens.get(flat[start : start + 2], ()):
                if match := pattern.match(text, start):
                    yield match
        at = runs.find(_LONG, end)


def _starts(flat: bytes, at: int, end: int) -> Iterator[int]:
    """Where in a run a token may begin: at its beginning, behind an escape ('%3D') or marks, behind each dot."""
    yield at
    if flat[at] in _MARKS:
        while at < end and flat[at] in _MARKS:
            at += 1
        yield at
    elif skipped := _ESCAPES.get(flat[max(0, at - 1) : at]):
        yield from (at + n for n in skipped)
    dot = flat.find(b'.', at, end)
    while dot >= 0:
        yield dot + 1
        dot = flat.find(b'.', dot + 1, end)


def _at_words(text: str, lower: bytes, words: tuple[bytes, ...], pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Matches that begin with one of the words."""
    for word in words:
        at = lower.find(word)
        while at >= 0:
            if match := pattern.match(text, at):
                yield match
            at = lower.find(word, at + 1)


def _span(match: re.Match[str]) -> tuple[int, int] | None:
    groups = match.re.groupindex
    if 'secret' in groups and match['secret'] is not None:
        return match.span('secret')
    if 'random' in groups and match['random'] is not None:
        return match.span('random') if looks_random(match['random']) else None
    return match.span()


_TURN = re.compile(r'(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])')
TURNS = 3
"""How often letters and digits take turns, at least, in what is no name; `sha256_v2` has 2."""
ENTROPY = 3.2
"""Bits a character from which a text may be random; 16 random letters and digits have 3.7 on average."""


def looks_random(text: str) -> bool:
    """Whether a text looks generated: letters and digits mixed, few of them twice."""
    if sum(1 for _ in _TURN.finditer(text)) < TURNS:
        return False
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values()) >= ENTROPY
