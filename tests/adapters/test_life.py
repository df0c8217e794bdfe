"""How a `Compactor` lives and ends: closed, copied into other processes, in several loops, at the interpreter's end."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Budget, Compactor, Ledger, LedgerPolicy, Policy, Store, SummaryPolicy, locks
from compactor.run import threads
from compactor.run.threads import MOST, Threads, beside, leave
from compactor.store.reservations import usage
from compactor.telemetry import events
from compactor.telemetry.sinks import Queued
from tests.adapters.driver import Decision, Log, Script, as_capability, go, reading_agent, rounds, small
from tests.store.databases import missing_postgres, temporary_postgres

ROOT = Path(__file__).resolve().parents[2]
forks = pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are copied')
_missing = cache(missing_postgres)


def ahead(**summary: Any) -> Policy:
    """`small` with a digest, whose summaries are written ahead."""
    plain = small(strategies=('exchanges', 'digest', 'clamp'))
    return plain.model_copy(update={'summary': SummaryPolicy(ahead=True, **summary)})


def slow(each: int, until: Callable[[], object] = lambda: time.sleep(0.2)) -> Decision:
    """`rounds`, with a last answer that takes long: what is written ahead goes on meanwhile."""
    plain = rounds(each, parallel=False)

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k % each == 0:
            until()
        return plain(k, messages, info)

    return decide


@pytest.fixture(params=['sqlite', 'postgres'])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of either kind."""
    if request.param == 'sqlite':
        yield f'sqlite:///{tmp_path / "store.db"}'
        return
    if (missing := _missing()) is not None:
        pytest.skip(missing)
    with temporary_postgres() as found:
        yield found


def script(*lines: str) -> subprocess.CompletedProcess[str]:
    """What a process says that carries this out; one that does not end is an error."""
    code = '\n'.join(lines)
    return subprocess.run(
        [sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


# -- closed ------------------------------------------------------------------------------------------------------


def test_what_it_opened_it_closes(tmp_path: Path) -> None:
    """A store that was named is closed, one that was handed over is not; either may be used again."""
    path = tmp_path / 'store.db'

    async def lives(compactor: Compactor[None]) -> None:
        async with compactor as same:
            assert same is compactor
            await reading_agent(Script(rounds(2)), **as_capability(compactor)).run('Go.')

    with Store.open(path) as mine:
        handed: Compactor[None] = Compactor(small(), store=mine)
        named: Compactor[None] = Compactor(small(), store=path)
        go(lives(handed))
        assert mine._engine is not None
        go(lives(named))
        assert named._accounts is not None
        assert named._accounts.store._engine is None
        go(lives(named))
        go(lives(handed))
        assert len(list(Ledger(mine).entries())) == 8


def test_close_ends_what_is_written_ahead() -> None:
    """A summary that nobody will read is cancelled, in whichever loop it is written."""
    cancelled: list[bool] = []
    begun = threading.Event()

    async def never(messages: Any, info: Any) -> Any:
        begun.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    log = Log()
    compactor: Compactor[None] = Compactor(ahead(), summariser=FunctionModel(never), on_event=log)
    waits = threading.Event()
    agent = reading_agent(Script(slow(4, lambda: waits.wait(30))), words=1_100, **as_capability(compactor))
    other = threading.Thread(target=lambda: go(agent.run('Go.')))
    other.start()
    try:
        assert begun.wait(20)
        go(compactor.aclose())
        deadline = time.monotonic() + 5
        while not cancelled and time.monotonic() < deadline:
            time.sleep(0.01)
        assert cancelled == [True]
    finally:
        waits.set()
        other.join(20)
    assert not other.is_alive()


def test_a_summary_that_was_paid_for_is_written_down(tmp_path: Path) -> None:
    """One written ahead that no request came for stands in the ledger when the run is over."""

    async def writes(messages: Any, info: Any) -> ModelResponse:
        return ModelResponse(parts=[TextPart('Goal: read\nDecisions: none\nNext step: read on')])

    log = Log()
    with Store.open(tmp_path / 'store.db') as store:
        compactor: Compactor[None] = Compactor(ahead(), summariser=FunctionModel(writes), store=store, on_event=log)
        agent = reading_agent(Script(slow(4)), words=1_100, **as_capability(compactor))
        go(agent.run('Go.'))
        written = [event for event in log.of(events.SummaryWritten) if event.ahead]
        assert written
        kinds = [entry.kind for entry in Ledger(store).entries()]
    assert kinds.count('summary') == len(log.of(events.SummaryWritten))


# -- the end of the interpreter ----------------------------------------------------------------------------------


def test_a_store_that_hangs_does_not_keep_the_process() -> None:
    """A thread that waits for ever ends with the process, which does not wait for it."""
    began = time.monotonic()
    done = script(
        'import asyncio, time',
        'from compactor.run.threads import beside',
        'async def main():',
        '    try: await asyncio.wait_for(beside(lambda: time.sleep(600)), 0.2)',
        '    except TimeoutError: print("gave up")',
        'asyncio.run(main())',
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, 'gave up\n', '')
    assert time.monotonic() - began < 20


def test_what_is_under_way_is_finished(tmp_path: Path) -> None:
    """Work that takes less than the grace is done when the process has ended."""
    path = tmp_path / 'done'
    done = script(
        'import pathlib, time',
        'from compactor.run.threads import leave',
        f'leave(lambda: (time.sleep(0.3), pathlib.Path({str(path)!r}).write_text("yes")))',
    )
    assert (done.returncode, done.stderr) == (0, '')
    assert path.read_text() == 'yes'


@pytest.mark.parametrize('way', ['agent.run_sync("Go.")', 'asyncio.run(agent.run("Go."))'])
def test_a_summary_ahead_ends_with_its_run(way: str) -> None:
    """Nothing is left in a loop that will not run again: no word of a task that was destroyed."""
    done = script(
        'import asyncio',
        'from pydantic_ai.models.function import FunctionModel',
        'from compactor import Compactor',
        'from tests.adapters.driver import Script, as_capability, reading_agent',
        'from tests.adapters.test_life import ahead, slow',
        'begun = []',
        'async def never(messages, info):',
        '    begun.append(1)',
        '    await asyncio.sleep(600)',
        'compactor = Compactor(ahead(), summariser=FunctionModel(never))',
        'agent = reading_agent(Script(slow(4)), words=1_100, **as_capability(compactor))',
        'asyncio.set_event_loop(asyncio.new_event_loop())',
        way,
        'print(len(begun) > 0)',
    )
    assert (done.returncode, done.stdout) == (0, 'True\n'), done.stderr
    assert 'Task' not in done.stderr
    assert 'Traceback' not in done.stderr


# -- copied ------------------------------------------------------------------------------------------------------


def in_a_copy(work: Any) -> int:
    """Carries work out in a copy of this process; its exit status, -1 where it does not end."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            status = 0 if work() else 2
        finally:
            os._exit(status)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pid, code = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(code)
        time.sleep(0.02)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1


@forks
def test_a_copy_pays_for_none_of_the_runs_in_flight(tmp_path: Path) -> None:
    """Copied while a request is out, and ended there: what was set aside stays until its own process gives it back."""
    budget = Budget(name='tokens', limit=10**9, unit='tokens', period='day')
    store = Store(tmp_path / 'store.db')
    compactor: Compactor[None] = Compactor(Policy(ledger=LedgerPolicy(budgets=(budget,))), store=store)
    loop = asyncio.new_event_loop()

    async def begin() -> tuple[asyncio.Task[Any], asyncio.Event]:
        sent, answer = asyncio.Event(), asyncio.Event()

        async def waits(messages: Any, info: Any) -> ModelResponse:
            sent.set()
            await answer.wait()
            return ModelResponse(parts=[TextPart('done')])

        task = asyncio.ensure_future(Agent(FunctionModel(waits), capabilities=[compactor]).run('Go.'))
        await sent.wait()
        return task, answer

    task, answer = loop.run_until_complete(begin())
    aside = usage(store, budget, time.time()).reserved

    def ended() -> bool:
        task.cancel()
        with suppress(asyncio.CancelledError):
            loop.run_until_complete(task)
        threads.threads().drain(5)
        left = usage(store, budget, time.time()).reserved
        return left == aside > 0 and not list(Ledger(store).entries()) and len(compactor._runs) == 0

    assert in_a_copy(ended) == 0
    answer.set()
    assert loop.run_until_complete(task).output == 'done'
    loop.close()
    assert [entry.error for entry in Ledger(store).entries()] == [None]
    assert usage(store, budget, time.time()).reserved == 0


@forks
def test_workers_of_a_server_share_a_store(url: str) -> None:
    """Made and used before the workers are copied, used by all of them at once: every request is in the ledger."""
    compactor: Compactor[None] = Compactor(small(), store=url)
    agent = reading_agent(Script(rounds(3)), **as_capability(compactor))
    go(agent.run('Before.'))

    def works() -> bool:
        for _ in range(2):
            go(agent.run('In a worker.'))
        return True

    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                status = 0 if works() else 2
            finally:
                os._exit(status)
        children.append(child)
    go(agent.run('Beside them.'))
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0, 0, 0]
    go(compactor.aclose())
    with Store.open(url) as store:
        assert len(list(Ledger(store).entries())) == 3 * (1 + 3 * 2 + 1)


@forks
def test_a_copy_finds_locks_open() -> None:
    """Copied while another thread holds every lock of ours: the copy does not wait for a thread that it has not."""
    compactor: Compactor[None] = Compactor(small())
    agent = reading_agent(Script(rounds(3)), **as_capability(compactor))
    go(agent.run('Before.'))
    held, let_go = threading.Event(), threading.Event()
    mine = [lock for lock in list(locks._locks) if not lock.locked()]

    def holds() -> None:
        for lock in mine:
            lock.acquire()
        held.set()
        let_go.wait(60)
        for lock in mine:
            lock.release()

    holder = threading.Thread(target=holds)
    holder.start()
    assert held.wait(10)
    try:
        status = in_a_copy(lambda: go(agent.run('In a copy.')).output.startswith('Done'))
    finally:
        let_go.set()
        holder.join()
    assert len(mine) > 10
    assert status == 0


@forks
def test_a_copy_has_threads_of_its_own() -> None:
    """Neither the parent's threads nor what waits for them are the copy's."""
    go_on = threading.Event()
    done: list[int] = []
    for _ in range(MOST):
        leave(lambda: go_on.wait(60))
    leave(lambda: done.append(1))

    def works() -> bool:
        return go(beside(lambda: 'yes')) == 'yes' and threads.threads().drain(5) and not done

    try:
        assert in_a_copy(works) == 0
    finally:
        go_on.set()
    assert threads.threads().drain(10)
    assert done == [1]


@forks
def test_a_copy_tells_only_its_own_events() -> None:
    """What waits for a queued sink when a process is copied is told once, by the process that it happened in."""
    go_on = threading.Event()
    told: list[events.Event] = []

    def slow(event: events.Event) -> None:
        go_on.wait(60)
        told.append(event)

    sink = Queued(slow)
    for n in range(5):
        sink(events.CacheHit(None, None, n))

    def works() -> bool:
        go_on.set()
        sink(events.CacheHit(None, None, 99))
        return sink.flush(10) and told == [events.CacheHit(None, None, 99)]

    assert in_a_copy(works) == 0
    go_on.set()
    assert sink.close()
    assert told == [events.CacheHit(None, None, n) for n in range(5)]


# -- several loops -----------------------------------------------------------------------------------------------


def test_loops_one_after_another_and_beside_each_other(url: str) -> None:
    """One compactor in loops that come and go, some at once, each in a thread: nothing hangs on the first of them."""

    async def writes(messages: Any, info: Any) -> ModelResponse:
        await asyncio.sleep(0.01)
        return ModelResponse(parts=[TextPart('Goal: read\nDecisions: none\nNext step: read on')])

    compactor: Compactor[None] = Compactor(ahead(), summariser=FunctionModel(writes), store=url)
    agent = reading_agent(Script(rounds(5, parallel=False)), words=700, **as_capability(compactor))
    failures: list[BaseException] = []

    def lives() -> None:
        try:
            for _ in range(2):
                asyncio.run(agent.run('Go.'))
        except BaseException as error:
            failures.append(error)

    lives()
    beside_each_other = [threading.Thread(target=lives) for _ in range(3)]
    for one in beside_each_other:
        one.start()
    for one in beside_each_other:
        one.join(60)
    go(compactor.aclose())
    assert failures == []
    with Store.open(url) as store:
        kinds = [entry.kind for entry in Ledger(store).entries()]
    assert kinds.count('request') >= 3 * 2
    assert len(compactor._runs) == 0


# -- threads -----------------------------------------------------------------------------------------------------


def test_threads_are_bounded_and_tell_what_went_wrong() -> None:
    """So many at once and no more; what work raises is raised where it was asked for."""
    mine = Threads()
    at_once, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.005)
        with lock:
            at_once -= 1

    asked = [mine.do(work) for _ in range(4 * MOST)]
    for one in asked:
        one.result(20)
    assert 1 < most <= MOST

    def fails() -> None:
        raise ValueError('broken')

    with pytest.raises(ValueError, match='broken'):
        mine.do(fails).result(10)
    assert mine.drain(5)


def test_work_that_was_given_up_is_not_begun() -> None:
    """What is cancelled before a thread is free for it is never carried out."""
    mine, go_on, done = Threads(), threading.Event(), []
    for _ in range(MOST):
        mine.do(lambda: go_on.wait(60))
    late = mine.do(lambda: done.append(1))
    assert late.cancel()
    assert not mine.drain(0.05)
    go_on.set()
    assert mine.drain(10)
    assert done == []
