"""One event of each kind, with a value in every field."""

from __future__ import annotations

from decimal import Decimal

from compactor.telemetry import events

RUN, MODEL = 'run-1', 'cerebras:zai-glm-4.7'

SAMPLES: tuple[events.Event, ...] = (
    events.OutputReduced(RUN, MODEL, 'read', 'json', 'summarized', 9_000, 900, False),
    events.ToolAnswered(RUN, MODEL, 'read', 12.5),
    events.OutputFailed(RUN, MODEL, 'read', 'RecursionError: too deep in {"password": "hunter2"}'),
    events.RequestChecked(RUN, MODEL, 9_000, 4_000, 'compacted', 'exact', 0.002),
    events.RequestAnswered(RUN, MODEL, 'review', 'stop', False, 4_000, 300, 5_000, 100, 0, Decimal('0.0123')),
    events.Compacted(RUN, MODEL, 9_000, 4_000, 21, 6, 5_000, ('clear', 'digest'), 15, True, False, 0.25),
    events.Repaired(RUN, MODEL, ('orphaned result (read)',)),
    events.Reacquired(RUN, MODEL, 'read', 'reread', 1_200),
    events.CompactionAsked(RUN, MODEL, 12_000, 5_000, True),
    events.CutResumed(RUN, MODEL, 'metadata', 120, '0123456789abcdef'),
    events.CutIgnored(RUN, MODEL, 'store', 'the history was edited, shortened or branched since'),
    events.MarkUnknown(RUN, MODEL, 2),
    events.PinUnknown(RUN, MODEL, 1),
    events.KeyMissing(RUN, MODEL, 'PermissionError: cannot write "/home/hunter2"'),
    events.CutForgotten(RUN, MODEL, 61_000),
    events.NearLimit(RUN, MODEL, 23_000, 25_000),
    events.TargetMissed(RUN, MODEL, 12_000, 9_000, ('user-prompt in message 3 (11,000 tokens)',)),
    events.StrategyFailed(RUN, MODEL, 'digest', 'ValueError: cannot read "my password is hunter2"'),
    events.ArchiveFailed(RUN, MODEL, 'StoreError: disk full'),
    events.ArchivePaused(RUN, MODEL, 'StoreError: disk full', 300.0),
    events.SummaryStarted(RUN, 'openai:gpt-5-mini', 1, False),
    events.SummaryWritten(RUN, 'openai:gpt-5-mini', 400, 2.5, 1, 9_000, 410, False),
    events.SummaryFailed(RUN, 'openai:gpt-5-mini', 'TimeoutError: no summary within 20 s'),
    events.HeldBack(RUN, MODEL, 16_000),
    events.StoodAside(RUN, MODEL, 'openai_previous_response_id'),
    events.LimitNotHeld(RUN, MODEL, 27_000, 25_000, 'openai_conversation_id'),
    events.RequestRefused(RUN, MODEL, 26_000, 25_000),
    events.OverflowRetried(RUN, MODEL, 140_000, 60_000),
    events.UsageDoubted(RUN, MODEL, 2_050, 4_800, 'it did not grow with the history', 2_050),
    events.UncountedTokens(RUN, MODEL, 45_000, 15_000),
    events.WindowAssumed(RUN, MODEL, 8_192, 'set tokens.windows in the policy'),
    events.TaskDetected(RUN, MODEL, 'code_generation', 3_000, 'implement'),
    events.AnswerCut(RUN, MODEL, 'tool_call', 300, 600),
    events.BudgetWarning(RUN, MODEL, 'daily', 'usd', 41.5, 50.0, 1_770_000_000.0),
    events.BudgetRefused(RUN, MODEL, 'daily', 'tokens', 24_000_000.0, 24_000_000.0, 1_770_000_000.0),
    events.AlertRaised(RUN, MODEL, 'dear day', 'cost', 'agent', 'coder', 61.5, 50.0, 'warning'),
    events.CapacityWarning(RUN, MODEL, 'cerebras', 82.4, 'tokens/minute', 824_000, 1_000_000, 80.0, 12.5),
    events.RateLimited(RUN, MODEL, 'coding', 'rate limit (429)', 2.0, 3),
    events.FailoverTriggered(RUN, 'moonshotai:kimi-k2.5', MODEL, 'rate limit (429)', 'coding', 2, 0.0),
    events.FailoverSucceeded(RUN, 'moonshotai:kimi-k2.5', MODEL, 'coding', 2),
    events.Recovered(RUN, MODEL, 'coding', 61.5, 7),
    events.Paced(RUN, MODEL, 1.25, 'no room'),
    events.WorkloadRouted(RUN, MODEL, 'auth-agent', 'coding', 'openai:gpt-5', 'the prompt says "hunter2"'),
    events.CacheHit(RUN, MODEL, 4_300),
    events.StoreUnavailable(RUN, MODEL, 'ledger', 'the store cannot be reached: hunter2'),
    events.StoreLost(RUN, MODEL, 'ledger'),
    events.ToolNameTaken(RUN, MODEL, 'recall', 'archive.recall_tool = false'),
    events.ProcessorMode(RUN, MODEL, ('the recall tool',)),
)
