"""Pauses in a store: the same as in memory, and the same for all that use it."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compactor import StoreError
from compactor.capacity.cooldown import Cooldowns, Cooling, MemoryStates
from compactor.store.cooldowns import StoreStates
from compactor.store.engine import Store
from tests.store.conftest import START

STEPS = st.lists(
    st.tuples(
        st.sampled_from(['failed', 'succeeded']),
        st.sampled_from(['a', 'b']),
        st.floats(0, 500),
        st.none() | st.floats(0, 900),
    ),
    max_size=12,
)
NAMES = itertools.count()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
def test_a_store_keeps_what_memory_keeps(store: Store, steps: list[tuple[str, str, float, float | None]]) -> None:
    """Whatever happens, both say the same."""
    mark = next(NAMES)
    kept, remembered = Cooldowns(lambda: 0.5, states=StoreStates(store)), Cooldowns(lambda: 0.5, states=MemoryStates())
    now = START
    for what, model, later, asked in steps:
        now += later
        for one in (kept, remembered):
            if what == 'failed':
                one.failed(f'{model}{mark}', now, asked, now - 1)
            else:
                one.succeeded(f'{model}{mark}', now - 1)
        for name in ('a', 'b'):
            assert kept.left(f'{name}{mark}', now) == remembered.left(f'{name}{mark}', now)
            assert kept.failures(f'{name}{mark}') == remembered.failures(f'{name}{mark}')


def test_every_failure_is_counted(store: Store) -> None:
    """Of many at once none is lost: each is one more in a row."""
    cooldowns = Cooldowns(lambda: 0.0, states=StoreStates(store))
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: cooldowns.failed('a', START + number), range(40)))
    assert cooldowns.failures('a') == 40


def replaced(new: Cooling, before: Cooling | None) -> Cooling:
    """Whatever was there."""
    return new


def test_names_of_any_length(store: Store) -> None:
    """Longer ones are kept by their hash and do not meet."""
    states = StoreStates(store)
    for number in (1, 2):
        new = Cooling(number, START, START + number)
        assert states.change('m' * 300 + str(number), partial(replaced, new)) == new
    assert [states.read('m' * 300 + str(n)) for n in (1, 2)] == [Cooling(n, START, START + n) for n in (1, 2)]


def test_a_row_of_a_version_without_since(store: Store) -> None:
    """It counts as refused when its pause ends, so that no answer to an earlier request ends it."""
    from sqlalchemy import insert

    from compactor.store.schema import cooldowns

    with store.write() as connection:
        connection.execute(insert(cooldowns).values(model='old', until=START + 60, failures=3))
    assert StoreStates(store).read('old') == Cooling(3, START + 60, START + 60)


def test_a_store_that_is_away(tmp_path: object) -> None:
    """The library's own error."""
    with pytest.raises(StoreError):
        StoreStates(Store(f'sqlite:///{tmp_path}')).read('a')
