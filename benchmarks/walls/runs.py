"""One row of the table: starts the processes, lets them run, adds up what they saw."""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from compactor.testing import Api, LimitsReport, Minute

from .clock import SCALE, Clock
from .providers import Addresses, Played, Reports, serve
from .scenarios import LOAD, PER_MINUTE, Scenario
from .worker import NAMES, Outcome, Work, work

HEAD_START = 0.2
"""Real seconds from the word that the clock begins to its beginning."""
PATIENCE = 60.0
"""Real seconds to wait for a process that should be done."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """A row to play.

    Attributes:
        control: Who.
        workers: Processes that send.
        minutes: Measured minutes.
        scenario: The wall.
        wire: The primary's.
        deadline: Seconds that a request may take.
        seed: For when requests are due.
        enforce: Whether the primary refuses.
        postgres: A server to make a store on; None for a SQLite file.
        bursty: Whether requests come wholly at random.
        scale: Played seconds in a real one.
    """

    control: str
    workers: int
    minutes: int
    scenario: Scenario
    wire: Api = 'openai'
    deadline: float = 60.0
    seed: int = 1
    enforce: bool = True
    postgres: str | None = None
    bursty: bool = False
    scale: float = SCALE


@dataclass(frozen=True, slots=True)
class Row:
    """What was seen, of the measured time, unless it says otherwise.

    Attributes:
        control: Who.
        workers: Processes that sent.
        sent: Requests that were due.
        refused: 429s, of both providers.
        lost: Requests without an answer, by what was raised.
        late: Answers after the deadline.
        by_fallback: Answers of the fallback: failovers.
        throughput: What the primary answered, as a share of what it could have.
        over: By which share the limit that was exceeded most was exceeded, over all of the time; 0 if none was.
        reserved: Output tokens that were reserved at the primary.
        unused: Of those, what no answer needed.
        returned: Seconds from when the primary was back (or had room again for a request like the last one, the longest
            time of all) until it answered (let one in); None if it never did.
        middle: Seconds of an answer, in the median.
        slowest: Of the slowest in a hundred.
        lag: Seconds by which the latest in a hundred requests was sent late, for want of a processor.
        events: What the control told.
    """

    control: str
    workers: int
    sent: int
    refused: int
    lost: Counter[str]
    late: int
    by_fallback: int
    throughput: float
    over: float
    reserved: int
    unused: int
    returned: float | None
    middle: float
    slowest: float
    lag: float
    events: Counter[str]


def play(ordered: Ordered) -> Row:
    """Plays a row."""
    scenario, minutes = ordered.scenario, ordered.minutes
    clock = Clock(scenario.start(minutes), ordered.scale)
    measured = clock.start + 60 * scenario.warmup
    end = measured + 60 * minutes
    with ExitStack() as stack:
        store = stack.enter_context(_store(ordered.postgres))
        provider = stack.enter_context(
            _process(serve, Played(scenario, minutes, ordered.wire, ordered.enforce, ordered.scale))
        )
        addresses: Addresses = _received(provider)
        workers = [
            stack.enter_context(_process(work, _work(ordered, number, addresses, store, (clock.start, measured, end))))
            for number in range(ordered.workers)
        ]
        for worker in workers:
            _received(worker)
        clock.begun = time.time() + HEAD_START
        for pipe in (provider, *workers):
            pipe.send(clock.begun)
        most = (end - clock.start + 2 * ordered.deadline) / clock.scale
        outcomes: list[Outcome] = [_received(worker, most + PATIENCE) for worker in workers]
        provider.send(None)
        reports: Reports = _received(provider)
    return _row(ordered, outcomes, reports, measured, end)


def _work(ordered: Ordered, number: int, addresses: Addresses, store: str, moments: tuple[float, float, float]) -> Work:
    return Work(
        ordered.control,
        number,
        ordered.workers,
        ordered.seed,
        LOAD * PER_MINUTE,
        *moments,
        ordered.deadline,
        addresses,
        ordered.wire,
        _limits(ordered),
        store,
        ordered.scale,
        ordered.bursty,
    )


def _limits(ordered: Ordered) -> list[dict[str, Any]]:
    """The limits as a policy has them."""
    other = 'anthropic' if ordered.wire == 'openai' else 'openai'
    kept = {ordered.wire: ordered.scenario.primary(ordered.minutes), other: ordered.scenario.fallback}
    return [
        {'model': NAMES[wire], 'unit': limit.unit, 'window': limit.window, 'amount': limit.amount}
        for wire, limits in kept.items()
        for limit in limits
    ]


def _row(ordered: Ordered, outcomes: list[Outcome], reports: Reports, measured: float, end: float) -> Row:
    primary, fallback = reports.primary.between(measured, end), reports.fallback.between(measured, end)
    unit, allowed = ordered.scenario.allowed(ordered.minutes, ordered.scale)
    answered = primary.input_tokens + primary.output_tokens if unit == 'tokens' else primary.admitted - primary.failed
    took = sorted(seconds for outcome in outcomes for seconds in outcome.took)
    lost, events = Counter[str](), Counter[str]()
    for outcome in outcomes:
        lost += outcome.lost
        events += outcome.events
    return Row(
        ordered.control,
        ordered.workers,
        sum(outcome.sent for outcome in outcomes),
        primary.refused + fallback.refused,
        lost,
        sum(outcome.late for outcome in outcomes),
        sum(outcome.by_fallback for outcome in outcomes),
        answered / allowed,
        _over(ordered.scenario.concurrent, reports.primary),
        primary.reserved,
        primary.unused,
        _returned(ordered, reports, primary),
        _at(took, 0.5),
        _at(took, 0.99),
        _at(sorted(lag for outcome in outcomes for lag in outcome.lag), 0.99),
        events,
    )


def _over(concurrent: int | None, report: LimitsReport) -> float:
    at_once = max(0.0, report.at_once / concurrent - 1) if concurrent else 0.0
    return max([at_once, *(limit.over for limit in report.limits)])


def _returned(ordered: Ordered, reports: Reports, primary: Minute) -> float | None:
    back = ordered.scenario.back(ordered.minutes)
    if back is None:
        return primary.idle
    return None if reports.returned is None else reports.returned - back


def _at(ordered: list[float], share: float) -> float:
    return ordered[int(share * (len(ordered) - 1))] if ordered else 0.0


# -- processes and stores ------------------------------------------------------------------------------------------


@contextmanager
def _process(target: Any, given: object) -> Iterator[Connection]:
    """A process of its own, and our end of a pipe to it; it is ended with the block."""
    spawn = multiprocessing.get_context('spawn')
    ours, theirs = spawn.Pipe()
    process: BaseProcess = spawn.Process(target=target, args=(given, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.join(1)
        if process.is_alive():
            process.terminate()
            process.join()


def _received(pipe: Connection, seconds: float = PATIENCE) -> Any:
    if not pipe.poll(seconds):
        raise TimeoutError(f'a process of the benchmark said nothing for {seconds:.0f} s')
    return pipe.recv()


@contextmanager
def _store(server: str | None) -> Iterator[str]:
    """An empty store, as a URL."""
    if server is not None:
        from store import postgres

        with postgres(server) as url:
            yield url
        return
    with tempfile.TemporaryDirectory() as folder:
        yield f'sqlite:///{Path(folder) / "walls.db"}'
