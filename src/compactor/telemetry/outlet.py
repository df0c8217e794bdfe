"""Where events leave for OpenTelemetry: as records and metrics, as policy says; whatever fails stays here."""

from __future__ import annotations

import logging
import sys
from decimal import Decimal
from typing import Any

from opentelemetry import trace
from opentelemetry.metrics import MeterProvider

from compactor.capacity.windows import WindowState
from compactor.errors import ConfigError
from compactor.policies.telemetry import TelemetryPolicy
from compactor.secrets.errors import logged
from compactor.telemetry import emit, events, metrics

log = logging.getLogger('compactor')

OF_REQUESTS = (events.RequestChecked, events.RequestAnswered)
"""What is told of every request."""


def providers_of(logfire: Any) -> tuple[trace.TracerProvider, MeterProvider | None]:
    """What an instance of Logfire (`logfire.configure(local=True)`) sends spans and metrics to."""
    if hasattr(logfire, 'get_tracer'):
        return logfire, None
    config = getattr(logfire, 'config', None)
    if config is None or not hasattr(config, 'get_tracer_provider'):
        raise ConfigError(
            'logfire= takes an instance, such as logfire.configure(local=True), or a tracer provider of OpenTelemetry,'
            f' not {logfire!r:.60}'
        )
    return config.get_tracer_provider(), config.get_meter_provider()


class Outlet:
    """Sends events on.

    Args:
        policy: whether, and what of them.
        logfire: an instance of Logfire, or a tracer provider of OpenTelemetry, that they go to; None for what the
            process has configured.

    Raises:
        ConfigError: it is neither.
    """

    def __init__(self, policy: TelemetryPolicy, logfire: Any = None) -> None:
        self._policy = policy
        self._failed = False
        self._tracer: trace.Tracer | None = None
        self._instruments = metrics.EVERYWHERE
        self._own = logfire is not None
        if logfire is not None:
            tracers, meters = providers_of(logfire)
            self._tracer = emit.tracer_of(tracers)
            if meters is not None:
                self._instruments = metrics.instruments_of(meters)

    @property
    def open(self) -> bool:
        """Whether anything would come of an event; else it need not even be made."""
        try:
            return self._policy.enabled and (self._own or emit.tracer() is not None or metrics.configured())
        except Exception:  # noqa: BLE001 - a provider named in the environment may fail to load
            self._note()
            return False

    def send(self, event: events.Event) -> None:
        """Sends one event; never raises."""
        if not self.open:
            return
        try:
            self._instruments.measure(event)
            if self._policy.requests or not isinstance(event, OF_REQUESTS):
                emit.send(event, by=self._tracer, content=self._policy.content)
        except Exception:  # noqa: BLE001 - exporters and processors are not ours
            self._note()

    def left(self, states: tuple[WindowState, ...]) -> None:
        """Measures what is left of windows; never raises."""
        if states and self.open:
            try:
                self._instruments.left(states)
            except Exception:  # noqa: BLE001 - as above
                self._note()

    def spent(self, kind: str, model: str, cost: Decimal | None) -> None:
        """Measures what an entry of the ledger has cost; never raises."""
        if cost and self._policy.enabled:  # without a meter this costs less than to ask for one
            try:
                self._instruments.spent(kind, model, cost)
            except Exception:  # noqa: BLE001 - as above
                self._note()

    def _note(self) -> None:
        if not self._failed:
            error = sys.exc_info()[1]
            log.error(
                'telemetry failed; further failures are not logged', exc_info=None if error is None else logged(error)
            )
        self._failed = True
