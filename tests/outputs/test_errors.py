"""`Narrowing.ERROR_ONLY`: the errors, what stands around them, how much there was besides."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.errors import errors_of
from tests.outputs.laws import allowance, keeps


@given(st.lists(st.sampled_from(('error: x', 'fine', '', 'a panic', 'x' * 700)), max_size=80).map('\n'.join))
def test_laws(text: str) -> None:
    """The result fits and is the same each time."""
    keeps(lambda text, allowance: errors_of(text, allowance), text, 60)


def test_errors_and_their_neighbours() -> None:
    """Two lines on each side, and the count of all others."""
    lines = [f'line {n}' for n in range(60)]
    lines[30] = 'fatal: no such table'
    assert errors_of('\n'.join(lines), allowance(60)) == snapshot("""\
line 28
line 29
fatal: no such table
line 31
line 32
[55 of 60 lines left out]\
""")


def test_errors_come_before_their_neighbours() -> None:
    """Where not all fits, each error is worth more than what stands around another."""
    lines = [f'error {n}' if n % 10 == 0 else f'something else in line {n}' for n in range(80)]
    result = errors_of('\n'.join(lines), allowance(60))
    assert result is not None
    assert all(f'error {n}' in result for n in range(0, 80, 10))


def test_none() -> None:
    """A text without errors is only counted."""
    assert errors_of('all\nis\nwell', allowance(60)) == '[no errors; 3 lines left out]'
