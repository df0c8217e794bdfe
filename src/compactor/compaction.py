"""The values that a compaction starts from and ends with: `RequestContext` in, `Compaction` out; all frozen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Literal, TypeVar

from compactor.history.changes import Removed, removed
from compactor.history.message import Message
from compactor.history.parse import Repair
from compactor.history.report import Holder, TokenReport, report
from compactor.policy import Limits
from compactor.strategies import Summarise
from compactor.tokens.counter import Counter

M = TypeVar('M')

Outcome = Literal['below', 'compacted', 'held_back', 'stood_aside', 'paused', 'incompressible']
"""What was decided: nothing to do; rewritten; put off to the next exchange boundary, because the provider binds
thinking to what precedes it; left alone, because the provider keeps the history; not tried again yet, because the
last attempt got no further; nothing left to shrink."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a provider reported for a request of this history, newer than its last rewrite.

    Attributes:
        reported: tokens of the whole request and its response, instructions and tools included.
        base: size of the messages it covers, in the units of the local tokenizer.
    """

    reported: int
    base: int


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What is known about the request that the history is for; frozen, so that `fit` stays deterministic.

    Attributes:
        counter: counts in the model's tokens.
        overhead: tokens of instructions and tool definitions.
        window: the model's context window in tokens, if known.
        provider: name of the provider that will answer, for its rules on thinking.
        model: name of the model that will answer.
        anchor: the provider's own figure to count from, if there is one.
        sending: the history is about to be sent, so no answer to an open call can come any more.
        server_state: why the provider, and not the client, keeps this history; None if it does not.
        retry_at: do not compact below this size again: the last attempt got no further.
        archive: the driver archives what a compaction takes out (it answers a `Deposit`), so that a mark may name it.
        recall: the model has the tool that reads the archive.
        summarising: takes the place of a digest, because the driver can ask a model; the plain digest takes over
            where it fails.
    """

    counter: Counter
    overhead: int = 0
    window: int | None = None
    provider: str | None = None
    model: str | None = None
    anchor: Anchor | None = None
    sending: bool = True
    server_state: str | None = None
    retry_at: int | None = None
    archive: bool = False
    recall: bool = False
    summarising: Summarise | None = None

    def estimate(self, base: int) -> int:
        """Tokens of a request whose history has `base` units."""
        if self.anchor is not None:
            return max(0, self.anchor.reported + self._scaled(base - self.anchor.base))
        return self.overhead + self._scaled(base)

    def base_for(self, tokens: int, base: int) -> int:
        """The largest history, in units, whose request has at most `tokens`; `base` is its size now."""
        excess = self.estimate(base) - tokens
        if self.counter.ratio == 1:
            return base - excess
        return base - math.ceil(excess / self.counter.ratio) - 1  # one unit for rounding twice

    def _scaled(self, base: int) -> int:
        return self.counter.scale(base) if base >= 0 else -self.counter.scale(-base)


DIGEST, SUMMARISE = 'digest', 'summarise'
"""What the digest is called without and with a summary."""
ARCHIVE = 'archive'
"""What a failed archive is called in a `Failure`."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A strategy that changed the history, with the request's tokens before and after."""

    strategy: str
    tokens_before: int
    tokens_after: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A strategy that raised, or whose result broke a law; the history went on without it."""

    strategy: str
    reason: str


@dataclass(frozen=True)
class Compaction(Generic[M]):
    """The result: what to send, and an account of what was done to it.

    Attributes:
        messages: the history to send; unchanged messages are the same objects.
        changed: whether it differs from what was handed in.
        tokens_before: tokens of the request as handed in, instructions and tool definitions included.
        tokens_after: the same for `messages`.
        target: the size that was to be reached.
        fits: whether `tokens_after` is within `target`; when nothing had to be done, within the hard limit.
        incompressible: when it does not fit, the parts that hold most of what is left, largest first.
        repairs: defects of the recorded history that were mended.
        applied: strategies that changed something, in order.
        failures: strategies that failed and were skipped.
        outcome: what was decided, see `Outcome`.
        limits: the policy's limits for this model.
        kept_prefix: messages from the start that are unchanged: how far a provider's prompt cache reaches.
        context: the request it was made for.
        before: the neutral view of what was handed in, after its repairs.
        view: the neutral view of `messages`.
    """

    messages: Sequence[M]
    changed: bool
    tokens_before: int
    tokens_after: int
    target: int
    fits: bool
    incompressible: tuple[Holder, ...]
    repairs: tuple[Repair, ...]
    applied: tuple[Applied, ...]
    failures: tuple[Failure, ...]
    outcome: Outcome
    limits: Limits
    kept_prefix: int
    context: RequestContext
    before: Sequence[Message]
    view: Sequence[Message]

    @cached_property
    def removed(self) -> tuple[Removed, ...]:
        """What went or became smaller; found on demand, because most requests never ask."""
        return removed(self.before, self.view)

    @property
    def report(self) -> TokenReport:
        """Where the tokens of the result go."""
        context = self.context
        return report(
            self.view,
            context.counter.scale,
            model=context.model,
            budget=context.window or self.limits.max_input,
            overhead=context.overhead,
            method=context.counter.method,
        )
