"""What an agent's tools return is within its budget: at the tool's hook, and where the history comes by."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturn
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.toolsets import FunctionToolset
from pydantic_core import to_json

from compactor import Compactor, HistoryPolicy, MemoryArchive, OutputsPolicy, Policy
from compactor.telemetry.events import OutputReduced
from compactor.tokens.counter import counter_for
from tests.adapters.driver import (
    MODES,
    PROCESSOR_MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    drive,
    new_agent,
    say,
)

LOG = '\n'.join(f'test_{i} ... ok' for i in range(2_000)) + '\ntest_last ... FAILED\nerror: want 3, got 4'
KEY = '-----BEGIN PRIVATE ' + 'KEY-----\n' + 'QUJD' * 20 + '\n-----END PRIVATE ' + 'KEY-----'

every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))


def tokens(value: Any) -> int:
    """Tokens of a result as it is sent."""
    return counter_for(None).count(value if isinstance(value, str) else to_json(value).decode())


def policy(**outputs: Any) -> Policy:
    """A window in which only outputs are at work."""
    return Policy(history=HistoryPolicy(max_input_tokens=100_000), outputs=OutputsPolicy(**outputs))


def agent_of(*calls: ToolCallPart, rounds: int = 1, **arguments: Any) -> tuple[Agent[None, Any], Script]:
    """An agent whose model makes these calls at once, `rounds` times, then answers."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=list(calls)) if k <= rounds else say('Done.')

    script = Script(decide)
    agent = new_agent(script.model, retries=5, **arguments)

    @agent.tool_plain
    def run_tests() -> str:
        return LOG

    @agent.tool_plain
    def bash(command: str) -> dict[str, Any]:
        return {'stdout': LOG, 'stderr': 'warning: old\n' * 4_000, 'exit_code': 1}

    @agent.tool_plain
    def refuse() -> str:
        raise ModelRetry(LOG)

    @agent.tool_plain
    def envelope() -> ToolReturn:
        return ToolReturn(LOG, metadata={'all': LOG})

    @agent.tool_plain
    def dump() -> str:
        return '\n'.join(f'value {i} is {i * 7919 % 1000}' for i in range(2_000))

    @agent.tool_plain
    def secret() -> str:
        return KEY

    return agent, script


def results(messages: list[ModelMessage]) -> list[Any]:
    """The parts that answer calls in the last request."""
    last = next(m for m in reversed(messages) if isinstance(m, ModelRequest))
    return [part for part in last.parts if part.part_kind in ('tool-return', 'retry-prompt')]


def answered(*names: str, mode: Mode = as_capability, way: Way = by_run, **outputs: Any) -> list[Any]:
    """What the model was sent for one call of each of these tools."""
    arguments = {'bash': {'command': 'make'}}
    calls = [ToolCallPart(name, arguments.get(name, {}), tool_call_id=f'call-{i}') for i, name in enumerate(names)]
    agent, script = agent_of(*calls, **mode(Compactor(policy(**outputs))))
    drive(way, agent, 'Why does test_last fail?')
    return results(script.seen[-1])


@every_mode
@every_way
def test_a_result_is_within_its_budget(mode: Mode, way: Way) -> None:
    """However the compactor is plugged in and the agent is run; the failing line is always in."""
    [result] = answered('run_tests', mode=mode, way=way, tools={'run_tests': 200})
    assert tokens(result.content) <= 200
    assert 'error: want 3, got 4' in result.content


@every_mode
def test_every_shape(mode: Mode) -> None:
    """Streams apart, retries, envelopes: all within the budget of their tool."""
    shell, retry, envelope = answered('bash', 'refuse', 'envelope', mode=mode, tools={'*': 300})
    assert isinstance(shell.content, dict)
    assert tokens(shell.content) <= 340
    assert shell.content['exit_code'] == 1
    assert 'want 3, got 4' in shell.content['stdout']
    assert tokens(retry.content) <= 300
    assert 'want 3, got 4' in retry.content
    assert tokens(envelope.content) <= 300
    assert envelope.metadata == {'all': LOG}


@every_mode
def test_results_of_one_step_together(mode: Mode) -> None:
    """No tool knows its siblings: their sum is settled before the next request, the largest first."""
    found = answered('run_tests', 'run_tests', 'secret', mode=mode, tools={'*': 900}, per_step=1_000)
    assert sum(tokens(result.content) for result in found) <= 1_000
    assert all('want 3, got 4' in result.content for result in found[:2])
    assert found[2].content.startswith('[REDACTED-')


def test_a_second_cut_is_one_of_the_whole() -> None:
    """The note of a result that was cut twice counts the lines of the original, and names it."""
    agent_policy = policy(tools={'*': 900}, per_step=1_000)
    archive = MemoryArchive()
    calls = [ToolCallPart('run_tests', {}, tool_call_id=f'call-{i}') for i in range(2)]
    agent, script = agent_of(*calls, **as_capability(Compactor(agent_policy, archive=archive)))
    drive(by_run, agent, 'Go.')
    for result in results(script.seen[-1]):
        [(total, handle)] = re.findall(r'of ([\d,]+) lines left out; recall ([0-9a-f]{16})\]', result.content)
        assert total == '2,002'
        assert archive.get(handle) == LOG.encode()


@every_mode
def test_the_budget_of_a_run(mode: Mode) -> None:
    """When it is spent, what comes after gets the floor."""
    agent, script = agent_of(
        ToolCallPart('dump', {}, tool_call_id='call'),
        rounds=4,
        **mode(Compactor(policy(tools={'*': 500}, per_run=1_100, floor=100))),
    )
    drive(by_run, agent, 'Go.')
    returned = [part for m in script.seen[-1] for part in m.parts if part.part_kind == 'tool-return']
    sizes = [tokens(part.content) for part in returned]
    assert all(400 < size <= 500 for size in sizes[:2])
    assert all(50 < size <= 240 for size in sizes[2:])


def test_tools_of_a_toolset_too() -> None:
    """A toolset's tools, such as an MCP server's, pass the same hook."""
    toolset: FunctionToolset[None] = FunctionToolset()

    @toolset.tool_plain
    def listing() -> str:
        return '\n'.join(f'src/file_{i}.py' for i in range(3_000))

    call = ToolCallPart('listing', {}, tool_call_id='call')
    agent, script = agent_of(call, toolsets=[toolset], **as_capability(Compactor(policy(tools={'listing': 150}))))
    drive(by_run, agent, 'Go.')
    [result] = results(script.seen[-1])
    assert tokens(result.content) <= 150


def test_protected_tools_stay_whole() -> None:
    """What a policy protects from compaction, no budget cuts."""
    whole = Policy(
        history=HistoryPolicy(max_input_tokens=200_000, protect_tools=frozenset({'run_tests'})),
        outputs=OutputsPolicy(tools={'*': 100}),
    )
    agent, script = agent_of(ToolCallPart('run_tests', {}, tool_call_id='call'), **as_capability(Compactor(whole)))
    drive(by_run, agent, 'Go.')
    assert results(script.seen[-1])[0].content == LOG


@every_mode
def test_protected_tools_tell_no_secrets(mode: Mode) -> None:
    """Nothing of them is cut, but what is a secret goes from them too."""
    policy = Policy(history=HistoryPolicy(protect_tools=frozenset({'secret'})))
    agent, script = agent_of(ToolCallPart('secret', {}, tool_call_id='call'), **mode(Compactor(policy)))
    drive(by_run, agent, 'Go.')
    assert results(script.seen[-1])[0].content.startswith('[REDACTED-')


@every_mode
def test_switched_off(mode: Mode) -> None:
    """Without budgets secrets still go; without either nothing is touched."""
    first, second = answered('run_tests', 'secret', mode=mode, enabled=False)
    assert first.content == LOG
    assert second.content.startswith('[REDACTED-')
    first, second = answered('run_tests', 'secret', mode=mode, enabled=False, redact=False)
    assert (first.content, second.content) == (LOG, KEY)


@every_mode
def test_observing_changes_nothing(mode: Mode) -> None:
    """It tells what would have been cut."""
    log = Log()
    compactor: Compactor[None] = Compactor(policy(tools={'*': 200}), mode='observe', on_event=log)
    agent, script = agent_of(ToolCallPart('run_tests', {}, tool_call_id='call'), **mode(compactor))
    drive(by_run, agent, 'Go.')
    assert results(script.seen[-1])[0].content == LOG
    [event] = log.of(OutputReduced)
    assert event.observed
    assert event.tokens_after <= 200 < event.tokens_before


def test_the_event() -> None:
    """One event for each output that was cut: tool, kind, level and sizes."""
    log = Log()
    agent, _ = agent_of(
        ToolCallPart('run_tests', {}, tool_call_id='call'),
        **as_capability(Compactor(policy(tools={'*': 200}), on_event=log)),
    )
    drive(by_run, agent, 'Go.')
    [event] = log.of(OutputReduced)
    assert (event.tool, event.kind, event.level) == ('run_tests', 'test_log', 'summarized')
    assert not event.observed
    assert event.run_id is not None


@pytest.mark.parametrize('mode', PROCESSOR_MODES, ids=lambda f: str(f.__name__))
def test_the_whole_stays_within_reach_in_processor_mode(mode: Mode) -> None:
    """There is no recall tool, but the archive holds the output all the same."""
    compactor: Compactor[None] = Compactor(policy(tools={'*': 200}))
    agent, script = agent_of(ToolCallPart('run_tests', {}, tool_call_id='call'), **mode(compactor))
    drive(by_run, agent, 'Go.')
    handle = results(script.seen[-1])[0].content.rpartition('recall ')[2].rstrip(']')
    assert compactor.archive is not None
    assert compactor.archive.get(handle) == LOG.encode()


def test_recalled_page_by_page() -> None:
    """The recall tool gives an output back: all pages together are its bytes."""
    pages: list[str] = []

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 1:
            return ModelResponse(parts=[ToolCallPart('run_tests', {}, tool_call_id='call')])
        if k > 2:
            pages.append(str(results(messages)[0].content))
        if pages and ', end.' in pages[-1].partition('\n')[0]:
            return say('Done.')
        handle = re.findall(r'recall ([0-9a-f]{16})\]', str(script.seen[1]))[0]
        arguments = {'output': handle, 'page': k - 1}
        return ModelResponse(parts=[ToolCallPart('recall', arguments, tool_call_id=f'call-{k}')])

    script = Script(decide)
    agent = new_agent(script.model, **as_capability(Compactor(policy(tools={'run_tests': 200}))))

    @agent.tool_plain
    def run_tests() -> str:
        return LOG

    drive(by_run, agent, 'Go.')
    assert len(pages) > 3
    assert ''.join(page.partition('\n')[2] for page in pages) == LOG
