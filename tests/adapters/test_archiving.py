"""An archive that raises, hangs or blocks does not cost every request."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from compactor import ArchivePolicy, Compactor, MemoryArchive, restore
from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.run import archiving
from compactor.telemetry import events
from tests.adapters.driver import Log, Script, as_capability, by_run, call, drive, go, reading_agent, rounds, say, small

POLICY = small().model_copy(update={'archive': ArchivePolicy(recall_tool=False)})


class Failing(MemoryArchive):
    """Raises while it is out of order, and counts who asks."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0
        self.broken = True

    def put(self, data: bytes) -> str:
        if self.broken:
            self.asked += 1
            raise OSError('no space left')
        return super().put(data)


class Waiting(MemoryArchive):
    """Says that it blocks, and notes in which threads it is called."""

    blocking = True

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds
        self.threads: set[int] = set()

    def put(self, data: bytes) -> str:
        self.threads.add(threading.get_ident())
        time.sleep(self.seconds)
        return super().put(data)


def test_after_three_failures_the_archive_is_left_alone_for_a_minute() -> None:
    """One event says so; meanwhile nothing is tried, and afterwards compactions are archived again."""
    log, archive, now = Log(), Failing(), [0.0]
    compactor: Compactor[None] = Compactor(POLICY, archive=archive, persist=True, on_event=log, clock=lambda: now[0])
    agent = reading_agent(Script(rounds(20)), **as_capability(compactor))
    result = drive(by_run, agent, 'Go.')
    assert len(log.of(events.Compacted)) > archiving.FAILURES
    assert archive.asked == archiving.FAILURES
    assert len(log.of(events.ArchiveFailed)) == archiving.FAILURES
    [paused] = log.of(events.ArchivePaused)
    assert (paused.reason, paused.seconds) == ('OSError: no space left', archiving.PAUSE)
    assert newest_handle(result.all_messages()) is None

    archive.broken, now[0] = False, archiving.PAUSE - 1
    drive(by_run, reading_agent(Script(rounds(20)), **as_capability(compactor)), 'Go.')
    assert len(archive) == 0
    now[0] = archiving.PAUSE
    again = drive(by_run, reading_agent(Script(rounds(20)), **as_capability(compactor)), 'Go.')
    assert newest_handle(again.all_messages()) is not None
    assert len(log.of(events.ArchivePaused)) == 1


def test_the_first_failure_after_a_pause_begins_the_next_one() -> None:
    """An archive that is still out of order costs one attempt a minute, and one event each time."""
    log, archive, now = Log(), Failing(), [0.0]
    compactor: Compactor[None] = Compactor(POLICY, archive=archive, persist=True, on_event=log, clock=lambda: now[0])
    for minute in range(3):
        now[0] = minute * archiving.PAUSE
        drive(by_run, reading_agent(Script(rounds(20)), **as_capability(compactor)), 'Go.')
    assert archive.asked == archiving.FAILURES + 2
    assert len(log.of(events.ArchivePaused)) == 3


def test_a_success_forgets_the_failures_before_it() -> None:
    """Only failures in a row count: two, a success, two more, and the archive is still asked."""
    log, archive = Log(), Failing()

    def sink(event: events.Event) -> None:
        log(event)
        archive.broken = len(log.of(events.Compacted)) % 3 != 2

    compactor: Compactor[None] = Compactor(POLICY, archive=archive, on_event=sink)
    drive(by_run, reading_agent(Script(rounds(30)), **as_capability(compactor)), 'Go.')
    assert len(log.of(events.ArchiveFailed)) > archiving.FAILURES
    assert len(archive) > 0
    assert not log.of(events.ArchivePaused)


def test_an_archive_that_blocks_is_called_beside_the_event_loop() -> None:
    """The loop goes on meanwhile, and what was archived is restored as from any other."""
    archive = Waiting(0.001)
    compactor: Compactor[None] = Compactor(POLICY, archive=archive, persist=True)
    ticks = 0

    async def run() -> Any:
        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += bool(archive.threads)

        beside = asyncio.create_task(tick())
        result = await reading_agent(Script(rounds(12)), **as_capability(compactor)).run('Go.')
        beside.cancel()
        return result

    result = go(run())
    assert archive.threads
    assert threading.get_ident() not in archive.threads
    assert ticks > 5
    messages = result.all_messages()
    assert newest_handle(messages) is not None
    assert len(restore(messages, archive)) == 24


def test_one_that_does_not_block_is_called_at_once() -> None:
    """No thread is started for an archive in memory."""
    archive = Waiting()
    archive.blocking = False
    drive(by_run, reading_agent(Script(rounds(12)), **as_capability(Compactor(POLICY, archive=archive))), 'Go.')
    assert archive.threads == {threading.get_ident()}


def test_an_archive_that_hangs_is_not_waited_for() -> None:
    """After the longest wait a compaction goes on without a handle; three of those, and nobody asks any more."""
    log, archive = Log(), Waiting(0.1)
    compactor: Compactor[None] = Compactor(POLICY, archive=archive, on_event=log)
    compactor._requests.archiving._longest = 0.01
    result = drive(by_run, reading_agent(Script(rounds(30)), **as_capability(compactor)), 'Go.')
    reasons = [event.reason for event in log.of(events.ArchiveFailed)]
    assert reasons == ['TimeoutError: no answer from the archive within 0.01 s'] * archiving.FAILURES
    assert len(log.of(events.ArchivePaused)) == 1
    assert len(log.of(events.Compacted)) > archiving.FAILURES
    assert newest_handle(result.all_messages()) is None


def test_recall_reads_beside_the_event_loop_too() -> None:
    """The tool waits for a database as little as the hook does."""
    threads: set[int] = set()

    class Reading(Waiting):
        def get(self, key: str) -> bytes | None:
            threads.add(threading.get_ident())
            return super().get(key)

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 12:
            return ModelResponse(parts=[ToolCallPart('recall', {'step': 1}, tool_call_id='recall')])
        return call(k) if k < 12 else say('Done.')

    policy = small().model_copy(update={'archive': ArchivePolicy()})
    agent = reading_agent(Script(decide), **as_capability(Compactor(policy, archive=Reading())))
    messages = drive(by_run, agent, 'Go.').all_messages()
    [answer] = [p for m in messages for p in m.parts if p.part_kind == 'tool-return' and p.tool_name == 'recall']
    assert str(answer.content).startswith('Step 1, ')
    assert threads
    assert threading.get_ident() not in threads
