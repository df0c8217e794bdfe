"""Metrics, through OpenTelemetry: instruments that are made at import and work once a process configures a meter.

What pydantic-ai measures itself (`gen_ai.client.token.usage`, `operation.cost` by model) is not measured again; the
cost here is the ledger's, which knows what a request was for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from opentelemetry import metrics

from compactor.capacity.windows import WindowState
from compactor.telemetry import events
from compactor.telemetry.emit import SCOPE, library_version

_meter = metrics.get_meter(SCOPE, library_version() or '')

CONTEXT_USED: Final = _meter.create_gauge(
    'compactor.context.used', '{token}', 'Tokens of the last request as it was sent, by model.'
)
CAPACITY_LEFT: Final = _meter.create_gauge(
    'compactor.capacity.left', '1', 'What is left of a window of a model, in the unit of its limit_type.'
)
TOKENS_SAVED: Final = _meter.create_up_down_counter(
    'compactor.tokens.saved', '{token}', 'Tokens that requests did not send or ask for, by station and model.'
)
COMPACTIONS: Final = _meter.create_counter('compactor.compactions', '{compaction}', 'Histories that were rewritten.')
RATE_LIMITS: Final = _meter.create_counter(
    'compactor.rate_limits', '{refusal}', 'Refusals of a model: 429, 503, time-outs, by error_type.'
)
CACHE_HITS: Final = _meter.create_counter(
    'compactor.cache.hits', '{request}', 'Requests that the response cache has answered.'
)
COST: Final = _meter.create_counter(
    'compactor.cost', '{USD}', 'Dollars by the ledger, by model and kind: request, summary, failover.'
)

_UNCONFIGURED: Final = frozenset(('_ProxyMeterProvider', 'NoOpMeterProvider'))
"""Providers that keep nothing; the API has no public name for the first."""


def configured() -> bool:
    """Whether this process has configured a meter."""
    return type(metrics.get_meter_provider()).__name__ not in _UNCONFIGURED


def measure(event: events.Event) -> None:
    """Adds an event to the metrics that it tells of."""
    told = _TOLD.get(type(event))
    if told is not None:
        told(event)


def left(states: Iterable[WindowState]) -> None:
    """Sets what is left of windows."""
    for state in states:
        CAPACITY_LEFT.set(state.remaining, {'model': state.model, 'limit_type': limit_type(state)})


def spent(kind: str, model: str, cost: Decimal) -> None:
    """Adds dollars."""
    COST.add(float(cost), {'model': model, 'kind': kind})


def limit_type(state: WindowState) -> str:
    """What is limited and for how long, such as 'tokens/minute' or 'requests/18000 s'."""
    window = state.limit.window
    return f'{state.limit.unit}/{window if isinstance(window, str) else f"{window} s"}'


def _checked(event: Any) -> None:
    CONTEXT_USED.set(event.tokens_after, {'model': event.model or ''})


def _answered(event: Any) -> None:
    saved = {
        'history': event.saved_by_compaction,
        'outputs': event.saved_by_outputs,
        'cache': event.saved_by_cache,
    }
    for station, tokens in saved.items():
        if tokens:
            TOKENS_SAVED.add(tokens, {'model': event.model or '', 'station': station})


def _compacted(event: Any) -> None:
    if not event.observed:
        COMPACTIONS.add(1, {'model': event.model or '', 'fits': event.fits})


def _limited(event: Any) -> None:
    about = {'model': event.model or '', 'workload': event.workload, 'error_type': event.error_type}
    RATE_LIMITS.add(1, about)


def _hit(event: Any) -> None:
    CACHE_HITS.add(1, {'model': event.model or ''})


_TOLD: Final[Mapping[type[events.Event], Callable[[Any], None]]] = MappingProxyType(
    {
        events.RequestChecked: _checked,
        events.RequestAnswered: _answered,
        events.Compacted: _compacted,
        events.RateLimited: _limited,
        events.CacheHit: _hit,
    }
)
