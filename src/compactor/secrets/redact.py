"""Secrets out of texts, before anything is cut, stored, logged or shown: `[REDACTED-<8 hex>]` stands in their place.

    as written, and as a reader sees it: tokens ─► contexts ─► assigned ─► private keys ─► users' patterns ─► marks

Equal secrets get equal marks, so that a reader still sees that two places hold the same one. The hex digits are of an
HMAC-SHA-256 whose key is random for each process: of a plain hash 32 bits would be enough to find a password out of a
list of passwords. Who needs the same marks in several processes sets `Secrets.key`.

Every tool output passes through here, also what fits its budget, so ordinary text must cost little. Of the hundreds of
expressions none is tried until something cheap speaks for it: long words are found by a search for bytes, and only
those that begin like a secret, or hold digits and stand behind a name, are looked at; everything else begins with a
literal. No expression of ours can backtrack over more than a fixed number of characters, so all of this is linear.

Why no library: one comparison on 791 outputs of recorded sessions, which no command repeats, gave for an output of 25
to 60 KB 590 ms to detect-secrets 1.5, which took every other word for a secret (260 ms without measures of entropy),
and 0.1 ms to secrethider 0.1.2, which broke 68 of the outputs, source code mostly (`Token: auth.Token`). `make
reducers` shows what this takes.
"""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from compactor.patterns import Match, TooSlow, pattern
from compactor.secrets.assigned import Assigned
from compactor.secrets.contexts import Contexts
from compactor.secrets.randomness import looks_random
from compactor.secrets.reading import ENOUGH, Reading, Span
from compactor.secrets.rule import contexts, services, tokens
from compactor.secrets.tokens import Tokens

MARK = re.compile(r'\[REDACTED-[0-9a-f]{8}\]')
"""What stands in a secret's place; never redacted again."""
ASSIGNED = 'assigned'
KEY = 'private key'
KUBERNETES = 'Secret of Kubernetes'
"""Names of what has no row in a table: random values of telling names, keys over many lines, whole objects."""
WITHHELD = '[{} characters withheld: the pattern {!r} for secrets was not through with them in time]'
"""What a text becomes that a user's pattern takes too long for: what was not looked through is not shown."""
LONGEST_NAME = 80
"""Characters of a key that may say what its value is."""
NAMES = 4_096
"""Keys that are remembered as such without a secret."""
_PROCESS_KEY = os.urandom(32)


@dataclass(frozen=True, eq=False)
class Secrets:
    """What counts as a secret; each is itself, so that what it found can be remembered with it.

    Attributes:
        patterns: regular expressions of users by name (see `compactor.patterns`). Of a match the group `secret` goes,
            the group `random` only where it looks random, and without such groups all of it.
        off: names of built-in secrets that are let alone: of the tables' rows, `ASSIGNED`, `KEY` and `KUBERNETES`.
        built_in: whether anything but `patterns` counts.
        key: of the hash in the marks; random for each process by default.

    Raises:
        ConfigError: a pattern is no expression.
    """

    patterns: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[str] = frozenset()
    built_in: bool = True
    key: bytes = field(default=_PROCESS_KEY, repr=False)

    def __post_init__(self) -> None:
        for source in self.patterns.values():
            pattern(source)

    def with_patterns(self, more: Mapping[str, str]) -> Secrets:
        """The same with further patterns by name; one of the same name takes the other's place, or a built-in one's."""
        if not more:
            return self
        return replace(self, patterns={**self.patterns, **more}, off=self.off | more.keys())

    def without(self, *names: str) -> Secrets:
        """The same without some patterns, or some that are built in."""
        patterns = {name: each for name, each in self.patterns.items() if name not in names}
        return replace(self, patterns=patterns, off=self.off | set(names))

    def mark(self, secret: str) -> str:
        """What stands in the place of a secret."""
        digest = hmac.digest(self.key, secret.encode('utf-8', 'surrogatepass'), 'sha256')
        return f'[REDACTED-{digest.hex()[:8]}]'

    def bare_name(self, name: str) -> str:
        """A key of a mapping without secrets. Those of a framework's messages and of tools recur in every value."""
        if name in self._sound_names:
            return name
        bare = redact(name, self)
        if bare is name and len(name) <= LONGEST_NAME:
            if len(self._sound_names) >= NAMES:
                self._sound_names.clear()
            self._sound_names.add(name)
        return bare

    @cached_property
    def _sound_names(self) -> set[str]:
        """Keys that were found to hold no secret."""
        return set()

    def read_tables(self) -> None:
        """Reads the tables of what is built in now, and not at the first text: that may be in an event loop."""
        if self.built_in:
            _ = self._tokens, self._contexts, self._assigned

    @cached_property
    def _tokens(self) -> Tokens:
        return Tokens({name: rule for name, rule in tokens().items() if name not in self.off})

    @cached_property
    def _contexts(self) -> Contexts:
        return Contexts({name: rule for name, rule in contexts().items() if name not in self.off})

    @cached_property
    def _assigned(self) -> Assigned:
        rules = {name: rule for name, rule in services().items() if name not in self.off}
        return Assigned(rules, telling=ASSIGNED not in self.off)

    def spans(self, reading: Reading) -> Iterator[Span]:
        """Where the built-in secrets stand in what is seen of a text."""
        if not self.built_in:
            return
        for start, end, heads in self._tokens.find(reading):
            yield _with_lines(reading, start, end) if heads and KEY not in self.off else (start, end)
        yield from self._contexts.find(reading)
        yield from self._assigned.find(reading)
        if KUBERNETES not in self.off and reading.holds(b'secret'):
            from compactor.secrets.kubernetes import values

            yield from values(reading)
        if KEY not in self.off and (len(reading.full_lines) >= ENOUGH or reading.holds(b'private')):
            from compactor.secrets.armour import blocks, keys

            yield from keys(reading)
            yield from blocks(reading)


def _with_lines(reading: Reading, start: int, end: int) -> Span:
    """A key whose first line stands here, with the lines that follow."""
    from compactor.secrets.armour import goes_on

    return goes_on(reading, start, end)


HIGH_CONFIDENCE = Secrets()
"""What is a secret by its form or its context beyond reasonable doubt."""


def redact(text: str, secrets: Secrets = HIGH_CONFIDENCE) -> str:
    """The text with `[REDACTED-<8 hex>]` in the place of every secret; the same object where there is none.

    Idempotent: it ends only when nothing more is found, and marks are never part of what is found.
    """
    try:
        while spans := found(text, secrets):
            parts: list[str] = []
            end = 0
            for start, stop in spans:
                parts += (text[end:start], secrets.mark(text[start:stop]))
                end = stop
            text = ''.join((*parts, text[end:]))
    except _Withheld as error:
        return WITHHELD.format(f'{len(text):,}', error.args[0])
    return text


class _Withheld(Exception):
    """A user's pattern, named here, was not through in time."""


def found(text: str, secrets: Secrets) -> list[Span]:
    """Where the secrets are, in order; overlapping ones are one, and what touches a mark is none."""
    reading = Reading(text)
    spans = list(_in_reading(reading, secrets))
    if not reading.plain:
        from compactor.secrets.seen import seen

        view = seen(text)
        spans += (view.back(*span) for span in _in_reading(Reading(view.text), secrets) if span[0] < span[1])
    if not spans:
        return []
    marks = [match.span() for match in MARK.finditer(text)] if '[REDACTED-' in text else []
    return list(_apart(sorted(spans), marks))


def _in_reading(reading: Reading, secrets: Secrets) -> Iterator[Span]:
    """Where the secrets are, in any order, built in or of users."""
    yield from secrets.spans(reading)
    for name, source in secrets.patterns.items():
        try:
            yield from filter(None, map(_span, pattern(source).matches(reading.text)))
        except TooSlow as error:
            raise _Withheld(name) from error


def _apart(spans: list[Span], marks: list[Span]) -> Iterator[Span]:
    """The spans, those that overlap as one, without such as touch a mark."""
    at = 0
    begin = end = -1
    for start, stop in spans:
        while at < len(marks) and marks[at][1] <= start:
            at += 1
        if start >= stop or (at < len(marks) and marks[at][0] < stop):
            continue
        if start < end:
            end = max(end, stop)
            continue
        if end >= 0:
            yield begin, end
        begin, end = start, stop
    if end >= 0:
        yield begin, end


def _span(match: Match) -> Span | None:
    """What of a user's match goes."""
    said = match.groupdict()
    if said.get('secret') is not None:
        return match.span('secret')
    random = said.get('random')
    if random is not None:
        return match.span('random') if looks_random(random) else None
    return match.span()
