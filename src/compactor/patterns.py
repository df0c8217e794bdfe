"""Regular expressions that come from outside, of users and models: checked when they are read, matched within a time.

They are in the notation of the `regex` package, which is that of `re` and a little more. Python's `re` cannot be
stopped, so it sees only expressions of our own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Protocol

from compactor.errors import ConfigError

LEAST_SECONDS = 0.1
"""Processor time that a search may take however short its text is."""
SECONDS = 0.5
"""And for each million characters. Ordinary expressions take 5 to 120 ms for a million, three words in a row 250."""
LARGEST = 50_000
"""An expression is refused whose repetitions, written out one inside the other, have more parts than this: the engine
writes `(?:ab){1000}` out, and `(?:(?:a{1000}){1000}){1000}` would fill the memory."""
APART = 10_000
"""Characters from which on a text is searched without the interpreter's lock."""

_COUNT = re.compile(r'(\S?)\s*\{\s*(\d+)\s*(?:,\s*\d*\s*)?\}')
_SPREAD = re.compile(r'\(\?[a-zA-Z0-9]*x')


class TooSlow(Exception):
    """A pattern was not through with a text within its time; what it found so far is no answer."""


class Match(Protocol):
    """What was found: the part of a match of `re` that is used here."""

    def span(self, group: int | str = 0, /) -> tuple[int, int]:
        """Where a group begins and ends; (-1, -1) if it took no part."""
        ...

    def groupdict(self) -> Mapping[str, str | None]:
        """The named groups; None for one that took no part."""
        ...


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression of somebody else's; `pattern()` makes one.

    Attributes:
        source: as it was written.
    """

    source: str
    _compiled: Any = field(repr=False, compare=False)

    def matches(self, text: str) -> Iterator[Match]:
        """Every match in a text, in order, empty ones too. The time for all of them grows with the text's length.

        Raises:
            TooSlow: it is not through within its time.
        """
        try:
            yield from self._compiled.finditer(text, timeout=seconds_for(text), concurrent=len(text) > APART)
        except TimeoutError:
            raise TooSlow(_told(self.source)) from None

    def found_in(self, text: str, seconds: float | None = None) -> bool:
        """Whether it is found in a text, within `seconds` of processor time (by default as for `matches`).

        Raises:
            TooSlow: this is not known within the time.
        """
        limit = seconds_for(text) if seconds is None else max(seconds, 1e-3)
        try:
            return self._compiled.search(text, timeout=limit, concurrent=len(text) > APART) is not None
        except TimeoutError:
            raise TooSlow(_told(self.source)) from None


@lru_cache(maxsize=1_024)
def pattern(source: str) -> Pattern:
    """The expression, ready to be matched; remembered.

    Raises:
        ConfigError: it is none, or it is too large; the message says what is wrong with it and where.
    """
    if repetitions(source) > LARGEST:
        raise ConfigError(f'{_told(source)} repeats more than {LARGEST:,} times what it repeats: write it with less')
    # Imported here because most who import this package have no patterns of their own.
    import regex

    try:
        return Pattern(source, regex.compile(source))
    except (regex.error, ValueError, OverflowError) as error:
        raise ConfigError(f'{_told(source)} is no regular expression: {error}') from None
    except (RecursionError, MemoryError):
        raise ConfigError(f'{_told(source)} is nested too deep') from None


def repetitions(source: str) -> int:
    """How often an expression repeats something: at most all the counts that repeat groups, and one that does not."""
    groups, largest = 1, 1
    anything = _SPREAD.search(source) is not None  # with blanks and comments in it, anything may stand before a count
    for before, count in _COUNT.findall(source):
        times = max(1, int(count[:9]))
        if anything or before == ')':
            groups *= times
        else:
            largest = max(largest, times)
    return groups * largest


def seconds_for(text: str) -> float:
    """Processor time that a search through a text may take."""
    return LEAST_SECONDS + SECONDS * len(text) / 1_000_000


def _told(source: str) -> str:
    return f'the pattern {source!r}' if len(source) <= 100 else f'the pattern {source[:100]!r}…'
