"""A map that holds so many entries at most, for whatever is remembered of runs, models and conversations."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from itertools import islice
from typing import TypeVar

K = TypeVar('K')
V = TypeVar('V')


class Bounded(OrderedDict[K, V]):
    """A dict in the order of use: to write an entry is to use it, and the one not used for longest goes first.

    It has no lock of its own: what threads share, its owner locks.

    Args:
        most: how many entries it holds.
        spared: entries that are not to go, however old; while all are, it holds more.
    """

    def __init__(self, most: int, spared: Callable[[V], bool] | None = None) -> None:
        super().__init__()
        self.most = most
        self._spared = spared

    def __setitem__(self, key: K, value: V) -> None:
        super().__setitem__(key, value)
        self.move_to_end(key)
        if len(self) > self.most:
            self._let_go()

    def used(self, key: K) -> V | None:
        """The entry of a key, which counts as used now; None if there is none."""
        found = self.get(key)
        if found is not None:
            self.move_to_end(key)
        return found

    def of(self, key: K, make: Callable[[], V]) -> V:
        """The entry of a key, which counts as used now; made if there is none."""
        found = self.used(key)
        if found is None:
            found = self[key] = make()
        return found

    def _let_go(self) -> None:
        spared = self._spared
        if spared is None:
            self.popitem(last=False)
            return
        free = (key for key, value in self.items() if not spared(value))
        for key in list(islice(free, len(self) - self.most)):
            del self[key]
