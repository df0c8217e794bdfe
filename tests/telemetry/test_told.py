"""Decorators, `shrink` and `compact` tell what they did, as an agent does; `logfire=` takes an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import logfire
import pytest
from logfire.testing import TestExporter
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, UserPromptPart

from compactor import CachedModel, CapacityModel, Compactor, ConfigError, cache_tool, compact, output_budget, shrink
from compactor.adapters import openai_chat
from compactor.telemetry import events
from tests.adapters.driver import Log, Script, as_capability, by_run, call, drive, new_agent, rounds, say
from tests.telemetry.capture import configured
from tests.telemetry.process import unconfigured

LINES = '\n'.join(f'value {i} is {i * 7919 % 1_000}' for i in range(2_000))


def history() -> list[ModelMessage]:
    """Twenty exchanges of some size."""
    messages: list[ModelMessage] = []
    for i in range(20):
        messages.append(ModelRequest(parts=[UserPromptPart(f'question {i} ' * 20)]))
        messages.append(ModelResponse(parts=[TextPart(f'answer {i} ' * 100)]))
    return [*messages, ModelRequest(parts=[UserPromptPart('and now?')])]


def dicts() -> list[dict[str, Any]]:
    """The same as dicts."""
    found: list[dict[str, Any]] = []
    for i in range(20):
        found.append({'role': 'user', 'content': f'question {i} ' * 20})
        found.append({'role': 'assistant', 'content': f'answer {i} ' * 100})
    return [*found, {'role': 'user', 'content': 'and now?'}]


def budgeted(**more: Any) -> Callable[[], str]:
    """A tool with a budget."""

    @output_budget(100, **more)
    def dump() -> str:
        """Dumps."""
        return LINES

    return dump


def cached(**more: Any) -> Callable[[], str]:
    """A tool that is called twice."""

    @cache_tool(ttl=60, **more)
    def look() -> str:
        """Looks."""
        return 'seen'

    look()
    return look


DONE: dict[str, tuple[Callable[..., Any], str]] = {
    'output_budget': (lambda **more: budgeted(**more)(), 'output_reduced'),
    'cache_tool': (lambda **more: cached(**more)(), 'tool_cache_hit'),
    'shrink': (lambda **more: shrink(LINES, 100, tool='dump', **more), 'output_reduced'),
    'compact': (lambda **more: compact(history(), target_tokens=2_000, **more), 'compact_messages'),
}


@pytest.mark.parametrize('what', DONE)
def test_what_they_did_reaches_logfire(what: str) -> None:
    """One record each, with the figures of an agent's, without a compactor anywhere."""
    do, name = DONE[what]
    with configured() as captured:
        do()
        (record,) = captured.named(name)
    assert record['logfire.tags'] == ('compactor',)
    if name == 'output_reduced':
        assert (record['tool'], record['tokens_after'] <= 100 < record['tokens_before']) == ('dump', True)
    with unconfigured():
        do()  # nobody listens, and that is no error


@pytest.mark.parametrize('what', DONE)
def test_what_they_did_reaches_a_sink(what: str) -> None:
    """`on_event=` hears of it instead of nobody."""
    log = Log()
    DONE[what][0](on_event=log)
    assert log.events


def test_what_fits_is_not_told() -> None:
    """Nor is a call that was made, or a history that was left alone."""
    log = Log()
    shrink('short', 100, on_event=log)
    output_budget(100, on_event=log)(lambda: 'short')()
    cache_tool(on_event=log)(lambda: 'made')()
    compact([], on_event=log)
    assert log.events == []


def test_plain_dicts() -> None:
    """`compact` of chat completions tells the same."""
    with configured() as captured:
        openai_chat.compact(dicts(), target_tokens=2_000)
        assert len(captured.named('compact_messages')) == 1


def test_within_a_run_the_compactor_is_told() -> None:
    """Tools of an agent tell its compactor, with the run's id and model; each thing is recorded once."""
    tools = {'dump': budgeted(), 'look': cached()}

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        return call(k, tool=list(tools)[k - 1]) if k < 3 else say('Done.')

    script, log = Script(decide), Log()
    with configured() as captured:
        agent = new_agent(script.model, **as_capability(Compactor(on_event=log)))
        for name, tool in tools.items():
            agent.tool_plain(name=name)(_taking_n(tool))
        result = drive(by_run, agent, 'go')
        assert len(captured.named('output_reduced')) == len(captured.named('tool_cache_hit')) == 1
    run = result.all_messages()[-1].run_id
    told = [*log.of(events.OutputReduced), *log.of(events.ToolAnswered)]
    assert [(event.run_id, event.model, event.tool) for event in told] == [
        (run, 'function:function:_answer:_stream', 'dump'),
        (run, 'function:function:_answer:_stream', 'look'),
    ]


def _taking_n(tool: Callable[[], str]) -> Callable[[int], str]:
    def called(n: int) -> str:
        return tool()

    return called


# -- an instance of Logfire ----------------------------------------------------------------------------------


def local() -> tuple[Any, TestExporter, InMemoryMetricReader]:
    """`logfire.configure(local=True)`, and what it exports."""
    exporter, reader = TestExporter(), InMemoryMetricReader()
    instance = logfire.configure(
        local=True,
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        additional_span_processors=[SimpleSpanProcessor(exporter)],
        metrics=logfire.MetricsOptions(additional_readers=[reader]),
    )
    return instance, exporter, reader


def names(exporter: TestExporter) -> list[str]:
    """Our records."""
    return [one.name for one in exporter.exported_spans if one.instrumentation_scope.name == 'compactor']  # type: ignore[union-attr]


def test_an_instance_gets_events_and_metrics() -> None:
    """Nothing is configured for the process, and nothing needs to be."""
    with unconfigured():
        instance, exporter, reader = local()
        script = Script(rounds(2))
        agent = new_agent(script.model, **as_capability(Compactor('cerebras', logfire=instance)))
        agent.tool_plain(name='read')(lambda n: 'read')  # type: ignore[misc]
        drive(by_run, agent, 'implement it')
        assert names(exporter).count('request_answered') == 2
        assert 'task_detected' in names(exporter)
        data = reader.get_metrics_data()
        assert data is not None
        found = {m.name for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics}
        assert 'compactor.context.used' in found


@pytest.mark.parametrize('what', DONE)
def test_an_instance_for_each_of_them(what: str) -> None:
    """Every door takes one."""
    with unconfigured():
        instance, exporter, _ = local()
        DONE[what][0](logfire=instance)
        assert names(exporter) == [DONE[what][1]]


def test_an_instance_for_models() -> None:
    """`CapacityModel` and `CachedModel` too; a tracer provider does as well."""
    with unconfigured():
        instance, exporter, _ = local()
        script = Script(rounds(1))
        limits: Any = {'limits': [{'model': '*', 'unit': 'requests', 'window': 'minute', 'amount': 1}]}
        from compactor import Policy

        chain = CapacityModel(script.model, policy=Policy(capacity=limits), logfire=instance)
        drive(by_run, new_agent(chain), 'hi')
        assert names(exporter) == ['capacity_warning']
        provider = TracerProvider()
        spans = TestExporter()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        twice = new_agent(CachedModel(Script(rounds(1)).model, logfire=provider))
        drive(by_run, twice, 'hi')
        drive(by_run, twice, 'hi')
        assert [one.name for one in spans.exported_spans] == ['cache_hit']


def test_what_is_no_instance() -> None:
    """It is said what one is."""
    with pytest.raises(ConfigError, match=r'logfire\.configure\(local=True\)'):
        Compactor(logfire='on')
