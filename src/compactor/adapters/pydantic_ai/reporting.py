"""Tells `on_event` and OpenTelemetry what happens; what a sink raises is logged once and never reaches the agent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.models import ModelName
from compactor.capacity.windows import WindowState
from compactor.compaction import Compaction
from compactor.policies.telemetry import TelemetryPolicy
from compactor.telemetry import events
from compactor.telemetry.outlet import Outlet
from compactor.telemetry.report import events_of

log = logging.getLogger('compactor')


@dataclass(frozen=True, slots=True)
class Listener:
    """Who sends a request, and wants to hear what models within it do.

    Attributes:
        run_id: the run that the request belongs to.
        agent: the agent's name, '' if it has none.
        emit: receives events.
        on_attempt: told of each attempt that failed at a model: who, why, and after how many seconds.
    """

    run_id: str | None
    agent: str
    emit: Callable[[events.Event], None]
    on_attempt: Callable[[ModelName, Exception, float], None]


_listener: ContextVar[Listener | None] = ContextVar('compactor_listener', default=None)


def listener() -> Listener | None:
    """Who sends the request that is under way in this task; None outside of one."""
    return _listener.get()


@contextmanager
def heard_by(one: Listener) -> Iterator[None]:
    """Whatever models do within the block, they tell this one."""
    token = _listener.set(one)
    try:
        yield
    finally:
        _listener.reset(token)


class Reporter:
    """Hands events to one sink, and to OpenTelemetry.

    Args:
        on_event: the sink; None where nobody listens.
        observing: compactions are only measured, not carried out.
        telemetry: what is sent to OpenTelemetry.
        unless_heard: without a sink of its own, it tells whoever sends the request that is under way.
    """

    def __init__(
        self,
        on_event: events.Sink | None,
        observing: bool,
        telemetry: TelemetryPolicy | None = None,
        *,
        unless_heard: bool = False,
    ) -> None:
        self._unless_heard = unless_heard
        self._outlet = Outlet(telemetry or TelemetryPolicy())
        self.on_event = on_event
        self.on_summary: Callable[[events.SummaryWritten], None] | None = None
        """Hears of every summary that was paid for, whether anybody else listens or not."""
        self._observing = observing
        self._sink_failed = False

    @property
    def listening(self) -> bool:
        """Whether anybody would hear of an event; what is told of every request is not even made for nobody."""
        return self.on_event is not None or self._outlet.open

    def emit(self, event: events.Event) -> None:
        """Hands one event over, to one sink and as one record, whoever has made it; never raises."""
        if self.on_summary is not None and isinstance(event, events.SummaryWritten):
            self.on_summary(event)
        if self.on_event is None:
            other = listener() if self._unless_heard else None
            if other is not None:
                other.emit(event)
                return
        self._outlet.send(event)
        if self.on_event is None:
            return
        try:
            self.on_event(event)
        except Exception:
            if not self._sink_failed:
                log.exception('on_event failed; further failures of this sink are not logged')
            self._sink_failed = True

    def report(
        self,
        run_id: str | None,
        name: ModelName,
        state: Conversation,
        compaction: Compaction[Any],
        messages: int,
        seconds: float,
    ) -> None:
        """Tells of one request: how it came near its limit, and what its compaction has to tell."""
        near = compaction.tokens_after >= compaction.limits.warning and compaction.outcome != 'stood_aside'
        if near and not state.warned:
            self.emit(events.NearLimit(run_id, name.full, compaction.tokens_after, compaction.limits.hard))
        state.warned = near
        self.compacted(run_id, compaction, messages, seconds)

    def compacted(
        self, run_id: str | None, compaction: Compaction[Any], messages: int, seconds: float, *, request: bool = True
    ) -> None:
        """Tells what a compaction has to tell; `request` where it was made for one."""
        if self.listening:
            for event in events_of(compaction, run_id, messages, seconds, observed=self._observing):
                if request or not isinstance(event, events.RequestChecked):
                    self.emit(event)

    def left(self, states: tuple[WindowState, ...]) -> None:
        """Measures what is left of a model's windows; never raises."""
        self._outlet.left(states)

    def spent(self, kind: str, model: str, cost: Decimal | None) -> None:
        """Measures what an entry of the ledger has cost; never raises."""
        self._outlet.spent(kind, model, cost)
