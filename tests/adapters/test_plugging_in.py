"""Plugging a compactor in breaks nothing: the tools that it brings come when there is need, and say what they do."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.profiles import ModelProfile

from compactor import Compactor
from compactor.telemetry.events import Compacted, CompactionAsked, SummaryFailed, ToolNameTaken
from tests.adapters.driver import (
    Log,
    Script,
    as_capability,
    by_run,
    call,
    drive,
    reading_agent,
    rounds,
    say,
    session,
    small,
)
from tests.adapters.test_recall import ARCHIVED, archiving


def tools(script: Script) -> list[set[str]]:
    """The names of the tools of each request."""
    return [{tool.name for tool in info.function_tools} for info in script.infos]


def test_what_users_tests_see_is_what_they_saw() -> None:
    """`TestModel` calls every tool it is offered, and the framework names every tool there is: ours is none yet."""

    def agent(**plugged: Any) -> Agent[None, str]:
        made = Agent(TestModel(), **plugged)

        @made.tool_plain
        def read(n: int) -> str:
            return f'file {n}'

        return made

    assert drive(by_run, agent(capabilities=[Compactor()]), 'Go.').output == drive(by_run, agent(), 'Go.').output
    script = Script(lambda k, messages, info: call(1, tool='raed') if k == 1 else say('done'))
    said = str(drive(by_run, reading_agent(script, **as_capability(Compactor())), 'Go.').all_messages())
    assert "Available tools: 'read'" in said


@pytest.mark.parametrize('native', ['tools', 'output', 'no tools'])
def test_a_request_that_cannot_have_function_tools_has_none_of_ours(native: str) -> None:
    """Beside the provider's own tools or output, and for models without tools, nothing is added."""
    from compactor.adapters.pydantic_ai.beside import tools_of, without_ours

    class Parameters:
        function_tools: tuple[Any, ...] = ()
        output_tools: tuple[Any, ...] = ()
        output_mode = 'native' if native == 'output' else 'text'
        native_tools = ('search',) if native == 'tools' else ()

    model = TestModel(profile=ModelProfile(supports_tools=native != 'no tools'))
    found = tools_of(Parameters(), model)
    assert found.told
    assert not found.more
    parameters = Parameters()
    assert without_ours(parameters) is parameters


def test_a_model_without_tools_is_sent_none_however_much_was_left_out() -> None:
    """Its history is compacted as any other, and no mark promises a tool."""
    seen: list[tuple[list[ModelMessage], AgentInfo]] = []

    def decide(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.append((list(messages), info))
        return say(f'An answer of some length to question {len(seen)}: ' + 'it depends on many things ' * 60)

    model = FunctionModel(decide, profile=ModelProfile(supports_tools=False))
    agent = Agent(model, capabilities=[Compactor(archiving(ARCHIVED))])
    session(by_run, agent, [f'Question {i}? ' + 'please tell me ' * 100 for i in range(12)])
    assert any('[compactor ' in str(messages) for messages, _ in seen)
    assert not any(info.function_tools for _, info in seen)
    assert not any('recall(' in str(messages) for messages, _ in seen)


def test_a_tool_of_the_users_of_that_name_is_theirs() -> None:
    """Where a user's own tool is called `recall`, ours is not offered; an event says which setting says so for good."""
    log, script = Log(), Script(rounds(10))
    agent = reading_agent(script, **as_capability(Compactor(archiving(ARCHIVED), on_event=log)))

    @agent.tool_plain
    def recall(n: int) -> str:
        return 'mine'

    results = session(by_run, agent, ['Go.', 'And on.'])
    assert results[-1].output == 'Done after 20 requests.'
    assert tools(script) == [{'read', 'recall'}] * 20
    assert [(event.tool, event.setting) for event in log.of(ToolNameTaken)] == [
        ('recall', 'archive.recall_tool = false')
    ]
    assert not any('recall(n)' in str(seen) for seen in script.seen)


def test_two_compactors_on_one_agent() -> None:
    """Both work; the tool is the first one's."""
    script = Script(rounds(12))
    both = [Compactor(archiving(ARCHIVED), id='one'), Compactor(archiving(ARCHIVED), id='other')]
    assert drive(by_run, reading_agent(script, capabilities=both), 'Go.').output == 'Done after 12 requests.'
    assert [names for names in tools(script) if 'recall' in names]


def asking(*focus: str) -> Any:
    """Reads, and asks for a compaction at the requests whose number is a multiple of four."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k % 4 == 0:
            arguments = {'focus': focus[0]} if focus else {}
            return ModelResponse(parts=[ToolCallPart('compact_history', arguments, tool_call_id=f'c{k}')])
        return call(k) if k < 22 else say('Done.')

    return decide


def answers(messages: list[ModelMessage]) -> list[str]:
    """What `compact_history` has said."""
    parts = [part for message in messages for part in message.parts if isinstance(part, ToolReturnPart)]
    return [str(part.content) for part in parts if part.tool_name == 'compact_history']


def test_compact_history_says_what_it_will_do_and_why_not() -> None:
    """It names sizes; it refuses where nothing would be gained, and after so many times in a run."""
    log = Log()
    policy = archiving(ARCHIVED, compact_tool=True, compact_tool_limit=2, goal_ratio=0.35)
    agent = reading_agent(Script(asking()), words=300, **as_capability(Compactor(policy, on_event=log)))
    said = answers(drive(by_run, agent, 'Go.').all_messages())
    kinds = [text.partition(':')[0].partition(',')[0] for text in said]
    granted = 'The conversation will be compacted before your next turn'
    assert kinds[:2] == ['Nothing to do', granted]
    assert kinds.count(granted) == 2
    assert kinds[-1] == 'Not done'
    asked = log.of(CompactionAsked)
    assert [event.granted for event in asked] == [kind == granted for kind in kinds]
    assert all(event.tokens > event.target for event in asked if event.granted)
    assert len(log.of(Compacted)) >= 2


def test_a_focus_reaches_the_summariser() -> None:
    """What the model says it will need is what the summary is asked to give most room to."""
    prompts: list[str] = []

    def write(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        prompts.append(str(messages))
        return ModelResponse(parts=[TextPart('Goal: read every file\nDecisions: one by one\nNext step: read on')])

    log = Log()
    policy = archiving(ARCHIVED, compact_tool=True, goal_ratio=0.3)
    compactor: Compactor[None] = Compactor(policy, summariser=FunctionModel(write), on_event=log)
    agent = reading_agent(Script(asking('the third file')), words=300, **as_capability(compactor))
    said = answers(drive(by_run, agent, 'Go.').all_messages())
    assert any('Most room is given to: the third file.' in text for text in said)
    assert any('Give most room to this: the third file' in prompt for prompt in prompts)
    assert not log.of(SummaryFailed)


def test_an_agent_without_the_tool_is_as_before() -> None:
    """By default no tool asks for compactions."""
    script = Script(rounds(4))
    drive(by_run, reading_agent(script, **as_capability(Compactor(small()))), 'Go.')
    assert tools(script) == [{'read'}] * 4
