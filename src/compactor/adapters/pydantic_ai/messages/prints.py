"""What tells one history from another without reading its texts, and what is noted with its responses."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from operator import attrgetter, ne
from sys import byteorder
from typing import Any, NamedTuple

from pydantic_ai.messages import ModelMessage

KEY = 'compactor'
"""Under which our notes stand in a response's metadata; stored, and never sent."""

SYNTHESIZED = 'pydantic_ai_synthesized_tool_return'
"""Under which the framework says that it closed a call itself, which it may do to a history between two runs."""

UNPRINTED = frozenset(('system-prompt',))
"""Parts that are made anew from run to run."""


def groups(messages: Sequence[ModelMessage]) -> list[list[ModelMessage]]:
    """A history with neighbours of one kind together, as the framework merges them at the next run."""
    kinds = [message.kind for message in messages]
    if all(map(ne, kinds, kinds[1:])):  # nearly every history
        return [[message] for message in messages]
    grouped: list[list[ModelMessage]] = []
    before = None
    for kind, message in zip(kinds, messages, strict=True):
        if kind == before:
            grouped[-1].append(message)
        else:
            grouped.append([message])
            before = kind
    return grouped


def prints_of(groups: Sequence[Sequence[ModelMessage]]) -> dict[str, bytes]:
    """Which kinds of parts stand in each group, and of each kind the call ids, lengths and times, a column each.

    A merge may change the order of kinds within a group, and nothing else. Columns of one name of two stretches,
    joined, are those of both together. A whole record is printed at the first request of a process, so that what can
    be asked of all parts of a kind at once is not asked of each.
    """
    if not groups:
        return {}
    parts = [group[0].parts if len(group) == 1 else [p for message in group for p in message.parts] for group in groups]
    printed = _printed(parts)
    if printed is None:
        printed = _printed([[part for part in of if not _synthesized(part)] for of in parts]) or {}
    return printed


def _printed(groups: Sequence[Sequence[Any]]) -> dict[str, bytes] | None:
    """The columns of the parts in each group; None if the framework's own stand among them, which do not count."""
    rows: list[str] = []
    by_kind: dict[str, list[Any]] = {}
    for parts in groups:
        types = tuple(map(type, parts))
        row, kinds = _rows.get(types) or _row_of(types)
        rows.append(row)
        for kind, part in zip(kinds, parts, strict=True):
            if kind in by_kind:
                by_kind[kind].append(part)
            elif kind:
                by_kind[kind] = [part]
    columns = {'groups': _joined(rows)}
    for kind, found in by_kind.items():
        if _shape_of(type(found[0])).marked and any(map(_synthesized, [part for part in found if part.metadata])):
            return None
        columns |= _columns(kind, found)
    return columns


class Shape(NamedTuple):
    """What a class of parts has that tells one part from another.

    Attributes:
        kind: its kind; empty where parts of it are made anew from run to run.
        said: the field with what it says; empty where there is none.
        called: whether it has a call id.
        timed: whether it has a time: parts of requests do.
        marked: whether it has metadata: results have, prompts and calls have not.
    """

    kind: str
    said: str
    called: bool
    timed: bool
    marked: bool


_shapes: dict[type, Shape] = {}
_rows: dict[tuple[type, ...], tuple[str, tuple[str, ...]]] = {}
"""By the classes of a group's parts: its row, and the kind of each."""
MOST_ROWS = 1_000
"""Rows that are remembered: real histories have some dozens."""


def _shape_of(cls: type[Any]) -> Shape:
    if cls not in _shapes:
        names = {field.name for field in fields(cls)} | {name for name in ('content', 'args') if hasattr(cls, name)}
        said = 'content' if 'content' in names else 'args' if 'args' in names else ''
        kind = '' if cls.part_kind in UNPRINTED else cls.part_kind
        _shapes[cls] = Shape(kind, said, 'tool_call_id' in names, 'timestamp' in names, 'metadata' in names)
    return _shapes[cls]


def _row_of(types: tuple[type, ...]) -> tuple[str, tuple[str, ...]]:
    kinds = tuple(_shape_of(cls).kind for cls in types)
    row = ' '.join(sorted(filter(None, kinds))), kinds
    if len(_rows) < MOST_ROWS:
        _rows[types] = row
    return row


def _columns(kind: str, parts: Sequence[Any]) -> dict[str, bytes]:
    """What tells parts of one kind from others."""
    shape = _shape_of(type(parts[0]))
    columns: dict[str, bytes] = {}
    if shape.called:
        columns[f'{kind} calls'] = _joined([part.tool_call_id or '' for part in parts])
    if shape.said:
        said = list(map(attrgetter(shape.said), parts))
        texts = set(map(type, said)) == {str}
        columns[f'{kind} lengths'] = _numbers('q', map(len, said) if texts else map(_length, said))
    if shape.timed:
        columns[f'{kind} times'] = _numbers('d', map(_time, parts))
    return columns


def _joined(texts: Sequence[str]) -> bytes:
    return ('\x1f'.join(texts) + '\x1f').encode('utf-8', 'surrogatepass')


def _numbers(form: str, numbers: Iterable[float]) -> bytes:
    column = array(form, numbers)
    if byteorder == 'big':
        column.byteswap()
    return column.tobytes()


def _time(part: Any) -> float:
    return part.timestamp.timestamp() if isinstance(part.timestamp, datetime) else 0.0


def _synthesized(part: Any) -> bool:
    metadata = getattr(part, 'metadata', None)
    return isinstance(metadata, Mapping) and bool(metadata.get(SYNTHESIZED))


def _length(value: Any) -> int:
    """The length of a text, and of the texts in a list; what JSON gives back as another type counts as nothing."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, list | tuple):
        return len(value) + sum(len(item) for item in value if isinstance(item, str))
    return 0


def was_answered(messages: Sequence[ModelMessage]) -> bool:
    """Whether a model has answered in a history."""
    return any(message.kind == 'response' for message in messages)


def note(response: Any, value: Mapping[str, Any]) -> Any:
    """Puts a note of ours beside what others put into a response's metadata."""
    response.metadata = {**(response.metadata or {}), KEY: dict(value)}
    return response


def noted(message: Any) -> Any:
    """What we have noted with a message; None if nothing."""
    if message.kind != 'response':
        return None
    metadata = message.metadata
    return metadata.get(KEY) if isinstance(metadata, Mapping) else None
