"""Sums over sliding windows."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from compactor import ConfigError
from compactor.store.buckets import KEPT, LONGEST, WIDTHS, Buckets, Full, width_for
from compactor.store.engine import Store
from compactor.store.schema import buckets as table
from tests.store.conftest import START

DAY = 86_400.0


def test_what_is_recorded_counts_in_every_window(store: Store) -> None:
    """For as long as the window lasts, and at most one bucket longer."""
    buckets = Buckets(store)
    buckets.record('tokens', 700, START)
    buckets.record('tokens', 300, START + 30)
    buckets.record('other', 5, START)
    assert [buckets.total('tokens', window, START + 30) for window in (60, 18_000, DAY, 31 * DAY)] == [1_000] * 4
    assert buckets.total('tokens', 60, START + 62) == 300
    assert buckets.total('tokens', 60, START + 92) == 0
    assert buckets.total('tokens', 18_000, START + 18_100) == 0
    assert buckets.total('tokens', DAY, START + DAY - 1) == 1_000


def test_what_was_recorded_too_much_is_taken_back(store: Store) -> None:
    """A negative amount at the same moment: an estimate becomes what it really was."""
    buckets = Buckets(store)
    buckets.record('tokens', 9_000, START)
    buckets.record('tokens', -8_000, START)
    assert buckets.total('tokens', 60, START + 59) == 1_000
    assert buckets.total('tokens', 60, START + 61) == 0


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(st.tuples(st.floats(0, 90_000), st.integers(0, 10**6)), max_size=12),
    window=st.sampled_from([1.0, 10.0, 60.0, 3_600.0, 18_000.0, DAY]),
    later=st.floats(0, 90_000),
)
def test_a_window_never_counts_too_little(events: list[tuple[float, int]], window: float, later: float) -> None:
    """It counts all that lies in it, and nothing older than one bucket more."""
    with Store.open(':memory:') as store:
        buckets = Buckets(store)
        for at, amount in sorted(events):
            buckets.record('a', amount, START + at)
        now = START + max((at for at, _ in events), default=0.0) + later
        found = buckets.total('a', window, now)
        inside = sum(amount for at, amount in events if START + at > now - window)
        about = sum(amount for at, amount in events if START + at > now - window - 2 * width_for(window))
        assert inside <= found <= about


def test_all_windows_have_to_have_room(store: Store) -> None:
    """If one has none, nothing is recorded in any, and it is said which and from when there will be room."""
    buckets = Buckets(store)
    limits = [('tokens', 60.0, 1_000), ('tokens', DAY, 5_000)]
    assert buckets.check_and_record(limits, 600, START) == ()
    assert buckets.check_and_record(limits, 400, START + 10) == ()
    (full,) = buckets.check_and_record(limits, 500, START + 20)
    assert full == Full('tokens', 60.0, 1_000, 1_000, START + 61)
    assert buckets.total('tokens', DAY, START + 20) == 1_000
    assert full.free_at is not None
    assert buckets.check_and_record(limits, 500, full.free_at - 0.5) != ()
    assert buckets.check_and_record(limits, 500, full.free_at) == ()


def test_what_is_larger_than_the_limit_never_fits(store: Store) -> None:
    """There is no moment from which it would."""
    (full,) = Buckets(store).check_and_record([('tokens', 60.0, 1_000)], 1_001, START)
    assert (full.used, full.free_at) == (0, None)


def test_keys_may_have_amounts_of_their_own(store: Store) -> None:
    """One request and many tokens, let in together or not at all."""
    buckets = Buckets(store)
    limits = [('requests', 60.0, 2), ('tokens', 60.0, 10**6)]
    for _ in range(2):
        assert buckets.check_and_record(limits, {'requests': 1, 'tokens': 9_000}, START) == ()
    (full,) = buckets.check_and_record(limits, {'requests': 1, 'tokens': 9_000}, START)
    assert full.key == 'requests'
    assert buckets.total('tokens', 60, START) == 18_000
    assert buckets.check_and_record([], 1, START) == ()


def test_old_buckets_are_removed(store: Store) -> None:
    """Also those of keys that nobody uses any more; what a window may still need stays."""
    buckets = Buckets(store)
    buckets.record('old', 1, START)
    for hour in range(1, 49):
        buckets.record('new', 1, START + hour * 3_600)
    with store.read() as connection:
        counted = connection.execute(select(table.c.width, func.count()).group_by(table.c.width)).all()
        found = {width: number for width, number in counted}  # noqa: C416 (rows are no pairs to the type checker)
        left = connection.execute(select(table.c.width).where(table.c.key == 'old').order_by(table.c.width)).scalars()
        assert left.all() == [width for width in WIDTHS if KEPT[width] > 48 * 3_600]
    assert found[1] <= 3
    assert found[60] <= 17
    assert buckets.total('new', 12 * 3_600, START + 48 * 3_600) in (12, 13)


@pytest.mark.parametrize('window', [0, -1, LONGEST + 1, float('inf'), float('nan')])
def test_a_window_that_makes_no_sense(window: float) -> None:
    """Is refused before anything is asked or written."""
    with Store(':memory:') as store, pytest.raises(ConfigError, match='a window lasts'):
        Buckets(store).total('a', window, START)


def test_a_key_that_makes_no_sense() -> None:
    """An empty one, one that is too long, one without an amount."""
    with Store(':memory:') as store:
        buckets = Buckets(store)
        for key in ('', 'k' * 201):
            with pytest.raises(ConfigError, match='a key has 1 to 200'):
                buckets.record(key, 1, START)
        with pytest.raises(ConfigError, match="no amount is given for 'a'"):
            buckets.check_and_record([('a', 60.0, 1)], {'b': 1}, START)
