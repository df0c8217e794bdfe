"""What the compactor costs per model request, beside pydantic-ai-harness with the same tokenizer in the same run.

    python benchmarks/overhead.py [--sizes 100,1000,10000] [--repeat 7] [--runs 10000] [--json]

Both sides are driven through all hooks of a request in the framework's order, with the contexts that the installed
pydantic-ai made for a real run; what the handler is given is what was sent, and a row that should compact and did not
is an error. Measurements of both are interleaved, each figure is the median, garbage
collection stays on as it is in an agent. The harness is given the bundled encoding without our memo, which is what
a user who wants exact counts would write; its own four-characters-a-token heuristic is shown for information.

Nothing is asserted: the last column says whether a wanted figure was reached, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from itertools import count
from operator import is_
from statistics import median
from time import perf_counter

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage

import histories
from compactor import Compactor, counter_for
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.run.counted import Counted
from compactor.telemetry.events import Event, RequestChecked
from compactor.tokens.encodings import encoding
from sides import ENCODING, ENDLESS, Harness, Named, Requests, answer, forget_texts, ours, peers, sent_by, timed

GROWTH = 10
"""Requests of one growing run that are timed; the middle one has the nominal size."""
MISSING = (
    'pydantic-ai-harness is not installed, so its columns stay empty: `make bench` installs what the benchmarks need'
    ' (benchmarks/requirements.txt).'
)


@dataclass(frozen=True)
class Row:
    """One line of the table; times in milliseconds, None where there is nothing to show.

    Attributes:
        messages: length of the history.
        what: what was measured.
        ours: the compactor's time.
        harness: the harness's time with the same tokenizer.
        heuristic: the harness's time with its own heuristic.
        wanted: the figure wanted, in words; empty for rows that are for information.
        reached: whether it was; None without a verdict.
        note: anything else worth knowing.
    """

    messages: int
    what: str
    ours: float
    harness: float | None = None
    heuristic: float | None = None
    wanted: str = ''
    reached: bool | None = None
    note: str = ''

    @property
    def ratio(self) -> float | None:
        """How many times the harness's time is ours."""
        return self.harness / self.ours if self.harness is not None else None


# -- measurements -----------------------------------------------------------------------------------------------------


class Bench:
    """All measurements at one length of history."""

    def __init__(self, size: int, repeat: int) -> None:
        self.size = size
        self.repeat = repeat
        self.length = size + 1 - size % 2  # an odd length ends with a request
        self.longer = histories.session(self.length + GROWTH)
        self.history = self.longer[: self.length]
        self.exact = Requests('function', 'gpt-4o')
        self.peers = peers()
        self.runs = map(str, count(1))

    def rows(self) -> Iterator[Row]:
        """Every measurement, in order."""
        yield self.below('below trigger, no usage reported', self.exact, self.longer)
        yield self.below('below trigger, no usage reported, persist', self.exact, self.longer, persist=True)
        reported = histories.with_usage(self.longer, 'anthropic', 'claude-sonnet-4-5')
        yield self.below('below trigger, usage reported', Requests('anthropic', 'claude-sonnet-4-5'), reported)
        yield from self.window()
        yield self.tiers()

    def below(self, what: str, requests: Requests, longer: list[ModelMessage], *, persist: bool = False) -> Row:
        """A growing run far below its trigger: two new messages a request."""
        times: dict[str, list[float]] = defaultdict(list)
        compactor = ours(ENDLESS, persist=persist)
        lengths = range(max(1, self.length - GROWTH), self.length + GROWTH + 1, 2)
        for _ in range(self.repeat):
            run = next(self.runs)
            sent_by(compactor, requests.pair(longer[: max(0, lengths[0] - 2)], run))
            for length in lengths:
                spent, sent = timed(compactor, requests.pair(longer[:length], run))
                times['ours'].append(spent)
                if sent != length:
                    raise RuntimeError(f'below the trigger {length} messages were sent as {sent}')
            for name, harness in self._named_peers():
                pair = requests.pair(longer[: self.length], run)
                times[name].append(timed(harness.by_messages(ENDLESS, 10), pair)[0])
        row = self._row(what, times)
        if 'no usage' not in what:
            return row
        each = row.ours * 1e6 / self.length
        reached = row.ours <= 0.5 and each <= 50
        return self._judged(row, '<= 0.5 ms, <= 50 ns a message', reached, f'{each:.0f} ns a message')

    def window(self) -> Iterator[Row]:
        """A window compaction to half the size: of a run that was counted before, and of a history from JSON."""
        trigger = self._request_size(self.history)
        compactor = ours(2 * trigger, ('window',))
        archiving = ours(2 * trigger, ('window',), archive=True)
        data = histories.dumped(self.history)
        times: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        kept = 0
        for _ in range(self.repeat):
            run = next(self.runs)
            sent_by(compactor, self.exact.pair(self.history[:-2], run))
            _settle_memory()
            spent, kept = timed(compactor, self.exact.pair(self.history, run))
            times['warm']['ours'].append(spent)
            sent_by(archiving, self.exact.pair(self.history[:-2], run))
            _settle_memory()
            times['archived']['ours'].append(timed(archiving, self.exact.pair(self.history, run))[0])
            fresh = histories.loaded(data)
            forget_texts()
            _settle_memory()
            spent, kept_cold = timed(ours(2 * trigger, ('window',)), self.exact.pair(fresh, next(self.runs)))
            times['cold']['ours'].append(spent)
            if not kept == kept_cold < self.length:
                raise RuntimeError(f'no window compaction: {self.length} messages, then {kept} and {kept_cold}')
            self._harness_windows(times, data, kept)
        cold = self._row('window, cold: cheapest of the harness', times['cold'])
        warm = self._row('window, warm: cheapest of the harness', times['warm'])
        enough = warm.ratio is not None and warm.ratio >= 20
        yield self._judged(warm, 'harness >= 20 x ours', enough, f'{self.length} -> {kept} messages')
        yield self._row(
            'window, warm: harness to a target in tokens', {**times['tokens'], 'ours': times['warm']['ours']}
        )
        yield self._row('window, warm: ours with the archive', times['archived'])
        little = cold.harness is not None and cold.ours <= 0.6 * cold.harness
        share = f'{cold.ours / cold.harness:.2f} of it' if cold.harness else ''
        yield self._judged(cold, 'ours <= 0.6 x harness', little, share)

    def _harness_windows(self, times: dict[str, dict[str, list[float]]], data: bytes, kept: int) -> None:
        for name, harness in self._named_peers():
            size = harness.size(self.history)
            _settle_memory()
            cheapest = harness.by_messages(size - 1, kept)
            times['warm'][name].append(timed(cheapest, self.exact.pair(self.history, 'warm'))[0])
            pair = self.exact.pair(histories.loaded(data), 'cold')
            _settle_memory()
            times['cold'][name].append(timed(cheapest, pair)[0])
            by_tokens = harness.by_tokens(size - 1, size // 2)
            times['tokens'][name].append(timed(by_tokens, self.exact.pair(self.history, 'tokens'))[0])

    def tiers(self) -> Row:
        """All strategies of the default policy against the harness's tiers, for information."""
        compactor = ours(2 * self._request_size(self.history))
        times: dict[str, list[float]] = defaultdict(list)
        kept = 0
        for _ in range(self.repeat):
            run = next(self.runs)
            sent_by(compactor, self.exact.pair(self.history[:-2], run))
            _settle_memory()
            spent, kept = timed(compactor, self.exact.pair(self.history, run))
            if kept >= self.length:
                raise RuntimeError(f'no compaction of {self.length} messages')
            times['ours'].append(spent)
            for name, harness in self._named_peers():
                tiered = harness.tiered(harness.size(self.history) // 2)
                times[name].append(timed(tiered, self.exact.pair(self.history, 'tiers'))[0])
        return replace(self._row('default strategies, warm: harness tiered', times), note=f'{kept} messages kept')

    def memory(self) -> str:
        """What the view of a history takes beside the messages themselves, which the run holds anyway."""
        counter = counter_for('gpt-4o')
        counter.count_messages(self.history)  # fills the memo of texts, which is shared and bounded
        _settle_memory()
        tracemalloc.start()
        conversation = Counted.start(MessageReader(counter))
        conversation.follow(self.history, None)
        held = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        parts = sum(len(message.parts) for message in conversation.tracker.messages)
        return f'{held / self.length:,.0f} bytes a message ({parts / self.length:.1f} parts each)'

    def _request_size(self, history: list[ModelMessage]) -> int:
        """Tokens of the request as the compactor sees it."""
        seen: list[Event] = []
        compactor: Compactor[None] = Compactor(ours(ENDLESS).policy, on_event=seen.append)
        sent_by(compactor, self.exact.pair(history, next(self.runs)))
        return next(event.tokens_before for event in seen if isinstance(event, RequestChecked))

    def _named_peers(self) -> list[tuple[str, Harness]]:
        return list(zip(('harness', 'heuristic'), self.peers, strict=True)) if self.peers else []

    def _row(self, what: str, times: dict[str, list[float]]) -> Row:
        middle = {name: median(values) for name, values in times.items()}
        return Row(self.size, what, middle['ours'], middle.get('harness'), middle.get('heuristic'))

    def _judged(self, row: Row, wanted: str, reached: bool, note: str) -> Row:
        """The row with its verdict; figures are wanted at 10,000 messages."""
        if self.size != 10_000 or (self.peers is None and 'harness' in wanted):
            return replace(row, note=note)
        return replace(row, wanted=wanted, reached=reached, note=note)


def _settle_memory() -> None:
    """Collects garbage, so that no side pays for what the other left behind."""
    gc.collect()


def pace() -> str:
    """How fast this machine is at the moment, by the one step that no request can do without."""
    before = list(range(10_000))
    after = list(before)
    times = []
    for _ in range(200):
        began = perf_counter()
        all(map(is_, before, after))
        times.append(perf_counter() - began)
    return f'{median(times) * 1e6:.0f} us (108 us where the wanted figures were set)'


# -- growth over many runs --------------------------------------------------------------------------------------------


def growth(runs: int) -> str:
    """Memory that one instance holds after many finished runs more than after the first tenth of them."""
    compactor: Compactor[None] = Compactor('default')
    agent = Agent(Named(answer, model_name='gpt-4o'), capabilities=[compactor])

    async def some(most: int) -> None:
        for i in range(most):
            await agent.run(f'question {i % 50}')

    asyncio.run(some(runs // 10))
    _settle_memory()
    tracemalloc.start()
    asyncio.run(some(runs - runs // 10))
    _settle_memory()
    snapshot = tracemalloc.take_snapshot()
    tracemalloc.stop()
    ours_only = snapshot.filter_traces([tracemalloc.Filter(True, '*compactor*')])
    held = sum(trace.size for trace in ours_only.traces)
    everything = sum(trace.size for trace in snapshot.traces)
    maps = {'runs': len(compactor._runs), 'calibrations': len(compactor._learned.calibrations)}
    sizes = ', '.join(f'{entries} {name}' for name, entries in maps.items())
    return (
        f'{held:,} bytes held by compactor code from {runs - runs // 10:,} runs after the first {runs // 10:,}'
        f' ({everything:,} by the whole process); maps hold {sizes}'
    )


# -- output -----------------------------------------------------------------------------------------------------------


def table(rows: list[Row]) -> str:
    """The rows as aligned text."""
    head = ['messages', 'measurement', 'ours ms', 'harness ms', 'ratio', 'heuristic ms', 'wanted', '', 'note']
    cells = [head]
    for row in rows:
        verdict = {None: '', True: 'ok', False: 'MISSED'}[row.reached]
        figures = [f'{row.ours:.3f}', _figure(row.harness, 'f'), _figure(row.ratio, 'x'), _figure(row.heuristic, 'f')]
        cells.append([f'{row.messages:,}', row.what, *figures, row.wanted, verdict, row.note])
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    left = {1, 6, 7, 8}
    return '\n'.join(
        '  '.join(c.ljust(w) if i in left else c.rjust(w) for i, (c, w) in enumerate(zip(line, widths, strict=True)))
        .rstrip()
        for line in cells
    )  # fmt: skip


def _figure(value: float | None, style: str) -> str:
    if value is None:
        return '-'
    return f'{value:,.1f} x' if style == 'x' else f'{value:,.2f}'


def _version(package: str) -> str:
    try:
        return f'{package} {metadata.version(package)}'
    except metadata.PackageNotFoundError:
        return f'{package} not installed'


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--sizes', default='100,1000,10000', help='lengths of the histories, in messages')
    parser.add_argument('--repeat', type=int, default=7, help='rounds; each figure is the median over them')
    parser.add_argument('--runs', type=int, default=10_000, help='finished runs for the memory check; 0 skips it')
    parser.add_argument('--json', action='store_true', help='print one JSON object instead of the table')
    options = parser.parse_args()
    encoding(ENCODING).count_fresh('warm')  # loading the vocabulary is measured by cold_start.py
    machine = pace()
    versions = [_version(name) for name in ('pydantic-ai-slim', 'pydantic-ai-harness', 'tiktoken')]
    rows: list[Row] = []
    memory: dict[str, str] = {}
    for size in map(int, options.sizes.split(',')):
        bench = Bench(size, options.repeat)
        rows += bench.rows()
        memory[f'{size:,} messages'] = bench.memory()
    if options.runs:
        memory['growth'] = growth(options.runs)
    if options.json:
        shown = [{**asdict(row), 'ratio': row.ratio} for row in rows]
        print(json.dumps({'versions': versions, 'machine': machine, 'rows': shown, 'memory': memory}, indent=2))
        return
    size_of = sum(map(histories.characters, bench.history)) / len(bench.history)
    print(', '.join(versions), f'| medians of {options.repeat} rounds, {size_of:,.0f} characters a message')
    print(
        f'Both count with the bundled {ENCODING}: the harness through Encoding.count_fresh (no memo, as a user who'
        '\nwants exact counts would pass it), we through the Compactor object. "heuristic" is the harness without it.'
    )
    print(f'This machine, comparing two lists of 10,000 by identity: {machine}.')
    if peers() is None:
        print(MISSING)
    print('\n' + table(rows) + '\n')
    for name, text in memory.items():
        print(f'memory, {name}: {text}')


if __name__ == '__main__':
    main()
