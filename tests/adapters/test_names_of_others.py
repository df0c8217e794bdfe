"""What the main source calls by other names, and its unit of an exchange, in runs."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from pydantic_ai.messages import ModelMessage, ModelResponse, ToolCallPart

from compactor import Compactor, ConfigError, HistoryPolicy, OutputKind, Policy
from compactor.outputs.budget import Budgets
from compactor.telemetry.events import Compacted, OutputReduced
from compactor.tokens.counter import counter_for
from tests.adapters.driver import MODES, Log, Mode, Script, by_run, drive, new_agent, reading_agent, rounds, say, small
from tests.adapters.test_summariser import Writer

every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda one: one.__name__)


@pytest.mark.parametrize(
    ('others', 'ours'),
    [
        ('sliding_window', 'window'),
        ('summarization', 'summarise'),
        ('summarisation', 'summarise'),
        ('summarize', 'summarise'),
        ('selective_pruning', 'prune'),
        ('summarise', 'summarise'),
    ],
)
def test_names_of_strategies(others: str, ours: str) -> None:
    """A policy holds our names, from code, file and environment alike."""
    assert HistoryPolicy(strategies=(others, 'clamp')).strategies == (ours, 'clamp')
    environment = {'COMPACTOR_HISTORY_STRATEGIES': f'{others},clamp'}
    assert Policy.load(environment=environment).history.strategies == (ours, 'clamp')
    with pytest.raises(ConfigError, match=r'summarise'):
        HistoryPolicy(strategies=('summary',))


def applied(policy: Policy, mode: Mode, times: int = 12, words: int = 450, **arguments: Any) -> tuple[set[str], Script]:
    """The strategies that were applied in so many rounds, and what was sent."""
    script, log = Script(rounds(times)), Log()
    compactor: Compactor[None] = Compactor(policy, on_event=log, **arguments)
    drive(by_run, reading_agent(script, words=words, **mode(compactor)), 'Read all files.')
    return {name for event in log.of(Compacted) for name in event.strategies}, script


@every_mode
def test_summarise_is_a_name_like_the_others(mode: Mode) -> None:
    """With a summariser it writes its section; without, what it falls back on is the digest without one."""
    policy = small(strategies=('selective_pruning', 'summarization', 'sliding_window'))
    assert 'digest' in applied(policy, mode)[0]
    writer = Writer()
    assert 'summarise' in applied(policy, mode, summariser=writer.model)[0]
    assert writer.prompts
    both, asked = small(strategies=('summarise', 'digest')), Writer()
    assert applied(both, mode, summariser=asked.model)[0] == {'summarise'}
    assert len(asked.prompts) == len(writer.prompts)


@every_mode
@pytest.mark.parametrize('strategies', [('window',), ('digest',), ('exchanges', 'window')])
def test_four_exchanges_bind_within_one_long_prompt(mode: Mode, strategies: tuple[str, ...]) -> None:
    """Where an exchange is a request and its response, what a compaction leaves has four of them at most."""
    found = {}
    for unit in ('prompt', 'request'):
        values = {'max_exchanges': 4, 'exchange_unit': unit, 'strategies': strategies, 'goal_ratio': 0.9}
        script = applied(small(**values), mode, 30, 100)[1]
        found[unit] = _least(script)
    assert found['request'] == 4
    assert found['prompt'] > 4


def _least(script: Script) -> int:
    """The least responses that stood in a request after one that had more."""
    counts = [sum(isinstance(message, ModelResponse) for message in seen) for seen in script.seen]
    return min((now for before, now in pairwise(counts) if now <= before), default=99)


LINES = '\n'.join(f'value {i} is {i * 7919 % 1_000}' for i in range(3_000))


def shown(mode: Mode, tool: str, result: Any, *, reducers: Any = (), **outputs: Any) -> tuple[Any, list[OutputReduced]]:
    """What the model is shown of a tool's result, and what is told of it."""

    def decide(k: int, messages: list[ModelMessage], info: Any) -> ModelResponse:
        return ModelResponse(parts=[ToolCallPart(tool, {})]) if k == 1 else say('Done.')

    script, log = Script(decide), Log()
    policy = Policy(history=HistoryPolicy(max_input_tokens=100_000), outputs=outputs)  # type: ignore[arg-type]
    agent = new_agent(script.model, **mode(Compactor(policy, on_event=log, reducers=reducers)))

    def returned() -> Any:
        return result

    agent.tool_plain(name=tool)(returned)
    drive(by_run, agent, 'go')
    part: Any = script.seen[-1][-1].parts[0]
    return part.content, log.of(OutputReduced)


@every_mode
def test_limits_of_the_streams_by_tool(mode: Mode) -> None:
    """stdout and stderr of a tool have limits of their own, those of others are as they were."""
    result = {'stdout': LINES, 'stderr': LINES, 'exit_code': 1}
    outputs = {'stdout': {'run_*': 60}, 'stderr': {'run_tests': 30}}
    count = counter_for(None).count
    mine, _ = shown(mode, 'run_tests', result, **outputs)
    assert (count(mine['stdout']) <= 60, count(mine['stderr']) <= 30, mine['exit_code']) == (True, True, 1)
    half, _ = shown(mode, 'run_build', result, **outputs)
    assert count(half['stdout']) <= 60 < count(half['stderr'])
    other, _ = shown(mode, 'bash', result, **outputs)
    assert count(other['stdout']) > 60
    assert Budgets().streams('bash').stdout is None


@every_mode
def test_heads_and_tails_of_so_many_lines(mode: Mode) -> None:
    """First three and last two lines, and a note of what is between them."""
    text, _ = shown(mode, 'dump', LINES, narrowing='heads_tails', head_lines=3, tail_lines=2)
    lines = LINES.split('\n')
    assert [line for line in text.split('\n') if line[0] not in '[…'] == [*lines[:3], *lines[-2:]]


@every_mode
def test_kinds_of_ones_own(mode: Mode) -> None:
    """`Compactor(reducers=...)`: what they keep is sent, and the event calls the kind by its name."""
    mine = OutputKind.by_rank('thousand', lambda line: -1.0 if line.endswith(' is 919') else 5.0, tools=('dump',))
    text, (event,) = shown(mode, 'dump', LINES, reducers=[mine], tools={'dump': 100})
    assert 'value 1 is 919' in text or ' is 919' in text
    assert (event.kind, event.tool) == ('thousand', 'dump')
