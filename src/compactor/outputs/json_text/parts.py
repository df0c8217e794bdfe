"""Finds the JSON in a text and reads it so that it can be written again without changing a single scalar.

Numbers keep their literal (`1.10`, `1e400`, `NaN`, 40 digits), objects keep repeated keys.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from json.encoder import encode_basestring, encode_basestring_ascii
from typing import Any


class Number(str):
    """A number as it was written."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """An object: its keys and values, in order, repeated keys included."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Tree:
    """A value and where it stood in the text."""

    value: Any
    start: int
    end: int


TRIES = 200
"""Places that look like the beginning of JSON but are not, after which no more are tried."""
_OPENERS = ('{', '[')
_START = re.compile(r'^[ \t]*(?=[\[{])', re.MULTILINE)
_NEGATIVE_ZERO = re.compile(r'-0(?![.\deE])')
_SURROGATE = re.compile('[\ud800-\udfff]')


def parts_of(text: str) -> list[Tree | str]:
    """Values of JSON and the texts between them, in order; JSON between texts has to begin and to end a line."""
    try:
        return _parts(text, json_decoder(exact=_NEGATIVE_ZERO.search(text) is not None))
    except ValueError:  # an integer of more digits than `int` reads
        pass
    try:
        return _parts(text, json_decoder(exact=True))
    except ValueError:
        return [text]


def json_decoder(*, exact: bool) -> json.JSONDecoder:
    """Reads JSON as `Pairs`, lists and scalars.

    With `exact` all numbers are `Number`; else integers are read as such where that is lossless, as it costs half.
    """
    return json.JSONDecoder(
        object_pairs_hook=Pairs, parse_float=Number, parse_int=Number if exact else None, parse_constant=Number
    )


def _parts(text: str, decoder: json.JSONDecoder) -> list[Tree | str]:
    parts: list[Tree | str] = []
    behind = 0
    wasted = 0
    tries = 0
    at = 0
    while tries < TRIES and wasted <= 2 * len(text) and (found := _START.search(text, at)):
        start = found.end()
        try:
            value, end = decoder.raw_decode(text, start)
        except json.JSONDecodeError as error:
            tries += 1
            wasted += error.pos - start
            at = _next_line(text, start)
            continue
        except RecursionError:
            break
        values = [Tree(value, start, end)]
        while text[end : end + 1] in _OPENERS and (following := _value_at(text, end, decoder)) is not None:
            values.append(following)  # values that follow one another on one line
            end = following.end
        at = _next_line(text, end)
        if text[end:at].strip():
            tries += 1
            wasted += end - start
            at = _next_line(text, start)
            continue
        if text[behind:start].strip():
            parts.append(text[behind:start])
        parts += values
        behind = at
    if text[behind:].strip():
        parts.append(text[behind:])
    return parts


def _value_at(text: str, start: int, decoder: json.JSONDecoder) -> Tree | None:
    try:
        value, end = decoder.raw_decode(text, start)
    except (json.JSONDecodeError, RecursionError):
        return None
    return Tree(value, start, end)


def _next_line(text: str, at: int) -> int:
    found = text.find('\n', at)
    return found + 1 if found >= 0 else len(text)


class _Ends:
    """Where the value ends that was parsed last: several stations ask for the same text, one after the other.

    It knows the text by its hash and its length, and so keeps no output alive.
    """

    def __init__(self) -> None:
        self._known: tuple[tuple[int, int, int], int] | None = None

    def end_of(self, text: str, start: int) -> int:
        """See `end_of`."""
        key = hash(text), len(text), start
        known = self._known
        if known is not None and known[0] == key:
            return known[1]
        try:
            _, end = _PLAIN.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = -1
        self._known = key, end
        return end


_PLAIN = json.JSONDecoder()
_ENDS = _Ends()


def end_of(text: str, start: int) -> int:
    """Where the JSON value ends that begins at `start`; -1 where none does."""
    return _ENDS.end_of(text, start)


def dumped(text: str) -> str:
    """A string as JSON; lone surrogates stay escaped, as they cannot be encoded."""
    if text.isascii() or not _SURROGATE.search(text):
        return encode_basestring(text)
    return encode_basestring_ascii(text)


def uniform(items: list[Any]) -> bool:
    """Whether all elements are objects with the same keys in the same order."""
    names = [name for name, _ in items[0]]
    return all(isinstance(item, Pairs) and [name for name, _ in item] == names for item in items)
