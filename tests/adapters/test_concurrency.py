"""One instance serves concurrent runs, threads and sub-agents without mixing them, and keeps nothing of them."""

from __future__ import annotations

import asyncio
import gc
import threading
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage

from compactor import Compactor
from compactor.run.learned import MODELS
from compactor.run.runs import RUNS
from compactor.telemetry.events import Compacted
from tests.adapters.driver import (
    MODES,
    Log,
    Mode,
    Script,
    as_capability,
    by_run,
    drive,
    go,
    new_agent,
    reading_agent,
    rounds,
    run_sync,
    say,
    small,
)

SIZES = [250 + 60 * i for i in range(8)]
every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))


def _solo(mode: Mode, words: int, prompt: str) -> Script:
    script = Script(rounds(12))
    drive(by_run, reading_agent(script, words=words, **mode(Compactor(small()))), prompt)
    return script


@every_mode
def test_concurrent_runs_do_not_mix(mode: Mode) -> None:
    """Eight runs of different agents at once on one instance: each sees what it would see alone."""
    compactor: Compactor[None] = Compactor(small())
    scripts = [Script(rounds(12)) for _ in SIZES]

    async def all_at_once() -> None:
        agents = [
            reading_agent(script, words=words, **mode(compactor)) for script, words in zip(scripts, SIZES, strict=True)
        ]
        await asyncio.gather(*(agent.run(f'task {i}') for i, agent in enumerate(agents)))

    go(all_at_once())
    for i, (script, words) in enumerate(zip(scripts, SIZES, strict=True)):
        assert script.shapes == _solo(mode, words, f'task {i}').shapes


@every_mode
def test_runs_in_threads_do_not_mix(mode: Mode) -> None:
    """The same with `run_sync` in four threads."""
    log = Log()
    compactor: Compactor[None] = Compactor(small(), on_event=log)
    scripts = [Script(rounds(12)) for _ in SIZES[:4]]
    errors: list[BaseException] = []

    def work(i: int) -> None:
        try:
            run_sync(reading_agent(scripts[i], words=SIZES[i], **mode(compactor)), f'task {i}')
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len({event.run_id for event in log.of(Compacted)}) == 4
    for i, script in enumerate(scripts):
        assert script.shapes == _solo(mode, SIZES[i], f'task {i}').shapes


def _with_sub_agent(plugs: dict[str, Any], outer: Script, inner: Script) -> Any:
    helper = reading_agent(inner, words=300, **plugs)
    agent = new_agent(outer.model, instructions='Delegate.', **plugs)

    @agent.tool_plain
    async def read(n: int) -> str:
        result = await helper.run(f'look into {n}')
        return f'{result.output} ' + 'found it in the file ' * 80

    return agent


@every_mode
def test_a_sub_agent_called_from_a_tool_shares_the_instance(mode: Mode) -> None:
    """An agent whose tool runs another agent on the same instance: neither sees more than alone."""
    outer, inner = Script(rounds(10, parallel=False)), Script(rounds(9))
    drive(by_run, _with_sub_agent(mode(Compactor(small())), outer, inner), 'Go.')

    outer_alone, inner_alone = Script(rounds(10, parallel=False)), Script(rounds(9))
    helper = reading_agent(inner_alone, words=300, **mode(Compactor(small())))
    agent = new_agent(outer_alone.model, instructions='Delegate.', **mode(Compactor(small())))

    @agent.tool_plain
    async def read(n: int) -> str:
        result = await helper.run(f'look into {n}')
        return f'{result.output} ' + 'found it in the file ' * 80

    drive(by_run, agent, 'Go.')
    assert outer.shapes == outer_alone.shapes
    assert inner.shapes == inner_alone.shapes
    assert len(inner.seen) == 81


@every_mode
def test_what_is_kept_stays_bounded(mode: Mode) -> None:
    """After 300 runs a capability remembers no run and a processor, which is not told of ends, at most 64."""
    compactor: Compactor[None] = Compactor(small())

    def decide(k: int, messages: list[ModelMessage], info: object) -> Any:
        return say('ok')

    agent = reading_agent(Script(decide), **mode(compactor))

    async def many() -> None:
        for i in range(300):
            await agent.run(f'question {i}')

    go(many())
    holders = (compactor, compactor._requests, compactor._learned, compactor._reporter)
    kept = {name: len(value) for held in holders for name, value in vars(held).items() if hasattr(value, '__len__')}
    assert kept['_runs'] == (0 if mode is as_capability else RUNS)
    assert kept['calibrations'] <= MODELS
    assert kept['windows'] <= MODELS
    assert sum(size for name, size in kept.items() if name not in ('_runs', 'mode')) <= 4


def test_a_run_that_fails_is_forgotten() -> None:
    """A tool that raises ends the run, and with it what was kept of the run."""
    compactor: Compactor[None] = Compactor(small())
    agent = new_agent(Script(rounds(5)).model, **as_capability(compactor))

    @agent.tool_plain
    def read(n: int) -> str:
        raise OSError('the disk is gone')

    with pytest.raises(OSError, match='the disk is gone'):
        drive(by_run, agent, 'Go.')
    assert not len(compactor._runs)


def test_a_finished_run_can_be_collected() -> None:
    """No message of a finished run is kept alive by the instance."""
    compactor: Compactor[None] = Compactor(small())

    def last_request() -> int:
        result = drive(by_run, reading_agent(Script(rounds(4)), **as_capability(compactor)), 'Go.')
        return id(result.all_messages()[0].parts[0])

    address = last_request()
    gc.collect()
    assert not any(id(thing) == address for thing in gc.get_objects() if type(thing).__name__ == 'UserPromptPart')
