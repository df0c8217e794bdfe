"""What a sink hears of a short run, and that a sink which fails changes nothing."""

from __future__ import annotations

import logging

import pytest
from inline_snapshot import snapshot

from compactor import Compactor
from compactor.adapters.pydantic_ai.compat import SUMMARY_FRAME
from compactor.telemetry import events
from tests.adapters.driver import (
    Log,
    Script,
    as_capability,
    as_process_history,
    by_run,
    drive,
    reading_agent,
    rounds,
    session,
    small,
)


def test_the_events_of_a_short_run() -> None:
    """One `RequestChecked` a request, before it what was done to the history; behind it one `RequestAnswered`."""
    log, policy = Log(), small(strategies=('exchanges', 'clear', 'window', 'clamp'))
    agent = reading_agent(Script(rounds(6)), **as_capability(Compactor(policy, on_event=log)))
    drive(by_run, agent, 'Go.')
    asked = [name for name in log.names if name != 'Compacted']
    assert asked == ['RequestChecked', 'RequestAnswered'] * 6
    log.events = [event for event in log.events if type(event) is not events.RequestAnswered]
    told = [line.replace(f'{1_057 + SUMMARY_FRAME}', '1057') for line in log.told]  # the version's frame aside
    assert told == snapshot(
        [
            'RequestChecked',
            '  tokens_before: 57',
            '  tokens_after: 57',
            "  outcome: 'below'",
            "  method: 'estimate'",
            'RequestChecked',
            '  tokens_before: 1007',
            '  tokens_after: 1007',
            "  outcome: 'below'",
            "  method: 'estimate'",
            'RequestChecked',
            '  tokens_before: 1957',
            '  tokens_after: 1957',
            "  outcome: 'below'",
            "  method: 'estimate'",
            'RequestChecked',
            '  tokens_before: 2907',
            '  tokens_after: 2907',
            "  outcome: 'below'",
            "  method: 'estimate'",
            'RequestChecked',
            '  tokens_before: 3857',
            '  tokens_after: 3857',
            "  outcome: 'below'",
            "  method: 'estimate'",
            'Compacted',
            '  tokens_before: 4807',
            '  tokens_after: 1057',
            '  messages_before: 11',
            '  messages_after: 4',
            '  target: 2000',
            "  strategies: ('clear', 'window')",
            '  parts_removed: 16',
            '  fits: True',
            '  observed: False',
            'RequestChecked',
            '  tokens_before: 4807',
            '  tokens_after: 1057',
            "  outcome: 'compacted'",
            "  method: 'estimate'",
        ]
    )


def test_every_event_names_run_and_model() -> None:
    """Runs can be told apart, and the model is known in every event."""
    log = Log()
    agent = reading_agent(Script(rounds(6)), **as_capability(Compactor(small(), on_event=log)))
    results = session(by_run, agent, ['a', 'b'])
    runs = [result.all_messages()[-1].run_id for result in results]
    assert list(dict.fromkeys(event.run_id for event in log.events)) == runs
    assert {event.model for event in log.events} == {log.events[0].model}
    assert (log.events[0].model or '').startswith('function:')


def test_seconds_are_measured() -> None:
    """`RequestChecked.seconds` is the time spent in the compactor: more than nothing, less than a second."""
    log = Log()
    drive(by_run, reading_agent(Script(rounds(3)), **as_capability(Compactor(small(), on_event=log))), 'Go.')
    assert all(0 < event.seconds < 1 for event in log.of(events.RequestChecked))


def test_a_sink_that_raises_is_logged_once_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The model sees what it would without the sink; the log has one entry with the traceback."""

    def broken(event: events.Event) -> None:
        raise RuntimeError('the sink is full')

    heard, silent = Script(rounds(12)), Script(rounds(12))
    with caplog.at_level(logging.ERROR, 'compactor'):
        drive(by_run, reading_agent(heard, **as_capability(Compactor(small(), on_event=broken))), 'Go.')
    drive(by_run, reading_agent(silent, **as_capability(Compactor(small()))), 'Go.')
    assert heard.shapes == silent.shapes
    [record] = caplog.records
    assert record.name == 'compactor'
    assert record.exc_info is not None
    assert 'on_event failed' in record.message


def test_a_sink_that_raises_now_and_then_still_gets_the_rest() -> None:
    """A failure does not switch the sink off."""
    heard: list[events.Event] = []

    def moody(event: events.Event) -> None:
        heard.append(event)
        if len(heard) == 1:
            raise RuntimeError('once')

    drive(by_run, reading_agent(Script(rounds(6)), **as_capability(Compactor(small(), on_event=moody))), 'Go.')
    assert len(heard) > 6


def test_a_processor_tells_the_same_events_after_its_notice() -> None:
    """Behind the one `ProcessorMode`, a processor's events are of the same kinds in the same order, but for answers."""
    logs = []
    for plug in (as_capability, as_process_history):
        logs.append(log := Log())
        drive(by_run, reading_agent(Script(rounds(6)), **plug(Compactor(small(), on_event=log))), 'Go.')
    assert logs[1].names == ['ProcessorMode', *(name for name in logs[0].names if name != 'RequestAnswered')]


def test_without_a_sink_nothing_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A run without `on_event` leaves the log empty."""
    drive(by_run, reading_agent(Script(rounds(6)), **as_capability(Compactor(small()))), 'Go.')
    assert not caplog.records
