"""`Queued`: a sink that raises, blocks or falls behind changes nothing for the agent, and it is counted."""

from __future__ import annotations

import logging
import threading

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from compactor import Compactor, ConfigError
from compactor.telemetry import events
from compactor.telemetry.sinks import Queued
from tests.adapters.driver import Log, Script, as_capability, by_run, drive, reading_agent, rounds, small
from tests.telemetry.process import unconfigured


def event(tokens: int) -> events.Event:
    """One event, told from others by its tokens."""
    return events.CacheHit(None, None, tokens)


def waits_for(go_on: threading.Event) -> events.Sink:
    """A sink that blocks until it is told to go on."""

    def blocks(one: events.Event) -> None:
        go_on.wait(60)

    return blocks


def lived(on_event: events.Sink | None = None) -> Script:
    """Twelve requests of an agent, some of them compacted."""
    script = Script(rounds(12))
    drive(by_run, reading_agent(script, **as_capability(Compactor(small(), on_event=on_event))), 'Go.')
    return script


def test_events_arrive_in_order() -> None:
    """In another thread, all of them, in the order in which they happened."""
    heard: list[tuple[events.Event, int]] = []
    sink = Queued(lambda one: heard.append((one, threading.get_ident())))
    for n in range(1_000):
        sink(event(n))
    assert sink.flush()
    assert [one for one, _ in heard] == [event(n) for n in range(1_000)]
    assert {thread for _, thread in heard}.isdisjoint({threading.get_ident()})
    assert sink.close()


def test_an_agent_is_heard_as_without_it() -> None:
    """What arrives is what a plain sink would have had."""
    plain, queued = Log(), Log()
    sink = Queued(queued)
    lived(plain)
    lived(sink)
    assert sink.close()
    assert queued.names == plain.names


def test_a_sink_that_blocks_does_not_hold_the_agent_up() -> None:
    """The run ends while its first event is still being written; nothing is different for it."""
    go_on = threading.Event()
    sink = Queued(waits_for(go_on))
    blocked = lived(sink)
    assert not go_on.is_set()
    assert sink.dropped == 0
    go_on.set()
    assert sink.close()
    assert blocked.shapes == lived().shapes


def test_a_sink_that_falls_behind_loses_the_newest() -> None:
    """Beyond `max_events` events are dropped and counted; the agent goes on as ever."""
    go_on, busy, heard = threading.Event(), threading.Event(), list[events.Event]()

    def slow(one: events.Event) -> None:
        busy.set()
        go_on.wait(60)
        heard.append(one)

    sink = Queued(slow, max_events=3)
    sink(event(0))
    assert busy.wait(60)
    for n in range(1, 10):
        sink(event(n))
    full = lived(sink)
    go_on.set()
    assert sink.close()
    assert heard == [event(n) for n in range(4)]
    assert sink.dropped > 6
    assert full.shapes == lived().shapes


def test_a_sink_that_raises_is_logged_once_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    """It still gets what comes after."""
    heard: list[events.Event] = []

    def broken(one: events.Event) -> None:
        heard.append(one)
        raise RuntimeError('disk full')

    sink = Queued(broken)
    with caplog.at_level(logging.ERROR, 'compactor'):
        raised = lived(sink)
        assert sink.close()
    assert sink.failed == len(heard) > 12
    assert len(caplog.records) == 1
    assert raised.shapes == lived().shapes


def test_closing_takes_no_more_and_is_final() -> None:
    """What comes after `close` is dropped and counted; closing again is no error."""
    heard: list[events.Event] = []
    sink = Queued(heard.append)
    sink(event(1))
    assert sink.close()
    sink(event(2))
    assert sink.close()
    assert (heard, sink.dropped) == ([event(1)], 1)


def test_a_sink_that_never_answers_is_not_waited_for() -> None:
    """`flush` and `close` say that there is something left."""
    go_on = threading.Event()
    sink = Queued(waits_for(go_on))
    sink(event(1))
    assert not sink.flush(0.01)
    assert not sink.close(0.01)
    go_on.set()


def test_nothing_starts_before_the_first_event() -> None:
    """A sink that hears nothing has no thread, and nothing to close."""
    before = threading.active_count()
    sink = Queued(print)
    assert sink.flush()
    assert sink.close()
    assert threading.active_count() == before


def test_there_must_be_room_for_one() -> None:
    """No room at all is a mistake."""
    with pytest.raises(ConfigError, match='max_events must be at least 1'):
        Queued(print, max_events=0)


# -- exporters, behind OpenTelemetry's batch processor as Logfire has it --------------------------------------


class Exporter(SpanExporter):
    """One that raises, or blocks until it is told to go on."""

    def __init__(self, *, raises: bool) -> None:
        self.raises = raises
        self.go_on = threading.Event()

    def export(self, spans: object) -> SpanExportResult:
        """Does not export."""
        if self.raises:
            raise RuntimeError('no network')
        self.go_on.wait(60)
        return SpanExportResult.FAILURE


@pytest.mark.parametrize('raises', [True, False], ids=['raises', 'blocks'])
def test_an_exporter_that_fails_changes_nothing(raises: bool) -> None:
    """Requests are as without one, and the run does not wait; its queue is full after four records."""
    exporter, provider = Exporter(raises=raises), TracerProvider()
    batches = BatchSpanProcessor(exporter, max_queue_size=4, max_export_batch_size=2, schedule_delay_millis=1)
    provider.add_span_processor(batches)
    with unconfigured():
        trace.set_tracer_provider(provider)
        failed = lived()
    exporter.go_on.set()
    provider.shutdown()
    with unconfigured():
        assert failed.shapes == lived().shapes
