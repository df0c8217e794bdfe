"""The interface of the telemetry: under which name, level, message and attributes each event is sent.

Names, messages and attributes stay as they are; dashboards and alerts are built on them. `docs/observability.md` lists
them. No attribute has a name that Logfire scrubs (auth, session, ...), and no message holds more than names, figures
and reasons of our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from types import MappingProxyType
from typing import Final

from compactor.telemetry import events

DEBUG, INFO, WARN, ERROR = 5, 9, 13, 17
"""Levels as numbers, as OpenTelemetry and Logfire have them."""

RUN: Final = 'gen_ai.agent.call.id'
"""The run's id goes under the name that pydantic-ai's own spans have for it."""

QUOTING: Final = frozenset(('reason', 'why'))
"""Fields whose text may repeat what somebody else has said: an error's message, a prompt's words."""


@dataclass(frozen=True)
class Record:
    """How one kind of event is sent.

    Attributes:
        kind: the event.
        name: the name of its span.
        level: its level, see `INFO`.
        message: its message; fields of the event in braces.
        renamed: fields whose attribute has another name; all others are sent under their own.
        own_words: of the fields in `QUOTING`, those that hold only words of this library.
        span: it took time, which `seconds` says; all others are moments.
    """

    kind: type[events.Event]
    name: str
    level: int
    message: str
    renamed: Mapping[str, str] = field(default_factory=dict)
    own_words: frozenset[str] = frozenset()
    span: bool = False

    @cached_property
    def attributes(self) -> tuple[tuple[str, str, bool], ...]:
        """(field, attribute, whether it may quote) of each field, in order."""
        names = {'run_id': RUN, **self.renamed}
        return tuple(
            (one.name, names.get(one.name, one.name), one.name in QUOTING - self.own_words) for one in fields(self.kind)
        )


COMPACTION: Final = {
    'tokens_before': 'compaction.tokens_before',
    'tokens_after': 'compaction.tokens_after',
    'messages_before': 'compaction.messages_before',
    'messages_after': 'compaction.messages_after',
    'parts_removed': 'removed',
    'seconds': 'duration',
}
"""Attributes of a compaction, as others name them too."""

_OWN = frozenset(QUOTING)

_TABLE = (
    # station 1: what tools return
    Record(
        events.OutputReduced,
        'output_reduced',
        INFO,
        'Output reduced: {tool} from {tokens_before} to {tokens_after} tokens ({kind}, {level})',
    ),
    Record(events.ToolAnswered, 'tool_cache_hit', INFO, 'Tool cache hit: {tool}, {age}s old'),
    Record(events.OutputFailed, 'output_failed', WARN, 'Output left as it was: {tool}'),
    # station 2: the history
    Record(
        events.RequestChecked,
        'request_checked',
        DEBUG,
        'Request checked: {tokens_before} tokens, {tokens_after} sent ({outcome})',
    ),
    Record(
        events.Compacted,
        'compact_messages',
        INFO,
        'Compaction: {tokens_before} to {tokens_after} tokens',
        COMPACTION,
        span=True,
    ),
    Record(events.Repaired, 'history_repaired', WARN, 'History repaired: {defects}'),
    Record(events.Reacquired, 'result_reacquired', INFO, 'Got again: {tokens} tokens by {tool} ({way})'),
    Record(events.CompactionAsked, 'compaction_asked', INFO, 'Compaction asked for: {tokens} tokens to {target}'),
    Record(events.CutResumed, 'cut_resumed', INFO, 'Cut resumed: {covers} messages, from {where}'),
    Record(events.CutIgnored, 'cut_ignored', WARN, 'Cut ignored, from {where}'),
    Record(events.MarkUnknown, 'mark_unknown', INFO, 'Marks of an unknown key: {count}'),
    Record(events.PinUnknown, 'pin_unknown', WARN, 'Pinned content of an unknown key: {count}'),
    Record(events.KeyMissing, 'key_missing', WARN, 'No key lasts longer than this process'),
    Record(events.CutForgotten, 'cut_forgotten', INFO, 'No earlier cut known of {tokens} tokens'),
    Record(events.NearLimit, 'context_warning', WARN, 'Context warning: {model} at {tokens} of {limit} tokens'),
    Record(events.TargetMissed, 'target_missed', WARN, 'Target missed: {tokens} tokens left, {target} wanted'),
    Record(events.StrategyFailed, 'strategy_failed', WARN, 'Strategy left out: {strategy}'),
    Record(events.ArchiveFailed, 'archive_failed', WARN, 'Archive failed: nothing of this compaction can be restored'),
    Record(events.ArchivePaused, 'archive_paused', WARN, 'Archive left alone for {seconds}s'),
    Record(events.SummaryStarted, 'summary_started', INFO, 'Summary asked for: {model}'),
    Record(events.SummaryWritten, 'summary_written', INFO, 'Summary written: {tokens} tokens by {model}'),
    Record(events.SummaryFailed, 'summary_failed', WARN, 'Summary failed: {model}'),
    Record(events.HeldBack, 'compaction_held_back', INFO, 'Compaction held back at {tokens} tokens'),
    Record(events.StoodAside, 'compaction_stood_aside', INFO, 'Compaction stood aside: {reason}', own_words=_OWN),
    Record(
        events.LimitNotHeld,
        'limit_not_held',
        WARN,
        'Limit not held: {tokens} tokens, limit {limit} ({reason})',
        own_words=_OWN,
    ),
    Record(events.RequestRefused, 'request_refused', ERROR, 'Request refused: {tokens} tokens, limit {limit}'),
    Record(
        events.OverflowRetried,
        'overflow_retried',
        WARN,
        'Too long for {model}: {tokens_before} tokens, sent again with {tokens_after}',
    ),
    Record(
        events.UsageDoubted,
        'usage_doubted',
        WARN,
        'Usage not believed: {model} reports {reported} tokens of {counted} ({reason})',
        own_words=_OWN,
    ),
    Record(
        events.UncountedTokens,
        'uncounted_tokens',
        WARN,
        'Tokens that cannot be counted here: {model} reports {reported}, counted are {counted}',
    ),
    Record(
        events.WindowAssumed,
        'window_assumed',
        WARN,
        'Window unknown: {window} tokens are assumed for {model}; {remedy}',
    ),
    # station 3: the request
    Record(events.TaskDetected, 'task_detected', INFO, 'Task detected: {task} ({max_tokens} tokens)', own_words=_OWN),
    Record(events.AnswerCut, 'answer_cut', WARN, 'Answer cut: {task} at {max_tokens} tokens'),
    # station 4: the model
    Record(
        events.WorkloadRouted,
        'workload_routing',
        INFO,
        'Workload routing: {agent} -> {workload} -> {model}',
        {'model': 'orchestrated_model'},
    ),
    Record(events.CapacityWarning, 'capacity_warning', WARN, 'Capacity warning: {model} at {pct}% ({limit_type})'),
    Record(events.RateLimited, 'rate_limit', WARN, 'Rate limit: {model} ({workload}) - cooldown {cooldown}s'),
    Record(
        events.FailoverTriggered,
        'failover_triggered',
        WARN,
        'Failover triggered: {from_model} -> {to_model} ({error_type})',
        {'model': 'to_model'},
    ),
    Record(events.FailoverSucceeded, 'failover_succeeded', INFO, 'Failover success: now using {model}'),
    Record(events.Recovered, 'failover_recovered', INFO, 'Failover over: {model} answers again after {seconds}s'),
    Record(events.Paced, 'request_paced', INFO, 'Request waits {seconds}s for {model} ({reason})', own_words=_OWN),
    Record(events.CacheHit, 'cache_hit', INFO, 'Cache hit: {tokens_saved} tokens saved ({model})'),
    # station 5: the answer
    Record(
        events.RequestAnswered,
        'request_answered',
        DEBUG,
        'Request answered: {model} ({finish_reason})',
    ),
    Record(events.BudgetWarning, 'budget_warning', WARN, 'Budget warning: {budget} at {used} of {limit} {unit}'),
    Record(events.BudgetRefused, 'budget_exceeded', ERROR, 'Budget exceeded: {budget} at {used} of {limit} {unit}'),
    Record(
        events.AlertRaised, 'alert_raised', WARN, 'Alert: {alert}, {measure} of {subject} at {value}, above {above}'
    ),
    Record(events.StoreUnavailable, 'store_unavailable', WARN, 'Store unavailable: {part}'),
    Record(events.StoreLost, 'store_lost', ERROR, 'Store lost: its file was deleted or replaced ({part})'),
    Record(events.ToolNameTaken, 'tool_name_taken', WARN, 'Tool not offered: {tool} is the name of another'),
    Record(events.ProcessorMode, 'processor_mode', INFO, 'Processor mode: some stations cannot work'),
)

RECORDS: Final[Mapping[type[events.Event], Record]] = MappingProxyType({record.kind: record for record in _TABLE})
"""By the event's class; an event of another class is not sent."""
