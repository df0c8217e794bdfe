"""Every figure and example of code_puppy's overview, section by section, by the same names and values.

Its seventeen promises have their own tests (docs/audit.md); here stands what its author would try first.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import (
    Compactor,
    ConfigError,
    HistoryPolicy,
    Level,
    Narrowing,
    Policy,
    RequestTooLarge,
    compact,
    inspect,
    shrink,
)
from compactor.analysis.rules import Rules
from compactor.analysis.usage import analyse
from compactor.policy import ArchivePolicy
from compactor.request.max_tokens import LIMITS
from compactor.request.task import Task
from compactor.telemetry import events
from compactor.telemetry.records import INFO, RECORDS, WARN
from tests.adapters.driver import Log, Script, as_capability, by_run, drive, faults, go, new_agent, rounds, say
from tests.corpus import MISSING, corpus_root

ROOT = Path(__file__).parent.parent.parent
CEREBRAS_LIMITS: dict[str, Any] = {
    'compaction_threshold': 0.30,
    'hard_limit_threshold': 0.50,
    'target_input_tokens': 15_000,
    'max_exchanges': 4,
    'max_input_tokens': 50_000,
    'max_output_by_task': {
        'TOOL_CALL': 300,
        'CODE_GENERATION': 3_000,
        'EXPLANATION': 1_800,
        'PLANNING': 1_200,
        'REVIEW': 1_500,
        'UNKNOWN': 1_500,
    },
    'default_max_output': 1_500,
}
"""Section 7, with the table of section 1 in it."""


def exchanges(number: int, words: int = 150) -> list[ModelMessage]:
    """So many prompts, each with a call, its result and an answer, and a last prompt."""
    messages: list[ModelMessage] = []
    for n in range(number):
        messages += [
            ModelRequest(parts=[UserPromptPart(f'prompt {n}')]),
            ModelResponse(parts=[ToolCallPart('read', {'n': n}, tool_call_id=f'c{n}')]),
            ModelRequest(parts=[ToolReturnPart('read', f'value {n} ' * words, tool_call_id=f'c{n}')]),
            ModelResponse(parts=[TextPart(f'answer {n} ' * words)]),
        ]
    return [*messages, ModelRequest(parts=[UserPromptPart('the last prompt')])]


def prompts(messages: Any) -> list[str]:
    """The numbered prompts that are left as they were."""
    texts = [str(getattr(part, 'content', '')) for message in messages for part in message.parts]
    return [text for text in texts if re.fullmatch(r'prompt \d+|the last prompt', text)]


# -- 1 and 7: the optimizer and its settings -----------------------------------------------------------------


def test_its_settings_are_a_policy_as_they_stand() -> None:
    """Each key by its name, and the preset has each of its values."""
    policy = Policy.from_limits(CEREBRAS_LIMITS)
    preset = Policy.preset('cerebras')
    for key, value in CEREBRAS_LIMITS.items():
        for found in (policy, preset):
            station = found.history if hasattr(found.history, key) else found.tasks
            wanted = {Task(name): limit for name, limit in value.items()} if isinstance(value, dict) else value
            assert getattr(station, key) == wanted
    with pytest.raises(ConfigError, match='max_exchange'):
        Policy.from_limits({'max_exchange': 4})
    with pytest.raises(ConfigError, match='enabled'):
        Policy.from_limits({'enabled': True})


def test_the_thresholds() -> None:
    """30 % is 15,000, 50 % is 25,000, the target 15,000: each by its figure; compactions aim below the target."""
    limits = Policy.from_limits(CEREBRAS_LIMITS).history.limits(None)
    assert (limits.max_input, limits.trigger, limits.hard) == (50_000, 15_000, 25_000)
    assert limits.goal < 15_000
    assert [row.amount for row in Policy.preset('cerebras').capacity.limits] == [24_000_000]


def test_the_sliding_window_keeps_the_last_four() -> None:
    """By either unit: four prompts and what follows, or four requests with their responses; the goal stays."""
    window = {'strategies': ('sliding_window',), 'max_input_tokens': 50_000, 'max_exchanges': 4}
    by_prompt = compact(exchanges(20), Policy(history=HistoryPolicy(**window)), target_tokens=14_000)  # type: ignore[arg-type]
    assert prompts(by_prompt.messages) == ['prompt 0', 'prompt 17', 'prompt 18', 'prompt 19', 'the last prompt']
    policy = Policy(history=HistoryPolicy(**window, exchange_unit='request'))  # type: ignore[arg-type]
    by_request = compact(exchanges(20), policy, target_tokens=14_000)
    assert sum(isinstance(message, ModelResponse) for message in by_request.messages) == 4
    assert faults(by_request.messages) == []


def test_orphans_are_filtered() -> None:
    """A return whose call is gone goes; ids are those of the parts of responses."""
    whole = exchanges(3)
    broken = [message for message in whole if not any(getattr(p, 'tool_call_id', '') == 'c1' for p in message.parts)]
    broken.insert(4, ModelRequest(parts=[ToolReturnPart('read', 'orphan', tool_call_id='c1')]))
    found = compact(broken, Policy(), model='cerebras:zai-glm-4.7')
    assert [repair.defect for repair in found.repairs]
    assert not faults(found.messages)


def test_new_requests_are_blocked_at_the_hard_limit() -> None:
    """25,000 tokens that cannot shrink are refused, and one token less is not."""

    def asked(words: int) -> str:
        script = Script(rounds(1))
        compactor: Compactor[None] = Compactor('cerebras')
        return str(drive(by_run, new_agent(script.model, **as_capability(compactor)), 'word ' * words).output)

    with pytest.raises(RequestTooLarge, match='25,000'):
        asked(26_000)
    assert asked(20_000)


# -- 2: outputs ----------------------------------------------------------------------------------------------

LOG = '\n'.join(f'test_{n} ... ok' for n in range(2_000)) + '\ntest_last ... FAILED\nError: want 3, got 4'


@pytest.mark.parametrize(
    ('text', 'narrowing', 'level', 'holds'),
    [
        ('three lines\nthat\nfit', 'smart_summary', Level.FULL, 'that'),
        (LOG, 'smart_summary', Level.SUMMARIZED, 'want 3, got 4'),
        ('word and ' * 20_000, 'heads_tails', Level.TRUNCATED, '...truncated'),
        (LOG, 'error_only', Level.ERROR_ONLY, 'Error: want 3, got 4'),
        (LOG, 'heads_tails', Level.TRUNCATED, 'test_0 ... ok'),
    ],
)
def test_categories_and_narrowing_modes(text: str, narrowing: str, level: Level, holds: str) -> None:
    """FULL, SUMMARIZED, TRUNCATED with its marker, ERROR_ONLY; each mode by its name."""
    found = shrink(text, 120, narrowing=narrowing)
    assert found.level is level
    assert holds in found.text
    assert {Narrowing[name] for name in ('ERROR_ONLY', 'HEADS_TAILS', 'SMART_SUMMARY')} == set(Narrowing)
    assert {Level[name] for name in ('FULL', 'SUMMARIZED', 'TRUNCATED', 'ERROR_ONLY')} == set(Level)


# -- 3 and 5: strategies and summaries -----------------------------------------------------------------------


def test_one_summary_replaces_many_messages() -> None:
    """Written by the cheaper model, it has decisions and the current task; the files stand beside it."""
    asked: list[str] = []

    def cheap(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(str(getattr(messages[0].parts[-1], 'content', '')))
        return say('Decisions: retry twice\nCurrent task: the parser')

    history: list[ModelMessage] = []
    for n in range(20):
        history += exchanges(1)[:-1]
        edit = {'path': f'src/f{n}.py', 'content': 'x = 1'}
        history[-1] = ModelResponse(parts=[TextPart('ok'), ToolCallPart('edit_file', edit, tool_call_id=f'e{n}')])
        history.append(ModelRequest(parts=[ToolReturnPart('edit_file', 'written', tool_call_id=f'e{n}')]))
        history.append(ModelResponse(parts=[TextPart(f'answer {n} ' * 100)]))
    history.append(ModelRequest(parts=[UserPromptPart('go on')]))
    policy = Policy.preset('cerebras').model_copy(update={'archive': ArchivePolicy(enabled=False)})
    compactor: Compactor[None] = Compactor(policy, summariser=FunctionModel(cheap, model_name='gpt-4o-mini'))
    done = go(compactor.compact_now(history, model='cerebras:zai-glm-4.7'))
    text = '\n'.join(str(getattr(part, 'content', '')) for message in done.messages for part in message.parts)
    assert len(done.messages) < len(history) // 2
    assert len(asked) == 1
    for kept in ('Decisions: retry twice', 'Current task: the parser', 'src/f3.py'):
        assert kept in text


# -- 4: by the model's name, counted before it is sent -------------------------------------------------------


@pytest.mark.parametrize('name', ['cerebras', 'Cerebras-GLM-4.7', 'CEREBRAS:qwen'])
def test_1500_where_the_name_says_cerebras(name: str) -> None:
    """`if "cerebras" in model_name.lower(): max_tokens = 1500`."""
    script = Script(rounds(1))
    model = FunctionModel(script._answer, model_name=name)
    drive(by_run, new_agent(model, **as_capability(Compactor('auto'))), 'hello')
    assert [(info.model_settings or {}).get('max_tokens') for info in script.infos] == [1_500]


def test_counted_before_it_is_sent_and_warned_near_the_limit() -> None:
    """The estimate needs no request; 90 % of the hard limit is told once."""
    assert inspect(exchanges(2), model='cerebras:zai-glm-4.7').estimated > 500
    log, script = Log(), Script(rounds(1))
    drive(by_run, new_agent(script.model, **as_capability(Compactor('cerebras', on_event=log))), 'word ' * 23_000)
    assert [event.limit for event in log.of(events.NearLimit)] == [25_000]


# -- 6: the usage of 2,517 requests --------------------------------------------------------------------------


@pytest.mark.corpus
def test_its_figures_of_usage() -> None:
    """2,517 requests, 87:1 as printed; 28,326 cannot be had from these rows: it is 28,351."""
    root = corpus_root()
    if root is None:
        pytest.skip(MISSING)
    pytest.importorskip('duckdb')
    found = analyse([root / 'usage' / 'cerebras_2026-01-27_29.csv'], Rules(daily_limit=24_000_000))
    assert found.figure('requests').value == 2_517
    assert round(found.figure('input_output_ratio').value or 0) == 87
    assert round(found.figure('input_per_request').value or 0) == 28_351
    assert len(found.sessions) == 11
    assert all(11_000 < one.input / one.requests < 16_000 for one in found.sessions[8:])


# -- 8 and 9: the trail and the files ------------------------------------------------------------------------


def test_the_trail_is_told() -> None:
    """Each of its three audits, and what was true of it."""
    page = (ROOT / 'docs' / 'audit.md').read_text()
    assert re.search(r'^## The trail of 1\.0, 1\.1, 1\.2$', page, re.MULTILINE)
    assert all(f'`{name}`' in page for name in ('src/compactor/pipeline.py', 'src/compactor/presets/cerebras.toml'))


# -- 10: telemetry -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ('event', 'name', 'level', 'fields'),
    [
        (events.CapacityWarning, 'capacity_warning', WARN, {'model', 'pct', 'limit_type', 'used', 'limit', 'provider'}),
        (events.RateLimited, 'rate_limit', WARN, {'model', 'workload', 'cooldown', 'consecutive_429s'}),
        (events.WorkloadRouted, 'workload_routing', INFO, {'agent', 'workload', 'orchestrated_model', 'default_model'}),
    ],
)
def test_the_three_events(event: type[events.Event], name: str, level: int, fields: set[str]) -> None:
    """By name, level and field."""
    record = RECORDS[event]
    assert (record.name, record.level) == (name, level)
    assert fields <= {attribute for _, attribute, _ in record.attributes}


def test_warned_from_80_percent() -> None:
    """The first edge of every policy."""
    assert {min(Policy.preset(name).capacity.edges) for name in ('default', 'cerebras')} == {0.8}


def test_its_health_checks_are_documented() -> None:
    """A workload's model, warnings before refusals, failover after warnings."""
    page = (ROOT / 'docs' / 'observability.md').read_text()
    for title in ('A workload uses its model', 'Warnings precede rate limits', 'Failover follows accumulated warnings'):
        assert f'### {title}' in page
    assert set(LIMITS) == set(Task)
