"""Counts in memory, against a plain list of what happened and against the store's."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import ConfigError, Store
from compactor.capacity.counts import LONGEST, MOST, WIDTHS, Counts, MemoryCounts
from compactor.store.buckets import Buckets

START = 1_770_000_000.0
DAY = 86_400.0


@pytest.fixture(params=['memory', 'store'])
def counts(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Counts]:
    """Both counters, which are used in the same way."""
    if request.param == 'memory':
        yield MemoryCounts()
    else:
        with Store.open(f'sqlite:///{tmp_path / "store.db"}') as store:
            yield Buckets(store)


def test_what_is_recorded_counts_in_every_window(counts: Counts) -> None:
    """For as long as the window lasts, and at most one bucket longer."""
    counts.record('k', 700, START)
    counts.record('k', 300, START + 30)
    counts.record('other', 5, START)
    assert [counts.total('k', window, START + 30) for window in (60, 18_000, DAY, 31 * DAY)] == [1_000] * 4
    assert [counts.total('k', 60, START + after) for after in (62, 92)] == [300, 0]
    assert counts.total('k', DAY, START + DAY - 1) == 1_000
    assert counts.total('nobody', 60, START) == 0


def test_a_correction_is_made_where_it_was_recorded(counts: Counts) -> None:
    """A negative amount at the same moment: an estimate becomes what it really was, in every window."""
    counts.record('k', 9_000, START)
    counts.record('k', -8_000, START)
    assert [counts.total('k', 60, START + after) for after in (59, 61)] == [1_000, 0]


def test_all_or_nothing(counts: Counts) -> None:
    """If one window has no room nothing is recorded, and it is named; what is not limited is recorded with the rest."""
    limits = [('tokens', 60.0, 1_000), ('tokens', 3_600.0, 1_700), ('requests', 60.0, 2)]
    amounts = {'tokens': 800, 'requests': 1, 'held': 800}
    assert not counts.check_and_record(limits, amounts, START)
    (full,) = counts.check_and_record(limits, amounts, START + 1)
    assert (full.key, full.window, full.limit, full.used) == ('tokens', 60.0, 1_000, 800)
    assert [counts.total(key, 60, START + 1) for key in amounts] == [800, 1, 800]
    assert not counts.check_and_record(limits, amounts, START + 62)
    assert [full.window for full in counts.check_and_record(limits, amounts, START + 130)] == [3_600.0]


def test_a_day_that_has_just_begun_is_empty(counts: Counts) -> None:
    """The window since midnight holds nothing of the day before, not even of its last second."""
    midnight = START - 9_600
    counts.record('k', 5, midnight - 0.01)
    assert [counts.total('k', max(after, 1e-9), midnight + after) for after in (0, 0.3, 7.25, 3_600, 80_000)] == [0] * 5


EVENTS = st.lists(st.tuples(st.integers(0, 400_000), st.integers(1, 1_000)), max_size=60)


@given(EVENTS, st.sampled_from([1, 5, 60, 600, 3_600, 18_000, 86_400]), st.integers(0, 100_000))
def test_a_sum_is_never_too_small(events: list[tuple[int, int]], window: int, after: int) -> None:
    """All of the window, and nothing from before it but of the bucket at its edge, a sixtieth of it or a second."""
    counts = MemoryCounts()
    for moment, amount in sorted(events):
        counts.record('k', amount, START + moment / 4)
    now = START + max((moment for moment, _ in events), default=0) / 4 + after
    least = sum(amount for moment, amount in events if START + moment / 4 > now - window)
    edge = max(1.0, window / 60)
    most = sum(amount for moment, amount in events if START + moment / 4 > now - window - edge - 1e-6)
    assert least <= counts.total('k', window, now) <= most


def test_memory_is_bounded() -> None:
    """However long and busily it counts: a number of buckets for each key, and a number of keys."""
    counts = MemoryCounts(max_keys=3)
    for i in range(3_000):
        counts.record('k', 1, START + i)
    for i in range(40):
        counts.record('k', 1, START + 10_000 * i)
    assert all(len(held) <= MOST[width] for width, held in zip(WIDTHS, counts._keys['k'], strict=True))
    for key in 'abc':
        counts.record(key, 1, START)
    assert counts.total('k', LONGEST, START + 400_000) == 0


def test_a_busy_key_loses_nothing() -> None:
    """Two days with a request a second: every window is whole."""
    counts = MemoryCounts()
    for i in range(0, 2 * 86_400, 2):
        counts.record('k', 2, START + i)
    now = START + 2 * 86_400 - 2
    for window in (60, 600, 3_600, 18_000, 86_400):
        assert window <= counts.total('k', window, now) <= window * (1 + 1 / 60) + 2


def test_threads_get_no_more_than_there_is() -> None:
    """Of many at once, as many get in as there is room for."""
    counts = MemoryCounts()
    admitted: list[int] = []

    def work() -> None:
        found = [counts.check_and_record([('k', 60.0, 1_000)], {'k': 7}, START) for _ in range(100)]
        admitted.append(sum(7 for full in found if not full))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == counts.total('k', 60, START) == 994


@pytest.mark.parametrize('window', [0.0, -1.0, LONGEST + 1.0, float('nan')])
def test_windows_that_cannot_be(counts: Counts, window: float) -> None:
    """A window longer than a year, or not longer than nothing, is a `ConfigError`."""
    with pytest.raises(ConfigError):
        counts.total('k', window, START)
