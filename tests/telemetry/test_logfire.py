"""What arrives at Logfire: each event once, in its run's trace, without content, also under names that are scrubbed."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any

import logfire
import pytest
from inline_snapshot import snapshot
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from compactor import Compactor, TelemetryPolicy
from compactor.run import reporting
from compactor.run.reporting import Reporter
from compactor.telemetry import emit, events
from compactor.telemetry.records import RECORDS
from tests.adapters.driver import Log, Script, as_capability, by_run, drive, reading_agent, rounds, small
from tests.telemetry.capture import Captured, configured
from tests.telemetry.life import AGENT, Life
from tests.telemetry.process import unconfigured
from tests.telemetry.samples import SAMPLES
from tests.telemetry.tables import Tables


@pytest.fixture
def captured() -> Iterator[Captured]:
    """Logfire, with its records in memory."""
    with configured() as found:
        yield found


def run_of(compactor: Any, script: Script | None = None) -> Script:
    """Six requests of an agent, the last of them compacted."""
    script = script or Script(rounds(6))
    drive(by_run, reading_agent(script, name=AGENT, **as_capability(compactor)), 'Go.')
    return script


# -- one record an event --------------------------------------------------------------------------------------


@pytest.mark.parametrize('sample', SAMPLES, ids=lambda sample: type(sample).__name__)
def test_each_event_is_exactly_one_record(captured: Captured, sample: events.Event) -> None:
    """Of the name, level and kind in the table, pending spans counted too."""
    Reporter(None, False).emit(sample)
    [record], expected = captured.exported, RECORDS[type(sample)]
    attributes = dict(record.attributes or {})
    assert record.name == expected.name
    assert attributes['logfire.level_num'] == expected.level
    assert attributes['logfire.span_type'] == ('span' if expected.span else 'log')
    assert attributes['logfire.tags'] == ('compactor',)
    assert record.instrumentation_scope is not None
    assert record.instrumentation_scope.name == 'compactor'


def test_a_log_has_no_duration_and_a_compaction_has_its_own(captured: Captured) -> None:
    """Logs end when they begin; a compaction began as many seconds before its end as it took."""
    for sample in SAMPLES:
        Reporter(None, False).emit(sample)
    took = {one.name: (one.end_time or 0) - (one.start_time or 0) for one in captured.ours}
    assert took.pop('compact_messages') == pytest.approx(0.25e9)
    assert set(took.values()) == {0}


def test_other_providers_get_one_record_too() -> None:
    """Without Logfire, any OpenTelemetry provider does: the same names and attributes."""
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with unconfigured():
        trace.set_tracer_provider(provider)
        for sample in SAMPLES:
            Reporter(None, False).emit(sample)
    found = exporter.get_finished_spans()
    assert [one.name for one in found] == [RECORDS[type(sample)].name for sample in SAMPLES]


def test_every_event_of_a_life_is_one_record() -> None:
    """Whoever makes it (chain, cache, compactor, summariser, ledger): what a sink hears is what is recorded."""
    log = Log()
    life = Life(on_event=log)
    with configured(life.clock.nanoseconds) as captured:
        life.live()
    heard = Counter(RECORDS[type(event)].name for event in log.events)
    routed = Counter({'workload_routing': len(captured.named('workload_routing'))})  # told by a router without a sink
    assert Counter(one.name for one in captured.ours) == heard + routed


def test_a_life_without_sinks_is_recorded_as_with_them() -> None:
    """A chain's events go through the compactor that sends its requests, and no event goes twice."""
    names = []
    for log in (Log(), None):
        life = Life(on_event=log)
        with configured(life.clock.nanoseconds) as captured:
            life.live()
        names.append([one.name for one in captured.ours])
    assert names[0] == names[1]


def test_records_stand_in_the_trace_of_their_run(captured: Captured) -> None:
    """Each has a parent in the run's trace, and the run's id."""
    script = run_of(Compactor(small()))
    [run] = [one for one in captured.exported if one.parent is None]
    assert run.context is not None
    assert captured.ours
    for one in captured.ours:
        assert one.context is not None
        assert one.context.trace_id == run.context.trace_id
        assert one.parent is not None
        assert (one.attributes or {})['gen_ai.agent.call.id'] == script.seen[-1][-1].run_id


# -- what is sent, and what is not ----------------------------------------------------------------------------


def test_no_content_and_no_secret_is_sent() -> None:
    """Neither prompts, outputs, summaries nor what a provider's error says are in any record or metric of ours."""
    life = Life()
    with configured(life.clock.nanoseconds, scrubbing=False) as captured:
        life.live()
        sent = repr([(one.name, dict(one.attributes or {})) for one in captured.ours]) + repr(captured.metrics())
    assert 'rate limit (429)' in sent
    for said in ('hunter2', 'import files', 'line of code', 'one file after the other', 'how it works'):
        assert said not in sent


def test_an_agent_whose_name_is_scrubbed_is_found_all_the_same(captured: Captured) -> None:
    """`agent` arrives as a note that it was scrubbed; workload, model and message arrive."""
    Reporter(None, False).emit(events.WorkloadRouted('run', 'cerebras:glm', AGENT, 'coding', 'openai:gpt-5', 'why'))
    [row] = Tables(captured.exported).rows(
        "SELECT message, attributes->>'agent' AS agent, attributes->>'orchestrated_model' AS model FROM records"
        " WHERE span_name = 'workload_routing' AND attributes->>'workload' = 'coding' AND level >= 'info'"
    )
    assert row == {
        'message': 'Workload routing: auth-agent -> coding -> cerebras:glm',
        'agent': "[Scrubbed due to 'auth']",
        'model': 'cerebras:glm',
    }


def test_the_documented_callback_keeps_agents() -> None:
    """Agents' names arrive; what else looks like a secret does not."""

    def keep_agents(match: logfire.ScrubMatch) -> object:
        return match.value if match.path == ('attributes', 'agent') else None

    with configured(scrubbing=logfire.ScrubbingOptions(callback=keep_agents)) as captured:
        Reporter(None, False).emit(events.WorkloadRouted(None, 'a:b', AGENT, 'the password is hunter2', 'c:d', ''))
    [sent] = captured.named('workload_routing')
    assert (sent['agent'], sent['workload']) == (AGENT, "[Scrubbed due to 'password']")


def test_policy_says_what_is_sent(captured: Captured) -> None:
    """`requests=False` leaves out what is told of every request, `enabled=False` everything, metrics too."""
    run_of(Compactor(small().model_copy(update={'telemetry': TelemetryPolicy(requests=False)})))
    assert {one.name for one in captured.ours} == {'compact_messages'}
    before = captured.metrics()
    captured.exporter.clear()
    run_of(Compactor(small().model_copy(update={'telemetry': TelemetryPolicy(enabled=False)})))
    assert captured.ours == []
    assert captured.metrics()['compactor.compactions'] == before['compactor.compactions']


def test_the_policys_content_switch(captured: Captured) -> None:
    """Reasons are sent in full only where the policy says so."""
    failed = events.SummaryFailed(None, None, 'TimeoutError: no summary within 20 s')
    Reporter(None, False).emit(failed)
    Reporter(None, False, TelemetryPolicy(content=True)).emit(failed)
    assert [sent['reason'] for sent in captured.named('summary_failed')] == ['TimeoutError', failed.reason]


def test_the_metrics_of_a_life() -> None:
    """Context, capacity left, savings by station, compactions, refusals, cache hits, cost."""
    life = Life()
    with configured(life.clock.nanoseconds) as captured:
        life.live()
        found = {
            name: {' '.join(str(value) for _, value in key): round(point, 6) for key, point in points.items()}
            for name, points in captured.metrics().items()
        }
    assert found == snapshot(
        {
            'compactor.context.used': {'cerebras:zai-glm-4.7': 3875, 'moonshotai:kimi-k2.5': 12},
            'compactor.capacity.left': {'tokens/minute cerebras:zai-glm-4.7': 1650},
            'compactor.cost': {
                'request cerebras:zai-glm-4.7': 0.027694,
                'summary function:gpt-4o-mini': 0.003669,
                'request moonshotai:kimi-k2.5': 0.004243,
            },
            'compactor.tokens.saved': {
                'cerebras:zai-glm-4.7 outputs': 14237,
                'moonshotai:kimi-k2.5 history': 16428,
                'cerebras:zai-glm-4.7 history': 10952,
                'moonshotai:kimi-k2.5 outputs': 5335,
                'moonshotai:kimi-k2.5 cache': 60,
            },
            'compactor.compactions': {'True moonshotai:kimi-k2.5': 1},
            'compactor.rate_limits': {'rate limit (429) cerebras:zai-glm-4.7 coding': 1},
            'compactor.cache.hits': {'moonshotai:kimi-k2.5': 1},
        }
    )


# -- nothing when unconfigured, and nothing that fails reaches the agent --------------------------------------


def test_nothing_is_made_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a sink and without OpenTelemetry, what is told of every request is not even built."""

    def built(*_: Any, **__: Any) -> Any:
        raise AssertionError('an event was built')

    monkeypatch.setattr(reporting, 'events_of', built)
    monkeypatch.setattr(emit, 'attributes_of', built)
    with unconfigured():
        assert len(run_of(Compactor(small())).seen) == 6


UNCONFIGURED = """
import sys, threading
sys.modules['logfire'] = sys.modules['opentelemetry.sdk'] = None  # as where they are not installed
from pydantic_ai import Agent
from pydantic_ai.models.test import TestModel
from compactor import Compactor
before = threading.active_count()
Agent(TestModel(), capabilities=[Compactor()]).run_sync('Go.')
print(threading.active_count() - before)
"""


def test_a_process_without_logfire_runs_and_starts_nothing() -> None:
    """Neither Logfire nor OpenTelemetry's SDK is needed, and no thread is left."""
    ended = subprocess.run(
        [sys.executable, '-c', UNCONFIGURED],
        capture_output=True,
        text=True,
        env={**os.environ, 'PYDANTIC_DISABLE_PLUGINS': '__all__'},
    )
    assert (ended.stdout, ended.stderr) == ('0\n', '')


def test_configuring_later_is_early_enough() -> None:
    """A compactor that was made, and has run, before Logfire was configured is heard from then on."""
    with unconfigured():
        compactor = Compactor(small())
        run_of(compactor)
        with configured() as captured:
            run_of(compactor)
    assert [one.name for one in captured.ours].count('request_answered') == 6


def test_a_processor_that_raises_is_logged_once_and_changes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """A broken provider costs its records; requests are as without it."""

    class Broken(SimpleSpanProcessor):
        def on_start(self, span: Any, parent_context: Any = None) -> None:
            raise RuntimeError('no room')

    provider = TracerProvider()
    provider.add_span_processor(Broken(InMemorySpanExporter()))
    with unconfigured(), caplog.at_level(logging.ERROR, 'compactor'):
        trace.set_tracer_provider(provider)
        broken = run_of(Compactor(small()))
    with unconfigured():
        assert run_of(Compactor(small())).shapes == broken.shapes
    assert [record.message for record in caplog.records if record.name == 'compactor'] == [
        'telemetry failed; further failures are not logged'
    ]
