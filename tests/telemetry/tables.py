"""Logfire's table `records` on the engine that Logfire uses, so that documented queries can be run.

Apache DataFusion lacks a few things that Logfire adds to it: the operator `->>`, `time_bucket`, levels by name. They
are written in what it has; everything else of a query runs as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from datafusion import SessionContext, udf
from opentelemetry.sdk.trace import ReadableSpan

LEVELS = {'trace': 1, 'debug': 5, 'info': 9, 'notice': 10, 'warn': 13, 'error': 17, 'fatal': 21}
TIME = pa.timestamp('us', tz='UTC')
SCHEMA = pa.schema(
    [
        ('start_timestamp', TIME),
        ('end_timestamp', TIME),
        ('duration', pa.float64()),
        ('kind', pa.string()),
        ('level', pa.int64()),
        ('span_name', pa.string()),
        ('message', pa.string()),
        ('trace_id', pa.string()),
        ('span_id', pa.string()),
        ('parent_span_id', pa.string()),
        ('tags', pa.list_(pa.string())),
        ('attributes', pa.string()),
        ('otel_scope_name', pa.string()),
    ]
)


class Tables:
    """Tables `records` (without pending spans) and `records_all`, and what Logfire adds to the engine.

    Args:
        spans: as they were exported.
    """

    def __init__(self, spans: Iterable[ReadableSpan]) -> None:
        rows = [_row(span) for span in spans]
        self._session = SessionContext()
        self._session.register_udf(udf(_as_text, [pa.string(), pa.string()], pa.string(), 'immutable', 'json_as_text'))
        self._register('records_all', rows)
        self._register('records', [row for row in rows if row['kind'] != 'pending_span'])

    def rows(self, query: str) -> list[dict[str, Any]]:
        """What a query of Logfire's gives, as plain values."""
        found: list[dict[str, Any]] = self._session.sql(in_datafusion(query)).to_arrow_table().to_pylist()
        return found

    def _register(self, name: str, rows: list[dict[str, Any]]) -> None:
        self._session.register_record_batches(name, [pa.Table.from_pylist(rows, schema=SCHEMA).to_batches()])


def in_datafusion(query: str) -> str:
    """A query of Logfire's in the words of DataFusion alone."""
    query = re.sub(r"(\w+(?:\.\w+)?)\s*->>\s*('[^']+')", r'json_as_text(\1, \2)', query)
    query = re.sub(r"time_bucket\('([^']+)',\s*([\w.]+)\)", r"date_bin(INTERVAL '\1', \2)", query)
    return re.sub(r"(level\s*[<>=]+\s*)'(\w+)'", lambda found: f'{found[1]}{LEVELS[found[2]]}', query)


def _as_text(objects: pa.Array, keys: pa.Array) -> pa.Array:
    """A field of each object as text; null where there is none, as `->>` has it."""
    found = []
    for text, key in zip(objects.to_pylist(), keys.to_pylist(), strict=True):
        value = json.loads(text).get(key) if text is not None else None
        found.append(value if value is None or isinstance(value, str) else json.dumps(value))
    return pa.array(found, pa.string())


def _row(span: ReadableSpan) -> dict[str, Any]:
    attributes = dict(span.attributes or {})
    own = {key: value for key, value in attributes.items() if not key.startswith('logfire.')}
    kind = attributes.get('logfire.span_type', 'span')
    context, start, end = span.get_span_context(), span.start_time or 0, span.end_time or 0
    assert context is not None
    return {
        'start_timestamp': _at(start),
        'end_timestamp': _at(end),
        'duration': None if kind == 'log' else (end - start) / 1e9,
        'kind': kind,
        'level': attributes.get('logfire.level_num', LEVELS['info']),
        'span_name': span.name,
        'message': attributes.get('logfire.msg', span.name),
        'trace_id': f'{context.trace_id:032x}',
        'span_id': f'{context.span_id:016x}',
        'parent_span_id': f'{span.parent.span_id:016x}' if span.parent else None,
        'tags': list(attributes.get('logfire.tags', ())),  # type: ignore[arg-type]
        'attributes': json.dumps(own),
        'otel_scope_name': span.instrumentation_scope.name if span.instrumentation_scope else None,
    }


def _at(nanoseconds: int) -> datetime:
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)
