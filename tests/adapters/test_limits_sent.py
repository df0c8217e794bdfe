"""The six documented limits as they reach the model: by task, by the tools that are offered, in every mode.

Where more is sent than the document says, the floors of `tasks.at_least` say why; 0 sends the documented six.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from compactor import CapacityModel, Compactor, ConfigError, Policy
from compactor.policy import TaskPolicy
from compactor.request.max_tokens import LIMITS, Floors
from compactor.request.task import Task
from compactor.telemetry.events import TaskDetected
from tests.adapters.driver import (
    PROCESSOR_MODES,
    WAYS,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    call,
    drive,
    new_agent,
    rounds,
    say,
)

PROMPTS = {
    Task.TOOL_CALL: 'ls',
    Task.CODE_GENERATION: 'implement it',
    Task.EXPLANATION: 'what is a monad?',
    Task.PLANNING: 'plan it',
    Task.REVIEW: 'review it',
    Task.UNKNOWN: 'zorble',
}


def read(path: str) -> str:
    """Reads a file."""
    return path


def write(path: str, content: str) -> str:
    """Writes a file."""
    return content


TOOLS: dict[str, tuple[Callable[..., str], ...]] = {'no tool': (), 'short arguments': (read,), 'long': (read, write)}
DOCUMENTED = {'tool_call': 300, 'code_generation': 3_000, 'explanation': 1_800, 'planning': 1_200, 'review': 1_500}
DOCUMENTED['unknown'] = 1_500
SENT = {
    'no tool': DOCUMENTED,
    'short arguments': {**DOCUMENTED, 'tool_call': 600},  # a call with the words before it
    'long': {**DOCUMENTED, 'tool_call': 1_500, 'planning': 1_500},  # a call that holds a text
}
"""By the tools that are offered, what the preset `cerebras` sends for each task."""


def capability(model: Any, compactor: Compactor[None], tools: Any) -> Any:
    """`capabilities=[Compactor(...)]`."""
    return new_agent(model, tools=tools, **as_capability(compactor))


def chain(model: Any, compactor: Compactor[None], tools: Any) -> Any:
    """The same in front of a `CapacityModel`."""
    return capability(CapacityModel(model, model), compactor, tools)


def processor(plug: Mode) -> Callable[..., Any]:
    """As a history processor, with `Agent(model_settings=...)`."""

    def agent(model: Any, compactor: Compactor[None], tools: Any) -> Any:
        return new_agent(model, tools=tools, **plug(compactor), model_settings=compactor.model_settings)

    agent.__name__ = plug.__name__
    return agent


EVERY_MODE = (capability, chain, *map(processor, PROCESSOR_MODES))
modes = pytest.mark.parametrize('mode', EVERY_MODE, ids=lambda one: one.__name__)
ways = pytest.mark.parametrize('way', WAYS, ids=lambda one: one.__name__)


def cerebras(at_least: int | None) -> Policy:
    """The preset, with other floors or without."""
    return Policy.load(preset='cerebras', environment={}, tasks={} if at_least is None else {'at_least': at_least})


def sent(script: Script) -> list[Any]:
    """`max_tokens` of each request."""
    return [(info.model_settings or {}).get('max_tokens') for info in script.infos]


@modes
@pytest.mark.parametrize('tools', TOOLS)
@pytest.mark.parametrize('at_least', [None, 0])
def test_the_table(mode: Callable[..., Any], tools: str, at_least: int | None) -> None:
    """Six tasks by three kinds of tools by every mode: one table, and with `at_least = 0` the documented one."""
    found, told = {}, {}
    for task, prompt in PROMPTS.items():
        script, log = Script(rounds(1)), Log()
        compactor: Compactor[None] = Compactor(cerebras(at_least), on_event=log)
        drive(by_run, mode(script.model, compactor, TOOLS[tools]), prompt)
        (found[task.value],) = sent(script)
        told.update({event.task: event.max_tokens for event in log.of(TaskDetected)})
    assert found == (SENT[tools] if at_least is None else DOCUMENTED)
    assert told == found


@ways
@modes
def test_what_has_tools_in_every_way_of_running(mode: Callable[..., Any], way: Way) -> None:
    """Whether there are tools is known for the first request of a run, streamed or not."""
    for tools, expected in (('no tool', 300), ('short arguments', 600), ('long', 1_500)):
        script = Script(rounds(1))
        drive(way, mode(script.model, Compactor('cerebras'), TOOLS[tools]), 'ls')
        assert sent(script) == [expected]


@modes
def test_on_the_way(mode: Callable[..., Any]) -> None:
    """While a tool loop is in flight a small task is doubted, as the report may be next; not with `at_least = 0`."""
    for at_least, expected in ((None, [600, 1_500, 1_500]), (0, [300, 300, 300])):
        script = Script(lambda k, m, i: say('Done.') if k == 3 else call(k))

        def read(n: int) -> str:
            """Reads."""
            return str(n)

        compactor: Compactor[None] = Compactor(cerebras(at_least))
        drive(by_run, mode(script.model, compactor, [read]), 'ls')
        assert sent(script) == expected


def test_floors_of_a_policy() -> None:
    """One number for all, a table for some, from any source; what makes no sense is said."""
    assert TaskPolicy().at_least == Floors(600, 1_500, 1_500)
    assert TaskPolicy(at_least=0).at_least == Floors(0, 0, 0)  # type: ignore[arg-type]
    assert TaskPolicy(at_least={'call': 200}).at_least == Floors(200, 1_500, 1_500)  # type: ignore[arg-type]
    environment = {'COMPACTOR_TASKS_AT_LEAST': '0'}
    assert not Policy.load(preset='cerebras', environment=environment).tasks.at_least
    for wrong in (-1, {'cal': 3}, 'none', {'call': 'x'}):
        with pytest.raises(ConfigError, match='at_least'):
            TaskPolicy(at_least=wrong)  # type: ignore[arg-type]


def test_the_table_is_the_presets() -> None:
    """The six stand in the preset by these values."""
    assert {task.value: limit for task, limit in LIMITS.items()} == DOCUMENTED
    assert {task.value: n for task, n in Policy.preset('cerebras').tasks.limits().items()} == DOCUMENTED
