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


class Instruments:
    """The instruments of one meter.

    Args:
        meter: what makes them.
    """

    def __init__(self, meter: metrics.Meter) -> None:
        self.context_used = meter.create_gauge(
            'compactor.context.used', '{token}', 'Tokens of the last request as it was sent, by model.'
        )
        self.capacity_left = meter.create_gauge(
            'compactor.capacity.left', '1', 'What is left of a window of a model, in the unit of its limit_type.'
        )
        self.tokens_saved = meter.create_up_down_counter(
            'compactor.tokens.saved', '{token}', 'Tokens that requests did not send or ask for, by station and model.'
        )
        self.compactions = meter.create_counter(
            'compactor.compactions', '{compaction}', 'Histories that were rewritten.'
        )
        self.rate_limits = meter.create_counter(
            'compactor.rate_limits', '{refusal}', 'Refusals of a model: 429, 503, time-outs, by error_type.'
        )
        self.cache_hits = meter.create_counter(
            'compactor.cache.hits', '{request}', 'Requests that the response cache has answered.'
        )
        self.cost = meter.create_counter(
            'compactor.cost', '{USD}', 'Dollars by the ledger, by model and kind: request, summary, failover.'
        )

    def measure(self, event: events.Event) -> None:
        """Adds an event to the metrics that it tells of."""
        told = _TOLD.get(type(event))
        if told is not None:
            told(self, event)

    def left(self, states: Iterable[WindowState]) -> None:
        """Sets what is left of windows."""
        for state in states:
            self.capacity_left.set(state.remaining, {'model': state.model, 'limit_type': limit_type(state)})

    def spent(self, kind: str, model: str, cost: Decimal) -> None:
        """Adds dollars."""
        self.cost.add(float(cost), {'model': model, 'kind': kind})


def instruments_of(provider: metrics.MeterProvider) -> Instruments:
    """The instruments of a provider."""
    return Instruments(provider.get_meter(SCOPE, library_version() or ''))


EVERYWHERE: Final = Instruments(metrics.get_meter(SCOPE, library_version() or ''))
"""Those of the process, which work once it configures a meter."""

_UNCONFIGURED: Final = frozenset(('_ProxyMeterProvider', 'NoOpMeterProvider'))
"""Providers that keep nothing; the API has no public name for the first."""


def configured() -> bool:
    """Whether this process has configured a meter."""
    return type(metrics.get_meter_provider()).__name__ not in _UNCONFIGURED


def limit_type(state: WindowState) -> str:
    """What is limited and for how long, such as 'tokens/minute' or 'requests/18000 s'."""
    window = state.limit.window
    return f'{state.limit.unit}/{window if isinstance(window, str) else f"{window} s"}'


def _checked(to: Instruments, event: Any) -> None:
    to.context_used.set(event.tokens_after, {'model': event.model or ''})


def _answered(to: Instruments, event: Any) -> None:
    saved = {
        'history': event.saved_by_compaction,
        'outputs': event.saved_by_outputs,
        'cache': event.saved_by_cache,
    }
    for station, tokens in saved.items():
        if tokens:
            to.tokens_saved.add(tokens, {'model': event.model or '', 'station': station})


def _compacted(to: Instruments, event: Any) -> None:
    if not event.observed:
        to.compactions.add(1, {'model': event.model or '', 'fits': event.fits})


def _limited(to: Instruments, event: Any) -> None:
    about = {'model': event.model or '', 'workload': event.workload, 'error_type': event.error_type}
    to.rate_limits.add(1, about)


def _hit(to: Instruments, event: Any) -> None:
    to.cache_hits.add(1, {'model': event.model or ''})


_TOLD: Final[Mapping[type[events.Event], Callable[[Instruments, Any], None]]] = MappingProxyType(
    {
        events.RequestChecked: _checked,
        events.RequestAnswered: _answered,
        events.Compacted: _compacted,
        events.RateLimited: _limited,
        events.CacheHit: _hit,
    }
)
