"""`compactor.bounded`: how much is remembered, and what goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from compactor.bounded import Bounded


def test_the_one_not_used_for_longest_goes_first() -> None:
    """Reading with `used` and writing count; looking does not."""
    held: Bounded[str, int] = Bounded(2)
    held['a'], held['b'] = 1, 2
    assert held.used('a') == 1
    held['c'] = 3
    assert list(held.items()) == [('a', 1), ('c', 3)]
    assert held.used('b') is None


def test_what_is_spared_stays_however_old() -> None:
    """It holds more than it should while all that could go is spared."""
    held: Bounded[str, list[int]] = Bounded(1, spared=bool)
    held['in flight'] = [1]
    held['idle'] = []
    held['new'] = []
    assert list(held) == ['in flight']
    held['second'] = [2]
    assert list(held) == ['in flight', 'second']
    held['second'].clear()
    held['third'] = [3]
    assert list(held) == ['in flight', 'third']


def test_an_entry_is_made_once() -> None:
    """`of` makes what is not there."""
    held: Bounded[str, list[int]] = Bounded(2)
    held.of('a', list).append(1)
    assert held.of('a', list) == [1]


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_it_holds_the_newest_of_what_was_written(keys: list[int], most: int) -> None:
    """Whatever is written, the newest keys stay, in order."""
    held: Bounded[int, int] = Bounded(most)
    for key in keys:
        held[key] = key
    newest = list(dict.fromkeys(reversed(keys)))[:most]
    assert list(held) == newest[::-1]
