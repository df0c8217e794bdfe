"""Outcomes in a file of one's own, so that what was learned is there tomorrow.

The last process that writes wins: processes that learn side by side need a store behind `learn.Outcomes`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from compactor.errors import ConfigError
from compactor.files import write_whole
from compactor.routing.complexity import Complexity
from compactor.routing.learn import KEEP, MAX_KEYS, Key, MemoryOutcomes, Outcome
from compactor.routing.row import normal

VERSION = 1
LARGEST = 16 * 1024 * 1024
"""Bytes of a file that is read or written; 1,000 kinds of 50 outcomes, each with a UUID, take a fifth of it."""


def to_json(outcomes: MemoryOutcomes) -> dict[str, Any]:
    """Everything, as JSON knows it."""
    rows = [
        {
            'workload': key.workload,
            'task': key.task,
            'complexity': key.complexity.label,
            'model': model,
            'outcomes': [[one.at, one.well, one.id] if one.id else [one.at, one.well] for one in seen],
        }
        for key, model, seen in outcomes.rows()
    ]
    return {'version': VERSION, 'rows': rows}


def from_json(value: object, keep: int = KEEP, max_keys: int = MAX_KEYS) -> MemoryOutcomes:
    """Outcomes from what `to_json` has made.

    Raises:
        ConfigError: it is none of ours, or was damaged.
    """
    if not isinstance(value, Mapping) or value.get('version') != VERSION or not isinstance(value.get('rows'), list):
        raise ConfigError(f'these are no outcomes of version {VERSION}')
    found = MemoryOutcomes(keep, max_keys)
    for place, row in enumerate(value['rows']):
        try:
            for outcome in _outcomes(row):
                found.add(outcome)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ConfigError(f'row {place} of the outcomes is damaged: {type(error).__name__}') from None
    return found


def save(path: Path, outcomes: MemoryOutcomes) -> None:
    """Writes a file in one piece: a reader sees the old one or the new one, whatever happens.

    Raises:
        ConfigError: it cannot be written, or would be too large to be read again.
    """
    text = json.dumps(to_json(outcomes), separators=(',', ':'))
    if len(text) > LARGEST:
        raise ConfigError(f'the outcomes are too many for {path}: keep fewer of them, or shorter ids')
    try:
        write_whole(path, text)
    except OSError as error:
        raise ConfigError(f'cannot write the outcomes to {path}: {error.strerror or error}') from None


def load(path: Path, keep: int = KEEP, max_keys: int = MAX_KEYS) -> MemoryOutcomes:
    """Outcomes of a file; none where there is no file yet.

    Raises:
        ConfigError: it cannot be read, or holds something else; remove it to start anew.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f'{path} is too large for outcomes: remove it to start anew')
        value = json.loads(path.read_text('utf-8'))
    except FileNotFoundError:
        return MemoryOutcomes(keep, max_keys)
    except OSError as error:
        raise ConfigError(f'cannot read the outcomes of {path}: {error.strerror or error}') from None
    except (ValueError, RecursionError):
        raise ConfigError(f'{path} holds no outcomes: remove it to start anew') from None
    try:
        return from_json(value, keep, max_keys)
    except ConfigError as error:
        raise ConfigError(f'{path}: {error}; remove it to start anew') from None


def _outcomes(row: Mapping[str, Any]) -> list[Outcome]:
    names = [row['workload'], row['task'], row['model']]
    if not all(isinstance(name, str) for name in names) or not isinstance(row['outcomes'], Sequence):
        raise TypeError
    key = Key(normal(names[0]), normal(names[1]), Complexity(row['complexity']))
    found = []
    for at, well, *rest in row['outcomes']:
        known = str(rest[0]) if rest else ''
        if not isinstance(well, bool) or isinstance(at, bool) or not isfinite(at):
            raise TypeError
        found.append(Outcome(key, names[2], success=well, at=float(at), id=known))
    return found
