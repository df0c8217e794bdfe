"""Finds the values of a Secret of Kubernetes, in YAML or JSON, before or behind what says its kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compactor.secrets.randomness import made_up
from compactor.secrets.reading import Reading, Span

REACH = 8_000
"""Characters before and behind the kind in which its data stands."""

_QUOTE = rb'(?:\\{0,3}["\'])?'
_KIND = re.compile(rb'kind' + _QUOTE + rb'[ ]{0,3}:[ ]{0,3}' + _QUOTE + rb'$')
_OBJECT = re.compile(rb'(?:apiversion|\n---[ \t]*\n)')
"""Where another object begins, in a file of many or in a list."""
_DATA = re.compile(rb'(?<![a-z])(?:string)?data' + _QUOTE + rb'[ ]{0,3}:[ ]{0,3}(?P<json>\{)?')
_PAIR = re.compile(
    rb'[A-Za-z0-9_.-]{1,120}'
    + _QUOTE
    + rb'[ ]{0,3}:[ ]{0,3}'
    + _QUOTE
    + rb'(?P<value>[^\s"\'{}<$|>\\,][^\s"\'{}<$\\,]{3,4000})'
)
_KEY = re.compile(rb'[A-Za-z0-9_.-]{1,120}["\']?[ ]{0,3}:')
_BODY = re.compile(rb'(?P<value>[A-Za-z0-9+/]{16,}={0,2})[ \t\r]*$')
"""A line of a value over several lines."""


def values(reading: Reading) -> Iterator[Span]:
    """Where the values of Secrets stand."""
    kinds = list(_kinds(reading.lower))
    for before, at, after in zip([0, *kinds], kinds, [*kinds[1:], len(reading.flat)], strict=False):
        first, last = max(before, at - REACH), min(after, at + REACH)
        for start, end in _of_object(reading.flat[first:last], at - first):
            yield first + start, first + end


def _kinds(lower: bytes) -> Iterator[int]:
    """Where an object is said to be a Secret."""
    at = lower.find(b'secret')
    while at >= 0:
        if not lower[at + 6 : at + 7].isalnum() and _KIND.search(lower, max(0, at - 20), at):
            yield at
        at = lower.find(b'secret', at + 6)


def _of_object(flat: bytes, at: int) -> Iterator[Span]:
    """The values of the object whose kind stands here."""
    # Ends of lines that are written down are made such, at the same place.
    flat = flat.replace(b'\\n', b' \n')
    lower = flat.lower()
    first, last = 0, len(flat)
    for other in _OBJECT.finditer(lower):
        if other.start() < at:
            first = other.start()
        else:
            last = other.start()
            break
    for data in _DATA.finditer(lower, first, last):
        for pair in _in_json(flat, data.end(), last) if data['json'] else _in_yaml(flat, data, last):
            if not made_up(pair['value'].decode()):
                yield pair.span('value')


def _in_json(flat: bytes, at: int, last: int) -> Iterator[re.Match[bytes]]:
    end = flat.find(b'}', at, last)
    yield from _PAIR.finditer(flat, at, end if end >= 0 else last)


def _in_yaml(flat: bytes, data: re.Match[bytes], last: int) -> Iterator[re.Match[bytes]]:
    """The pairs in the lines below that stand further in, and lines of base64 that belong to one of them."""
    column = data.start() - flat.rfind(b'\n', 0, data.start())
    at = flat.find(b'\n', data.end(), last)
    while at >= 0:
        end = flat.find(b'\n', at + 1, last)
        stop = end if end >= 0 else last
        key = _KEY.search(flat, at + 1, stop)
        if key is not None and key.start() - at <= column:
            return
        pair = _PAIR.match(flat, key.start(), stop) if key is not None else _BODY.search(flat, at + 1, stop)
        if pair is not None:
            yield pair
        at = end
