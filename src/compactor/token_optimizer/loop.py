"""One event loop for who has none, in a thread of its own: clients of providers live in one loop, and no longer."""

from __future__ import annotations

import asyncio
import atexit
from collections.abc import Coroutine
from contextvars import Context, copy_context
from threading import Thread
from typing import Any, TypeVar

from compactor.errors import ConfigError
from compactor.locks import in_copies, new_lock

T = TypeVar('T')


class _Loop:
    """A loop that begins with the first work; a copied process begins anew."""

    def __init__(self) -> None:
        self._lock = new_lock()
        self.forget()
        in_copies(self.forget)
        atexit.register(self.stop)

    def forget(self) -> None:
        """Leaves the loop as it is: it is the parent's."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    def running(self) -> asyncio.AbstractEventLoop:
        """The loop, in its thread."""
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._loop.run_forever, name='compactor-loop', daemon=True)
                self._thread.start()
            return self._loop

    def stop(self) -> None:
        """Ends it with the process."""
        if self._loop is None or self._thread is None:
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(1.0)
        if not self._loop.is_running():
            self._loop.close()
        self.forget()


_own = _Loop()


def finished(work: Coroutine[Any, Any, T]) -> T:
    """The result of work, which is done in the loop while this thread waits.

    Raises:
        ConfigError: this thread is the loop's, which would wait for itself.
    """
    loop = _own.running()
    if asyncio._get_running_loop() is loop:
        work.close()
        raise ConfigError(
            'a TokenOptimizer waits, and an agent of one must not: use process_request of compactor there'
        )
    future = asyncio.run_coroutine_threadsafe(_within(copy_context(), work), loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise


async def _within(context: Context, work: Coroutine[Any, Any, T]) -> T:
    """Work in the context of who asked for it, so that its spans are where they belong."""
    return await asyncio.get_running_loop().create_task(work, context=context)
