"""The event loop never waits for us: heavy work is done on one thread, what hangs is given up, nothing blocks."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart
from pydantic_ai.models.function import FunctionModel

from compactor import (
    ArchivePolicy,
    CapacityModel,
    Compactor,
    MemoryArchive,
    OutputKind,
    OutputsPolicy,
    Policy,
    Store,
    restore,
)
from compactor.errors import StoreError
from compactor.history.track import Tracker
from compactor.outputs.allowance import Allowance
from compactor.policy import TokenPolicy
from compactor.run import access, collector, reporting, requests, worker
from compactor.run.access import Access
from compactor.run.collector import Collector
from compactor.run.weight import is_heavy
from compactor.run.worker import apart, aside
from compactor.telemetry import events
from compactor.telemetry.sinks import Queued
from tests.adapters.driver import Log, Script, as_capability, call, faults, go, reading_agent, rounds, say, small

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = 'The import dropped rows again, see src/ledger.py line 12. '
WORKER = 'compactor-work'


def chat(messages: int, each: int = 400) -> list[ModelMessage]:
    """A long talk, of as many characters a message."""
    texts = (f'{i}: {SENTENCE * 40}'[:each] for i in range(messages))
    return [
        ModelRequest([UserPromptPart(text)]) if i % 2 == 0 else ModelResponse([TextPart(text)])
        for i, text in enumerate(texts)
    ]


def thread() -> str:
    """Who is asking."""
    return threading.current_thread().name


def noting(seen: list[str], function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, which notes in which thread it is called."""

    def noted(*given: Any) -> Any:
        seen.append(thread())
        return function(*given)

    return noted


class Noting(MemoryArchive):
    """Notes in which threads it is called; one that blocks waits until it is let go on."""

    def __init__(self, blocking: bool = False) -> None:
        super().__init__()
        self.blocking = blocking
        self.threads: set[str] = set()
        self.asked = threading.Event()
        self.go_on = threading.Event()

    def put(self, data: bytes) -> str:
        self.threads.add(thread())
        self.asked.set()
        if self.blocking:
            self.go_on.wait(10)
        return super().put(data)


# -- where work is done ------------------------------------------------------------------------------------------


def test_a_long_history_is_compacted_on_the_worker_and_a_short_one_in_the_loop() -> None:
    """The result is the same compaction, whole again from the archive."""
    policy = small().model_copy(update={'archive': ArchivePolicy(recall_tool=False)})
    for history, names in ((chat(600), {WORKER}), (chat(20, 900), {'MainThread'})):
        archive = Noting()
        compactor: Compactor[None] = Compactor(policy, archive=archive, persist=True)
        agent = reading_agent(Script(lambda k, messages, info: say('Done.')), **as_capability(compactor))
        result = go(agent.run('Go on.', message_history=history))
        assert archive.threads == names
        messages = result.all_messages()
        assert len(messages) < len(history)
        assert not faults(messages[:-1])
        assert restore(messages, archive)[: len(history)] == history


@pytest.mark.parametrize(('length', 'name'), [(2_000, 'MainThread'), (200_000, WORKER)])
def test_a_large_output_is_cut_on_the_worker_and_a_small_one_in_the_loop(length: int, name: str) -> None:
    """Told by a kind of output of the application's own, which is asked in the thread that cuts."""
    seen: list[str] = []

    def cut(text: str, allowance: Allowance) -> str:
        seen.append(thread())
        return 'cut'

    compactor: Compactor[None] = Compactor(
        small().model_copy(update={'outputs': OutputsPolicy(tools={'*': 100})}),
        reducers=[OutputKind('own', cut, tools=('read',))],
    )
    agent = reading_agent(Script(rounds(2, parallel=False)), words=length // 6, **as_capability(compactor))
    go(agent.run('Go.'))
    assert set(seen) == {name}


def test_the_loop_goes_on_while_a_long_history_is_compacted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A ticker has its turns meanwhile; in a loop without a worker it would have none."""
    ticks = 0

    async def run() -> None:
        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0.001)
                ticks += 1

        compactor: Compactor[None] = Compactor(small())
        process = compactor._requests.process

        async def watched(*arguments: Any) -> Any:
            nonlocal ticks
            ticks = 0
            return await process(*arguments)

        monkeypatch.setattr(compactor._requests, 'process', watched)
        agent = reading_agent(Script(lambda k, messages, info: say('Done.')), **as_capability(compactor))
        beside = asyncio.create_task(tick())
        await agent.run('Go on.', message_history=chat(2_000))
        beside.cancel()

    go(run())
    assert ticks > 5


@pytest.mark.parametrize(('history', 'names'), [(chat(300), {WORKER}), (chat(20, 900), {'MainThread'})])
def test_a_fallback_is_fitted_on_the_worker_where_that_is_long(
    monkeypatch: pytest.MonkeyPatch, history: list[ModelMessage], names: set[str]
) -> None:
    """It is sent what it can take, and goes on from there; the record stays whole."""
    from compactor.adapters.pydantic_ai.chain import fitting
    from compactor.adapters.pydantic_ai.messages.writer import write

    seen: list[str] = []
    monkeypatch.setattr(fitting, 'write', noting(seen, write))
    sent: list[list[ModelMessage]] = []

    def refuses(messages: list[ModelMessage], info: Any) -> ModelResponse:
        raise ModelHTTPError(429, 'model-a', {'message': 'slow down'})

    def answers(messages: list[ModelMessage], info: Any) -> ModelResponse:
        sent.append(messages)
        return call(1) if len(sent) == 1 else say('Done.')

    chain = CapacityModel(
        FunctionModel(refuses, model_name='model-a'),
        FunctionModel(answers, model_name='model-b'),
        policy=Policy(tokens=TokenPolicy(windows={'*model-b': 3_000})),
        on_event=Log(),
    )
    agent: Agent[None, str] = Agent(chain)
    agent.tool_plain(read)
    result = go(agent.run('Go on.', message_history=history))
    assert set(seen) == names
    assert result.all_messages()[: len(history)] == history
    assert len(sent[0]) < len(history)
    said = [[getattr(part, 'content', '') for m in messages for part in m.parts] for messages in sent]
    assert said[1][: len(said[0])] == said[0]


def test_what_a_provider_calls_too_long_is_made_smaller_on_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read, cut and written there."""
    from compactor.compaction import written

    seen: list[str] = []
    monkeypatch.setattr(requests, 'written', noting(seen, written))

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        if k == 1:
            seen.clear()
            raise ModelHTTPError(400, 'small-model', {'message': 'Input is too long for requested model.'})
        return say('Done.')

    log = Log()
    agent = reading_agent(Script(decide), **as_capability(Compactor(small(max_input_tokens=100_000), on_event=log)))
    go(agent.run('Go on.', message_history=chat(300)))
    assert seen[0] == WORKER
    assert len(log.of(events.OverflowRetried)) == 1


def read(n: int) -> str:
    """A file."""
    return f'file {n}'


def test_what_is_heavy_is_told_without_reading_it() -> None:
    """By the lengths of texts and the number of things, however nested; a circle ends."""
    circle: list[Any] = []
    circle.append(circle)
    assert not is_heavy(['a short one', {'n': [1, 2, 3]}])
    assert is_heavy('x' * (worker.LIGHT + 1))
    assert is_heavy({'a': [{'b': 'x' * worker.LIGHT}]})
    assert is_heavy(list(range(worker.LIGHT)))
    assert is_heavy([ModelRequest([UserPromptPart('x' * worker.LIGHT)])])
    assert is_heavy(circle)


# -- given up ----------------------------------------------------------------------------------------------------


def test_a_run_that_is_cancelled_leaves_nothing_half_done() -> None:
    """It ends at once, though its archive hangs; the next run with the same history is compacted as if it were new."""
    archive, log = Noting(blocking=True), Log()
    policy = small().model_copy(update={'archive': ArchivePolicy(recall_tool=False)})
    compactor: Compactor[None] = Compactor(policy, archive=archive, on_event=log, persist=True)
    agent = reading_agent(Script(lambda k, messages, info: say('Done.')), **as_capability(compactor))
    history = chat(600)

    async def run() -> Any:
        task = asyncio.create_task(agent.run('Go on.', message_history=history))
        while not archive.asked.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        began = time.monotonic()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 5
        archive.go_on.set()
        result = await agent.run('Go on.', message_history=history)
        await compactor.aclose()
        return result

    messages = go(run()).all_messages()
    assert len(log.of(events.Compacted)) == 1
    assert not faults(messages[:-1])
    assert restore(messages, archive)[: len(history)] == history


def test_a_tracker_made_beside_another_leaves_that_as_it_was() -> None:
    """Both say the same as one that was brought up to date in place."""
    from compactor.adapters.pydantic_ai.messages.format import FORMAT
    from compactor.tokens.counter import counter_for

    history = chat(300)
    first = Tracker(FORMAT.reader(counter_for('gpt-4o')))
    first.update(history[:200])
    tokens, tree = first.tokens, first.snapshot()
    for changed, grown in ((history, True), ([*history[:50], *history[51:]], False), (history[:200], True)):
        other, only_grew = first.followed(changed)
        whole = Tracker(FORMAT.reader(counter_for('gpt-4o')))
        whole.update(changed)
        assert only_grew == grown
        assert (other.tokens, other.snapshot()) == (whole.tokens, whole.snapshot())
        assert (first.tokens, first.snapshot()) == (tokens, tree)
    assert first.has_grown(history)
    assert first.unread(history, True) == history[200:]


def test_an_archive_that_hangs_holds_up_no_result_and_nobody_else() -> None:
    """A large output is cut and goes on without its handle; meanwhile others have their heavy work done."""
    archive, log = Noting(blocking=True), Log()
    policy = small().model_copy(
        update={'outputs': OutputsPolicy(tools={'*': 200}), 'archive': ArchivePolicy(recall_tool=False)}
    )
    compactor: Compactor[None] = Compactor(policy, archive=archive, on_event=log)
    compactor._requests.archiving._longest = 0.2
    agent = reading_agent(Script(rounds(5, parallel=False)), words=6_000, **as_capability(compactor))

    async def run() -> Any:
        waiting = asyncio.create_task(agent.run('Go.'))
        while not archive.asked.is_set():
            await asyncio.sleep(0.001)
        assert await asyncio.wait_for(apart(lambda: 'done'), 0.15) == 'done'
        return await waiting

    result = go(run())
    archive.go_on.set()
    [paused] = log.of(events.ArchivePaused)
    assert paused.reason == 'TimeoutError: no answer from the archive within 0.2 s'
    returned = [part for m in result.all_messages() for part in m.parts if part.part_kind == 'tool-return']
    assert len(returned) == 4
    assert all(len(part.content) < 2_000 for part in returned)


def test_recall_says_so_where_the_archive_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The run goes on; it is not kept waiting for longer than a request would be."""
    from compactor.adapters.pydantic_ai.agent import tools

    class Deaf(MemoryArchive):
        blocking = True
        deaf = threading.Event()

        def get(self, key: str) -> bytes | None:
            if self.deaf.is_set():
                time.sleep(0.3)
            return super().get(key)

    monkeypatch.setattr(tools, 'LONGEST', 0.02)
    archive = Deaf()
    compactor: Compactor[None] = Compactor(small().model_copy(update={'archive': ArchivePolicy()}), archive=archive)

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        if k == 2:
            archive.deaf.set()
            return _recalled()
        return call(1) if k == 1 else say('Done.')

    agent = reading_agent(Script(decide), **as_capability(compactor))
    result = go(agent.run('Go on.', message_history=chat(60, 1_000)))
    said = [part.content for m in result.all_messages() for part in m.parts if part.part_kind == 'tool-return']
    assert said[-1] == tools.NO_ANSWER


def _recalled() -> ModelResponse:
    from pydantic_ai.messages import ToolCallPart

    return ModelResponse([ToolCallPart('recall', {'step': 1})])


def test_a_store_that_hangs_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks it goes on without after the longest wait; after two of these nobody asks for a while."""
    monkeypatch.setattr(access, 'LONGEST', 0.02)
    log, asked, go_on = Log(), [], threading.Event()
    way = Access('ledger', log)

    def work() -> str:
        asked.append(1)
        go_on.wait(5)
        return 'late'

    async def run() -> list[str]:
        said = [await way.ask(work, lambda: 'without') for _ in range(4)]
        go_on.set()
        return said

    assert go(run()) == ['without'] * 4
    assert len(asked) == access.FAILURES
    assert [event.reason for event in log.of(events.StoreUnavailable)] == ['no answer within 0.02 s']
    closed = Access('ledger', log, closed=True)
    go_on.clear()
    with pytest.raises(StoreError, match='no answer within'):
        go(closed.ask(work, lambda: 'without', needed=True))
    go_on.set()


def test_a_sink_that_keeps_everybody_waiting_is_called_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """After three slow events in a row it has a thread of its own; no event is lost, and none comes twice."""
    monkeypatch.setattr(reporting, 'SLOW', 0.005)
    seen: list[tuple[events.Event, str]] = []

    def sink(event: events.Event) -> None:
        time.sleep(0.01)
        seen.append((event, thread()))

    told = reporting.Reporter(sink, False)
    sent = [events.CutIgnored(None, None, 'store', str(i)) for i in range(6)]
    for event in sent:
        told.emit(event)
    assert isinstance(told.on_event, Queued)
    assert told.on_event.flush()
    assert [event for event, _ in seen] == sent
    assert [name for _, name in seen] == ['MainThread'] * 3 + ['compactor-events'] * 3


def test_a_sink_that_takes_too_long_once_is_called_elsewhere_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for a second time."""
    monkeypatch.setattr(reporting, 'LONGEST', 0.005)
    seen: list[str] = []

    def sink(event: events.Event) -> None:
        time.sleep(0.01)
        seen.append(thread())

    told = reporting.Reporter(sink, False)
    for i in range(3):
        told.emit(events.CutIgnored(None, None, 'store', str(i)))
    assert isinstance(told.on_event, Queued)
    assert told.on_event.flush()
    assert seen == ['MainThread', 'compactor-events', 'compactor-events']


# -- the worker --------------------------------------------------------------------------------------------------


def test_one_piece_at_a_time_but_for_what_waits() -> None:
    """Two pieces of heavy work never compute at once; one that waits for an archive lets the next have its turn."""
    at_work, most, order = 0, 0, []
    let_go = threading.Event()

    def piece(n: int) -> Callable[[], int]:
        def work() -> int:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            time.sleep(0.002)
            at_work -= 1
            return n

        return work

    def waits() -> str:
        order.append('waits')
        said = aside(lambda: let_go.wait(5) and 'there', 5)
        order.append('has waited')
        return str(said)

    def follows() -> None:
        order.append('follows')
        let_go.set()

    async def run() -> Any:
        assert await asyncio.gather(*(apart(piece(n)) for n in range(12))) == list(range(12))
        first = asyncio.create_task(apart(waits))
        while not order:
            await asyncio.sleep(0.001)
        await apart(follows)
        return await first

    assert go(run()) == 'there'
    assert most == 1
    assert order == ['waits', 'follows', 'has waited']


def test_what_heavy_work_raises_is_raised_where_it_is_waited_for() -> None:
    """And the next piece has its turn all the same."""

    def broken() -> None:
        raise LookupError('nothing here')

    async def run() -> int:
        with pytest.raises(LookupError, match='nothing here'):
            await apart(broken)
        return await apart(lambda: 7)

    assert go(run()) == 7


@pytest.mark.skipif(not hasattr(os, 'fork'), reason='processes are copied')
def test_a_copied_process_has_a_worker_of_its_own() -> None:
    """Even where the copy is made while a piece of work has its turn."""
    code = '\n'.join((
        'import asyncio, os, threading, time',
        'from compactor.run import worker',
        'begun, go_on = threading.Event(), threading.Event()',
        'worker.leave(lambda: (begun.set(), go_on.wait(10)))',
        'begun.wait(10)',
        'child = os.fork()',
        'said = asyncio.run(worker.apart(lambda: "mine")) if child == 0 else ""',
        'if child == 0: os._exit(0 if said == "mine" else 1)',
        'go_on.set()',
        'print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))',
    ))  # fmt: skip
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ('0\n', '')


# -- the collector -----------------------------------------------------------------------------------------------


def test_no_long_look_while_many_objects_are_made_that_stay() -> None:
    """Within, they are old at once; what is garbage is found by the next long look, as ever."""
    looks: list[int] = []

    def look(phase: str, info: Any) -> None:
        if phase == 'start':
            looks.append(info['generation'])

    gc.collect()
    many = len(gc.get_objects()) // 2
    gc.callbacks.append(look)
    try:
        with Collector().put_off():
            kept = [[i] for i in range(many)]
    finally:
        gc.callbacks.remove(look)
    assert len(kept) == many
    assert 1 in looks
    assert 2 not in looks
    assert collector.COLLECTOR._look not in gc.callbacks


def test_a_long_look_is_put_off_so_often_and_no_oftener() -> None:
    """Else a worker that is never idle would leave the process without any."""
    mine = Collector()
    for n in range(collector.MOST):
        mine._look('start', {'generation': 1})
        assert mine.cuts == n + 1
    young: list[Any] = [[]]
    mine._look('start', {'generation': 1})
    assert any(one is young for one in gc.get_objects(generation=0))
    mine._look('stop', {'generation': 2})
    mine._look('start', {'generation': 1})
    assert any(one is young for one in gc.get_objects(generation=2))


def test_what_the_application_has_frozen_stays_frozen() -> None:
    """Then nothing is put off."""
    gc.freeze()
    try:
        before = len(gc.callbacks)
        with Collector().put_off():
            assert len(gc.callbacks) == before
        assert gc.get_freeze_count()
    finally:
        gc.unfreeze()


# -- nothing blocks ----------------------------------------------------------------------------------------------


def test_vocabularies_are_read_before_there_is_a_request() -> None:
    """That of most models when a Compactor is made, another when it is asked for."""
    code = '\n'.join((
        'import asyncio',
        'from compactor import Compactor',
        'from compactor.tokens import encodings',
        'compactor = Compactor()',
        'print(*encodings._built)',
        'asyncio.run(compactor.ready("gpt-4", "openai:gpt-5.2"))',
        'print(*encodings._built)',
    ))  # fmt: skip
    done = subprocess.run([sys.executable, '-c', code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ('o200k_base\no200k_base cl100k_base\n', '')


def test_no_call_of_ours_blocks_the_loop(tmp_path: Path) -> None:
    """Files, databases, sockets, sleeps: `blockbuster` raises where one is asked for in a loop."""
    blockbuster = pytest.importorskip('blockbuster')
    log = Log()
    policy = small().model_copy(update={'outputs': OutputsPolicy(tools={'*': 300}), 'archive': ArchivePolicy()})

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        return _recalled() if k == 8 else rounds(10, parallel=False)(k, messages, info)

    async def run() -> Any:
        with blockbuster.blockbuster_ctx('compactor'):
            async with Compactor(policy, store=Store(tmp_path / 'store.db'), on_event=log) as compactor:
                await compactor.ready('gpt-4o')
                agent = reading_agent(Script(decide), words=3_000, **as_capability(compactor))
                result = await agent.run('Go.', message_history=chat(300))
                await agent.run('And on.', message_history=result.all_messages())
                await compactor.compact_now(result.all_messages())
                with pytest.raises(blockbuster.BlockingError):  # it is at work
                    Policy.load(ROOT / 'src/compactor/presets/default.toml')
                return result

    go(run())
    assert log.of(events.Compacted)
    assert log.of(events.OutputReduced)
    trouble = (events.StoreUnavailable, events.ArchiveFailed, events.OutputFailed, events.StrategyFailed)
    assert [event for event in log.events if isinstance(event, trouble)] == []
