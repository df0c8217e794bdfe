"""What the compactor adds to the start of a process; every sample is an interpreter of its own.

    python benchmarks/cold_start.py [--repeat 9] [--json]

`from compactor import Compactor` needs pydantic-ai, which any user of it has imported anyway, so the base is
`from pydantic_ai import Agent`, and what counts is the time of our import *after* that one in the same interpreter.
The difference of two interpreters (with and without us) is printed beside it as a check; it is noisier. The
first count includes loading tiktoken and rebuilding the vocabulary, after our own import. Byte code is written
before the first sample, as on any installed package. Verdicts go by the clock; where processor time is far below
it, the machine was busy. Nothing is asserted, the exit code is always 0.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import asdict, dataclass
from statistics import median

TIMED = """
import time
{before}
began, worked = time.perf_counter(), time.process_time()
{timed}
print(time.perf_counter() - began, time.process_time() - worked)
"""
AGENT = 'from pydantic_ai import Agent'
COMPACTOR = 'from compactor import Compactor'


@dataclass(frozen=True)
class Start:
    """One thing to start: what runs before the clock, what is timed, and the seconds wanted (None: to know)."""

    name: str
    before: str
    timed: str
    wanted: float | None = None


STARTS = (
    Start('import compactor', '', 'import compactor', 0.1),
    Start('from compactor import Compactor, after pydantic_ai.Agent', AGENT, COMPACTOR, 0.2),
    Start(
        "counter_for('gpt-4o').count('hello'), after its import",
        'from compactor import counter_for',
        "counter_for('gpt-4o').count('hello')",
        0.15,
    ),
    Start('from pydantic_ai import Agent (the base)', '', AGENT),
    Start('both imports in a new interpreter', '', f'{AGENT}\n{COMPACTOR}'),
    Start("Compactor('cerebras'), after its import", COMPACTOR, "Compactor('cerebras')"),
)


@dataclass(frozen=True)
class Result:
    """Seconds of one start: median and fastest of the samples, and the median of the processor time."""

    name: str
    median: float
    fastest: float
    cpu: float
    wanted: float | None

    @property
    def verdict(self) -> str:
        """Whether the median is under what was wanted."""
        if self.wanted is None:
            return ''
        return 'ok' if self.median < self.wanted else 'MISSED'


def sample(start: Start) -> tuple[float, float]:
    """Seconds of one start in a fresh interpreter, by the clock and of processor time."""
    code = TIMED.format(before=start.before, timed=start.timed)
    ended = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(f'{start.name} failed:\n{ended.stderr}')
    clock, cpu = map(float, ended.stdout.split())
    return clock, cpu


def measure(repeat: int) -> list[Result]:
    """All starts, interleaved, after one round that fills the caches of byte code and files."""
    for start in STARTS:
        sample(start)
    samples = [[sample(start) for start in STARTS] for _ in range(repeat)]
    return [
        Result(start.name, median(c for c, _ in taken), min(taken)[0], median(p for _, p in taken), start.wanted)
        for start, taken in zip(STARTS, zip(*samples, strict=True), strict=True)
    ]


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeat', type=int, default=9, help='interpreters a figure; it is their median')
    parser.add_argument('--json', action='store_true', help='print JSON instead of the table')
    options = parser.parse_args()
    results = measure(options.repeat)
    if options.json:
        print(json.dumps([{**asdict(result), 'verdict': result.verdict} for result in results], indent=2))
        return
    width = max(len(result.name) for result in results)
    print(f'{"cold start":{width}}  median s  fastest s  cpu s  wanted')
    for result in results:
        wanted = '' if result.wanted is None else f'  < {result.wanted:.2f}  {result.verdict}'
        print(f'{result.name:{width}}  {result.median:8.3f}  {result.fastest:9.3f}  {result.cpu:5.3f}{wanted}')
    by_name = {result.name: result.median for result in results}
    added = by_name[STARTS[4].name] - by_name[STARTS[3].name]
    print(f'difference of the medians of two interpreters, with and without us: {added:.3f} s')


if __name__ == '__main__':
    main()
