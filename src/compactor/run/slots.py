"""How many requests a server works on at once, and where those beyond wait: what it cannot take would time out.

A local server has one slot, or a few; whoever asks it for more lets the others wait, the agent's own among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary


class Slots:
    """Shared by all who ask one server; who waits does so in the event loop it runs in.

    Attributes:
        most: requests at once; None for any number. It may change: who waits already waits by what was so then.
    """

    def __init__(self, most: int | None = None) -> None:
        self.most = most
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[int, asyncio.Semaphore]] = WeakKeyDictionary()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Holds one."""
        most = self.most
        if most is None:
            yield
            return
        loop = asyncio.get_running_loop()
        found = self._loops.get(loop)
        if found is None or found[0] != most:
            found = self._loops[loop] = (most, asyncio.Semaphore(most))
        async with found[1]:
            yield
