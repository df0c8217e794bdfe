"""What speaks of trouble, and what only names it."""

from __future__ import annotations

import pytest

from compactor.outputs.logs.alarm_words import ERROR, WARNING
from compactor.outputs.logs.alarms import alarms, graded

FINE = (
    'test_error_handling ... ok',
    'PASSED tests/test_fail.py::test_error',
    '  12 | throw new Error("x")',
    'error_count = 0',
    '0 errors, 0 warnings',
    'handleError(event)',
    'src/error.py',
    '✓ shows an error',
    'no errors found',
    'ok 5 - fails well',
    'compiled with 0 failures',
    'failed=0',
    'Improved the error message shown to users; no longer fails',
    'errors: []',
    'src/components/ErrorBoundary.tsx',
    'exit code 0',
    '10.0.0.4 - - [02/Jan/2026] "GET /a HTTP/1.1" 200 500',
    'def error(self):',
    'the timeout is 30 seconds',
    'timeout=30',
)


@pytest.mark.parametrize('line', FINE)
def test_what_is_no_alarm(line: str) -> None:
    """Code frames, identifiers, names of files, tests that passed, and that there are none."""
    assert not alarms(line)


def test_levels_and_grades() -> None:
    """A line has the worst grade of what it says; lines without trouble have none."""
    lines = ['all is well', 'warning: old', 'WARNING: cannot open x', 'ok', 'E0102 10:00:00.1 4412 a.cc:8] gone']
    assert graded(lines) == {1: WARNING, 2: ERROR, 4: ERROR}


def test_far_in_a_line() -> None:
    """Only the beginning of a line is looked at."""
    assert not alarms('x' * 2_000 + ' error: gone')
    assert alarms('x ' * 100 + ' error: gone')


def test_lines_of_other_scripts_are_counted_right() -> None:
    """The number of a line does not depend on how many bytes its letters take."""
    lines = ['é' * 50, '日本語のログ', 'ok', 'ОШИБКА: нет соединения', 'エラー: 接続できません', 'fine']
    assert sorted(graded(lines)) == [3, 4]


@pytest.mark.parametrize('at', [0, 1_399, 1_400, 2_799, 3_999])
def test_long_texts_are_looked_at_in_pieces(at: int) -> None:
    """Wherever a line stands among many, its number is its own; beside one that never ends too."""
    lines = ['2026-01-02 10:00:00 served a request of a customer'] * 4_000
    lines[at] = 'ERROR: the disk is full'
    assert graded(lines) == {at: ERROR}
    assert graded([*lines, 'x' * 200_000, 'warning: nearly full']) == {at: ERROR, 4_001: WARNING}
