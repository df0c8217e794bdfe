"""The values that a compaction starts from and ends with: `RequestContext` in, `Compaction` out; all frozen."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from operator import is_
from typing import Generic, Literal, TypeVar

from compactor.history.changes import Removed, removed
from compactor.history.message import Message
from compactor.history.parse import Repair
from compactor.history.report import Holder, TokenReport, report
from compactor.policy import Limits
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets
from compactor.strategies import Summarise
from compactor.tokens.counter import Counter

M = TypeVar('M')
T = TypeVar('T')
Write = Callable[[Iterable[Message]], Sequence[T]]
"""Makes a framework's messages of neutral ones."""

Outcome = Literal['below', 'compacted', 'held_back', 'stood_aside', 'paused', 'incompressible']
"""What was decided: nothing to do; rewritten; put off to the next exchange boundary, because the provider binds
thinking to what precedes it, or to the end of a phase, as the policy says; left alone, because the provider keeps the
history; not tried again yet, because the last attempt got no further; nothing left to shrink."""


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
        answer: tokens that the caller lets the answer take; None where the caller sets no limit.
        provider: name of the provider that will answer, for its rules on thinking.
        model: name of the model that will answer.
        anchor: the provider's own figure to count from, if there is one.
        uncounted: tokens of the anchor that cannot be counted here, where they are many; no compaction removes them.
        sending: the history is about to be sent, so no answer to an open call can come any more.
        server_state: why the provider, and not the client, keeps this history; None if it does not.
        reads_from: index of the message from which on the provider reads the history, because its own compaction stands
            there; None where it reads all of it, or keeps it out of reach.
        frame: tokens that the framework spends on the words around a summary of ours.
        mended: what was sent before is not what was recorded, but a cut and mended form of it, which goes on as it is.
        cold: the provider's prompt cache has forgotten the history by now, so a rewrite loses nothing.
        retry_at: do not compact below this size again: the last attempt got no further.
        archive: the driver archives what a compaction takes out (it answers a `Deposit`), so that a mark may name it.
        recall: the model has the tool that reads the archive.
        summarising: takes the place of a digest, because the driver can ask a model; the plain digest takes over
            where it fails.
        secrets: what is redacted in whatever is quoted of the history: digests and a summariser's prompts, the reasons
            of failures; None for nothing.
    """

    counter: Counter
    overhead: int = 0
    window: int | None = None
    answer: int | None = None
    provider: str | None = None
    model: str | None = None
    anchor: Anchor | None = None
    uncounted: int = 0
    sending: bool = True
    server_state: str | None = None
    reads_from: int | None = None
    frame: int = 0
    mended: bool = False
    cold: bool = False
    retry_at: int | None = None
    archive: bool = False
    recall: bool = False
    summarising: Summarise | None = None
    secrets: Secrets | None = HIGH_CONFIDENCE

    def estimate(self, base: int) -> int:
        """Tokens of a request whose history has `base` units."""
        if self.anchor is not None:
            return max(0, self.anchor.reported + self._scaled(base - self.anchor.base))
        return self.overhead + self._scaled(base)

    def read(self, messages: Sequence[Message], base: int) -> int:
        """Tokens of a request with this history as the provider reads it; `base` is the size of all of it."""
        if self.reads_from is None or self.anchor is not None:
            return self.estimate(base)
        return self.estimate(sum(message.tokens for message in messages[self.reads_from :]))

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


def written(compaction: Compaction[Message], messages: Sequence[T], write: Write[T]) -> Compaction[T]:
    """The compaction in a framework's own messages.

    Args:
        compaction: over neutral messages.
        messages: what was handed in, given back where nothing changed.
        write: makes the framework's messages of neutral ones.
    """
    raws = write(compaction.messages) if compaction.changed else messages
    kept = {name: getattr(compaction, name) for name in compaction.__dataclass_fields__ if name != 'messages'}
    return Compaction(**kept, messages=raws)


def rewritten(compaction: Compaction[T], messages: list[T]) -> list[T]:
    """The history as strategies have rewritten it, its untouched end as it was handed in.

    What was repaired for sending is repaired again at the next request, and so never enters a record: a call that
    waits for an approval stays open in it.

    Args:
        compaction: what was made of the messages, a message of the framework for each neutral one.
        messages: what was handed in.
    """
    if not compaction.applied:
        return messages
    before, view = compaction.before, compaction.view
    kept = 0
    while kept < min(len(before), len(view)) and _same(before[-1 - kept], view[-1 - kept]):
        kept += 1
    places = {id(raw): i for i, raw in enumerate(messages)}
    for at in range(len(view) - kept, len(view)):
        place = places.get(id(view[at].raw))
        if place is not None:
            return [*compaction.messages[:at], *messages[place:]]
    return list(compaction.messages)


def _same(a: Message, b: Message) -> bool:
    return a is b or (a.raw is b.raw and len(a.parts) == len(b.parts) and all(map(is_, a.parts, b.parts)))
