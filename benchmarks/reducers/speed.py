"""How long shrinking takes: real outputs of 25 to 60 KB, each kind at 1 MB, hostile inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from statistics import median

from compactor.secrets.redact import redact
from retention.table import aligned

from .cases import Case
from .rows import ours
from .score import attempted

BUDGET = 800
MB = 1_000_000
ROUNDS = 3
"""Runs of each input; the fastest counts."""


def milliseconds(run: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The fastest of some runs, in time of the processor: other programs do not count."""
    best = float('inf')
    for _ in range(rounds):
        start = time.process_time()
        run()
        best = min(best, time.process_time() - start)
    return best * 1_000


def hostile() -> Iterator[tuple[str, str]]:
    """Inputs that break what is written carelessly, by name."""
    yield '1 MB on one line', 'word_1 ' * (MB // 7)
    yield '1 MB without a blank', 'a' * MB
    yield '10 M brackets', '[' * 10_000_000
    yield 'JSON nested 10,000 deep', '[' * 10_000 + ']' * 10_000
    yield 'objects nested 10,000 deep', '{"a":' * 10_000 + '1' + '}' * 10_000
    yield 'broken UTF-8, replaced', (b'error \xff\xfe\x80 a.go:12: \xc3\n' * 40_000).decode('utf-8', 'replace')
    yield (
        'broken UTF-8, surrogates',
        (b'error \xff\xfe\x80 a.go:12: \xc3\n' * 40_000).decode('utf-8', 'surrogateescape'),
    )
    yield '1 MB of blanks', ' ' * MB
    yield '1 MB of empty lines', '\n' * MB
    yield '1 MB of one letter a line', 'a\n' * (MB // 2)
    yield '1 MB of escapes', '\x1b[31m' * (MB // 5)
    yield '1 MB of carriage returns', 'progress 1%\r' * (MB // 12)
    yield '1 MB of quotes', '"' * MB
    yield '1 MB of headers of a diff', 'diff --git a/x b/x\n' * (MB // 19)
    yield '1 MB of equals signs', '=' * MB
    yield '1 MB of bars', '|' * MB
    yield '1 MB of secret beginnings', 'password=eyJhbGci-----BEGIN ' * (MB // 28)


def printed(cases: Sequence[Case]) -> str:
    """The table."""
    lines: list[Sequence[str]] = [('input', 'n', 'KB', 'shrink ms', 'worst ms', 'redact ms')]
    middle = [case for case in cases if 25_000 <= len(case.text) <= 60_000]
    if middle:
        each = [milliseconds(partial(attempted, ours, case, BUDGET)) for case in middle]
        hidden = [milliseconds(partial(redact, case.text)) for case in middle]
        size = median(len(case.text) for case in middle) / 1_000
        lines.append(_line('median of 25 to 60 KB', len(middle), size, median(each), max(each), median(hidden)))
    for what in dict.fromkeys(case.what for case in cases):
        largest = max((case for case in cases if case.what == what), key=lambda case: len(case.text))
        times = -(-MB // (len(largest.text) + 1))
        rows, text = ','.join([largest.text] * times), (largest.text + '\n') * times
        big = replace(largest, text=f'[{rows}]' if largest.is_json else text)
        time = milliseconds(partial(attempted, ours, big, BUDGET))
        hid = milliseconds(partial(redact, big.text))
        lines.append(_line(f'{what} repeated to 1 MB', 1, len(big.text) / 1_000, time, time, hid))
    blank = Case('', '', '', '', '')
    for name, text_of in hostile():
        odd = replace(blank, text=text_of)
        took = milliseconds(partial(attempted, ours, odd, BUDGET), 1)
        hid = milliseconds(partial(redact, odd.text), 1)
        lines.append(_line(name, 1, len(text_of) / 1_000, took, took, hid))
    return aligned(lines)


def _line(name: str, n: int, size: float, typical: float, worst: float, hidden: float) -> tuple[str, ...]:
    return name, str(n), f'{size:,.0f}', f'{typical:.1f}', f'{worst:.1f}', f'{hidden:.2f}'
