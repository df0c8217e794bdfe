"""Sinks for `on_event`: `Queued` takes a slow one out of the agent's way.

An agent calls its sink in its own task, between two requests: what the sink waits for, the agent waits for. A sink that
writes to a disk or a network belongs behind `Queued`.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import dataclass, field
from weakref import WeakSet

from compactor.errors import ConfigError
from compactor.locks import in_copies, new_lock
from compactor.secrets.errors import logged
from compactor.telemetry.events import Event, Sink

log = logging.getLogger('compactor')

MAX_EVENTS = 10_000
"""Events that wait at most, unless told otherwise."""


@dataclass(slots=True)
class _Done:
    """Asks the thread to say when it has come this far, or to end."""

    ends: bool
    seen: threading.Event = field(default_factory=threading.Event)


class Queued:
    """Hands events to a sink in a thread of its own, in order; the agent never waits for it.

        Compactor('cerebras', on_event=Queued(write_to_disk))

    Where the sink falls behind by more than `max_events`, the newest are dropped and counted. What it raises is logged
    once and counted. The thread begins with the first event and does not keep the process alive: `close` it first.

    Args:
        sink: receives the events.
        max_events: events that wait at most.

    Attributes:
        dropped: events for which there was no room, or that came after `close`.
        failed: events on which the sink raised.

    Raises:
        ConfigError: `max_events` is not positive.
    """

    def __init__(self, sink: Sink, max_events: int = MAX_EVENTS) -> None:
        if max_events < 1:
            raise ConfigError(f'max_events must be at least 1, got {max_events}')
        self.dropped = 0
        self.failed = 0
        self._sink = sink
        self._max_events = max_events
        self._waiting: queue.SimpleQueue[Event | _Done] = queue.SimpleQueue()
        self._lock = new_lock()
        self._thread: threading.Thread | None = None
        self._closed = False
        _sinks.add(self)

    def __call__(self, event: Event) -> None:
        """Takes one event; returns at once."""
        with self._lock:
            if self._closed or self._waiting.qsize() >= self._max_events:
                self.dropped += 1
                return
            self._start()
            self._waiting.put(event)

    def flush(self, seconds: float = 5.0) -> bool:
        """Waits until the sink has had every event so far; False where that takes longer."""
        return self._asked(_Done(ends=False), seconds)

    def close(self, seconds: float = 5.0) -> bool:
        """Flushes and ends the thread; False where the sink takes longer. Later events are dropped."""
        with self._lock:
            self._closed = True
        return self._asked(_Done(ends=True), seconds)

    def _asked(self, done: _Done, seconds: float) -> bool:
        with self._lock:
            thread = self._thread
            if thread is None or not thread.is_alive():
                return True
            self._waiting.put(done)
        began = time.monotonic()
        seen = done.seen.wait(seconds)
        if seen and done.ends:
            thread.join(max(0.0, seconds - (time.monotonic() - began)))
        return seen

    def _copied(self) -> None:
        """In a copied process: neither the thread nor the events that wait for it are its own."""
        self._waiting = queue.SimpleQueue()
        self._thread = None

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._deliver, name='compactor-events', daemon=True)
            self._thread.start()

    def _deliver(self) -> None:
        while True:
            one = self._waiting.get()
            if isinstance(one, _Done):
                one.seen.set()
                if one.ends:
                    return
                continue
            try:
                self._sink(one)
            except Exception as error:
                if self.failed == 0:
                    log.error('a queued sink failed; further failures of it are only counted', exc_info=logged(error))
                self.failed += 1


_sinks: WeakSet[Queued] = WeakSet()


def _in_a_copy() -> None:
    for sink in list(_sinks):
        sink._copied()


in_copies(_in_a_copy)
