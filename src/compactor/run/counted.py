"""A run's history as one encoding counts it: followed from request to request, so that only what is new costs work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import is_
from typing import Any

from compactor.compaction import Anchor, Compaction
from compactor.digest.evidence import lines_of
from compactor.digest.quotable import quotable
from compactor.history.message import Part
from compactor.history.parse import Repair
from compactor.history.track import Reader, Tracker
from compactor.run.circuit import give_up
from compactor.run.clock import monotonic
from compactor.run.cut import Cut, Running
from compactor.run.last_sent import LastSent, parts_of
from compactor.run.overhead import ToolTokens
from compactor.run.reported import Figure, Finding, Trust
from compactor.run.summaries import Prepared
from compactor.run.weight import are_heavy
from compactor.run.worker import apart
from compactor.secrets.redact import Secrets
from compactor.tokens.calibrate import Calibration
from compactor.tokens.counter import Counter

INDEXED_AHEAD = 32
"""Messages whose lines are read per request past half of the trigger, so that no single request pays for all."""


@dataclass(slots=True)
class Counted:
    """What is known of a run's history in the units of one encoding.

    Attributes:
        tracker: the history as it was last sent.
        anchor: the provider's own figure to count from, corrected for rewrites since.
        observed: the last figure a provider reported, for calibration; None after a rewrite.
        retry_at: see `RequestContext.retry_at`.
        warned: the near-limit event was raised and the request has not fallen below since.
        used: tokens of the last request.
        sent_at: when that was sent, on the clock of `clock.monotonic`.
        ahead: the task that writes, or wrote, the summary of the next compaction.
        tool_tokens: the size of the run's tool definitions.
        cut: the newest cut of the history.
        started: whether anything was sent.
        repaired: the repairs of the history that were told of.
        trust: how far what responses report is believed.
        figure: what the newest response reported, until it is weighed.
        finding: what that has told.
        told: which findings were told of.
        printed: the fingerprint of the run's own record, for cuts of it; None where nobody needs one.
    """

    tracker: Tracker
    anchor: Anchor | None = None
    observed: Anchor | None = None
    retry_at: int | None = None
    warned: bool = False
    used: int = 0
    sent_at: float | None = None
    ahead: asyncio.Task[Prepared | None] | None = None
    tool_tokens: ToolTokens = field(default_factory=ToolTokens)
    cut: Cut | None = None
    repaired: set[Repair] = field(default_factory=set)
    trust: Trust = field(default_factory=Trust)
    figure: Figure | None = None
    finding: Finding | None = None
    told: set[tuple[type, int | None]] = field(default_factory=set)
    _believed: Anchor | None = None
    printed: Running | None = None
    _sent: tuple[int, int] | None = None
    _last: LastSent | None = None
    _moved: int = 0
    started: bool = False
    _followed: Sequence[Any] = ()
    _seen: list[Any] = field(default_factory=list)
    _shadow: list[Any] | None = None
    _indexed: int = 0

    @classmethod
    def start(cls, reader: Reader) -> Counted:
        """A history of which nothing is known yet."""
        return cls(Tracker(reader))

    def working(self, messages: list[Any]) -> list[Any] | None:
        """The history to work on: what was sent last followed by what is new; None where that cannot be told.

        It cannot before the first request, and where a framework made messages anew that stood in the record before.
        """
        if not self.started or self._shadow is None:
            return messages if self.started else None
        seen = self._seen
        if len(messages) >= len(seen) and all(map(is_, seen, messages)):
            return [*self._shadow, *messages[len(seen) :]]
        return None

    def follow(
        self, messages: Sequence[Any], calibration: Calibration | None, grown: bool | None = None
    ) -> Calibration | None:
        """Takes in the history of the next request; returns the calibration with what the last response told.

        `grown`: see `Tracker.update`.
        """
        grown = self.tracker.update(messages, audit_all=self.unsure, grown=grown)
        return self.following(messages, grown, calibration)

    @property
    def unsure(self) -> bool:
        """Whether every message is looked at again, because nobody knows what was sent last."""
        return self._sent is None

    def following(self, messages: Sequence[Any], grown: bool, calibration: Calibration | None) -> Calibration | None:
        """Takes note of a history to which the tracker has come, by itself or in the place of another (see `follow`).

        Args:
            messages: the history.
            grown: whether it only grew since the last time.
            calibration: what is known of how the model counts.
        """
        self._followed, self.figure, self._believed = messages, None, self.anchor
        if not grown and self.printed is not None:
            self.printed.restart()
        sent, self._sent = self._sent, None
        last, self._last = self._last, None
        if last is not None:
            sent = self._resumed(last)
        if not grown or sent is None:
            self.anchor = self.observed = None
            self.trust.rewritten()
            return calibration
        at, base = sent
        response = self.tracker.messages[at] if len(self.tracker.messages) > at else None
        if response is None:
            return calibration
        total = response.reported if response.reported is not None else response.claimed
        moved, self._moved = self._moved, 0
        if total is not None:
            total += moved
            self.figure = Figure(total - response.output, base, response.reported is not None)
        if response.reported is None:
            if total is not None and self.trust.uncounted:
                self.anchor = Anchor(total, base + response.tokens)
            return calibration
        now = Anchor(response.reported + moved, base + response.tokens)
        if self.observed is not None and calibration is not None:
            calibration = calibration.observe(now.reported - self.observed.reported, now.base - self.observed.base)
        self.anchor = self.observed = now
        return calibration

    def resume(self, last: LastSent | None, beside: int, counter: Counter) -> None:
        """Lets a history that nobody has looked at yet go on where an earlier run of its conversation has ended.

        It does if it begins with what was sent then, which is seen once it was read.

        Args:
            last: what was sent; None if nobody knows.
            beside: what travels beside the messages now, in the units of the local tokenizer.
            counter: counts in the model's tokens.
        """
        self._last = last
        if last is not None:
            change = beside - last.beside
            self._moved = counter.scale(change) if change >= 0 else -counter.scale(-change)

    def _resumed(self, last: LastSent) -> tuple[int, int] | None:
        """Where what an earlier run has sent ends in the history; what it has learned is taken over then.

        What is known of the provider's own figures is not if something else travels beside the messages now.
        """
        end = last.end_in(self.tracker.messages)
        if end is None:
            self._moved = 0
            return None
        self.told |= last.told
        self.retry_at = last.retry_at
        if not self._moved:
            self.anchor = self._believed = last.anchor
            self.observed, self.trust = last.observed, replace(last.trust)
        return end

    def last_sent(self, beside: int) -> LastSent | None:
        """What the next run of the conversation can go on from; `beside`: see `resume`."""
        if self._sent is None:
            return None
        parts, told = parts_of(*self._sent), frozenset(self.told)
        return LastSent(parts, beside, self.anchor, self.observed, self.retry_at, replace(self.trust), told)

    def weighed(self, counter: Counter, overhead: int, window: int | None, told: int | None = None) -> Finding | None:
        """What the figure of the newest response tells; one that is not believed is no anchor.

        Args:
            counter: counts in the model's tokens.
            overhead: tokens of instructions and tools.
            window: the model's window, if that is known.
            told: the window that its server told, or its user.
        """
        figure, self.figure = self.figure, None
        if figure is None:
            return None
        doubtful = self.trust.uncounted > 0
        finding = self.trust.weigh(figure, counter, overhead, window, told)
        if finding is not None and finding.why:
            # A figure that stood above what was sent, and now stands still, never was a measure.
            self.anchor = self.observed = None if doubtful else self._believed
        elif self.trust.uncounted and not figure.vouched:
            self.anchor = Anchor(figure.tokens, figure.base)
        return finding

    def settle(
        self, compaction: Compaction[Any], base: list[Any], record: Sequence[Any], tracker: Tracker | None = None
    ) -> None:
        """Remembers what is about to be sent.

        Args:
            compaction: what was made of the history.
            base: what the next request works on: as strategies rewrote it, but without repairs (see `rewritten`).
            record: what stands in the run's own record.
            tracker: the tracker of `base`, where one was made already.
        """
        self.used, self.sent_at = compaction.tokens_after, monotonic()
        if base is not self._followed:
            if tracker is None:
                self.tracker.update(base)
            else:
                self.tracker = tracker
            self.observed = None
            self.trust.rewritten()
            if self.anchor is not None:
                self.anchor = Anchor(compaction.tokens_after, self.tracker.tokens)
        self.sends(base, record)
        limits = compaction.limits
        if compaction.outcome in ('compacted', 'incompressible') and not compaction.fits:
            # What a good compaction would have earned, but never so much that the hard limit comes first.
            room = (limits.hard - compaction.tokens_after) // 2
            pause = max(256, min(limits.trigger - limits.goal, room))
            if self.retry_at is None or compaction.tokens_after >= self.retry_at:
                self.retry_at = compaction.tokens_after + pause
        elif compaction.tokens_after < limits.trigger:
            self.retry_at = None

    def drop_ahead(self) -> asyncio.Task[Prepared | None] | None:
        """Forgets the summary that was written ahead, finished or not; the task that wrote it, if there was one."""
        task, self.ahead = self.ahead, None
        if task is not None:
            give_up(task)
        return task

    def ahead_of(self, compaction: Compaction[Any]) -> list[Part]:
        """Parts whose lines a digest will need, a few messages' a request, once that is past half of the trigger.

        A compaction then finds them read; in pieces they keep off any single request's way.
        """
        if compaction.outcome != 'below' or compaction.tokens_after < compaction.limits.trigger // 2:
            self._indexed = 0 if compaction.changed else self._indexed
            return []
        messages = self.tracker.messages
        begin, self._indexed = self._indexed, min(len(messages), self._indexed + INDEXED_AHEAD)
        return [part for message in messages[begin : self._indexed] for part in message.parts]

    def sends(self, base: Sequence[Any], record: Sequence[Any]) -> None:
        """Remembers what is sent and what stands in the record, if that differs."""
        same = base is record or (len(base) == len(record) and all(map(is_, base, record)))
        self._seen, self._shadow = ([], None) if same else (list(record), list(base))
        self.started = True
        self.sent_as_is()

    def sent_as_is(self) -> None:
        """Remembers that the history was sent as it was followed."""
        self._sent = (len(self.tracker.messages), self.tracker.tokens)

    def not_answered(self) -> None:
        """Forgets that the history was sent: the answer that follows it is somebody else's."""
        self._sent = None


async def take_in(counted: Counted, messages: list[Any], calibration: Calibration | None) -> Calibration | None:
    """Takes in the history of the next request, as `Counted.follow` does; what is long of it beside the event loop.

    Nothing is changed before it is read: whoever is cancelled meanwhile leaves everything as it was.
    """
    tracker = counted.tracker
    grown = tracker.has_grown(messages)
    if not are_heavy(tracker.unread(messages, grown)):
        return counted.follow(messages, calibration, grown)
    tracker, grown = await apart(partial(tracker.followed, list(messages), counted.unsure))
    counted.tracker = tracker
    return counted.following(messages, grown, calibration)


def read_lines(parts: Iterable[Part], secrets: Secrets | None) -> None:
    """Reads the lines of some parts as a digest quotes them, which are remembered by their text."""
    for part in parts:
        lines_of(quotable(part, secrets))
