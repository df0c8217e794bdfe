"""`Compactor('auto')`: the preset by the model's name; `summariser='auto'`: the cheap model that routing names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import FunctionModel

from compactor import CapacityModel, Compactor, ConfigError, Policy, compact
from compactor.adapters.pydantic_ai.setup import summariser_in
from compactor.telemetry.events import CapacityWarning
from tests.adapters.driver import MODES, Log, Mode, Script, as_capability, by_run, call, drive, go, new_agent, rounds
from tests.adapters.test_limits_sent import EVERY_MODE

NAMES = ('cerebras:zai-glm-4.7', 'Cerebras-GLM-4.7', 'openrouter:CEREBRAS/llama', 'my-cerebras-proxy')
OTHERS = ('openai:gpt-5', 'zai-glm-4.7', 'anthropic:claude-opus-4-7')


def named(script: Script, name: str) -> FunctionModel:
    """A model of this name."""
    return FunctionModel(script._answer, stream_function=script._stream, model_name=name)


def first_limit(script: Script) -> Any:
    """`max_tokens` of the first request."""
    return (script.infos[0].model_settings or {}).get('max_tokens')


@pytest.mark.parametrize('mode', EVERY_MODE, ids=lambda one: one.__name__)
@pytest.mark.parametrize(('name', 'expected'), [*((n, 1_500) for n in NAMES), *((n, None) for n in OTHERS)])
def test_the_default_limit_by_name(mode: Callable[..., Any], name: str, expected: int | None) -> None:
    """1,500 wherever *cerebras* stands in the name, in any case, behind any provider; nothing is set elsewhere."""
    script = Script(rounds(1))
    drive(by_run, mode(named(script, name), Compactor('auto'), ()), 'zorble')
    assert first_limit(script) == expected


@pytest.mark.parametrize('mode', MODES, ids=lambda one: one.__name__)
def test_one_instance_for_both(mode: Mode) -> None:
    """One compactor serves runs of either kind; histories are compacted as each one's preset says."""
    compactor: Compactor[None] = Compactor('auto')
    sizes = {}
    for name in ('cerebras:zai-glm-4.7', 'openai:gpt-4o', 'cerebras:zai-glm-4.7'):
        script = Script(lambda k, m, i: call(k) if k < 45 else rounds(1)(1, m, i))
        agent = new_agent(named(script, name), **mode(compactor))

        @agent.tool_plain
        def read(n: int) -> str:
            return f'file {n} ' * 200

        drive(by_run, agent, 'read them all')
        sizes[name] = max(len(messages) for messages in script.seen)
    assert sizes['cerebras:zai-glm-4.7'] < 85 < sizes['openai:gpt-4o']


def test_the_day_of_24_million_by_name() -> None:
    """The day's input is counted for whoever holds the word, without a row of one's own."""
    for name in NAMES:
        policy = Policy.preset('auto', name)
        assert [row.amount for row in policy.capacity.limits if row.covers(name)] == [24_000_000]
    assert Policy.preset('auto', 'openai:gpt-5') == Policy.preset('auto') == Policy.preset('default')
    script, log = Script(rounds(1)), Log()
    compactor: Compactor[None] = Compactor('auto', on_event=log)
    model = named(script, 'Cerebras-GLM-4.7')
    suiting = compactor._suiting(model)
    assert suiting.policy == Policy.preset('cerebras')
    assert suiting._capacity is not None
    from compactor.capacity.windows import Taking

    go(suiting._capacity.answered('function:Cerebras-GLM-4.7', Taking(19_300_000), 0.0))
    drive(by_run, new_agent(model, **as_capability(compactor)), 'hi')
    assert [(event.edge, event.limit_type, event.limit) for event in log.of(CapacityWarning)] == [
        (80.0, 'input_tokens/day', 24_000_000)
    ]


def test_chains_and_histories() -> None:
    """Of a chain the model that comes first decides; `compact` and `compact_now` take the model they are told."""
    script = Script(rounds(1))
    ours, others = named(script, 'cerebras:a'), named(script, 'openai:b')
    compactor: Compactor[None] = Compactor('auto')
    for chain, preset in (((ours, others), 'cerebras'), ((others, ours), 'default')):
        assert compactor._suiting(FallbackModel(*chain)).policy == Policy.preset(preset)
        assert CapacityModel(*chain, policy='auto')._fitting.policy == Policy.preset(preset)
    assert compact([], 'auto', model='cerebras:zai-glm-4.7').target == 9_000
    assert go(compactor.compact_now([], model='cerebras:zai-glm-4.7')).target == 9_000
    assert go(compactor.compact_now([], model='openai:gpt-4o')).target > 9_000


def test_a_file_may_name_it(tmp_path: Path) -> None:
    """`preset = "auto"` in a file: its own values lie over whichever preset it becomes."""
    file = tmp_path / 'compactor.toml'
    file.write_text('preset = "auto"\n[history]\nmax_exchanges = 7\n')
    compactor: Compactor[None] = Compactor(file)
    found = compactor._suiting('cerebras:zai-glm-4.7').policy.history
    assert (found.max_exchanges, found.max_input_tokens) == (7, 50_000)
    assert compactor._suiting('openai:gpt-4o') is compactor
    assert compactor.policy.history.max_exchanges == 7


def test_figures_are_the_instances_own() -> None:
    """What is counted by task is counted where the user looks."""
    script = Script(rounds(1))
    compactor: Compactor[None] = Compactor('auto')
    drive(by_run, new_agent(named(script, 'cerebras'), **as_capability(compactor)), 'fix it')
    assert sum(count.requests for count in compactor.task_figures.counts().values()) == 1


def test_the_cheap_model_that_routing_names() -> None:
    """A row of the policy's own first, else that of the table `workloads`; nothing is looked up before it is asked."""
    assert summariser_in(Policy()) == 'anthropic:claude-haiku-4-5'
    rules: Any = {'rules': [{'workload': 'Summariser', 'chain': ['groq:tiny', 'openai:b']}]}
    own = Policy(routing=rules)
    assert summariser_in(own) == 'groq:tiny'
    compactor: Compactor[None] = Compactor(own, summariser='auto')
    assert compactor._requests.summariser is not None
    assert compactor._requests.summariser.name == 'groq:tiny'
    with pytest.raises(ConfigError, match='auto'):
        Policy.preset('automatic')
