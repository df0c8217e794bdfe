"""One frozen event per thing an operator would want to know; `on_event` receives them as they happen.

Event
 ├── OutputReduced      what a tool returned was made smaller
 ├── ToolAnswered       a call of a cached tool was answered from what it answered before (`cache_tool`)
 ├── OutputFailed       an output could not be read or made smaller; it went on as it was
 ├── RequestChecked     every request: tokens before and after, what was decided, time spent
 ├── RequestAnswered    every answer: what it was taken for, how it ended, what stations have saved of its request
 ├── Compacted          a history was rewritten
 ├── Reacquired         an agent got again what a compaction had taken: recalled, read, or run once more
 ├── CompactionAsked    a model asked for a compaction: whether it is carried out at its next request
 ├── CutResumed         a history that was cut before is sent as it was: nothing of it is worked out again
 ├── CutIgnored         what is noted of an earlier cut cannot be used: another form, or another history
 ├── MarkUnknown        a history holds what looks like a note of ours, under no key that is known: it stays text
 ├── PinUnknown         the same of pinned content, which is then not kept
 ├── KeyMissing         no key lasts longer than this process: its notes are not known again (once per instance)
 ├── CutForgotten       a run begins with a history over its trigger of which no earlier cut is known
 ├── Repaired           defects of the recorded history were mended
 ├── NearLimit          a request came near the hard limit (once per crossing)
 ├── TargetMissed       a compaction could not reach its goal; it will not be tried again at once
 ├── StrategyFailed     a strategy raised, or its result broke a law; the request went on without it
 ├── ArchiveFailed      a compaction could not be archived; it went on, but nothing of it can be restored
 ├── ArchivePaused      the archive failed again and again and is left alone for a while (once per pause)
 ├── SummaryStarted     a model is asked for the narrative of a digest
 ├── SummaryWritten     its answer stands in the digest (or was written ahead, for the next one)
 ├── SummaryFailed      no usable answer came in time; the digest went on without
 ├── HeldBack           a compaction waits for the next exchange, because thinking is bound to the history
 ├── StoodAside         the provider keeps this history itself; nothing is rewritten
 ├── LimitNotHeld       such a history is over the hard limit, and nothing can be done (once per crossing)
 ├── RequestRefused     a request was at or above the hard limit after everything had shrunk
 ├── OverflowRetried    the provider refused a request as too long; it was compacted and sent again
 ├── UsageDoubted       what a response reported of its request is not believed (once a run)
 ├── UncountedTokens    a provider counts far more than can be counted here (once a run)
 ├── WindowAssumed      nobody knows a model's window; one is assumed (once a model)
 ├── TaskDetected       what a request was taken for, and its `max_tokens` (once per change)
 ├── AnswerCut          a limit of ours cut an answer; it is asked for once more where that is possible
 ├── BudgetWarning      a budget has reached the share at which it warns (once a period)
 ├── BudgetRefused      a request was refused because a budget had no room for it
 ├── CapacityWarning    a window of a model has filled past an edge (once for each edge and window)
 ├── RateLimited        a model refused, and is left alone for a while
 ├── FailoverTriggered  another model is asked in place of one that refused, cools down or has no room
 ├── FailoverSucceeded  that model has answered
 ├── Recovered          the model of first choice answers again
 ├── Paced              a request waited for room
 ├── WorkloadRouted     which model a request goes to, and why (at every decision)
 ├── CacheHit           a request was answered from the response cache
 ├── AlertRaised        a figure has gone beyond the value of a rule (once a crossing)
 ├── StoreUnavailable   the store could not be reached, read or written; the run went on, if policy says so
 ├── StoreLost          the store's file was deleted or replaced while it was open; what it held is gone
 ├── ToolNameTaken      a tool of ours is not offered, because one of the user's has its name (once per instance)
 └── ProcessorMode      plugged in as a history processor: some stations cannot work (once per instance)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from compactor.telemetry.event import Event as Event
from compactor.telemetry.model_events import CacheHit as CacheHit
from compactor.telemetry.model_events import CapacityWarning as CapacityWarning
from compactor.telemetry.model_events import FailoverSucceeded as FailoverSucceeded
from compactor.telemetry.model_events import FailoverTriggered as FailoverTriggered
from compactor.telemetry.model_events import Paced as Paced
from compactor.telemetry.model_events import RateLimited as RateLimited
from compactor.telemetry.model_events import Recovered as Recovered
from compactor.telemetry.model_events import WorkloadRouted as WorkloadRouted


@dataclass(frozen=True, slots=True)
class OutputReduced(Event):
    """What a tool returned was made smaller (or, in observe mode, would have been).

    Attributes:
        tool: the tool's name.
        kind: what its output was taken for (`outputs.kind.Kind`, or the name of a kind of the application's own).
        level: what became of it (`outputs.level.Level`).
        tokens_before: what it had; of a long output about, from its beginning.
        tokens_after: what it has.
        observed: nothing was changed.
    """

    tool: str
    kind: str
    level: str
    tokens_before: int
    tokens_after: int
    observed: bool


@dataclass(frozen=True, slots=True)
class ToolAnswered(Event):
    """A call of a cached `tool` was answered by what the same call had returned `age` seconds before."""

    tool: str
    age: float


@dataclass(frozen=True, slots=True)
class OutputFailed(Event):
    """An output could not be read or made smaller and went on as it was: `reason` names the exception."""

    tool: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestChecked(Event):
    """A request went through the compactor; tokens include instructions and tool definitions."""

    tokens_before: int
    tokens_after: int
    outcome: str
    method: str
    seconds: float


@dataclass(frozen=True, slots=True)
class RequestAnswered(Event):
    """A request was answered; `model` is the one that has. Needs a capability.

    Attributes:
        task: what the request was taken for (`request.task.Task`), '' if nobody looked.
        finish_reason: why the answer ended, such as 'stop' or 'length'; None where nobody tells.
        cached: it was answered from the response cache.
        input_tokens: tokens of the request, as reported.
        output_tokens: tokens of the answer, as reported.
        saved_by_compaction: tokens that the request would have had besides, without compactions; negative if it has
            more.
        saved_by_outputs: the same for outputs within budgets.
        saved_by_cache: tokens, input and output, of the answer that was not asked for again.
        cost: dollars; None without a ledger (`Compactor(store=...)`), and where no price is known.
    """

    task: str
    finish_reason: str | None
    cached: bool
    input_tokens: int
    output_tokens: int
    saved_by_compaction: int
    saved_by_outputs: int
    saved_by_cache: int
    cost: Decimal | None


@dataclass(frozen=True, slots=True)
class Compacted(Event):
    """A history was rewritten (or, in observe mode, would have been)."""

    tokens_before: int
    tokens_after: int
    messages_before: int
    messages_after: int
    target: int
    strategies: tuple[str, ...]
    parts_removed: int
    fits: bool
    observed: bool
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Repaired(Event):
    """Defects of the recorded history were mended, each as `defect` or `defect (tool)`."""

    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reacquired(Event):
    """An agent got again what a compaction had taken.

    Attributes:
        tool: by which tool.
        way: 'recall' from the archive, 'reread' of a file, or 'rerun' of the same call.
        tokens: of the result.
    """

    tool: str
    way: str
    tokens: int


@dataclass(frozen=True, slots=True)
class CompactionAsked(Event):
    """A model asked for a compaction of `tokens` to `target`; `granted` where its next request is compacted.

    What came of it is told by `Compacted`, `TargetMissed` or `StrategyFailed` of that request.
    """

    tokens: int
    target: int
    granted: bool


@dataclass(frozen=True, slots=True)
class CutResumed(Event):
    """A history that was cut before is sent as it was.

    Attributes:
        where: 'metadata' of its messages, the 'memory' of this process, or the 'store'.
        covers: how many of its messages the cut stands for, neighbours of one speaker counted as one.
        handle: where the archive keeps what was left out; None where it is kept nowhere.
    """

    where: str
    covers: int
    handle: str | None


@dataclass(frozen=True, slots=True)
class CutIgnored(Event):
    """What is noted of an earlier cut, in the `where` of `CutResumed`, cannot be used, and why."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True)
class MarkUnknown(Event):
    """A history holds `count` texts that look like notes of ours and have no seal of a key that is known.

    They are text of whoever brought them, and stay as they stand: forged, or quoted, or made with another key or in
    another conversation.
    """

    count: int


@dataclass(frozen=True, slots=True)
class PinUnknown(Event):
    """The same of `count` texts that look like pinned content: they are kept no longer than any other text."""

    count: int


@dataclass(frozen=True, slots=True)
class KeyMissing(Event):
    """There is no key that lasts: notes of ours are known again in this process only.

    Set COMPACTOR_KEY, or say `Compactor(key=...)`. Durable workflows need one: a replay elsewhere has another key.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class CutForgotten(Event):
    """A run begins with a history of `tokens`, over its trigger, and no earlier cut of it is known.

    Either this is its first compaction, or the record lost the metadata of its messages and there is no store: each
    run then works its cut out anew, which costs time and a cold prompt cache.
    """

    tokens: int


@dataclass(frozen=True, slots=True)
class NearLimit(Event):
    """A request of `tokens` came near the hard limit."""

    tokens: int
    limit: int


@dataclass(frozen=True, slots=True)
class TargetMissed(Event):
    """A compaction ended above its goal; `held_by` names the parts that hold the tokens."""

    tokens: int
    target: int
    held_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StrategyFailed(Event):
    """A strategy was left out."""

    strategy: str
    reason: str


@dataclass(frozen=True, slots=True)
class ArchiveFailed(Event):
    """The archive raised, or could not hold a compaction; its mark names no archive."""

    reason: str


@dataclass(frozen=True, slots=True)
class ArchivePaused(Event):
    """The archive failed several times in a row, last for `reason`, and is left alone for `seconds`."""

    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SummaryStarted(Event):
    """The summariser is asked; `model` is the summariser.

    Attributes:
        prompts: how many prompts are asked at once (one more merges the answers of several).
        ahead: in the background, before the compaction.
    """

    prompts: int
    ahead: bool


@dataclass(frozen=True, slots=True)
class SummaryWritten(Event):
    """A summary was written and believed; `model` is the summariser.

    Attributes:
        tokens: its size, in tokens of the model that reads it.
        seconds: from the first question to the end of the compaction.
        requests: requests that the summariser answered, failed attempts included where their usage is known.
        input_tokens: what they cost, as reported.
        output_tokens: what they cost, as reported.
        ahead: in the background, before the compaction.
    """

    tokens: int
    seconds: float
    requests: int
    input_tokens: int
    output_tokens: int
    ahead: bool


@dataclass(frozen=True, slots=True)
class SummaryFailed(Event):
    """There was no summary to use, and `reason` says why: the digest went on without; `model` is the summariser."""

    reason: str


@dataclass(frozen=True, slots=True)
class HeldBack(Event):
    """A compaction was put off to the next exchange boundary, or to the end of a phase."""

    tokens: int


@dataclass(frozen=True, slots=True)
class StoodAside(Event):
    """Nothing was rewritten because the provider keeps the history; `reason` says how that was seen."""

    reason: str


@dataclass(frozen=True, slots=True)
class LimitNotHeld(Event):
    """A request of about `tokens` is over the hard limit and is sent all the same: the provider keeps its history."""

    tokens: int
    limit: int
    reason: str


@dataclass(frozen=True, slots=True)
class RequestRefused(Event):
    """A request was refused with `RequestTooLarge`."""

    tokens: int
    limit: int


@dataclass(frozen=True, slots=True)
class OverflowRetried(Event):
    """A request that the provider refused as too long was compacted to `tokens_after` and sent again."""

    tokens_before: int
    tokens_after: int


@dataclass(frozen=True, slots=True)
class UsageDoubted(Event):
    """What a response reported of its request is not believed, and nothing is counted from it.

    Attributes:
        reported: input tokens, as reported.
        counted: what was counted of the same request.
        reason: why it is not believed.
        window: tokens to which the server seems to truncate, which count as the model's window from here on; None where
            that cannot be told.
    """

    reported: int
    counted: int
    reason: str
    window: int | None


@dataclass(frozen=True, slots=True)
class UncountedTokens(Event):
    """A provider counts over 10 % more than can be counted here: hosted tools, files by id, the prompt of a proxy.

    The trigger hears of them from here on.
    """

    reported: int
    counted: int


@dataclass(frozen=True, slots=True)
class WindowAssumed(Event):
    """Nobody knows a model's window, so `window` tokens are assumed; `remedy` says how to set it."""

    window: int
    remedy: str


@dataclass(frozen=True, slots=True)
class TaskDetected(Event):
    """What a request was taken for; raised when that, or the limit, is another than for the run's last request.

    Attributes:
        task: `request.task.Task` by its value.
        max_tokens: the limit that was set (in observe mode: would have been); None for none.
        why: the phrase or circumstance that decided.
    """

    task: str
    max_tokens: int | None
    why: str


@dataclass(frozen=True, slots=True)
class AnswerCut(Event):
    """A limit of ours cut an answer.

    Attributes:
        task: what its request was taken for (`request.task.Task`).
        max_tokens: the limit that cut it.
        asked_again: the limit with which it is asked for once more; None where it is not: it was streamed, there is no
            more room, it was the second attempt, or policy says no.
    """

    task: str
    max_tokens: int
    asked_again: int | None


@dataclass(frozen=True, slots=True)
class BudgetEvent(Event):
    """How a budget stands.

    Attributes:
        budget: its name.
        unit: 'tokens', 'requests' or 'usd'.
        used: what is spent in this period.
        limit: what may be.
        resets: when the next period begins, in seconds since 1970.
    """

    budget: str
    unit: str
    used: float
    limit: float
    resets: float


@dataclass(frozen=True, slots=True)
class BudgetWarning(BudgetEvent):
    """A budget has reached the share at which it warns; once a period, however many processes count."""


@dataclass(frozen=True, slots=True)
class BudgetRefused(BudgetEvent):
    """A request was refused with `BudgetExceeded`."""


@dataclass(frozen=True, slots=True)
class AlertRaised(Event):
    """A figure has gone beyond the value of a rule (`policies.watch`); told once, until it has fallen below again.

    Attributes:
        alert: the rule's name.
        measure: what it looks at, such as 'cost' (`ledger.alerts.Measure`).
        by: what it was added up for: 'all', 'agent', 'model' or 'task'.
        subject: of which agent, model, task or budget; '' for everything together.
        value: the figure.
        above: the value of the rule.
        level: 'warning' or 'error'.
    """

    alert: str
    measure: str
    by: str
    subject: str
    value: float
    above: float
    level: str


@dataclass(frozen=True, slots=True)
class StoreUnavailable(Event):
    """The store could not be reached, read or written: `part` of the library that needed it, and why."""

    part: str
    reason: str


@dataclass(frozen=True, slots=True)
class StoreLost(Event):
    """The store's file was deleted or replaced while it was open: it was made anew, and what it held is gone.

    `part` of the library has noticed.
    """

    part: str


@dataclass(frozen=True, slots=True)
class ToolNameTaken(Event):
    """A tool of ours is not offered, because one of the user's has its `tool` name; `setting` switches ours off."""

    tool: str
    setting: str


@dataclass(frozen=True, slots=True)
class ProcessorMode(Event):
    """Plugged in as a history processor; `missing` lists what needs `capabilities=[...]`."""

    missing: tuple[str, ...]


Sink = Callable[[Event], None]
"""Receives events. What it raises is logged once and never reaches the agent."""
