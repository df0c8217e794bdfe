"""What the garbage collector takes while heavy work is done: none of its long looks are ours.

A history that is read for the first time makes tens of thousands of objects that stay. The collector takes notice of so
many new ones, and goes through every object of the process, the application's too, with the interpreter held: 70 to
140 ms at 10,000 messages. Nothing of it is garbage. So, while heavy work is under way, what has outlived the first of
the collector's generations is counted among the old ones at once, without being gone through; a real look comes when
the process gives occasion for it, and at the latest after so many of these short cuts. What dies young is collected as
ever, and whatever else is garbage at that look.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

MOST = 100
"""Short cuts between two long looks: of about 8,000 objects each, as the collector's thresholds come."""
INCREMENTAL = (3, 14)
"""The Python whose collector looks at the old ones a little at a time, so that there is nothing to mend."""


class Collector:
    """Puts off the collector's long looks.

    Attributes:
        cuts: short cuts since the last long look.
    """

    def __init__(self) -> None:
        self.cuts = 0

    @contextmanager
    def put_off(self) -> Iterator[None]:
        """Within, the collector looks at old objects only if it is told to, or has been put off often enough.

        Nothing is put off where the application has frozen objects of its own: they would not stay frozen.
        """
        if sys.version_info >= INCREMENTAL or not gc.isenabled() or gc.get_freeze_count():
            yield
            return
        gc.callbacks.append(self._look)
        try:
            yield
        finally:
            with suppress(ValueError):  # somebody has emptied the list
                gc.callbacks.remove(self._look)

    def _look(self, phase: str, info: Mapping[str, Any]) -> None:
        """Called by the interpreter before and after each look, in whichever thread it happens."""
        if info['generation'] == 2:
            self.cuts = 0
        elif info['generation'] == 1 and phase == 'start' and self.cuts < MOST:
            self.cuts += 1
            gc.freeze()  # joins all generations, and
            gc.unfreeze()  # makes them the oldest one: both move the ends of lists, whatever these hold


COLLECTOR = Collector()
"""The process's."""
