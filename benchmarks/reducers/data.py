"""Facts of JSON and of tables: keys, values, how many."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from typing import Any

from .facts import Fact, Form, Found, clip, limited, texts

SHORTEST = 3
"""Characters of a scalar, items of an array: what is below says nothing."""
VALUE = 60
"""Characters by which a string in JSON counts."""
_PAIR = re.compile(r'"((?:[^"\\\n]|\\.){1,80})"\s*:\s*(?:"((?:[^"\\\n]|\\.)*)"|(-?\d[\d.eE+\-]*))?')


def values(text: str) -> Found:
    """Keys with the key above them, distinct scalars, numbers of items; of JSON that was cut what its pairs say."""
    try:
        parsed = json.loads(text.strip())
    except (ValueError, RecursionError):
        return _of_pairs(text)
    keys: dict[tuple[str, str], None] = {}
    scalars: dict[str, None] = {}
    counts: dict[tuple[str, int], None] = {}
    for kind, above, value in _walk(parsed, '', 0):
        if kind == 'key':
            keys[above, value] = None
        elif kind == 'count':
            counts[above, value] = None
        elif len(said := clip(str(value), VALUE)) >= SHORTEST:
            scalars[said] = None
    return [
        *limited([Fact('key', 2, (key,)) for _, key in keys], 100),
        *limited([Fact('scalar', 1, (scalar,)) for scalar in scalars], 100),
        *limited([Fact('number of items', 2, (str(count),), Form.COUNT) for _, count in counts], 20),
    ]


def _walk(value: Any, above: str, depth: int) -> Iterator[tuple[str, str, Any]]:
    if depth > 100:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if key.strip():
                yield 'key', above, ' '.join(key.split())
            yield from _walk(inner, key, depth + 1)
    elif isinstance(value, list):
        if len(value) >= SHORTEST:
            yield 'count', above, len(value)
        for inner in value:
            yield from _walk(inner, above, depth + 1)
    elif value is not None and not isinstance(value, bool):
        yield 'scalar', above, value


def _of_pairs(text: str) -> Found:
    pairs = _PAIR.findall(text)
    if len(pairs) < SHORTEST:
        return []
    scalars = [clip(string or number, VALUE) for _, string, number in pairs]
    return [
        *texts('key', 2, (key for key, _, _ in pairs), 100),
        *texts('scalar', 1, (scalar for scalar in scalars if len(scalar) >= SHORTEST), 100),
    ]


def tables(text: str) -> Found:
    """Names in the header, rows, and how many rows there are."""
    rows = _rows(text)
    if len(rows) < SHORTEST:
        return []
    header, *body = rows
    distinct = dict.fromkeys(tuple(clip(cell, VALUE) for cell in row if cell) for row in body)
    return [
        *texts('header', 3, header),
        *limited([Fact('row', 1, row, Form.ROW) for row in distinct if row], 100),
        Fact('number of rows', 3, (str(len(body)),), Form.COUNT),
    ]


def _rows(text: str) -> list[list[str]]:
    lines = [line for line in text.split('\n') if line.strip() and not re.fullmatch(r'[\s|+:\-=]+', line)]
    for separator in ('|', '\t', ',', ';'):
        widths = [line.count(separator) for line in lines]
        common = max(set(widths), key=widths.count, default=0)
        if common and widths.count(common) > len(lines) * 0.6:
            there = [line for line, width in zip(lines, widths, strict=True) if width == common]
            if separator == ',':
                return [[cell.strip() for cell in row] for row in csv.reader(there)]
            return [[' '.join(cell.split()) for cell in line.strip().strip('|').split(separator)] for line in there]
    return []
