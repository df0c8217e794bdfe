"""Tells `on_event` and OpenTelemetry what happens; what a sink raises is logged once and never reaches the agent."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from decimal import Decimal
from time import monotonic
from typing import Any

from compactor.capacity.windows import WindowState
from compactor.compaction import Compaction
from compactor.history.message import Foreign
from compactor.history.parse import Repair
from compactor.policies.telemetry import TelemetryPolicy
from compactor.run.counted import Counted
from compactor.run.model_name import ModelName
from compactor.secrets.errors import logged
from compactor.telemetry import events
from compactor.telemetry.event import readable
from compactor.telemetry.outlet import Outlet
from compactor.telemetry.report import events_of
from compactor.telemetry.sinks import Queued

log = logging.getLogger('compactor')

SLOW = 0.5
"""Seconds that a sink may take for an event."""
PATIENCE = 3
"""Slow events in a row after which a sink is called elsewhere ..."""
LONGEST = 2.0
"""... and seconds after which it is at once. One that never comes back cannot be left: it has the caller's thread."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who sends a request, and wants to hear what models within it do.

    Attributes:
        run_id: the run that the request belongs to.
        agent: the agent's name, '' if it has none.
        emit: receives events.
        on_sent: told of each attempt at a model when it begins.
        on_attempt: told of each attempt that failed at a model: who, why, and after how many seconds.
    """

    run_id: str | None
    agent: str
    emit: Callable[[events.Event], None]
    on_sent: Callable[[], None]
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


FOREIGN: dict[Foreign, type[events.MarkUnknown] | type[events.PinUnknown]] = {
    'mark': events.MarkUnknown,
    'pin': events.PinUnknown,
}
"""How it is told of what looks like notes of ours."""


class Reporter:
    """Hands events to one sink, and to OpenTelemetry.

    Args:
        on_event: the sink; None where nobody listens.
        observing: compactions are only measured, not carried out.
        telemetry: what is sent to OpenTelemetry.
        logfire: see `telemetry.outlet.Outlet`.
        unless_heard: without a sink of its own, it tells whoever sends the request that is under way.
    """

    def __init__(
        self,
        on_event: events.Sink | None,
        observing: bool,
        telemetry: TelemetryPolicy | None = None,
        *,
        logfire: Any = None,
        unless_heard: bool = False,
    ) -> None:
        self._unless_heard = unless_heard
        self._outlet = Outlet(telemetry or TelemetryPolicy(), logfire)
        self.on_event = on_event
        self._observing = observing
        self._sink_failed = False
        self._slow = 0
        self._once: set[type[events.Event]] = set()

    @property
    def listening(self) -> bool:
        """Whether anybody would hear of an event; what is told of every request is not even made for nobody."""
        heard = self._unless_heard and listener() is not None
        return self.on_event is not None or heard or self._outlet.open

    def emit_once(self, event: events.Event) -> None:
        """Hands an event over if none of its class was handed over this way before."""
        if type(event) not in self._once:
            self._once.add(type(event))
            self.emit(event)

    def emit(self, event: events.Event) -> None:
        """Hands one event over, to one sink and as one record, whoever has made it; never raises."""
        event = readable(event)
        if self.on_event is None:
            other = listener() if self._unless_heard else None
            if other is not None:
                other.emit(event)
                return
        self._outlet.send(event)
        if self.on_event is None:
            return
        began = monotonic()
        try:
            self.on_event(event)
        except Exception as error:
            if not self._sink_failed:
                log.error('on_event failed; further failures of this sink are not logged', exc_info=logged(error))
            self._sink_failed = True
        self._took(monotonic() - began)

    def _took(self, seconds: float) -> None:
        """Takes a sink out of the way that keeps everybody waiting."""
        self._slow = PATIENCE if seconds > LONGEST else self._slow + 1 if seconds > SLOW else 0
        if self._slow < PATIENCE or self.on_event is None or isinstance(self.on_event, Queued):
            return
        log.warning('on_event takes %.1f s an event: it is called in a thread of its own from now on', seconds)
        self.on_event = Queued(self.on_event)

    def report(
        self, run_id: str | None, counted: Counted, compaction: Compaction[Any], messages: int, seconds: float
    ) -> None:
        """Tells of one request: how it came near its limit, and what its compaction has to tell."""
        aside = compaction.outcome == 'stood_aside'
        tokens, limits, context = compaction.tokens_after, compaction.limits, compaction.context
        near = tokens >= (limits.hard if aside else limits.warning)
        if near and not counted.warned:
            reason = context.server_state or ''
            self.emit(
                events.LimitNotHeld(run_id, context.model, tokens, limits.hard, reason)
                if aside
                else events.NearLimit(run_id, context.model, tokens, limits.hard)
            )
        counted.warned = near
        self.compacted(run_id, compaction, messages, seconds, known=counted.repaired)
        counted.repaired.update(compaction.repairs)

    def compacted(
        self,
        run_id: str | None,
        compaction: Compaction[Any],
        messages: int,
        seconds: float,
        *,
        request: bool = True,
        known: Collection[Repair] = (),
    ) -> None:
        """Tells what a compaction has to tell; `request` where it was made for one."""
        if self.listening:
            for event in events_of(compaction, run_id, messages, seconds, observed=self._observing, known=known):
                if request or not isinstance(event, events.RequestChecked):
                    self.emit(event)

    def foreign(
        self, run_id: str | None, model: str | None, found: Sequence[Foreign], told: set[Foreign] | None = None
    ) -> None:
        """Tells of what in a history looks like notes of ours, and is not; once of each kind where `told` counts."""
        for what, event in FOREIGN.items():
            count = found.count(what) if found else 0
            if count and (told is None or what not in told):
                self.emit(event(run_id, model, count))
                if told is not None:
                    told.add(what)

    def left(self, states: tuple[WindowState, ...]) -> None:
        """Measures what is left of a model's windows; never raises."""
        self._outlet.left(states)

    def spent(self, kind: str, model: str, cost: Decimal | None) -> None:
        """Measures what an entry of the ledger has cost; never raises."""
        self._outlet.spent(kind, model, cost)
