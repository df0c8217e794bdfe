"""`mode='observe'` changes nothing; `persist=False` leaves the run's own record whole."""

from __future__ import annotations

from functools import cache

import pytest
from pydantic_ai.messages import ModelRequest

from compactor import Compactor, ConfigError
from compactor.telemetry.events import Compacted, NearLimit, RequestChecked, RequestRefused
from tests.adapters.driver import (
    INSTRUCTIONS,
    MODES,
    PROCESSOR_MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Shape,
    Way,
    as_capability,
    by_run,
    by_stream,
    cerebras,
    drive,
    faults,
    reading_agent,
    rounds,
    session,
    shape,
    small,
    texts,
)

every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))
every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))


@every_mode
@every_way
def test_observe_changes_nothing(mode: Mode, way: Way) -> None:
    """The model sees, and the run records, what it would without a compactor."""
    watched, bare = Script(rounds(12)), Script(rounds(12))
    with_it = session(way, reading_agent(watched, **mode(Compactor(small(), mode='observe'))), ['a', 'b'])
    without = session(way, reading_agent(bare), ['a', 'b'])
    assert watched.shapes == bare.shapes
    assert shape(with_it[-1].all_messages()) == shape(without[-1].all_messages())
    assert watched.max_tokens == bare.max_tokens


@every_mode
def test_observe_tells_what_would_have_been_done(mode: Mode) -> None:
    """Events carry `observed` and the sizes that a compaction would have had; what is too large is not refused."""
    log = Log()
    agent = reading_agent(Script(rounds(20)), **mode(Compactor(small(), mode='observe', on_event=log)))
    drive(by_run, agent, 'Go.')
    compacted = log.of(Compacted)
    assert compacted
    assert all(event.observed and event.tokens_after < event.tokens_before for event in compacted)
    assert log.of(RequestChecked)[-1].tokens_before > 10_000
    assert not log.of(RequestRefused)


def test_observe_sets_no_limit_of_answers() -> None:
    """`cerebras`' `max_tokens` is not set by an observer."""
    script = Script(rounds(2))
    drive(by_run, reading_agent(script, **as_capability(Compactor('cerebras', mode='observe'))), 'Go.')
    assert script.max_tokens == {None}


def test_observe_lets_a_request_over_the_hard_limit_through() -> None:
    """A prompt beyond the limit reaches the model; that it is near the limit is told."""
    log, script = Log(), Script(rounds(1))
    compactor: Compactor[None] = Compactor(small(), mode='observe', on_event=log)
    drive(by_run, reading_agent(script, **as_capability(compactor)), 'word ' * 12_000)
    assert len(script.seen) == 1
    assert log.of(NearLimit)
    assert not log.of(RequestRefused)


@cache
def _whole() -> list[Shape]:
    return shape(session(by_run, reading_agent(Script(rounds(40))), ['a', 'b', 'c'])[-1].all_messages())


@pytest.mark.parametrize('way', [by_run, by_stream], ids=lambda f: str(f.__name__))
def test_without_persistence_the_record_stays_whole(way: Way) -> None:
    """`all_messages()` holds every message of every run while each request stays in its budget and lawful."""
    log, script = Log(), Script(rounds(40))
    compactor: Compactor[None] = Compactor(cerebras(), persist=False, on_event=log)
    results = session(way, reading_agent(script, **as_capability(compactor)), ['a', 'b', 'c'])
    assert shape(results[-1].all_messages()) == _whole()
    assert len(results[-1].all_messages()) == 240
    assert len(results[-1].new_messages()) == 80
    assert max(log.sizes) < 15_000
    assert [faults(messages) for messages in script.seen] == [[]] * 120
    assert len(log.of(Compacted)) <= 16


def test_without_persistence_what_was_rendered_is_sent_again_as_the_same_objects() -> None:
    """Between two compactions a request is the previous one, object for object, with the new messages behind it."""
    log, script = Log(), Script(rounds(40))
    compactor: Compactor[None] = Compactor(cerebras(), persist=False, on_event=log)
    session(by_run, reading_agent(script, **as_capability(compactor)), ['a', 'b', 'c'])
    rewritten = sum(
        len(now) < len(before) or any(_parts(a) != _parts(b) for a, b in zip(before, now, strict=False))
        for before, now in zip(script.seen, script.seen[1:], strict=False)
    )
    assert (
        rewritten <= len(log.of(Compacted)) + 2
    )  # where one run hands on to the next, what was made here is read from its note
    assert rewritten <= 18


def _parts(message: object) -> list[int]:
    return [id(part) for part in getattr(message, 'parts', ())]


def test_within_a_run_persistence_does_not_change_what_is_sent() -> None:
    """In one run the model sees the same histories whether or not the compacted one is kept."""
    kept, whole = Script(rounds(40)), Script(rounds(40))
    drive(by_run, reading_agent(kept, **as_capability(Compactor(cerebras(), persist=True))), 'Go.')
    drive(by_run, reading_agent(whole, **as_capability(Compactor(cerebras(), persist=False))), 'Go.')
    assert whole.shapes == kept.shapes


@pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda f: str(f.__name__))
def test_a_processor_cannot_leave_the_record_whole(mode: Mode) -> None:
    """`persist=False` as a history processor is a `ConfigError` that names the remedy."""
    agent = reading_agent(Script(rounds(2)), **mode(Compactor('cerebras', persist=False)))
    with pytest.raises(ConfigError, match=r'needs capabilities=\[Compactor'):
        drive(by_run, agent, 'Go.')


def test_persisting_keeps_the_rebuilt_history_in_the_record() -> None:
    """Where it is asked for, the record is what was sent: it ends with the same messages, the compacted ones too."""
    script = Script(rounds(12))
    result = drive(by_run, reading_agent(script, **as_capability(Compactor(small(), persist=True))), 'Go.')
    record = result.all_messages()
    assert len(record) < 24
    assert shape(record[-2:-1]) == script.shapes[-1][-1:]
    assert any(text.startswith('[compactor ') for text in texts(record))
    requests = [message for message in record if isinstance(message, ModelRequest)]
    assert requests[0].instructions == requests[-1].instructions == INSTRUCTIONS
