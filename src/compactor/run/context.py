"""What is known about a request that a history is for, as the pipeline wants it."""

from __future__ import annotations

from collections.abc import Sequence

from compactor.compaction import RequestContext
from compactor.history.going_on import A_COMPACTION, GoesOnFrom, never, read_from
from compactor.history.track import Tracker
from compactor.run.clock import monotonic
from compactor.run.counted import Counted
from compactor.run.learned import Learned
from compactor.run.model_name import ModelName
from compactor.run.overhead import overhead
from compactor.run.run import Tools


def request_context(
    learned: Learned,
    name: ModelName,
    counted: Counted,
    instructions: Sequence[str],
    tools: Tools,
    kept_by_provider: str | None,
    goes_on_from: GoesOnFrom = never,
    frame: int = 0,
) -> RequestContext:
    """The context of a request that is about to be sent, without an archive.

    Args:
        learned: counters and windows of models.
        name: the model that will answer.
        counted: the history.
        instructions: what travels beside messages and tools.
        tools: the tools that travel along.
        kept_by_provider: why the provider keeps the history; None if it does not.
        goes_on_from: whether the model takes up the compaction in a message.
        frame: tokens that the framework spends on the words around a summary of ours.
    """
    counter = learned.counter(name)
    beside = overhead(instructions, tools, counted.tool_tokens, counter)
    if learned.calibrates and not kept_by_provider:
        counted.finding = counted.weighed(counter, beside, learned.known(name), learned.told(name))
        if counted.finding is not None and counted.finding.window is not None:
            learned.learn_window(name, counted.finding.window)
    start = None if kept_by_provider else read_from(counted.tracker, goes_on_from)
    corrects = counter.method != 'exact' or counted.trust.uncounted > 0
    anchor = counted.anchor if learned.calibrates and corrects else None
    if start is not None and not _answered(counted.tracker, start):
        anchor = None  # it was reported for what the compaction has taken the place of
    return RequestContext(
        counter=counter,
        overhead=beside,
        window=learned.window(name),
        provider=name.provider,
        model=name.full,
        anchor=anchor,
        uncounted=counted.trust.uncounted if anchor is not None else 0,
        sending=True,
        server_state=kept_by_provider or (A_COMPACTION if start is not None else None),
        reads_from=start,
        frame=frame,
        cold=counted.sent_at is not None and monotonic() - counted.sent_at >= COLD,
    )


COLD = 300.0
"""Seconds after which a prompt cache is taken to have forgotten a history: the shortest documented life, Anthropic's
default of five minutes."""


def _answered(tracker: Tracker, at: int) -> bool:
    """Whether a response follows a message."""
    return any(message.role == 'response' for message in tracker.messages[at + 1 :])
