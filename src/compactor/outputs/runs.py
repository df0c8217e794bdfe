"""Several tools in one output, as `make ci` leaves them: where the run of one ends and that of the next begins.

Only lines that no other tool writes count. What follows the last end stays with the last run; what stands between an
end and a beginning belongs to the run that begins.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MOST = 60
"""Runs at most; the last holds the rest."""
SHORT = 200
"""Characters behind the last end that are no run of their own."""


class Tool(NamedTuple):
    """A tool: how its run begins and how it ends, each an expression at the beginning of a line ('' for none), samples."""

    name: str
    begin: str
    end: str
    begins: str = ''
    ends: str = ''


TOOLS: tuple[Tool, ...] = (
    Tool('pytest', r'=+ test session starts', r'=+ [^\n]{0,200}\d+ (?:passed|failed|errors?|skipped)\b[^\n]{0,200} in \d|\d+ (?:passed|failed)[^\n]{0,200} in \d[\d.]*s', '==== test session starts ====', '=== 1 failed, 2 passed in 0.1s ==='),
    Tool('vitest', r' RUN  v\d', r' +Duration  \d', ' RUN  v4.1.12 /app', '   Duration  1.73s (transform 52ms)'),
    Tool('jest', '', r'Ran all test suites', '', 'Ran all test suites.'),
    Tool('ruff', '', r'Found \d+ errors?(?: \(\d+ fixed[^\n]{0,40}\))?\.$(?:\n\[\*\] [^\n]*)?|All checks passed!', '', 'Found 180 errors.'),
    Tool('mypy', '', r'Found \d+ errors? in \d+ files? \(checked|Success: no issues found', '', 'Found 3 errors in 2 files (checked 5 source files)'),
    Tool('pylint', '', r'Your code has been rated at', '', 'Your code has been rated at 7.50/10'),
    Tool('black', '', r'\d+ files? (?:would be reformatted|would be left|left unchanged|reformatted)|(?:Oh no!|All done!)', '', '3 files would be reformatted, 12 files would be left unchanged.'),
    Tool('eslint', '', r'[✖✗] \d+ problems?', '', '✖ 12 problems (3 errors, 9 warnings)'),
    Tool('tsc', '', r'Found \d+ errors? in (?:\d+ files?|the same file)[.,]', '', 'Found 3 errors in 2 files.'),
    Tool('prettier', r'Checking formatting\.\.\.', r'\[warn\] Code style issues|All matched files use Prettier', 'Checking formatting...', 'All matched files use Prettier code style!'),
    Tool('cargo', r'running \d+ tests?$', r'test result: ', 'running 25 tests', 'test result: ok. 25 passed'),
    Tool('clippy', '', r'(?:error|warning): (?:could not compile|`[^`\n]+` \([^)\n]*\) generated)', '', 'error: could not compile `shop` (lib) due to 2 previous errors'),
    Tool('unittest', '', r'Ran \d+ tests? in [^\n]*\n\n(?:FAILED|OK)[^\n]*', '', 'Ran 3 tests in 0.001s\n\nOK'),
    Tool('phpunit', r'PHPUnit \d', r'Tests: \d+, Assertions|OK \(\d+ tests', 'PHPUnit 9.6.7 by Sebastian Bergmann', 'Tests: 64, Assertions: 61, Failures: 4.'),
    Tool('rspec', '', r'\d+ examples?, \d+ failures?', '', '65 examples, 6 failures'),
    Tool('mocha', '', r'  \d+ passing \(', '', '  57 passing (113ms)'),
    Tool('maven', r'\[INFO\] Scanning for projects', r'\[INFO\] Finished at', '[INFO] Scanning for projects...', '[INFO] Finished at: 2026-01-02T10:00:00Z'),
    Tool('gradle', '', r'BUILD (?:SUCCESSFUL|FAILED) in ', '', 'BUILD FAILED in 3s'),
    Tool('playwright', r'Running \d+ tests? using \d+ worker', r'  \d+ passed \(', 'Running 23 tests using 1 worker', '  18 passed (10.9s)'),
    Tool('go test', '', r'(?:FAIL|ok  )\t[^\n]*\d+\.\d+s$', '', 'FAIL\tacme/cart\t0.013s'),
    Tool('node --test', '', r'ℹ duration_ms|# duration_ms', '', 'ℹ duration_ms 695.7'),
    Tool('bats', '', r'\d+ tests?, \d+ failures?(?:, \d+ skipped)?$', '', '32 tests, 3 failures, 1 skipped'),
    Tool('npm', r'> [\w@/.\-]+@\d\S* \S+$|> [\w:\-]+$\n> ', '', '> shop@1.0.0 test', ''),
    Tool('yarn', r'yarn run v\d', r'Done in \d', 'yarn run v1.22.19', 'Done in 3.21s.'),
    Tool('tox', r'[\w.\-]+: commands\[\d+\]> ', '', 'py311: commands[0]> pytest', ''),
    Tool('nox', r'nox > Running session', r'nox > Session ', 'nox > Running session tests', 'nox > Session tests failed.'),
    Tool('workflow', r'##\[group\]Run ', '', '##[group]Run make test', ''),
)  # fmt: skip
"""In the order in which they are tried."""

STARTERS = frozenset(('npm', 'yarn', 'tox', 'nox', 'workflow'))
"""Tools that only start others: what they start decides."""

_SIGN = re.compile(
    '^(?:'
    + '|'.join(f'(?P<b{n}>{tool.begin})' for n, tool in enumerate(TOOLS) if tool.begin)
    + '|'
    + '|'.join(f'(?P<e{n}>{tool.end})' for n, tool in enumerate(TOOLS) if tool.end)
    + ')',
    re.MULTILINE,
)


def runs(text: str) -> list[tuple[int, int]] | None:
    """Begin and end of each run, together the whole text; None where there is but one tool."""
    parts: list[tuple[int, int, str]] = []
    start = 0
    tool = ''
    ended = True
    for found in _SIGN.finditer(text):
        kind = found.lastgroup or 'b0'
        name = TOOLS[int(kind[1:])].name
        if kind[0] == 'b':
            if not ended and name != tool and text[start : found.start()].strip():
                parts.append((start, found.start(), tool))
                start = found.start()
            tool = tool if name == tool else name
            ended = False
            continue
        end = text.find('\n', found.end())
        end = end + 1 if end >= 0 else len(text)
        parts.append((start, end, name))
        start, tool, ended = end, '', True
        if len(parts) >= MOST:
            break
    if start < len(text):
        if parts and len(text[start:].strip()) <= SHORT:
            parts[-1] = (parts[-1][0], len(text), parts[-1][2])
        else:
            parts.append((start, len(text), tool))
    merged: list[tuple[int, int, str]] = []
    for begin, end, name in parts:
        if merged and (merged[-1][2] == name or not name) and name not in STARTERS:
            merged[-1] = (merged[-1][0], end, merged[-1][2])
        else:
            merged.append((begin, end, name))
    tools = {name for _, _, name in merged} - STARTERS
    started = sum(name in STARTERS for _, _, name in merged)
    return [(begin, end) for begin, end, _ in merged] if len(tools) > 1 or (started > 1 and not tools) else None
