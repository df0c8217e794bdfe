"""The way of a `Compactor` to its archive: off the event loop where it blocks, left alone where it keeps failing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TypeVar

from compactor.archive.archive import Archive, MemoryArchive, blocks
from compactor.archive.keeping import Dump, keeping
from compactor.archive.remembered import Remembered
from compactor.archive.spaces import out_of
from compactor.bounded import Bounded
from compactor.history.handles import Deposit, Kept
from compactor.run.access import IN_A_WORKFLOW
from compactor.run.circuit import Circuit, Clock
from compactor.run.clock import monotonic, replayed
from compactor.run.threads import beside_within
from compactor.run.timed import timed
from compactor.run.worker import apart, giving_way
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.telemetry import events

T = TypeVar('T')

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
        dump: a message of the framework as bytes (see `keeping`).
        emit: hears once of each pause.
        clock: seconds, for the pauses.
        longest: seconds that a request waits for an archive that blocks.
        secrets: see `keeping`.
    """

    def __init__(
        self,
        archive: Archive | None,
        dump: Dump,
        emit: Callable[[events.Event], None],
        clock: Clock = monotonic,
        longest: float = LONGEST,
        secrets: Secrets | None = HIGH_CONFIDENCE,
    ) -> None:
        self.archive = archive
        self.blocking = archive is not None and blocks(archive)
        self.circuit = Circuit(FAILURES, PAUSE, clock)
        self._dump = dump
        self._emit = emit
        self._longest = longest
        self._secrets = secrets
        self._clock = clock
        self._inside: Archiving | None = None
        self._scoped: Bounded[str, Archiving] = Bounded(CONVERSATIONS)

    def of(self, conversation: str | None) -> Archiving:
        """The way to the archive of one conversation; this one, where the archive knows no conversations."""
        scoped = getattr(self.archive, 'scoped', None)
        if scoped is None or not conversation or self.here is not self:
            return self.here

        def way() -> Archiving:
            made = self._to(scoped(conversation))
            made.circuit = self.circuit  # one database: if it is away, it is away for all
            return made

        return self._scoped.of(conversation, way)

    @property
    def here(self) -> Archiving:
        """The way to what may be asked here: in a durable workflow a memory, made again whenever that is replayed.

        What a workflow has kept so is given back within it. Nobody else has it.
        """
        if not self.blocking or not replayed():
            return self
        if self._inside is None:
            self._inside = self._to(MemoryArchive())
            self._emit(events.StoreUnavailable(None, None, 'archive', IN_A_WORKFLOW))
        return self._inside

    def _to(self, archive: Archive) -> Archiving:
        return Archiving(archive, self._dump, self._emit, self._clock, self._longest, self._secrets)

    @property
    def ready(self) -> bool:
        """Whether there is an archive that may be asked now."""
        return self.archive is not None and self.here.circuit.wait == 0

    def timed(self, archive: Archive | None) -> Archive | None:
        """An archive as heavy work asks it: what blocks has to answer within the longest wait."""
        return timed(archive, self._longest)

    async def asked(self, work: Callable[[], T]) -> T:
        """What an archive that blocks says, waited for no longer than for anything of it.

        Raises:
            TimeoutError: it does not answer.
        """
        try:
            return await beside_within(self._longest, work)
        except TimeoutError as error:
            raise TimeoutError(str(error) or f'no answer from the archive within {self._longest:g} s') from error

    async def holds_any(self, handles: Sequence[str]) -> bool:
        """Whether one of these outputs is kept here; what cannot be asked holds none."""
        archive = self.archive
        if archive is None or not handles or not self.ready:
            return False

        def work() -> bool:
            return any(out_of('output', archive.get(handle)) is not None for handle in handles)

        try:
            return await self.asked(work) if self.blocking else work()
        except Exception as error:  # noqa: BLE001 - what an archive raises is its own; the run goes on without
            self._failed(None, None, error)
            return False

    def keeping(
        self, run_id: str | None, model: str | None, remembered: Remembered | None = None, heavy: bool = False
    ) -> Callable[[Deposit], Kept | Awaitable[Kept]] | None:
        """What archives the deposits of one compaction, to be awaited where the archive blocks; None without one.

        Args:
            run_id: the run it is for, if any.
            model: the model it is for, if known.
            remembered: see `keeping`.
            heavy: there is so much to archive that the event loop would stand still, also where nothing blocks.
        """
        keep = keeping(timed(self.archive, self._longest), giving_way(self._dump), remembered, self._secrets)
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

        async def off_the_loop(deposit: Deposit) -> Kept:
            try:
                kept = await apart(partial(keep, deposit))
            except Exception as error:
                self._failed(run_id, model, error)
                raise
            self.circuit.succeeded()
            return kept

        return off_the_loop if self.blocking or heavy else at_once

    def lost(self, run_id: str | None, model: str | None, error: Exception) -> None:
        """Takes note of an output that could not be archived."""
        self._failed(run_id, model, error)

    def _failed(self, run_id: str | None, model: str | None, error: Exception) -> None:
        self.circuit.failed()
        if (wait := self.circuit.wait) > 0:
            self._emit(events.ArchivePaused(run_id, model, f'{type(error).__name__}: {error}', wait))
