"""Where events leave for OpenTelemetry: as records and metrics, as policy says; whatever fails stays here."""

from __future__ import annotations

import logging
from decimal import Decimal

from compactor.capacity.windows import WindowState
from compactor.policies.telemetry import TelemetryPolicy
from compactor.telemetry import emit, events, metrics

log = logging.getLogger('compactor')

OF_REQUESTS = (events.RequestChecked, events.RequestAnswered)
"""What is told of every request."""


class Outlet:
    """Sends events on.

    Args:
        policy: whether, and what of them.
    """

    def __init__(self, policy: TelemetryPolicy) -> None:
        self._policy = policy
        self._failed = False

    @property
    def open(self) -> bool:
        """Whether anything would come of an event; else it need not even be made."""
        try:
            return self._policy.enabled and (emit.tracer() is not None or metrics.configured())
        except Exception:  # noqa: BLE001 - a provider named in the environment may fail to load
            self._note()
            return False

    def send(self, event: events.Event) -> None:
        """Sends one event; never raises."""
        if not self.open:
            return
        try:
            metrics.measure(event)
            if self._policy.requests or not isinstance(event, OF_REQUESTS):
                emit.send(event, content=self._policy.content)
        except Exception:  # noqa: BLE001 - exporters and processors are not ours
            self._note()

    def left(self, states: tuple[WindowState, ...]) -> None:
        """Measures what is left of windows; never raises."""
        if states and self.open:
            try:
                metrics.left(states)
            except Exception:  # noqa: BLE001 - as above
                self._note()

    def spent(self, kind: str, model: str, cost: Decimal | None) -> None:
        """Measures what an entry of the ledger has cost; never raises."""
        if cost and self._policy.enabled:  # without a meter this costs less than to ask for one
            try:
                metrics.spent(kind, model, cost)
            except Exception:  # noqa: BLE001 - as above
                self._note()

    def _note(self) -> None:
        if not self._failed:
            log.exception('telemetry failed; further failures are not logged')
        self._failed = True
