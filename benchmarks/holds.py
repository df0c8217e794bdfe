"""How long one large output holds the interpreter while the worker cuts it (`make stall`).

A loop gets its turn between two calls of compiled code, so that what counts is the longest of these: the worker's
processor time between two turns of another thread. By processor time, other work on the machine does not count.

    python benchmarks/holds.py --megabytes 1 10
"""

from __future__ import annotations

import argparse
import random
import threading
import time
from collections.abc import Callable, Sequence

from compactor.outputs.shrink import shrink
from compactor.run.worker import leave

TICK = 0.001
"""Seconds between two turns of the thread that looks."""
BUDGET = 500
"""Tokens that an output is cut to."""


def _words(n: int) -> str:
    return ' '.join(random.Random(n).choices(('alpha', 'beta', 'run_tests', 'src/a/b.py:12:', 'error', '--flag'), k=n))


LINES: dict[str, Callable[[int], str]] = {
    'prose': lambda i: _words(12 + i % 5),
    'log': lambda i: f'2026-01-01T00:00:{i % 60:02d}Z INFO svc[{i}] handled request {i} in {i % 37}ms',
    'JSON Lines': lambda i: f'{{"id": {i}, "name": "n{i}", "state": "ok", "text": "{"x" * 20}"}}',
    'grep': lambda i: f'src/pkg/mod{i % 40}.py:{i}: def function_{i}(self, value): return {i}',
    'code': lambda i: f'def function_{i}(self, value):\n    x = value + {i}\n    return x * {i}\n',
    'diff': lambda i: f'diff --git a/{i}.py b/{i}.py\n--- a/{i}.py\n+++ b/{i}.py\n@@ -1,2 +1,2 @@\n a\n-b{i}\n+c{i}',
    'table': lambda i: f'{i},{i * 2},name{i},ok',
    'test run': lambda i: f'tests/test_{i}.py::test_{i} PASSED [ {i % 100}%]',
    'terminal': lambda i: f'\x1b[32mok\x1b[0m {i} done\r',
    'HTML': lambda i: f'<p class="x{i}">text {i}</p>',
}
"""A kind of output by name, and its line of a number."""
WHOLE: dict[str, Callable[[int], str]] = {
    'JSON': lambda size: '[' + _filled(LINES['JSON Lines'], size, ',') + ']',
    'one line': lambda size: _words(size // 8),
    'base64': lambda size: 'A9b/' * (size // 4),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--megabytes', type=int, nargs='+', default=[1, 10])
    options = parser.parse_args(arguments)
    shrink('a line to begin with\n' * 2_000, 100)  # vocabulary and tables are read
    for size in options.megabytes:
        for name in (*LINES, *WHOLE):
            text = WHOLE[name](size * 1_000_000) if name in WHOLE else _filled(LINES[name], size * 1_000_000, '\n')
            taken, longest = measured(text)
            print(f'{size:3} MB  {name:12} {taken * 1000:7.0f} ms in all, {longest * 1000:6.1f} at a time', flush=True)


def measured(text: str) -> tuple[float, float]:
    """Seconds of processor that the worker takes to cut a text, and the most of them between two turns of another."""
    worker: list[int] = []
    begun, done = threading.Event(), threading.Event()

    def cut() -> None:
        worker.append(threading.get_ident())
        begun.set()
        shrink(text, BUDGET)
        done.set()

    leave(cut)
    begun.wait()
    clock = time.pthread_getcpuclockid(worker[0])
    first = last = time.clock_gettime(clock)
    longest = 0.0
    while not done.is_set():
        time.sleep(TICK)
        now = time.clock_gettime(clock)
        longest, last = max(longest, now - last), now
    return last - first, longest


def _filled(line: Callable[[int], str], size: int, between: str) -> str:
    lines: list[str] = []
    length = 0
    while length < size:
        lines.append(line(len(lines)))
        length += len(lines[-1]) + len(between)
    return between.join(lines)


if __name__ == '__main__':
    main()
