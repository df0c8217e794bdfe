"""Lines of which nothing is known: errors, both ends, repeats folded, in as few stretches as can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from compactor.outputs.logs.alarms import alarming, alarms
from compactor.outputs.pieces import GAP
from compactor.outputs.reducers.text import reduce_text
from tests.outputs.laws import HOSTILE, allowance, keeps

LINES = st.sampled_from(('error: no route', 'ready', '', ' ', 'job 7 failed', 'x' * 900, 'İ error', '\ud800'))


@given(st.lists(st.one_of(LINES, st.text(max_size=30)), max_size=300).map('\n'.join), st.integers(16, 300))
def test_laws(text: str, tokens: int) -> None:
    """Whatever comes in, the result fits, is no larger and the same each time."""
    keeps(reduce_text, text, tokens)


@pytest.mark.parametrize('name', HOSTILE)
def test_hostile_texts(name: str) -> None:
    """The same of texts that nobody would write."""
    keeps(reduce_text, HOSTILE[name], 200)


def test_errors_and_ends() -> None:
    """One of each kind of error from anywhere, and the rest of the room goes to the ends, which stay together."""
    lines = [f'step {n}: moved {n * 3} rows' for n in range(900)]
    for n in range(100, 800, 7):
        lines[n] = f'step {n}: timeout after {n} ms'
    lines[431] = 'step 431: connection refused by db-2'
    assert reduce_text('\n'.join(lines), allowance(240)) == snapshot("""\
step 0: moved 0 rows
step 1: moved 3 rows
step 2: moved 6 rows
step 3: moved 9 rows
step 4: moved 12 rows
step 5: moved 15 rows
step 6: moved 18 rows
step 7: moved 21 rows
step 8: moved 24 rows
…
step 100: timeout after 100 ms
…
step 431: connection refused by db-2
…
step 888: moved 2664 rows
step 889: moved 2667 rows
step 890: moved 2670 rows
step 891: moved 2673 rows
step 892: moved 2676 rows
step 893: moved 2679 rows
step 894: moved 2682 rows
step 895: moved 2685 rows
step 896: moved 2688 rows
step 897: moved 2691 rows
step 898: moved 2694 rows
step 899: moved 2697 rows
[877 of 900 lines left out]\
""")


def test_what_is_kept_stands_together() -> None:
    """Where a good part of a text fits, a line of errors here and there does not tear it to pieces."""
    lines = [f'{n} error code {n}' if n % 5 == 0 else f'{n} ok' for n in range(300)]
    result = reduce_text('\n'.join(lines), allowance(600))
    assert result is not None
    assert result.split('\n').count(GAP) <= 2


def test_repeats_are_folded() -> None:
    """Lines that follow their like are shown once with their number, also where that makes everything fit."""
    text = 'start\n' + 'waiting for the lock\n' * 500 + 'done'
    assert reduce_text(text, allowance(40)) == 'start\nwaiting for the lock (×500)\ndone'


def test_one_long_line_fills_the_allowance() -> None:
    """A text on one line is cut in the middle, no shorter than it must be."""
    result = reduce_text(' '.join(f'key_{n}={n * 7}' for n in range(2_000)), allowance(400))
    assert result is not None
    assert 360 <= allowance(400).count(result) <= 400
    assert result.startswith('key_0=0 ')
    assert result.endswith('key_1999=13993')


def test_what_is_asked_for_is_found_in_the_middle() -> None:
    """A line that the question names is kept wherever it stands."""
    lines = [f'row {n} of the listing' for n in range(5_000)]
    lines[2_500] = 'row 2500 of the listing, moved by sync_orders'
    result = reduce_text('\n'.join(lines), allowance(60, frozenset({'sync_orders'})))
    assert result is not None
    assert 'moved by sync_orders' in result


@given(st.lists(st.one_of(LINES, st.text(max_size=30).filter(lambda text: '\n' not in text)), max_size=60))
def test_many_lines_at_once(lines: list[str]) -> None:
    """Looking through all lines at once finds the same lines as asking of each."""
    assert alarming(lines) == [i for i, line in enumerate(lines) if alarms(line)]
