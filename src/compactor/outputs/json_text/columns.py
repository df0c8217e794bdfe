"""TOON: a list of objects with the same keys as a header and rows, and back, without loss.

    items[2]{id,name}:
      1,Ada
      2,"Lovelace, A."

It is smaller than JSON where rows are uniform, but it is no JSON, so nothing is turned into it unasked.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence

Scalar = str | int | float | bool | None

_PLAIN = re.compile(r'[A-Za-z_\u00a1-\ud7ff][\w .@/+\-]*(?<! )')
_HEADER = re.compile(r'(?P<name>"(?:[^"\\]|\\.)*"|[^\[\]{}"\s]*)\[(?P<count>\d+)\]\{(?P<keys>.*)\}:')
_CELL = re.compile(r'"(?:[^"\\]|\\.)*+"|[^,"]*')
_NUMBER = re.compile(r'-?\d+(?P<float>\.\d+)?(?P<exponent>[eE][+\-]?\d+)?')
_WORDS: Mapping[str, Scalar] = {'null': None, 'true': True, 'false': False}


def encode_toon(rows: Sequence[Mapping[str, Scalar]], name: str = 'items') -> str:
    """Objects as `name[n]{keys}:` and a line for each.

    Raises:
        ValueError: the objects have not the same keys, or a value is no scalar or not finite.
    """
    keys = list(rows[0]) if rows else []
    lines = [f'{as_key(name)}[{len(rows)}]{{{",".join(map(as_key, keys))}}}:']
    for row in rows:
        if list(row) != keys:
            raise ValueError(f'all rows need the keys {keys}, one has {list(row)}')
        lines.append('  ' + ','.join(_cell(value) for value in row.values()))
    return '\n'.join(lines)


def decode_toon(text: str) -> tuple[str, list[dict[str, Scalar]]]:
    """The name and the objects that `encode_toon` wrote.

    Raises:
        ValueError: the text is none of those.
    """
    first, *lines = text.split('\n')
    header = _HEADER.fullmatch(first)
    if header is None:
        raise ValueError('the first line is no header: name[n]{keys}:')
    keys = [str(json.loads(key)) if key[:1] == '"' else key for key in _cells(header['keys'])] if header['keys'] else []
    if len(lines) != int(header['count']):
        raise ValueError(f'{header["count"]} rows were announced, {len(lines)} found')
    rows: list[dict[str, Scalar]] = []
    for number, line in enumerate(lines, 2):
        cells = _cells(line[2:]) if keys else []
        if len(cells) != len(keys):
            raise ValueError(f'line {number} has {len(cells)} values for {len(keys)} keys')
        rows.append(dict(zip(keys, map(_value, cells), strict=True)))
    name = header['name']
    return (str(json.loads(name)) if name[:1] == '"' else name), rows


def as_key(key: str) -> str:
    """A key as it stands in a header: bare where it is a plain name, else in quotes."""
    return key if re.fullmatch(r'[A-Za-z_][\w.]*', key, re.ASCII) else json.dumps(key)


def is_plain(text: str) -> bool:
    """Whether a text can stand in a cell without quotes, and is taken for nothing else."""
    return _PLAIN.fullmatch(text) is not None and text not in _WORDS


def _cell(value: Scalar) -> str:
    if isinstance(value, str):
        return value if is_plain(value) else json.dumps(value)
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    number: object = value
    if isinstance(number, float) and math.isfinite(number):
        return repr(number)
    raise ValueError(f'no scalar that can be written: {value!r}')


def _cells(line: str) -> list[str]:
    """The cells of a line, those in quotes with their quotes."""
    cells: list[str] = []
    at = 0
    while True:
        found = _CELL.match(line, at)
        assert found is not None, 'the pattern matches the empty text'
        cells.append(found.group())
        at = found.end()
        if at >= len(line):
            return cells
        if line[at] != ',':
            raise ValueError(f'a comma is missing at column {at + 3}')
        at += 1


def _value(cell: str) -> Scalar:
    if cell[:1] == '"':
        return str(json.loads(cell))
    if cell in _WORDS:
        return _WORDS[cell]
    if number := _NUMBER.fullmatch(cell):
        return float(cell) if number['float'] or number['exponent'] else int(cell)
    return cell
