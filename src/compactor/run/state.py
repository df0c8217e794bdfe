"""The state of one run between its requests: what is the run's, holding what is one encoding's."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from compactor.archive.remembered import Remembered
from compactor.compaction import Compaction
from compactor.history.beside import Beside
from compactor.history.message import Foreign
from compactor.history.seal import NOBODY, Seal
from compactor.history.track import Reader
from compactor.ledger.context import Context
from compactor.ledger.reacquired import Reacquired
from compactor.request.task import Task
from compactor.run.by_part import ByPart
from compactor.run.counted import Counted
from compactor.run.cut import Cut
from compactor.run.reacquiring import Taken
from compactor.run.summaries import Prepared
from compactor.tokens.counter import Counter

Encoding = tuple[str, str]
"""What a count hangs on: the local tokenizer's encoding, and the family that media are sized for."""


@dataclass(slots=True)
class Limit:
    """How long the answers of a run may be.

    Attributes:
        task: what its last request was taken for.
        tokens: the `max_tokens` that we have set for that request; None if we have not.
        step: the run step of that request.
        least: a limit that a cut answer has shown to be needed.
        repeated: the run step whose answer was asked for once more.
        resend: the limit for that second attempt, until it is sent.
        told: task and limit of the last event.
        tools: the tool definitions last looked at, and whether some of them take long texts.
    """

    task: Task = Task.UNKNOWN
    tokens: int | None = None
    step: int = -1
    least: int = 0
    repeated: int = -1
    resend: int | None = None
    told: tuple[Task, int | None] | None = None
    tools: tuple[Sequence[Any], bool] = field(default=((), False))


@dataclass(slots=True)
class RunState:
    """One request at a time, as runs are sequential. Whatever stands here is the run's, whichever model counts it.

    Attributes:
        reader: reads the framework's messages, counted by one counter, with what is known of the words beside results.
        counted: the history in the encoding in force; None before the first request.
        limit: how long answers may be.
        home: the asyncio task that drives the run; a streamed request lives in another.
        handled: (run step, messages returned) of the last request, so that a second plug does nothing.
        processed: run step of the last request that was handled as a history processor.
        refused_at: run step of the last request that the provider refused as too long.
        refusals: how often that request was refused; it is sent again twice at most.
        resent: tokens of it as it was last sent.
        enclosed: run step of the last request whose other hooks run within ours (see `Compactor._put`).
        sending: what is sent in the place of what is recorded, until the hook that sends it.
        resend: the smaller history for the second attempt at that request.
        cut: how the history of the request in flight was cut, until its answer is there to note it with.
        handle: the archive's handle in what was last rewritten and sent, which the run's record may not show.
        looked: whether it was looked for what earlier runs have left out of the conversation.
        left_out: something was left out of the conversation that an archive keeps.
        offering: whether the run was offered the tool `recall`.
        plain: a tool of ours that came along is declared among the others (see `agent/arrival.py` of the adapter).
        name_taken: a tool of others is called that.
        asked: the model asked for a compaction since the last request.
        focus: what it asked the compaction to keep most of, '' for nothing.
        asked_at: the run steps at which it asked and was not refused.
        spent: tokens of the tools' results so far, where a policy limits them.
        taken: ids of the calls whose results were taken at their tool's hook since the last request.
        bare: messages by identity, each with what is sent of it without secrets, where policy has everything redacted.
        began: when the request in flight was sent, on a clock of seconds that only goes forward; None if none is.
        out: whether it has been handed on to be sent, behind everything that may have it wait.
        got: the answer to it, from the moment it is there.
        task: what the request in flight was taken for, '' if nobody looked.
        streamed: whether it is streamed, as far as can be seen.
        unsized: run step of the last request that got its limit only after its history (see `before_model_request`).
        lease: what is set aside in budgets for the request in flight.
        removed: tokens that compactions have taken out of this run's history.
        trimmed: tokens that were cut from outputs since the last compaction.
        archived: the keys of what its compactions have archived.
        durable: a durable engine carries the run out; None where nobody has looked.
        replayed: the last answer was given before, and only read again by a durable engine.
        calls: tools of its that are at work, maybe with runs of their own.
        beside: what its tools put beside their results, as their hooks saw it.
        seal: by which notes of ours in its history, as it is sent, are known.
        record_seal: the same of its record, for what is noted there of a cut.
        told_foreign: what was told of that looks like notes of ours in its history.
        over: it was broken off: nothing more is sent for it.
        kept: handles of the whole outputs that results since the last request were cut from, by the id of the call.
        gone: what compactions have taken of its conversation; None before the first request.
        reacquired: what of that it got again since the last request was written down.
        remembered: what the application wants in the request in flight, beside its history; '' for nothing.
        remembered_in: run step of the request for which it was asked.
        by_part: what its history is made of.
        context: what the request in flight is made of; None where nobody has looked.
        framed: of the request in flight, tokens that frames of prompts added (`routing.frames`).
        framed_as: what its prompt was taken for then; '' where there are none.
    """

    reader: Callable[[Counter, Beside, Callable[[], Seal]], Reader]
    counted: Counted | None = None
    limit: Limit = field(default_factory=Limit)
    home: int | None = None
    handled: tuple[int, list[Any]] | None = None
    processed: int = -1
    refused_at: int | None = None
    refusals: int = 0
    resent: int = 0
    enclosed: int = -1
    sending: list[Any] | None = None
    resend: list[Any] | None = None
    cut: Cut | None = None
    handle: str | None = None
    looked: bool = False
    left_out: bool = False
    offering: bool = False
    plain: bool = False
    name_taken: bool = False
    asked: bool = False
    focus: str = ''
    asked_at: list[int] = field(default_factory=list)
    spent: int = 0
    taken: set[str] = field(default_factory=set)
    bare: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    began: float | None = None
    out: bool = False
    got: Any = None
    task: str = ''
    streamed: bool = False
    unsized: int = -1
    lease: Any = None
    removed: int = 0
    trimmed: int = 0
    archived: Remembered = field(default_factory=Remembered)
    calls: int = 0
    durable: bool | None = None
    replayed: bool = False
    beside: Beside = field(default_factory=Beside)
    seal: Seal = NOBODY
    record_seal: Seal = NOBODY
    told_foreign: set[Foreign] = field(default_factory=set)
    kept: dict[str, str] = field(default_factory=dict)
    over: bool = False
    gone: Taken | None = None
    reacquired: list[Reacquired] = field(default_factory=list)
    remembered: str = ''
    remembered_in: int = -1
    by_part: ByPart = field(default_factory=ByPart)
    context: Context | None = None
    framed: int = 0
    framed_as: str = ''
    _encoding: Encoding | None = None
    _others: dict[Encoding, Counted] = field(default_factory=dict)

    @property
    def used(self) -> int:
        """Tokens of the last request; 0 before the first."""
        return self.counted.used if self.counted is not None else 0

    @property
    def in_flight(self) -> bool:
        """Whether something is set aside for it, sent and not answered yet, or its tools are at work."""
        return self.lease is not None or self.began is not None or self.calls > 0

    def counted_in(self, counter: Counter) -> Counted:
        """The history in a counter's encoding, which is then in force.

        Models that count differently may take turns within a run: each finds its own again.
        """
        encoding = (counter.encoding, counter.family)
        if self.counted is None or encoding != self._encoding:
            if self.counted is not None and self._encoding is not None:
                self.counted.drop_ahead()
                self._others[self._encoding] = self.counted
            self.counted = self._others.pop(encoding, None) or Counted.start(
                self.reader(counter, self.beside, self.sealed)
            )
            self.counted.not_answered()
            self._encoding = encoding
        return self.counted

    def sealed(self) -> Seal:
        """The seal, as of now."""
        return self.seal

    def handled_in(self, step: int) -> bool:
        """Whether this run step's request has been brought within its budget."""
        return self.handled is not None and self.handled[0] == step

    def abandon(self) -> None:
        """Forgets the history as it was counted: work on it was given up that may still go on beside the loop."""
        self.drop_ahead()
        self.counted = self._encoding = None
        self.archived = Remembered()

    def settle(self, compaction: Compaction[Any], handle: str | None) -> None:
        """Takes note of what a compaction took out; `handle` is where the archive keeps it."""
        if compaction.changed:
            self.removed += compaction.tokens_before - compaction.tokens_after
            self.trimmed = 0
            self.handle = handle
            self.left_out = self.left_out or handle is not None

    def disown(self) -> None:
        """Leaves what is set aside, and the request in flight, to the process that this one is copied from."""
        self.lease = self.began = self.got = None
        self.out = False

    def drop_ahead(self) -> asyncio.Task[Prepared | None] | None:
        """Forgets the summary that was written ahead, finished or not; the task that wrote it, if there was one."""
        return None if self.counted is None else self.counted.drop_ahead()
