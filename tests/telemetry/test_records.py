"""The interface: every event has a record, the records are documented, and what they say can be read and queried."""

from __future__ import annotations

import importlib.util
import re
import string
from dataclasses import fields
from typing import Any

import pytest
from inline_snapshot import snapshot
from logfire._internal.scrubbing import DEFAULT_PATTERNS

from compactor.telemetry import events
from compactor.telemetry.emit import attributes_of, message_of
from compactor.telemetry.records import RECORDS
from tests.telemetry.page import PAGE
from tests.telemetry.samples import SAMPLES


def kinds() -> set[type[events.Event]]:
    """Every kind of event that is ever made."""
    found = {kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)}
    return {kind for kind in found if not any(other is not kind and issubclass(other, kind) for other in found)}


def test_every_event_has_a_record_of_its_own() -> None:
    """None is left out, no name stands for two, and each name can be written in SQL without care."""
    assert set(RECORDS) == kinds()
    names = [record.name for record in RECORDS.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch('[a-z]+(_[a-z]+)+', name) for name in names)


def test_there_is_a_sample_of_every_event() -> None:
    """The samples below leave no event out."""
    assert {type(sample) for sample in SAMPLES} == kinds()


def test_the_page_and_the_dashboard_are_what_the_code_says() -> None:
    """`python scripts/observability.py` would change nothing."""
    path = PAGE.parents[1] / 'scripts' / 'observability.py'
    spec = importlib.util.spec_from_file_location('observability', path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for file, text in script.written(PAGE.read_text()).items():
        assert file.read_text() == text, f'{file.name}: run scripts/observability.py'


def test_the_names() -> None:
    """They are fixed: dashboards and alerts of others are built on them."""
    assert sorted(record.name for record in RECORDS.values()) == snapshot(
        [
            'alert_raised',
            'answer_cut',
            'archive_failed',
            'archive_paused',
            'budget_exceeded',
            'budget_warning',
            'cache_hit',
            'capacity_warning',
            'compact_messages',
            'compaction_asked',
            'compaction_held_back',
            'compaction_stood_aside',
            'context_warning',
            'cut_forgotten',
            'cut_ignored',
            'cut_resumed',
            'failover_recovered',
            'failover_succeeded',
            'failover_triggered',
            'history_repaired',
            'key_missing',
            'limit_not_held',
            'mark_unknown',
            'output_failed',
            'output_reduced',
            'overflow_retried',
            'pin_unknown',
            'processor_mode',
            'rate_limit',
            'request_answered',
            'request_checked',
            'request_paced',
            'request_refused',
            'result_reacquired',
            'store_lost',
            'store_unavailable',
            'strategy_failed',
            'summary_failed',
            'summary_started',
            'summary_written',
            'target_missed',
            'task_detected',
            'tool_cache_hit',
            'tool_name_taken',
            'uncounted_tokens',
            'usage_doubted',
            'window_assumed',
            'workload_routing',
        ]
    )


def test_the_messages() -> None:
    """As people read them; where they begin is fixed too."""
    assert [message_of(sample, RECORDS[type(sample)]) for sample in SAMPLES] == snapshot(
        [
            'Output reduced: read from 9000 to 900 tokens (json, summarized)',
            'Tool cache hit: read, 12.5s old',
            'Output left as it was: read',
            'Request checked: 9000 tokens, 4000 sent (compacted)',
            'Request answered: cerebras:zai-glm-4.7 (stop)',
            'Compaction: 9000 to 4000 tokens',
            'History repaired: orphaned result (read)',
            'Got again: 1200 tokens by read (reread)',
            'Compaction asked for: 12000 tokens to 5000',
            'Cut resumed: 120 messages, from metadata',
            'Cut ignored, from store',
            'Marks of an unknown key: 2',
            'Pinned content of an unknown key: 1',
            'No key lasts longer than this process',
            'No earlier cut known of 61000 tokens',
            'Context warning: cerebras:zai-glm-4.7 at 23000 of 25000 tokens',
            'Target missed: 12000 tokens left, 9000 wanted',
            'Strategy left out: digest',
            'Archive failed: nothing of this compaction can be restored',
            'Archive left alone for 300s',
            'Summary asked for: openai:gpt-5-mini',
            'Summary written: 400 tokens by openai:gpt-5-mini',
            'Summary failed: openai:gpt-5-mini',
            'Compaction held back at 16000 tokens',
            'Compaction stood aside: openai_previous_response_id',
            'Limit not held: 27000 tokens, limit 25000 (openai_conversation_id)',
            'Request refused: 26000 tokens, limit 25000',
            'Too long for cerebras:zai-glm-4.7: 140000 tokens, sent again with 60000',
            'Usage not believed: cerebras:zai-glm-4.7 reports 2050 tokens of 4800 (it did not grow with the history)',
            'Tokens that cannot be counted here: cerebras:zai-glm-4.7 reports 45000, counted are 15000',
            'Window unknown: 8192 tokens are assumed for cerebras:zai-glm-4.7; set tokens.windows in the policy',
            'Task detected: code_generation (3000 tokens)',
            'Answer cut: tool_call at 300 tokens',
            'Budget warning: daily at 41.5 of 50 usd',
            'Budget exceeded: daily at 24000000 of 24000000 tokens',
            'Alert: dear day, cost of coder at 61.5, above 50',
            'Capacity warning: cerebras:zai-glm-4.7 at 82.4% (tokens/minute)',
            'Rate limit: cerebras:zai-glm-4.7 (coding) - cooldown 2s',
            'Failover triggered: cerebras:zai-glm-4.7 -> moonshotai:kimi-k2.5 (rate limit (429))',
            'Failover success: now using moonshotai:kimi-k2.5',
            'Failover over: cerebras:zai-glm-4.7 answers again after 61.5s',
            'Request waits 1.2s for cerebras:zai-glm-4.7 (no room)',
            'Workload routing: auth-agent -> coding -> cerebras:zai-glm-4.7',
            'Cache hit: 4300 tokens saved (cerebras:zai-glm-4.7)',
            'Store unavailable: ledger',
            'Store lost: its file was deleted or replaced (ledger)',
            'Tool not offered: recall is the name of another',
            'Processor mode: some stations cannot work',
        ]
    )


def test_a_message_names_nothing_that_the_event_lacks() -> None:
    """Every field in a template is a field or an attribute of its event."""
    for record in RECORDS.values():
        known = {name for row in record.attributes for name in row[:2]}
        assert {name for _, name, _, _ in string.Formatter().parse(record.message) if name} <= known


def test_no_attribute_is_named_so_that_logfire_scrubs_it() -> None:
    """Values under such a name would arrive as a note that they were scrubbed."""
    scrubbed = re.compile('|'.join(DEFAULT_PATTERNS), re.IGNORECASE)
    for sample in SAMPLES:
        assert not [name for name in attributes_of(sample, RECORDS[type(sample)]) if scrubbed.search(name)]


@pytest.mark.parametrize('sample', SAMPLES, ids=lambda sample: type(sample).__name__)
def test_every_field_arrives(sample: events.Event) -> None:
    """Each field is an attribute, as a plain value; only what may quote others is held back."""
    record = RECORDS[type(sample)]
    found = attributes_of(sample, record, content=True)
    assert len(record.attributes) == len(fields(sample))
    for _, attribute, _ in record.attributes:
        assert isinstance(found[attribute], str | int | float | tuple)


def test_what_nobody_knows_is_left_out() -> None:
    """A missing value is no attribute, and a dash in a message."""
    event = events.TaskDetected(None, None, 'unknown', None, '')
    found = attributes_of(event, RECORDS[events.TaskDetected])
    assert not {'gen_ai.agent.call.id', 'model', 'max_tokens'} & set(found)
    assert found['logfire.msg'] == 'Task detected: unknown (- tokens)'


def test_a_compaction_has_the_attributes_that_others_know() -> None:
    """The shared names, and what is ours; in observe mode nothing has been compacted."""
    done: dict[str, Any] = attributes_of(SAMPLES[5], RECORDS[events.Compacted])
    assert {name: value for name, value in done.items() if not name.startswith('logfire.')} == snapshot(
        {
            'gen_ai.agent.call.id': 'run-1',
            'model': 'cerebras:zai-glm-4.7',
            'compaction.tokens_before': 9000,
            'compaction.tokens_after': 4000,
            'compaction.messages_before': 21,
            'compaction.messages_after': 6,
            'target': 5000,
            'strategies': ('clear', 'digest'),
            'removed': 15,
            'fits': True,
            'observed': False,
            'duration': 0.25,
            'compaction.strategy': 'clear+digest',
            'gen_ai.conversation.compacted': True,
        }
    )
    watched = events.Compacted(None, None, 9, 4, 3, 2, 5, ('clear',), 1, True, True)
    assert 'gen_ai.conversation.compacted' not in attributes_of(watched, RECORDS[events.Compacted])


def test_what_may_quote_others_is_held_back() -> None:
    """Of an error only its kind is sent, of anything else nothing; our own words go out as they are."""
    sent = {
        type(sample).__name__: (found.get('reason'), found.get('why'))
        for sample in SAMPLES
        if {'reason', 'why'} & {field.name for field in fields(sample)}
        for found in (attributes_of(sample, RECORDS[type(sample)]),)
    }
    assert sent == snapshot(
        {
            'OutputFailed': ('RecursionError', None),
            'CutIgnored': (None, None),
            'KeyMissing': ('PermissionError', None),
            'StrategyFailed': ('ValueError', None),
            'ArchiveFailed': ('StoreError', None),
            'ArchivePaused': ('StoreError', None),
            'SummaryFailed': ('TimeoutError', None),
            'StoodAside': ('openai_previous_response_id', None),
            'LimitNotHeld': ('openai_conversation_id', None),
            'UsageDoubted': ('it did not grow with the history', None),
            'TaskDetected': (None, 'implement'),
            'Paced': ('no room', None),
            'WorkloadRouted': (None, None),
            'StoreUnavailable': (None, None),
        }
    )


def test_content_is_sent_on_request_and_without_secrets() -> None:
    """`content=True` sends reasons, redacted."""
    reason = 'ValueError: cannot use OPENAI_API_KEY=sk-proj-Abc123Def456Ghi789Jkl012Mno345Pqr678Stu901 here'
    event = events.StrategyFailed(None, None, 'digest', reason)
    sent = attributes_of(event, RECORDS[events.StrategyFailed], content=True)['reason']
    assert sent.startswith('ValueError: cannot use')
    assert 'Abc123' not in sent
    assert 'REDACTED' in sent


def test_long_texts_are_cut() -> None:
    """Neither an attribute nor a message grows with what a provider chose to say."""
    event = events.Repaired(None, None, tuple(f'defect {n}' for n in range(1_000)))
    assert len(message_of(event, RECORDS[events.Repaired])) < 200
    assert len(attributes_of(event, RECORDS[events.Repaired])['defects']) == 100
    failed = events.StrategyFailed(None, None, 'digest', 'x' * 10_000)
    assert len(attributes_of(failed, RECORDS[events.StrategyFailed], content=True)['reason']) == 1_000
