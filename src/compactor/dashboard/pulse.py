"""What is new in a store, for all who look: one question to it every tenth of a second, while anybody does."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from compactor.errors import StoreError
from compactor.ledger.figures import to_json
from compactor.secrets.errors import logged
from compactor.store import watched
from compactor.store.engine import Store

log = logging.getLogger('compactor')

EVERY = 0.1
"""Seconds between two looks whether anything is new."""
AT_LEAST = 5.0
"""Seconds after which figures are sent although no entry is new: budgets set aside and give back meanwhile."""
VIEWERS = 32
"""Streams at once."""


class Pulse:
    """Tells its viewers of changes.

    Args:
        store: what is looked at.
        view: makes what is sent, in a thread.

    Attributes:
        viewers: how many there are.
    """

    def __init__(self, store: Store, view: Callable[[], Any]) -> None:
        self._store = store
        self._view = view
        self._queues: set[asyncio.Queue[bytes]] = set()
        self._task: asyncio.Task[None] | None = None

    @property
    def viewers(self) -> int:
        """How many there are."""
        return len(self._queues)

    async def stream(self) -> AsyncIterator[bytes]:
        """Server-sent events, from now on, until whoever reads them goes."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(1)
        self._queues.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._beat())
        try:
            yield b'retry: 1000\n\n'
            while True:
                try:
                    yield await asyncio.wait_for(queue.get(), 3 * AT_LEAST)
                except TimeoutError:
                    yield b': nothing new\n\n'
        finally:
            self._queues.discard(queue)

    async def close(self) -> None:
        """Stops looking."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _beat(self) -> None:
        seen, waited, told = -1, AT_LEAST, False
        while self._queues:
            try:
                now = await asyncio.to_thread(watched.newest, self._store)
                if now != seen or waited >= AT_LEAST:
                    view = await asyncio.to_thread(self._view)
                    self._tell(event('live', view))
                    seen, waited, told = now, 0.0, False
            except StoreError as error:
                if not told:
                    log.warning('the dashboard cannot read its store', exc_info=logged(error))
                    self._tell(event('trouble', {'error': 'the store cannot be read at the moment'}))
                told = True
            await asyncio.sleep(EVERY)
            waited += EVERY

    def _tell(self, said: bytes) -> None:
        for queue in self._queues:
            if queue.full():  # a slow reader gets the newest alone
                queue.get_nowait()
            queue.put_nowait(said)


def event(name: str, value: Any) -> bytes:
    """One server-sent event; JSON has no line end in it."""
    return f'event: {name}\ndata: {json.dumps(to_json(value), ensure_ascii=True)}\n\n'.encode()
