"""Sends an event to OpenTelemetry as exactly one record, with the attributes that Logfire reads its columns from.

An event is a span without duration, which Logfire calls a log; only a compaction took time. A plain tracer of Logfire's
would write 'span' over `logfire.span_type` and export a pending span besides, so its provider is asked for one that
does not; other providers make no difference. Where none is configured, `tracer` is None and nothing is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from time import time_ns
from typing import Any, Final

from opentelemetry import trace

from compactor.telemetry import events
from compactor.telemetry.records import RECORDS, Record

SCOPE: Final = 'compactor'
"""What the records are told from others by: `otel_scope_name`, and the tag."""
TAGS: Final = (SCOPE,)
LONGEST: Final = 128
"""Characters of a value in a message."""
LONGEST_TEXT: Final = 1_000
"""Characters of a text in an attribute."""
MOST: Final = 100
"""Values of a list in an attribute."""
Value = str | int | float | bool | tuple[str, ...]

_KIND_OF_ERROR = re.compile(r'[A-Z]\w*(?=: )')
_UNCONFIGURED: Final = frozenset((trace.ProxyTracerProvider, trace.NoOpTracerProvider))
"""Providers that keep nothing."""
_found: tuple[trace.TracerProvider, trace.Tracer] | None = None


def library_version() -> str | None:
    """The version of this library; None where it runs without being installed."""
    try:
        return version('pydantic-ai-compactor')
    except PackageNotFoundError:
        return None


def tracer() -> trace.Tracer | None:
    """Sends what is recorded now; None where the process has configured no OpenTelemetry."""
    global _found
    provider = trace.get_tracer_provider()
    if type(provider) in _UNCONFIGURED:
        return None
    found = _found
    if found is None or found[0] is not provider:
        found = _found = provider, tracer_of(provider)
    return found[1]


def send(event: events.Event, *, by: trace.Tracer | None = None, content: bool = False) -> None:
    """Sends one event, if OpenTelemetry is configured; events of users' own classes are not sent.

    Args:
        event: what happened.
        by: what sends it; None for what the process has configured.
        content: also texts that may quote others, see `TelemetryPolicy.content`.
    """
    sends, record = by or tracer(), RECORDS.get(type(event))
    if sends is None or record is None:
        return
    attributes = attributes_of(event, record, content=content)
    if not record.span:
        log = sends.start_span(record.name, attributes=attributes)
        log.end(getattr(log, 'start_time', None))
        return
    now = time_ns()
    began = now - int(getattr(event, 'seconds', 0.0) * 1e9)
    span = sends.start_span(record.name, attributes=attributes, start_time=began)
    # Logfire exports a pending record of what starts as a span; this one is over already.
    span.set_attribute('logfire.span_type', 'span')
    span.end(now)


def attributes_of(event: events.Event, record: Record, *, content: bool = False) -> dict[str, Any]:
    """What a record carries: Logfire's own attributes, then the event's; fields without a value are left out."""
    found: dict[str, Any] = {
        'logfire.span_type': 'log',
        'logfire.level_num': record.level,
        'logfire.msg_template': record.message,
        'logfire.msg': message_of(event, record),
        'logfire.tags': TAGS,
    }
    for name, attribute, quotes in record.attributes:
        value = _plain(getattr(event, name))
        if quotes and isinstance(value, str):
            value = _redacted(value) if content else _kind_of_error(name, value)
        if value is not None:
            found[attribute] = value[:LONGEST_TEXT] if isinstance(value, str) else value
    if isinstance(event, events.Compacted):
        found['compaction.strategy'] = '+'.join(event.strategies)
        if not event.observed:
            found['gen_ai.conversation.compacted'] = True
    return found


def message_of(event: events.Event, record: Record) -> str:
    """A record's message; what nobody knows is a dash in it."""
    shown: dict[str, str] = {}
    for name, attribute, _ in record.attributes:
        shown[name] = shown[attribute] = _shown(getattr(event, name))
    return record.message.format_map(shown)


def tracer_of(provider: trace.TracerProvider) -> trace.Tracer:
    """What sends the records of this library by a provider."""
    told: Mapping[str, Any] = {'instrumenting_library_version': library_version()}
    logfires: Any = provider.get_tracer
    try:
        found: trace.Tracer = logfires(SCOPE, **told, is_span_tracer=False)
    except TypeError:
        found = provider.get_tracer(SCOPE, **told)
    return found


def _plain(value: Any) -> Value | None:
    """A value as an attribute may hold it."""
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, tuple):
        return tuple(str(one)[:LONGEST] for one in value[:MOST])
    return str(value)


def _shown(value: Any) -> str:
    if value is None or value == '':
        return '-'
    if isinstance(value, float | Decimal):
        text = f'{value:.1f}'.removesuffix('.0')
        return text if float(text) or not value else f'{value:.2g}'
    if isinstance(value, tuple):
        value = ', '.join(map(str, value))
    return str(value)[:LONGEST]


def _kind_of_error(name: str, text: str) -> str | None:
    """Of 'TimeoutError: ...' the kind; of anything else nothing, for it may be anybody's words."""
    found = _KIND_OF_ERROR.match(text) if name == 'reason' else None
    return found[0] if found else None


def _redacted(text: str) -> str:
    from compactor.secrets.redact import redact

    return redact(text)
