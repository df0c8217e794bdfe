"""Usage exports that are JSON: the rows in a document, as a table with a header.

Read are a list of rows, JSON Lines, and objects that hold them: pages of an API (`data`, with `results` in each
bucket), reports of ccusage (`daily`, `blocks`, `projects`). Numbers stay text, so that no digit is lost.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from compactor.errors import ConfigError

LISTS = ('data', 'results', 'daily', 'weekly', 'monthly', 'blocks')
"""Under these names an object holds the rows."""
WHEN = {'daily': 'date', 'weekly': 'week', 'monthly': 'month'}
"""What a report of several agents calls `period`, and one of a single agent by its name."""
BREAKDOWN = 'modelBreakdowns'
"""A list within a row whose parts are the rows, one a model; each has its `cost` where the whole has `totalCost`."""

Row = dict[str, str]


def is_json(start: str) -> bool:
    """Whether a text that begins so is a document, and not a line of column names."""
    return start.lstrip()[:1] in ('[', '{')


def rows_of(path: Path, text: str) -> list[Row]:
    """The rows in a document, nested fields with a point: `amount.value`.

    Raises:
        ConfigError: it is no JSON, or nothing in it is a list of rows.
    """
    found = [row for value in _documents(path, text) for row in _rows(value)]
    if not found and not _empty(text):
        raise ConfigError(f'{path} holds no list of rows: {", ".join(LISTS)}, or a list itself')
    return found


def _documents(path: Path, text: str) -> Iterator[Any]:
    try:
        yield _parsed(text)
    except json.JSONDecodeError as error:
        if error.msg != 'Extra data':
            raise ConfigError(f'{path} is no JSON: {error}') from None
        for number, line in enumerate(text.splitlines(), 1):
            try:
                if line.strip():
                    yield _parsed(line)
            except json.JSONDecodeError as wrong:
                raise ConfigError(f'{path}, line {number} is no JSON: {wrong.msg}') from None
            except RecursionError:
                raise ConfigError(f'{path}, line {number} is nested too deeply') from None
    except RecursionError:
        raise ConfigError(f'{path} is nested too deeply to be a usage export') from None


def _parsed(text: str) -> Any:
    return json.loads(text, parse_float=str, parse_int=str, parse_constant=str)


def _empty(text: str) -> bool:
    """Whether a document is one without rows, such as a page of no usage."""
    try:
        value = _parsed(text)
    except (ValueError, RecursionError):
        return False
    return value == [] or (isinstance(value, dict) and any(name in value for name in (*LISTS, 'projects')))


def _rows(value: Any) -> Iterator[Row]:
    if isinstance(value, list):
        for one in value:
            yield from _rows(one)
        return
    if not isinstance(value, dict):
        return
    if isinstance(value.get('projects'), dict):
        for name, some in value['projects'].items():
            yield from ({'project': str(name), **row} for row in _rows(some))
        return
    for name in LISTS:
        if isinstance(value.get(name), list):
            own = {} if name != 'results' else _flat({k: v for k, v in value.items() if k != name})
            yield from (own | _dated(row, name) for row in _rows(value[name]))
            return
    parts = value.get(BREAKDOWN)
    if isinstance(parts, list) and parts and all(isinstance(part, dict) for part in parts):
        whole = _flat(value)
        yield from (whole | _flat({'totalCost' if k == 'cost' else k: v for k, v in part.items()}) for part in parts)
        return
    yield _flat(value)


def _dated(row: Row, report: str) -> Row:
    """A row of a report with its time under the name that the report's own rows have."""
    name = WHEN.get(report)
    return row if name is None or name in row or 'period' not in row else {**row, name: row['period']}


def _flat(value: dict[str, Any], before: str = '') -> Row:
    """Fields of objects in objects under one name; lists are left out, as they are no figure and tell nothing apart."""
    found: Row = {}
    for name, one in value.items():
        if isinstance(one, dict):
            found |= _flat(one, f'{before}{name}.')
        elif isinstance(one, bool):
            found[before + name] = 'true' if one else 'false'
        elif isinstance(one, str):
            found[before + name] = one
    return found
