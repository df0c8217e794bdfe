"""`Compactor(remember=...)`: what an application wants in every request is sent with each, and never recorded."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic_ai import Agent, RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import Compactor, ConfigError, HistoryPolicy, Policy, RequestTooLarge
from tests.adapters.driver import PROCESSOR_MODES, Script, by_run, drive, reading_agent, rounds


class Seen:
    """A model that calls a tool a few times, and what it was sent."""

    def __init__(self, calls: int = 3) -> None:
        self.calls = calls
        self.requests: list[list[ModelMessage]] = []

    def answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.requests.append(messages)
        if len(self.requests) <= self.calls:
            return ModelResponse(
                parts=[ToolCallPart('look', {'at': len(self.requests)}, tool_call_id=f'c{self.calls}')]
            )
        return ModelResponse(parts=[TextPart('Done.')])


def run(seen: Seen, **arguments: Any) -> list[ModelMessage]:
    """A run with a compactor; what it records."""
    agent = Agent(FunctionModel(seen.answer), capabilities=[Compactor(**arguments)])

    @agent.tool_plain
    def look(at: int) -> str:
        return f'nothing at {at} ' * 20

    return asyncio.run(agent.run('Look around.')).all_messages()


def prompts(message: ModelMessage) -> list[Any]:
    """What stands in the prompts of a request."""
    assert isinstance(message, ModelRequest)
    return [part.content for part in message.parts if isinstance(part, UserPromptPart)]


def test_it_ends_every_request_and_is_in_no_record() -> None:
    """The newest state stands at the end of the last request, and in no other; the record does not know of it."""
    state = {'done': 0}

    def plan() -> str:
        state['done'] += 1
        return f'Step {state["done"]} of 4.'

    seen = Seen()
    record = run(seen, remember=[plan, 'Never pay without approval.'])
    for number, request in enumerate(seen.requests, 1):
        wanted = f'Kept by the application, as it stands now:\nStep {number} of 4.\n\nNever pay without approval.'
        assert request[-1].parts[-1].content == wanted  # type: ignore[union-attr]
        assert sum('Kept by' in text for one in request if one.kind == 'request' for text in prompts(one)) == 1
    assert len(seen.requests) == state['done'] == 4
    assert not any('Kept by' in str(part) for message in record for part in message.parts)


@pytest.mark.parametrize('persist', [True, False])
def test_what_stands_before_it_stays_as_it_was(persist: bool) -> None:
    """Whatever changes in it, the requests begin alike: a provider's cache goes on hitting."""
    counter = iter(range(100))
    seen = Seen()
    run(seen, remember=lambda: f'now {next(counter)}', persist=persist)
    for before, after in zip(seen.requests, seen.requests[1:], strict=False):
        assert before[:-1] == after[: len(before) - 1]
        assert list(before[-1].parts[:-1]) == list(after[len(before) - 1].parts)


def test_functions_may_take_the_context_and_be_awaited_and_objects_are_told() -> None:
    """A function of the run's context, one that has to be waited for, an object, and nothing."""

    async def awaited(ctx: RunContext[Any]) -> list[str]:
        return [f'step {ctx.run_step}', 'asked later']

    seen = Seen(calls=0)
    run(seen, remember=[awaited, lambda: None, 7])
    assert prompts(seen.requests[0][-1])[-1].split('\n', 1)[1] == 'step 1\n\nasked later\n\n7'


def test_nothing_to_remember_adds_nothing() -> None:
    """Where there is nothing to say, requests are as they were."""
    with_it, without = Seen(), Seen()
    run(with_it, remember=lambda: None)
    run(without)
    assert [[m.parts[0].part_kind for m in one] for one in with_it.requests] == [
        [m.parts[0].part_kind for m in one] for one in without.requests
    ]
    assert [len(one[-1].parts) for one in with_it.requests] == [len(one[-1].parts) for one in without.requests]


def test_it_is_counted() -> None:
    """What it takes counts towards the hard limit."""
    policy = Policy(history=HistoryPolicy(max_input_tokens=1_000))
    run(Seen(calls=0), policy=policy)
    with pytest.raises(RequestTooLarge):
        run(Seen(calls=0), policy=policy, remember=['word ' * 2_000])


def test_observing_adds_nothing() -> None:
    """In observe mode nothing is changed."""
    seen = Seen(calls=0)
    run(seen, remember=['Never pay.'], mode='observe')
    assert prompts(seen.requests[0][-1]) == ['Look around.']


def test_what_cannot_work_says_so() -> None:
    """A text alone is refused, and so is a history processor, whose requests are recorded."""
    with pytest.raises(ConfigError, match='remember is a function, or a list'):
        Compactor(remember='Never pay.')
    with pytest.raises(ConfigError, match='remember needs capabilities'):
        drive(by_run, reading_agent(Script(rounds(1)), **PROCESSOR_MODES[0](Compactor(remember=['Never pay.']))), 'Go.')


def test_what_it_raises_ends_the_run() -> None:
    """A request that must hold something is not sent without it."""

    def broken() -> str:
        raise LookupError('no plan')

    with pytest.raises(LookupError, match='no plan'):
        run(Seen(), remember=broken)
