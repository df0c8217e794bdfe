"""Processor time of a call at growing lengths, and whether it grows faster than the length."""

from __future__ import annotations

import gc
import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from compactor.tokens.encodings import encoding
from compactor.tokens.memo import TextMemo

from .rooms.prepared import COUNTER, Prepare
from .texts import text

MOST = 2.6
"""What a doubling of the length may multiply the time by: 2 is linear, 4 quadratic."""
NOTICED = 0.02
"""Seconds below which a time is as good as none: noise, or work that does not depend on the text."""
WARM = 512
"""Characters of a first text, which is not timed."""
PATIENCE = 20.0
"""Seconds that a single call is waited for on the way up; what is expected to take longer is not tried."""


@dataclass(frozen=True, slots=True)
class Cell:
    """How one function took one shape.

    Attributes:
        function: its name.
        shape: the shape's name.
        seconds: processor time by length in characters, the least of the calls made.
        stopped: a longer text was not tried, because it would have taken too long.
    """

    function: str
    shape: str
    seconds: dict[int, float]
    stopped: bool = False

    @property
    def ratio(self) -> float:
        """What a doubling of the length multiplied the time by, at worst between two lengths that were measured."""
        sizes = sorted(self.seconds)
        return max(
            (
                max(self.seconds[large] / max(self.seconds[small], NOTICED / (large / small)), 1.0)
                ** (1 / _doublings(small, large))
                for small, large in pairwise(sizes)
                if self.seconds[large] > NOTICED
            ),
            default=1.0,
        )

    @property
    def per_megabyte(self) -> float:
        """Seconds for a million characters, by the longest text."""
        size = max(self.seconds)
        return self.seconds[size] / size * 1_000_000

    @property
    def sound(self) -> bool:
        """Whether it is linear, as far as was seen."""
        return not self.stopped and self.ratio <= MOST


def measured(
    function: str, prepare: Prepare, shape: str, sizes: Sequence[int], best_of: int, patience: float = PATIENCE
) -> Cell:
    """The cell of a function and a shape, its lengths tried from the shortest up.

    Lengths are tried once; a cell that then looks worse than linear is tried again, up to `best_of` times.
    """
    cell = Cell(function, shape, {})
    prepare(text(shape, WARM))()  # what is built at the first call is no text's
    for size in sizes:
        if _expected(cell, size) > patience:
            return Cell(function, shape, cell.seconds, stopped=True)
        call = prepare(text(shape, size))
        cell.seconds[size] = timed(call)
    for _ in range(best_of - 1):
        if cell.ratio <= MOST * 0.9:
            break
        for size in cell.seconds:
            call = prepare(text(shape, size))
            cell.seconds[size] = min(cell.seconds[size], timed(call))
    return cell


def timed(call: Callable[[], Any]) -> float:
    """Processor time of one call, in seconds, nothing remembered of any text; the collector waits."""
    forget()
    enabled = gc.isenabled()
    gc.disable()
    try:
        began = time.process_time()
        call()
        return time.process_time() - began
    finally:
        if enabled:
            gc.enable()


def forget() -> None:
    """Forgets what was computed of texts; tables of our own stay."""
    global _memos, _caches
    if _memos is None:
        encoding(COUNTER.encoding).count('a')
        _memos = [one for one in gc.get_objects() if isinstance(one, TextMemo)]
        modules = [module for name, module in sys.modules.items() if name.startswith('compactor')]
        found = {id(one): one for module in modules for one in vars(module).values() if _of_texts(one)}
        _caches = [one.cache_clear for one in found.values()]
    for memo in _memos:
        memo.clear()
    for clear in _caches:
        clear()


_memos: list[TextMemo[Any]] | None = None
_caches: list[Callable[[], None]] = []
TABLES = ('_built_in', '_preset_text', '_routing_text', 'share')


def _of_texts(one: object) -> bool:
    return hasattr(one, 'cache_clear') and getattr(one, '__name__', '') not in TABLES


def _expected(cell: Cell, size: int) -> float:
    """Seconds that a text of this length will take, going by the growth so far."""
    if len(cell.seconds) < 2:
        return max(cell.seconds.values(), default=0.0)
    largest = max(cell.seconds)
    return float(cell.seconds[largest] * max(cell.ratio, 2.0) ** _doublings(largest, size))


def _doublings(small: int, large: int) -> float:
    return math.log2(large / small)
