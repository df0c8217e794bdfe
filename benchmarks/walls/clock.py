"""One clock for all processes: it begins at a common moment and runs faster than the real one."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

START = 1_770_000_000.0
"""What the clocks show when they begin: a whole minute of a day in 2026, in seconds since 1970."""
SCALE = 60.0
"""Played seconds in a real one, if nothing else is asked for: a minute passes in a second."""


@dataclass(slots=True)
class Clock:
    """Played time.

    Attributes:
        start: What it shows when it begins, in seconds since 1970.
        scale: Played seconds in a real one.
        begun: When it begins, by `time.time()`, which all processes share; None while that is not known.
    """

    start: float = START
    scale: float = SCALE
    begun: float | None = None

    def __call__(self) -> float:
        """Seconds since 1970, as they are played."""
        return self.start if self.begun is None else self.start + self.scale * (time.time() - self.begun)

    async def sleep(self, seconds: float) -> None:
        """Sleeps for played seconds."""
        await asyncio.sleep(max(0.0, seconds) / self.scale)

    async def until(self, moment: float) -> None:
        """Sleeps until a moment."""
        await self.sleep(moment - self())
