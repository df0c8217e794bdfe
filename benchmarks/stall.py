"""How long an event loop stands still beside one request: the gap that a Compactor adds, and the longest turn of ours.

    python benchmarks/stall.py [--sizes 1000,10000] [--repeat 5] [--agents 50] [--cpu] [--json]

A ticker sleeps a millisecond at a time beside an agent that makes one request; the longest pause between two ticks is
the gap. Each row is measured with a Compactor and without, in turns in one process of its own, the least of some
repetitions each. What counts is the difference, and, since a longer pause of the framework's would hide a shorter one
of ours, the longest pause while our own part of the request is under way. Memory of texts is emptied before each, so
that *cold* is cold.

- *below*: a request that adds two messages to a history of so many which the run has sent before.
- *cold*: the first request of a run, below the trigger.
- *over*: the first request of a run, over the trigger, with archive and store in a file.
- *over, in memory*: the same with the archive in memory.
- *summarised*: the same with a summariser, which answers at once. It is asked by a run of the framework's, whose pauses
  lie within our part: only what is added is judged.
- *agents*: so many agents at once, cold and over the trigger; the longest turn of the loop within our own coroutines.

A row fails where what should have been compacted was not, or what should not was. Wanted: 20 ms up to 1,000 messages,
50 ms at 10,000. `--cpu` takes the process's time for the clock's: on a busy machine gaps by the clock say nothing, and
without load, and without waiting for a disk, the two are alike. The time that a Compactor takes to be made, the
vocabulary included, is the first line. Exits with 1 if a row fails or is over.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from compactor import Compactor, Policy, counter_for
from compactor.policy import HistoryPolicy, TokenPolicy
from compactor.run.outputs import Outputs
from compactor.run.requests import Requests
from compactor.telemetry.events import Compacted, Event
from compactor.tokens.memo import TextMemo
from histories import session

SMALL, LARGE = 20.0, 50.0
"""Milliseconds that may be added up to 1,000 messages, and at 10,000."""
TICK = 0.001
ROWS = ('below', 'cold', 'over', 'over, in memory', 'summarised', 'agents')
MODEL = 'gpt-4o'


@dataclass(frozen=True)
class Row:
    """One measurement, in milliseconds.

    Attributes:
        name: what was measured.
        messages: the length of the history.
        bare: the longest gap without a Compactor, the least of the repetitions.
        ours: the same with one.
        within: the longest pause from the beginning of our part to its end, which a longer one of the framework's does
            not hide; of agents, the longest turn of the loop within our coroutines.
        failed: what should have happened and did not; '' if all did.
    """

    name: str
    messages: int
    bare: float
    ours: float
    within: float
    failed: str = ''

    @property
    def added(self) -> float:
        """What counts."""
        return max(0.0, self.ours - self.bare)

    @property
    def wanted(self) -> float:
        """Milliseconds that it may be."""
        return SMALL if self.messages <= 1_000 else LARGE

    @property
    def sound(self) -> bool:
        """Whether it is within."""
        within = 0.0 if self.name == 'summarised' else self.within
        return not self.failed and max(self.added, within) <= self.wanted


class Ticker:
    """Beside what it watches, the longest pause of the loop, by a clock."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._last = 0.0
        self._inside = False
        self.longest = self.within = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Ticker:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(5 * TICK)
        self.restart()
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(2 * TICK)
        if self._task is not None:
            self._task.cancel()

    def restart(self) -> None:
        """Forgets what was so far."""
        self.longest = self.within = 0.0

    def around(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same coroutine function; pauses while it is under way are noted apart, from its beginning to its end."""

        async def watched(*args: Any, **kwargs: Any) -> Any:
            self._note()
            self._inside = True
            try:
                return await function(*args, **kwargs)
            finally:
                self._note()
                self._inside = False

        return watched

    def _note(self) -> None:
        now = self._clock()
        gap, self._last = now - self._last, now
        self.longest = max(self.longest, gap)
        if self._inside:
            self.within = max(self.within, gap)

    async def _tick(self) -> None:
        self._last = self._clock()
        while True:
            await asyncio.sleep(TICK)
            self._note()


class Turns:
    """The longest turn of the loop within some coroutine functions, measured between two of their awaits."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.longest = 0.0

    def of(self, function: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The same function, measured."""
        turns = self

        class Measured(Generator[Any, Any, Any]):
            """What an await goes through: every turn of it is one call here."""

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                self.inner: Any = function(*args, **kwargs).__await__()

            def __await__(self) -> Generator[Any, Any, Any]:
                return self

            def send(self, value: Any) -> Any:
                return self.turn(partial(self.inner.send, value))

            def throw(self, *error: Any) -> Any:
                return self.turn(partial(self.inner.throw, *error))

            def turn(self, resume: Callable[[], Any]) -> Any:
                began = turns.clock()
                try:
                    return resume()
                finally:
                    turns.longest = max(turns.longest, turns.clock() - began)

        def measured(*args: Any, **kwargs: Any) -> Measured:  # a function, which becomes a method
            return Measured(*args, **kwargs)

        return measured


def forget() -> None:
    """Empties what is remembered of texts."""
    for one in gc.get_objects():
        if isinstance(one, TextMemo):
            one.clear()
    gc.collect()


class Answering(Model):
    """Answers at once. The framework's own stand-ins count the whole history in the loop to make up its usage."""

    def __init__(self, says: Callable[[list[ModelMessage]], Awaitable[ModelResponse]]) -> None:
        super().__init__()
        self._says = says

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """What it was made to say."""
        response = await self._says(messages)
        return replace(response, model_name=MODEL, usage=RequestUsage(input_tokens=1, output_tokens=1))

    @property
    def model_name(self) -> str:
        """One that is counted exactly."""
        return MODEL

    @property
    def system(self) -> str:
        """A stand-in, whose usage is not believed."""
        return 'test'


async def answer(messages: list[ModelMessage]) -> ModelResponse:
    """A short one."""
    return ModelResponse(parts=[TextPart('Done.')])


def policy_for(row: str, tokens: int) -> Policy:
    """A policy under which a history of so many tokens is below its trigger or over it."""
    most = 10 * tokens if row in ('below', 'cold') else tokens
    return Policy(history=HistoryPolicy(max_input_tokens=most), tokens=TokenPolicy(windows={MODEL: 10 * tokens}))


class Bench:
    """The rows of one length."""

    def __init__(self, size: int, options: argparse.Namespace) -> None:
        self.options = options
        self.clock = time.process_time if options.cpu else time.perf_counter
        self.history = session(size)
        while not isinstance(self.history[-1], ModelResponse) or self.history[-1].tool_calls:
            self.history.pop()
        self.size = size
        self.tokens = 0

    def row(self, name: str) -> Row:
        """Measures one row."""
        self.tokens = counted(self.history)
        if name == 'agents':
            return self._agents()
        bare: list[Ticker] = []
        ours: list[Ticker] = []
        failed = ''
        for _ in range(self.options.repeat):
            bare.append(asyncio.run(self._one(name, None)))
            with tempfile.TemporaryDirectory() as folder:
                heard: list[Event] = []
                ours.append(asyncio.run(self._one(name, self._compactor(name, Path(folder), heard))))
            compacted = [event for event in heard if isinstance(event, Compacted)]
            if bool(compacted) == (name in ('below', 'cold')):
                failed = f'{len(compacted)} compactions'
        without, longest = (min(one.longest for one in ones) * 1_000 for ones in (bare, ours))
        return Row(name, self.size, without, longest, min(one.within for one in ours) * 1_000, failed)

    def _compactor(self, name: str, folder: Path, heard: list[Event]) -> Compactor[None]:
        store = str(folder / 'store.db') if name == 'over' else None
        summariser = Answering(answer) if name == 'summarised' else None
        return Compactor(policy_for(name, self.tokens), store=store, summariser=summariser, on_event=heard.append)

    async def _one(self, name: str, compactor: Compactor[None] | None) -> Ticker:
        forget()
        ticker = Ticker(self.clock)

        async def says(messages: list[ModelMessage]) -> ModelResponse:
            if name == 'below' and len(messages) == len(self.history) + 1:
                await asyncio.sleep(20 * TICK)
                ticker.restart()
                return ModelResponse(parts=[ToolCallPart('look', {})])
            return await answer(messages)

        agent = Agent(Answering(says), capabilities=[] if compactor is None else [compactor])
        agent.tool_plain(look)
        await agent.run('warm up')  # what is imported and opened at a first run is no history's
        with patch.object(Requests, 'process', ticker.around(Requests.process)):
            async with ticker:
                await agent.run('And now?', message_history=self.history)
        if compactor is not None:
            await compactor.aclose()
        return ticker

    def _agents(self) -> Row:
        failed = ''
        longest: list[float] = []
        for _ in range(self.options.repeat if self.size <= 1_000 else 1):
            turns, heard = Turns(self.clock), list[Event]()
            with (
                patch.object(Requests, 'process', turns.of(Requests.process)),
                patch.object(Outputs, 'returned', turns.of(Outputs.returned)),
                tempfile.TemporaryDirectory() as folder,
            ):
                asyncio.run(self._many(self._compactor('over', Path(folder), heard)))
            longest.append(turns.longest)
            compacted = sum(isinstance(event, Compacted) for event in heard)
            if compacted < self.options.agents:
                failed = f'{compacted} compactions'
        return Row(f'{self.options.agents} agents', self.size, 0.0, 0.0, min(longest) * 1_000, failed)

    async def _many(self, compactor: Compactor[None]) -> None:
        forget()
        agent = Agent(Answering(answer), capabilities=[compactor])
        runs = (agent.run('And now?', message_history=self.history) for _ in range(self.options.agents))
        await asyncio.gather(*runs)
        await compactor.aclose()


def look() -> str:
    """Looks."""
    return 'It is as it was.'


def counted(history: Sequence[ModelMessage]) -> int:
    """Tokens of a history, and whatever is built at a first count."""
    return counter_for(MODEL).count_messages(history)


def made() -> float:
    """Milliseconds that the first Compactor of this process takes to be made."""
    began = time.process_time()
    Compactor()
    return (time.process_time() - began) * 1_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    options = _options(arguments)
    if options.child:
        name, _, size = options.child.rpartition('/')
        print(json.dumps(made() if name == 'made' else asdict(Bench(int(size), options).row(name))))
        return
    print(f'made in {min(_child(options, "made/0") for _ in range(3)):.0f} ms of processor time', flush=True)
    rows: list[Row] = []
    for size in map(int, options.sizes.split(',')):
        for name in options.rows:
            rows.append(Row(**_child(options, f'{name}/{size}')))
            if not options.json:
                _print(rows[-1])
    if options.json:
        print(json.dumps([{**asdict(row), 'added': row.added, 'sound': row.sound} for row in rows]))
    sys.exit(0 if all(row.sound for row in rows) else 1)


def _print(row: Row) -> None:
    verdict = 'FAILED: ' + row.failed if row.failed else 'ok' if row.sound else 'OVER'
    print(
        f'{row.messages:>7,} messages  {row.name:18} without {row.bare:7.1f} ms   with {row.ours:7.1f}   added'
        f' {row.added:7.1f}   within {row.within:7.1f}   (wanted {row.wanted:g})  {verdict}',
        flush=True,
    )


def _child(options: argparse.Namespace, what: str) -> Any:
    command = [sys.executable, __file__, '--child', what, '--repeat', str(options.repeat)]
    command += ['--agents', str(options.agents)] + ['--cpu'] * options.cpu
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', default='1000,10000', help='lengths of the histories, in messages')
    parser.add_argument('--rows', nargs='+', choices=ROWS, default=ROWS, help='which of them')
    parser.add_argument('--repeat', type=int, default=5, help='repetitions, of which the least counts')
    parser.add_argument('--agents', type=int, default=50, help='agents at once in the row of that name')
    parser.add_argument('--cpu', action='store_true', help="by the process's time, for a busy machine")
    parser.add_argument('--json', action='store_true', help='rows as JSON')
    parser.add_argument('--child', help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == '__main__':
    main()
