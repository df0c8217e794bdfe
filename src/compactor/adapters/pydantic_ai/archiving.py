"""The way of a `Compactor` to its archive: off the event loop where it blocks, left alone where it keeps failing."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from compactor.adapters.pydantic_ai.archive import keeping
from compactor.adapters.pydantic_ai.circuit import Circuit, Clock, within
from compactor.adapters.pydantic_ai.remembered import Remembered
from compactor.archive.archive import Archive, blocks
from compactor.history.handles import Deposit, Kept
from compactor.telemetry import events

FAILURES = 3
"""Failures in a row after which the archive is left alone."""
PAUSE = 60.0
"""Seconds for which it is left alone."""
CONVERSATIONS = 256
"""Conversations whose way is remembered."""
LONGEST = 10.0
"""Seconds that a request waits for an archive that blocks."""


class Archiving:
    """Archives the deposits of all runs of one `Compactor`.

    While the archive is left alone, compactions go without: no mark names it, and nothing is tried or reported.

    Args:
        archive: where to; None keeps nothing.
        emit: hears once of each pause.
        clock: seconds, for the pauses.
        longest: seconds that a request waits for an archive that blocks.
    """

    def __init__(
        self,
        archive: Archive | None,
        emit: Callable[[events.Event], None],
        clock: Clock = time.monotonic,
        longest: float = LONGEST,
    ) -> None:
        self.archive = archive
        self.blocking = archive is not None and blocks(archive)
        self.circuit = Circuit(FAILURES, PAUSE, clock)
        self._emit = emit
        self._longest = longest
        self._clock = clock
        self._scoped: OrderedDict[str, Archiving] = OrderedDict()

    def of(self, conversation: str | None) -> Archiving:
        """The way to the archive of one conversation; this one, where the archive knows no conversations."""
        scoped = getattr(self.archive, 'scoped', None)
        if scoped is None or not conversation:
            return self
        found = self._scoped.get(conversation)
        if found is None:
            found = Archiving(scoped(conversation), self._emit, self._clock, self._longest)
            found.circuit = self.circuit  # one database: if it is away, it is away for all
            self._scoped[conversation] = found
            while len(self._scoped) > CONVERSATIONS:
                self._scoped.popitem(last=False)
        return found

    @property
    def ready(self) -> bool:
        """Whether there is an archive that may be asked now."""
        return self.archive is not None and self.circuit.wait == 0

    def keeping(
        self, run_id: str | None, model: str | None, remembered: Remembered | None = None
    ) -> Callable[[Deposit], Kept | Awaitable[Kept]] | None:
        """What archives the deposits of one compaction, to be awaited where the archive blocks; None without one.

        Args:
            run_id: the run it is for, if any.
            model: the model it is for, if known.
            remembered: see `archive.keeping`.
        """
        keep = keeping(self.archive, remembered)
        if keep is None:
            return None

        def at_once(deposit: Deposit) -> Kept:
            try:
                kept = keep(deposit)
            except Exception as error:
                self._failed(run_id, model, error)
                raise
            self.circuit.succeeded()
            return kept

        async def beside(deposit: Deposit) -> Kept:
            try:
                kept = await within(self._longest, asyncio.to_thread(keep, deposit))
            except Exception as error:
                said = error if str(error) else TimeoutError(f'no answer from the archive within {self._longest:g} s')
                self._failed(run_id, model, said)
                raise said from error
            self.circuit.succeeded()
            return kept

        return beside if self.blocking else at_once

    def lost(self, run_id: str | None, model: str | None, error: Exception) -> None:
        """Takes note of an output that could not be archived."""
        self._failed(run_id, model, error)

    def _failed(self, run_id: str | None, model: str | None, error: Exception) -> None:
        self.circuit.failed()
        if (wait := self.circuit.wait) > 0:
            self._emit(events.ArchivePaused(run_id, model, f'{type(error).__name__}: {error}', wait))


def conversation_of(ctx: Any) -> str | None:
    """The id of a run's conversation; None where the version has none, for a run's own id would part its runs."""
    return getattr(ctx, 'conversation_id', None)


def conversation_in(messages: Any) -> str | None:
    """The id of the conversation that a history's newest message says it belongs to."""
    return next((found for message in reversed(messages) if (found := getattr(message, 'conversation_id', None))), None)
