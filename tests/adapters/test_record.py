"""What users store holds every step of a run, or says what it lacks: by way of plugging in and of storing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic_ai import Agent, DeferredToolRequests, RunContext, ToolReturn
from pydantic_ai.exceptions import CallDeferred
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.tools import DeferredToolResults

from compactor import Compactor, restore
from compactor.run.cut import parse
from tests.adapters.driver import (
    PROCESSOR_MODES,
    Mode,
    Script,
    as_capability,
    by_run,
    drive,
    go,
    reading_agent,
    rounds,
    shape,
    small,
)
from tests.adapters.test_recall import ARCHIVED, archiving

ROUNDS = 9


def not_recording(compactor: Any) -> dict[str, Any]:
    """A capability as it is by default."""
    return as_capability(compactor)


def plugged(how: str) -> tuple[Compactor[None], dict[str, Any]]:
    """A compactor and the arguments that plug it into an agent."""
    persist = True if how == 'persist' else None
    compactor: Compactor[None] = Compactor(archiving(ARCHIVED), persist=persist)
    modes: dict[str, Mode] = {mode.__name__: mode for mode in PROCESSOR_MODES}
    return compactor, modes.get(how, as_capability)(compactor)


HOW = ('default', 'persist', *(mode.__name__ for mode in PROCESSOR_MODES))


def all_messages(agent: Agent[None, Any], prompts: Sequence[str]) -> list[ModelMessage]:
    """What an application has that stores the whole record after each run."""
    stored: list[ModelMessage] = []
    for prompt in prompts:
        stored = drive(by_run, agent, prompt, message_history=stored).all_messages()
    return stored


def new_messages(agent: Agent[None, Any], prompts: Sequence[str]) -> list[ModelMessage]:
    """What an application has that appends what each run has added."""
    stored: list[ModelMessage] = []
    for prompt in prompts:
        stored += drive(by_run, agent, prompt, message_history=list(stored)).new_messages()
    return stored


def conversation_store(agent: Agent[None, Any], prompts: Sequence[str]) -> list[ModelMessage]:
    """What the framework's own store has (2.x)."""
    module = pytest.importorskip('pydantic_ai.conversation_store')
    store = module.InMemoryConversationStore()

    async def run() -> list[ModelMessage]:
        conversation: Any = None
        for prompt in prompts:
            result: Any = await agent.run(prompt, conversation=conversation)
            await store.save(result)
            conversation = await store.load(result.conversation_id)
        found: list[ModelMessage] = conversation.messages
        return found

    return go(run())


STORES: dict[str, Callable[[Agent[None, Any], Sequence[str]], list[ModelMessage]]] = {
    'all_messages': all_messages,
    'new_messages': new_messages,
    'conversation_store': conversation_store,
}


@pytest.mark.parametrize('how', HOW)
@pytest.mark.parametrize('storing', STORES)
def test_what_is_stored_holds_every_step_or_says_what_it_lacks(how: str, storing: str) -> None:
    """By default it is the framework's own record; where a record is rewritten, a mark and a handle stand in it."""
    compactor, arguments = plugged(how)
    prompts = ['Look into part 1.', 'Look into part 2.']
    stored = STORES[storing](reading_agent(Script(rounds(ROUNDS)), **arguments), prompts)
    plain = STORES[storing](reading_agent(Script(rounds(ROUNDS))), prompts)
    if how == 'default':
        assert _said(stored) == _said(plain)
        return
    steps = sum(isinstance(message, ModelResponse) for message in stored)
    marks = [text for text in _texts(stored) if text.startswith('[compactor ')]
    assert steps < 2 * ROUNDS
    assert marks
    assert 'Archive ' in marks[-1]
    assert compactor.archive is not None
    whole = restore(stored, compactor.archive)
    assert sum(isinstance(message, ModelResponse) for message in whole) >= steps


def _said(messages: Sequence[ModelMessage]) -> list[tuple[Any, ...]]:
    """What a record holds, but for the framework's own note that a tool has come along (newer versions)."""
    return [tuple(part for part in message if 'tool-availability-delta' not in part) for message in shape(messages)]


def _texts(messages: Sequence[ModelMessage]) -> list[str]:
    kinds = ('user-prompt', 'compaction')
    parts: list[Any] = [part for message in messages for part in message.parts]
    return [str(part.content) for part in parts if part.part_kind in kinds]


@pytest.mark.parametrize('how', HOW)
def test_the_part_of_a_run_says_what_is_missing_in_it(how: str) -> None:
    """Of a record that is rewritten, what the run itself has added holds the mark."""
    _, arguments = plugged(how)
    agent = reading_agent(Script(rounds(ROUNDS)), **arguments)
    old = [
        ModelRequest(parts=[UserPromptPart('Hello.')], run_id='old'),
        ModelResponse(parts=[TextPart('Hi.')], run_id='old'),
    ]
    new = drive(by_run, agent, 'Look into part 1.', message_history=old).new_messages()
    missing = ROUNDS - sum(isinstance(message, ModelResponse) for message in new)
    assert bool(missing) == any('[compactor ' in text for text in _texts(new))
    assert bool(missing) == (how != 'default')


@pytest.mark.parametrize('persist', [None, False, True])
def test_an_empty_answer_and_its_usage_stay_in_the_record(persist: bool | None) -> None:
    """Far below every trigger the record is the framework's: it asks again after nothing, and keeps that."""
    answers = iter([ModelResponse(parts=[]), ModelResponse(parts=[TextPart('done')])])
    model = FunctionModel(lambda messages, info: next(answers))
    agent = Agent(model, capabilities=[Compactor(persist=persist)])
    record = drive(by_run, agent, 'Hello').all_messages()
    assert [len(message.parts) for message in record if isinstance(message, ModelResponse)] == [0, 1]


@pytest.mark.parametrize('persist', [None, False, True])
def test_a_result_that_comes_late_stands_once_in_what_is_appended(persist: bool | None) -> None:
    """A deferred result comes beside a tool's own words: the record keeps its order, `new_messages()` repeats none."""
    answers = [
        ModelResponse(parts=[ToolCallPart('price', {}, 'c1'), ToolCallPart('buy', {}, 'c2')]),
        ModelResponse(parts=[TextPart('Done!')]),
    ]
    asked: list[int] = []

    def decide(messages: list[ModelMessage], info: Any) -> ModelResponse:
        asked.append(len(messages))
        return answers[len(asked) - 1]

    agent: Agent[None, Any] = Agent(
        FunctionModel(decide), output_type=[str, DeferredToolRequests], capabilities=[Compactor(persist=persist)]
    )

    @agent.tool_plain
    def price() -> Any:
        return ToolReturn(10.0, content='The price is 10.0.')

    @agent.tool_plain
    def buy() -> str:
        raise CallDeferred

    stored = drive(by_run, agent, 'Buy an apple.').all_messages()
    late = DeferredToolResults(calls={'c2': 'order 4711 placed'})
    stored = stored + drive(by_run, agent, None, message_history=stored, deferred_tool_results=late).new_messages()
    results = [part.tool_call_id for message in stored for part in message.parts if part.part_kind == 'tool-return']
    assert sorted(results) == ['c1', 'c2']


def test_a_call_that_waits_stays_open_through_a_compaction() -> None:
    """A run ends with a call nobody has answered, the next one compacts: the call is closed in what is sent only.

    Approved later, its result reaches the model as the result of that call.
    """
    sent: list[list[ModelMessage]] = []

    def decide(messages: list[ModelMessage], info: Any) -> ModelResponse:
        sent.append(list(messages))
        k = len(sent)
        if k < 8:
            return ModelResponse(parts=[ToolCallPart('read', {'n': k}, f'r{k}')])
        if k == 8:
            return ModelResponse(parts=[ToolCallPart('buy', {}, 'open')])
        return ModelResponse(parts=[TextPart('Done!')])

    agent: Agent[None, Any] = Agent(
        FunctionModel(decide), output_type=[str, DeferredToolRequests], capabilities=[Compactor(small())]
    )

    @agent.tool_plain
    def read(n: int) -> str:
        return f'file {n}: ' + 'said much ' * 400

    @agent.tool_plain
    def buy() -> str:
        raise CallDeferred

    record = drive(by_run, agent, 'Look, then buy.').all_messages()
    assert any(message.metadata for message in record)  # it was cut
    late = DeferredToolResults(calls={'open': 'order 4711 placed'})
    after = drive(by_run, agent, None, message_history=record, deferred_tool_results=late).all_messages()
    results = [part for message in sent[-1] for part in message.parts if part.part_kind == 'tool-return']
    assert [str(part.content) for part in results if part.tool_call_id == 'open'] == ['order 4711 placed']
    assert [part.tool_call_id for message in after for part in message.parts if part.part_kind == 'tool-return'].count(
        'open'
    ) == 1


def test_below_the_trigger_nothing_is_noted() -> None:
    """A run that never came near its trigger leaves no trace of ours in the record."""
    agent = reading_agent(Script(rounds(4)), **as_capability(Compactor()))
    record = drive(by_run, agent, 'Go.').all_messages()
    plain = drive(by_run, reading_agent(Script(rounds(4))), 'Go.').all_messages()
    assert shape(record) == shape(plain)
    assert not any('compactor' in str(message.metadata) for message in record)


def test_what_is_noted_can_be_read() -> None:
    """Every note in a record is a whole cut of this version."""
    agent = reading_agent(Script(rounds(ROUNDS)), **as_capability(Compactor(small())))
    record = drive(by_run, agent, 'Go.').all_messages()
    notes = [message.metadata['compactor'] for message in record if message.metadata]
    assert notes
    for note in notes:
        assert parse(note).covers <= len(record)


@pytest.mark.skipif(not hasattr(RunContext, 'enqueue'), reason='this version has no `enqueue`')
def test_what_is_put_in_while_a_tool_runs_is_recorded_as_the_framework_does() -> None:
    """A response and a request that came in beside a result stay apart in the record."""

    def decide(number: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse([TextPart('done')] if number > 1 else [ToolCallPart('read', {}, 'c1')])

    def recorded(**arguments: Any) -> list[tuple[Any, ...]]:
        agent: Agent[None, Any] = Agent(Script(decide).model, **arguments)

        @agent.tool
        def read(ctx: RunContext[None]) -> str:
            ctx.enqueue(ModelResponse([TextPart('An aside.')]), ModelRequest([UserPromptPart('And a word.')]))
            return 'ok'

        return shape(drive(by_run, agent, 'Go.').all_messages())

    assert recorded(capabilities=[Compactor()]) == recorded()
