"""Runs of every sort: between runs, reloaded, resumed, structured, deferred, with prompts and tools that change."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import DeferredToolRequests, ModelRetry, RunContext
from pydantic_ai.messages import (
    CachePoint,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models.function import AgentInfo
from pydantic_ai.tools import DeferredToolResults

from compactor import Compactor, HistoryError, Policy
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.telemetry.events import Compacted, Repaired
from compactor.tokens.counter import counter_for
from tests.adapters.driver import (
    MODES,
    NO_ARCHIVE,
    WAYS,
    Decision,
    Log,
    Mode,
    Script,
    Way,
    as_capability,
    by_run,
    by_stream,
    call,
    drive,
    faults,
    go,
    new_agent,
    output,
    reading_agent,
    rounds,
    say,
    session,
    shape,
    small,
    texts,
)

every_mode = pytest.mark.parametrize('mode', MODES, ids=lambda f: str(f.__name__))
every_way = pytest.mark.parametrize('way', WAYS, ids=lambda f: str(f.__name__))


def _history(prompts: int = 3, each: int = 8) -> list[ModelMessage]:
    agent = reading_agent(Script(rounds(each)))
    return list(session(by_run, agent, [f'prompt {i}' for i in range(prompts)])[-1].all_messages())


def test_compact_now_brings_a_history_to_the_goal() -> None:
    """Between runs: whatever the trigger says, the history is brought to the goal, and still ends with the answer."""
    history = _history()
    before = shape(history)
    compactor: Compactor[None] = Compactor(small(max_input_tokens=20_000))
    result = go(compactor.compact_now(history, model='openai:gpt-4o'))
    assert result.changed
    assert result.fits
    assert result.tokens_after <= 4_000 < result.tokens_before
    assert result.messages[-1] is history[-1]
    assert faults([*result.messages, ModelRequest(parts=[UserPromptPart('next')])]) == []
    assert shape(history) == before


def test_compact_now_leaves_a_small_history_alone() -> None:
    """A history under the goal comes back as the same objects."""
    history = _history(1, 2)
    result = go(Compactor('cerebras').compact_now(history))
    assert not result.changed
    assert all(a is b for a, b in zip(result.messages, history, strict=True))


def test_compact_now_takes_an_empty_history_and_refuses_what_is_none() -> None:
    """Nothing in, nothing out; a text is a `HistoryError`."""
    compactor: Compactor[None] = Compactor('cerebras')
    assert list(go(compactor.compact_now([])).messages) == []
    with pytest.raises(HistoryError):
        go(compactor.compact_now('a text'))  # type: ignore[arg-type]


@every_mode
def test_a_run_goes_on_from_a_compacted_history(mode: Mode) -> None:
    """What `compact_now` returns serves as `message_history`."""
    result = go(Compactor(small()).compact_now(_history()))
    script = Script(rounds(4))
    agent = reading_agent(script, **mode(Compactor(small())))
    done = drive(by_run, agent, 'Go on.', message_history=list(result.messages))
    assert [faults(messages) for messages in script.seen] == [[]] * 4
    assert texts(script.seen[0])[0] == 'prompt 0'
    assert done.output.startswith('Done')


@every_mode
@every_way
def test_a_history_reloaded_from_json_is_the_same_history(mode: Mode, way: Way) -> None:
    """A session whose history goes through JSON between runs shows the model what the unbroken session does."""
    whole, broken = Script(rounds(12)), Script(rounds(12))
    session(way, reading_agent(whole, **mode(Compactor(small()))), ['a', 'b'])
    agent = reading_agent(broken, **mode(Compactor(small())))
    first = drive(way, agent, 'a')
    reloaded = ModelMessagesTypeAdapter.validate_python(
        json.loads(ModelMessagesTypeAdapter.dump_json(first.all_messages()))
    )
    drive(way, agent, 'b', message_history=reloaded)
    assert broken.shapes == whole.shapes


@every_mode
@every_way
def test_a_run_resumes_without_a_prompt(mode: Mode, way: Way) -> None:
    """A history that ends with results goes on with no prompt; goal and pairs stay."""
    history = _history(1, 10)[:-2]
    history.append(ModelRequest(parts=[UserPromptPart('One more thing.')]))
    history = history[:-1] if isinstance(history[-2], ModelRequest) else history
    log, script = Log(), Script(rounds(4))
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log)))
    result = drive(way, agent, None, message_history=history)
    assert log.of(Compacted)
    assert [faults(messages) for messages in script.seen] == [[]] * 4
    assert texts(script.seen[-1])[0] == 'prompt 0'
    assert isinstance(result.new_messages()[-1], ModelResponse)


class Verdict(BaseModel):
    """The answer of a structured run."""

    cause: str
    lines: list[int]


def _structured(refused: int) -> Decision:
    """Seven calls of a tool, then an answer; the `refused`th request's answer does not validate."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k % 8:
            return call(k)
        [tool] = info.output_tools
        lines: Any = 'not a list' if k == refused else [1, 2]
        return ModelResponse(parts=[ToolCallPart(tool.name, {'cause': 'a comma', 'lines': lines}, f'out-{k}')])

    return decide


@every_mode
@every_way
def test_structured_output(mode: Mode, way: Way) -> None:
    """Runs that end in an output tool, and one whose answer is refused first: lawful, the next run included.

    `run_stream` takes the first answer for the final one, so it is not refused there.
    """
    refused = 0 if way is by_stream else 16
    script = Script(_structured(refused))
    agent = reading_agent(script, words=600, output_type=Verdict, retries=2, **mode(Compactor(small())))
    results = session(way, agent, ['a', 'b'])
    assert [faults(messages) for messages in script.seen] == [[]] * len(script.seen)
    assert len(script.seen) == (24 if refused else 16)
    assert texts(script.seen[-1])[0] == 'a'
    assert isinstance(results[-1].all_messages()[-1], ModelRequest)


@every_mode
def test_tools_that_ask_for_another_try(mode: Mode) -> None:
    """`ModelRetry` and unknown tools answer their calls in every version's own way; requests stay lawful."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 14:
            return say('done')
        return ModelResponse(
            parts=[
                ToolCallPart('read', {'n': k}, f'r{k}'),
                ToolCallPart('moody', {'n': k}, f'm{k}'),
            ]
        )

    log, script = Log(), Script(decide)
    agent = reading_agent(script, words=400, retries=20, **mode(Compactor(small(), on_event=log)))

    @agent.tool_plain
    def moody(n: int) -> str:
        if n % 2:
            raise ModelRetry(f'{n} is odd. ' + 'Try another one. ' * 20)
        return 'fine'

    drive(by_run, agent, 'Go.')
    assert log.of(Compacted)
    assert [faults(messages) for messages in script.seen] == [[]] * 14


@every_way
def test_deferred_calls_are_left_for_their_results(way: Way) -> None:
    """A run that ends with calls to be answered outside, and the one that brings the answers."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k == 8:
            return ModelResponse(parts=[ToolCallPart('read', {'n': 8}, 'r8'), ToolCallPart('ask', {}, 'ask-1')])
        return say('done') if k == 9 else call(k)

    script, log = Script(decide), Log()
    agent = reading_agent(
        script, words=600, output_type=[str, DeferredToolRequests], **as_capability(Compactor(small(), on_event=log))
    )
    from pydantic_ai.exceptions import CallDeferred

    @agent.tool_plain
    def ask() -> str:
        raise CallDeferred

    first = drive(way, agent, 'Go.')
    history = first.all_messages()
    between = go(Compactor(small()).compact_now(history))
    assert [part.tool_call_id for part in between.messages[-2].parts if isinstance(part, ToolCallPart)] == [
        'r8',
        'ask-1',
    ]
    results = DeferredToolResults(calls={'ask-1': 'the person said yes'})
    drive(way, agent, None, message_history=history, deferred_tool_results=results)
    assert faults(script.seen[-1]) == []
    answered = [p for p in script.seen[-1][-1].parts if isinstance(p, ToolReturnPart)]
    assert {part.tool_call_id: part.content for part in answered}['ask-1'] == 'the person said yes'
    assert not log.of(Repaired)


@every_mode
@every_way
def test_dynamic_system_prompts_are_noticed(mode: Mode, way: Way) -> None:
    """A system prompt that is rewritten at each run is counted and sent as it is now, and stays first."""
    log, script = Log(), Script(rounds(8))
    agent = new_agent(script.model, **mode(Compactor(small(), on_event=log)))
    turn = [0]

    @agent.system_prompt(dynamic=True)
    def now(ctx: RunContext[None]) -> str:
        return f'It is turn {turn[0]}. ' + 'rule ' * (100 * turn[0])

    @agent.tool_plain
    def read(n: int) -> str:
        return output(n, 300)

    history: list[ModelMessage] | None = None
    first_sizes = []
    for turn[0] in range(3):
        at = len(log.sizes)
        history = drive(way, agent, f'prompt {turn[0]}', message_history=history).all_messages()
        first_sizes.append(log.sizes[at])
        system = script.seen[-1][0].parts[0]
        assert isinstance(system, SystemPromptPart)
        assert system.content.startswith(f'It is turn {turn[0]}.')
    assert log.of(Compacted)
    assert max(log.sizes) < 8_000
    assert [faults(messages) for messages in script.seen] == [[]] * 24


def _fresh(messages: list[ModelMessage]) -> int:
    return sum(message.tokens for message in MessageReader(counter_for(None)).read(messages))


@every_mode
def test_a_tool_added_in_mid_run_is_noticed(mode: Mode) -> None:
    """A tool that appears between two requests of a run counts from then on, where tools are seen at all."""
    log, script = Log(), Script(rounds(8))
    agent = reading_agent(script, words=100, **mode(Compactor(Policy(archive=NO_ARCHIVE), on_event=log)))

    async def later(ctx: RunContext[None], definition: Any) -> Any:
        return definition if ctx.run_step > 3 else None

    @agent.tool_plain(prepare=later)
    def grep(pattern: str) -> str:
        """Find lines in files of the project."""
        return pattern

    drive(by_run, agent, 'Go.')
    assert [len(info.function_tools) for info in script.infos] == [1, 1, 1, 2, 2, 2, 2, 2]
    beside = [size - _fresh(messages) for size, messages in zip(log.sizes, script.seen, strict=True)]
    assert len(set(beside[:3])) == len(set(beside[4:])) == 1  # what was edited in place is counted as it is now
    if mode is as_capability:
        assert beside[4] > beside[0] + 10
    assert [faults(messages) for messages in script.seen] == [[]] * 8


@every_mode
def test_cache_points_survive(mode: Mode) -> None:
    """A cache point in a prompt is kept or moved through compactions, never multiplied."""
    log, script = Log(), Script(rounds(16))
    agent = reading_agent(script, **mode(Compactor(small(), on_event=log)))
    drive(by_run, agent, ['The goal.', CachePoint()])
    assert log.of(Compacted)
    for messages in script.seen:
        points = [
            item
            for message in messages
            for part in message.parts
            if isinstance(part, UserPromptPart) and not isinstance(part.content, str)
            for item in part.content
            if isinstance(item, CachePoint)
        ]
        assert len(points) == 1


@every_mode
def test_a_history_that_ends_in_a_response_gets_the_prompt_behind_it(mode: Mode) -> None:
    """The usual hand-over: nothing is repaired, and the answer of the run before stands before the prompt."""
    log, script = Log(), Script(rounds(1))
    agent = reading_agent(script, **mode(Compactor('cerebras', on_event=log)))
    drive(by_run, agent, 'Next.', message_history=_history(2, 3))
    assert isinstance(script.seen[0][-2], ModelResponse)
    assert not log.of(Repaired)


@every_mode
@every_way
def test_a_broken_history_is_mended_on_the_way_in(mode: Mode, way: Way) -> None:
    """A dangling call and an orphan result from an interrupted session reach the model as a lawful history."""
    history: list[ModelMessage] = [
        ModelRequest(parts=[UserPromptPart('Do it.')]),
        ModelResponse(parts=[TextPart('I will.'), ToolCallPart('read', {'n': 1}, 'lost')]),
        ModelRequest(parts=[UserPromptPart('Are you there?')]),
        ModelResponse(parts=[TextPart('Yes.')]),
        ModelRequest(parts=[ToolReturnPart('read', 'an orphan', 'gone'), UserPromptPart('Then go on.')]),
        ModelResponse(parts=[TextPart('I do.')]),
    ]
    log, script = Log(), Script(rounds(2), demanding=True)
    agent = reading_agent(script, **mode(Compactor('cerebras', on_event=log)))
    drive(way, agent, 'Next.', message_history=history)
    assert [faults(messages) for messages in script.seen] == [[]] * 2
    bare = Script(rounds(2))
    drive(by_run, reading_agent(bare), 'Next.', message_history=history)
    if faults(bare.seen[0]):  # newer versions mend it before anyone sees it
        [repaired] = log.of(Repaired)
        assert len(repaired.defects) == 2
