"""What is known about one run between its requests, so that a request costs work only for what is new."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.archive import newest_handle
from compactor.adapters.pydantic_ai.messages import MessageReader
from compactor.adapters.pydantic_ai.overhead import ToolTokens
from compactor.adapters.pydantic_ai.remembered import Remembered
from compactor.adapters.pydantic_ai.summariser import Prepared
from compactor.compaction import Anchor, Compaction
from compactor.digest.evidence import lines_of
from compactor.history.track import Tracker
from compactor.tokens.calibrate import Calibration
from compactor.tokens.counter import Counter

INDEXED_AHEAD = 32
"""Messages whose lines are read per request past half of the trigger, so that no single request pays for all."""


RUN = (
    'handled',
    'refused_at',
    'resend',
    'handle',
    'asked',
    'spent',
    'taken',
    'began',
    'task',
    'streamed',
    'limited',
    'lease',
    'removed',
    'trimmed',
    'archived',
)
"""What is a run's own, whichever model counts it."""


@dataclass(slots=True)
class Conversation:
    """The state of one run; one request at a time, as runs are sequential.

    Attributes:
        tracker: the history as it was last sent.
        encoding: encoding and family that the tracker counts in.
        anchor: the provider's own figure to count from, corrected for rewrites since.
        observed: the last figure a provider reported, for calibration; None after a rewrite.
        retry_at: see `RequestContext.retry_at`.
        warned: the near-limit event was raised and the request has not fallen below since.
        handled: (run step, messages returned) of the last request, so that a second plug does nothing.
        refused_at: run step of the last request that the provider refused as too long; it is sent again once.
        resend: the smaller history for the second attempt at that request.
        handle: the archive's handle in what was last rewritten and sent, which the run's record may not show.
        asked: the model asked for a compaction since the last request.
        used: tokens of the last request.
        spent: tokens of the tools' results so far, where a policy limits them.
        taken: ids of the calls whose results were taken at their tool's hook since the last request.
        began: when the request in flight was sent, on a clock of seconds that only goes forward; None if none is.
        task: what the request in flight was taken for, '' if nobody looked.
        streamed: whether it is streamed, as far as can be seen.
        limited: run step of the last request whose answer has had its limit set.
        lease: what is set aside in budgets for the request in flight.
        removed: tokens that compactions have taken out of this run's history.
        trimmed: tokens that were cut from outputs since the last compaction.
        ahead: the task that writes, or wrote, the summary of the next compaction.
        tool_tokens: the size of the run's tool definitions.
        archived: the keys of what its compactions have archived.
    """

    tracker: Tracker
    encoding: tuple[str, str]
    anchor: Anchor | None = None
    observed: Anchor | None = None
    retry_at: int | None = None
    warned: bool = False
    handled: tuple[int, list[ModelMessage]] | None = None
    refused_at: int | None = None
    resend: list[ModelMessage] | None = None
    handle: str | None = None
    asked: bool = False
    used: int = 0
    spent: int = 0
    taken: set[str] = field(default_factory=set)
    began: float | None = None
    task: str = ''
    streamed: bool = False
    limited: int = -1
    lease: Any = None
    removed: int = 0
    trimmed: int = 0
    ahead: asyncio.Task[Prepared | None] | None = None
    tool_tokens: ToolTokens = field(default_factory=ToolTokens)
    archived: Remembered = field(default_factory=Remembered)
    _sent: tuple[int, int] | None = None
    _seen: list[ModelMessage] = field(default_factory=list)
    _shadow: list[ModelMessage] = field(default_factory=list)
    _indexed: int = 0

    @classmethod
    def start(cls, counter: Counter) -> Conversation:
        """A conversation of which nothing is known yet."""
        return cls(Tracker(MessageReader(counter)), (counter.encoding, counter.family))

    def handled_in(self, step: int) -> bool:
        """Whether this run step's request has been brought within its budget."""
        return self.handled is not None and self.handled[0] == step

    def working(self, messages: list[ModelMessage]) -> list[ModelMessage]:
        """The history to work on: the last result followed by what is new, where the run keeps its own record."""
        seen = self._seen
        if self._shadow and len(messages) >= len(seen) and all(map(is_, seen, messages)):
            return [*self._shadow, *messages[len(seen) :]]
        return messages

    def follow(self, messages: Sequence[ModelMessage], calibration: Calibration | None) -> Calibration | None:
        """Takes in the history of the next request; returns the calibration with what the last response told."""
        grown = self.tracker.update(messages, audit_all=self._sent is None)
        sent, self._sent = self._sent, None
        if not grown or sent is None:
            self.anchor = self.observed = None
            return calibration
        at, base = sent
        response = self.tracker.messages[at] if len(self.tracker.messages) > at else None
        if response is None or response.reported is None:
            return calibration
        now = Anchor(response.reported, base + response.tokens)
        if self.observed is not None and calibration is not None:
            calibration = calibration.observe(now.reported - self.observed.reported, now.base - self.observed.base)
        self.anchor = self.observed = now
        return calibration

    def settle(self, compaction: Compaction[ModelMessage], instead_of: list[ModelMessage] | None) -> None:
        """Remembers what is about to be sent; `instead_of` what stays in the run's own record, if that differs."""
        sent = compaction.messages
        self.used = compaction.tokens_after
        if compaction.changed:
            self.removed += compaction.tokens_before - compaction.tokens_after
            self.trimmed = 0
            self.handle = newest_handle(sent)
            self.tracker.update(sent)
            self.observed = None
            if self.anchor is not None:
                self.anchor = Anchor(compaction.tokens_after, self.tracker.tokens)
        if instead_of is not None:
            self._seen, self._shadow = list(instead_of), list(sent)
        self._sent = (len(sent), self.tracker.tokens)
        limits = compaction.limits
        if compaction.outcome in ('compacted', 'incompressible') and not compaction.fits:
            # What a good compaction would have earned, but never so much that the hard limit comes first.
            room = (limits.hard - compaction.tokens_after) // 2
            pause = max(256, min(limits.trigger - limits.goal, room))
            if self.retry_at is None or compaction.tokens_after >= self.retry_at:
                self.retry_at = compaction.tokens_after + pause
        elif compaction.tokens_after < limits.trigger:
            self.retry_at = None

    def drop_ahead(self) -> None:
        """Forgets the summary that was written ahead, finished or not."""
        task, self.ahead = self.ahead, None
        if task is not None:
            task.cancel()

    def index_ahead(self, compaction: Compaction[Any]) -> None:
        """Reads some lines that a digest will need, once the request is past half of the trigger.

        A compaction then finds them done; a few messages a request keep it off any single request's way.
        """
        if compaction.outcome != 'below' or compaction.tokens_after < compaction.limits.trigger // 2:
            self._indexed = 0 if compaction.changed else self._indexed
            return
        messages = self.tracker.messages
        end = min(len(messages), self._indexed + INDEXED_AHEAD)
        for message in messages[self._indexed : end]:
            for part in message.parts:
                lines_of(part)
        self._indexed = end

    def sent_as_is(self) -> None:
        """Remembers that the history was sent as it came."""
        self._sent = (len(self.tracker.messages), self.tracker.tokens)

    def take_over(self, before: Conversation) -> None:
        """Goes on for another state of the run, that of a model which counts in another encoding."""
        for name in RUN:
            setattr(self, name, getattr(before, name))
        before.drop_ahead()
        self.not_answered()

    def sent_instead(self, messages: list[ModelMessage], sent: list[ModelMessage]) -> None:
        """Remembers what is about to be sent; `messages` is what stays in the run's own record, if that differs."""
        self._seen, self._shadow = (list(messages), list(sent)) if sent is not messages else ([], [])
        self.sent_as_is()

    def not_answered(self) -> None:
        """Forgets that the history was sent: the answer that follows it is somebody else's."""
        self._sent = None
