"""Where cuts are remembered and found again: with the record, and by conversation in this process and in the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from compactor.bounded import Bounded
from compactor.history.seal import NOBODY, Seal
from compactor.locks import new_lock
from compactor.run.access import Access, nothing
from compactor.run.clock import replayed
from compactor.run.cut import UNSEALED, Cut, Running, holds, joined, parse, pieces_of, prints_at
from compactor.run.cut_kept import storable
from compactor.run.format import RunFormat
from compactor.run.run import Run
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.telemetry import events

if TYPE_CHECKING:
    from compactor.store.cuts import StoredCuts


RECENT = 64
"""Conversations whose newest cut this process remembers."""


class Cuts:
    """Finds and keeps the cuts of one `Compactor`.

    Args:
        format: the framework's messages.
        emit: hears of cuts that were found, and of those that cannot be used.
        stored: keeps them by conversation too; None where there is no store.
        access: the way to that store.
        secrets: what the store is not to hold; see `cut_kept`.
    """

    def __init__(
        self,
        format: RunFormat,
        emit: Callable[[events.Event], None],
        stored: StoredCuts | None = None,
        access: Access | None = None,
        secrets: Secrets | None = HIGH_CONFIDENCE,
    ) -> None:
        self._format = format
        self._emit = emit
        self._stored = stored
        self._access = access
        self._secrets = secrets
        self._recent: Bounded[str, Cut] = Bounded(RECENT)
        self._lock = new_lock()

    async def find(self, run: Run, running: Running, seal: Seal = NOBODY) -> tuple[Cut, list[Any]] | None:
        """The longest cut that is of a run's history, and what is sent instead of it; None if there is none.

        What stands in metadata may come from anybody: only what has this seal is believed.

        Args:
            run: the run.
            running: the fingerprint of its record, which goes on from what is found.
            seal: that of the record.
        """
        if not self._format.was_answered(run.messages):
            return None
        groups = self._format.groups(run.messages)
        noted = self._noted(run, groups, seal)
        recent = self._remembered(run)
        if recent is not None and recent.covers > max((at for at, _ in noted), default=0):
            found = self._fitting(run, groups, [(recent.covers, recent)], 'memory', running)
            if found is not None:
                return found
        found = self._fitting(run, groups, noted, 'metadata', running)
        if found is None and self._stored is not None and self._access is not None and run.conversation:
            stored, conversation = self._stored, run.conversation
            values = await self._access.ask(lambda: stored.of(conversation), nothing, run=run.id, model=run.name.full)
            parsed = [(cut.covers, cut) for value in values or () if (cut := self._parsed(run, value, 'store'))]
            found = self._fitting(run, groups, parsed, 'store', running)
        return found

    def applied(self, cut: Cut, messages: Sequence[Any]) -> list[Any] | None:
        """What is sent instead of a history; None where the cut is not of this history."""
        groups = self._format.groups(messages)
        print = prints_at(self._format.prints_of, groups, [cut.covers]).get(cut.covers)
        if print is None or print.text != cut.print:
            return None
        try:
            return joined(cut, groups, self._format.load)
        except ValueError:
            return None

    def running(self) -> Running:
        """The fingerprint of a record that is about to grow."""
        return Running(self._format.groups, self._format.prints_of)

    def of(self, record: Sequence[Any], sent: Sequence[Any], handle: str | None, running: Running) -> Cut | None:
        """The cut that a request was sent with, told by its record; None where it cannot be brought back."""
        groups = self._format.groups(record)
        pieces = pieces_of(groups, sent, self._format.dump)
        if not pieces:
            return None
        return Cut(len(groups), running.of(groups), pieces, handle)

    def remember(self, run: Run, cut: Cut) -> None:
        """Keeps a cut by conversation in this process.

        Who streams an answer may take the history before the stream has ended, and so without what is noted then.
        """
        if run.conversation and not replayed():
            with self._lock:
                self._recent[run.conversation] = cut

    def _remembered(self, run: Run) -> Cut | None:
        """The newest cut of a run's conversation in this process, if it is of this history."""
        if not run.conversation or replayed():
            return None
        cut = self._recent.get(run.conversation)
        return cut if cut is not None and self.applied(cut, run.messages) is not None else None

    async def keep(self, run: Run, cut: Cut) -> None:
        """Keeps a cut by conversation, where there is a store."""
        if self._stored is not None and self._access is not None and run.conversation:
            stored, conversation = self._stored, run.conversation

            def keep() -> None:
                kept = storable(cut, self._secrets)
                if kept is not None:
                    stored.put(conversation, kept.print, kept.covers, kept.dump())

            await self._access.ask(keep, nothing, run=run.id, model=run.name.full)

    def _noted(self, run: Run, groups: Sequence[Sequence[Any]], seal: Seal) -> list[tuple[int, Cut]]:
        """The cuts that stand with the responses of a history, each with how many groups precede its response."""
        found = []
        for i, group in enumerate(groups):
            for message in group:
                value = self._format.noted(message)
                if value is None:
                    continue
                if not holds(value, seal):
                    self._emit(events.CutIgnored(run.id, run.name.full, 'metadata', UNSEALED))
                elif (cut := self._parsed(run, value, 'metadata')) is not None:
                    found.append((i, cut))
        return found

    def _parsed(self, run: Run, value: Any, where: str) -> Cut | None:
        try:
            return parse(value)
        except ValueError as error:
            self._emit(events.CutIgnored(run.id, run.name.full, where, str(error)))
            return None

    def _fitting(
        self, run: Run, groups: Sequence[Sequence[Any]], cuts: Sequence[tuple[int, Cut]], where: str, running: Running
    ) -> tuple[Cut, list[Any]] | None:
        """The longest of some cuts that is of this history, and what it makes of it."""
        prints = prints_at(self._format.prints_of, groups, [cut.covers for at, cut in cuts if at == cut.covers])
        usable = [cut for at, cut in cuts if at == cut.covers in prints and prints[at].text == cut.print]
        for cut in sorted(usable, key=lambda cut: cut.covers, reverse=True):
            try:
                sent = joined(cut, groups, self._format.load)
            except ValueError as error:
                self._emit(events.CutIgnored(run.id, run.name.full, where, f'a message of it cannot be read: {error}'))
                continue
            running.resume(prints[cut.covers], sum(map(len, groups[: cut.covers])))
            self._emit(events.CutResumed(run.id, run.name.full, where, cut.covers, cut.handle))
            return cut, sent
        if cuts:
            reason = 'the history was edited, shortened or branched since'
            self._emit(events.CutIgnored(run.id, run.name.full, where, reason))
        return None
