"""What 'keep the last N messages' earns from a strict provider: the reason for this library, in figures."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic_ai import Agent, Tool
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import Model
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor.testing import Api
from tests.wire.driver import AgentFactory, Lived, live, requires

try:
    from pydantic_ai.capabilities import ProcessHistory as _ProcessHistory
except ImportError:  # before 1.87
    _ProcessHistory = None  # type: ignore[assignment, misc]

ROUNDS = 24
PROVIDERS: list[Api] = ['openai', 'anthropic']

Processor = Callable[[list[ModelMessage]], list[ModelMessage]]


def processed(processor: Processor) -> dict[str, Any]:
    """How an agent is given a history processor by this version of pydantic-ai."""
    if _ProcessHistory is None:
        return {'history_processors': [processor]}
    return {'capabilities': [_ProcessHistory(processor)]}


def keeping_last(kept: int) -> AgentFactory:
    """Agents with the window that everyone writes first."""

    def keep_last(messages: list[ModelMessage]) -> list[ModelMessage]:
        return messages[-kept:]

    def build(model: Model, tools: Sequence[Tool[None]]) -> Agent[None, str]:
        return Agent(model, tools=tools, **processed(keep_last))

    return build


def unprocessed(model: Model, tools: Sequence[Tool[None]]) -> Agent[None, str]:
    """Agents that send their whole history."""
    return Agent(model, tools=tools)


def shown(label: str, lived: Lived) -> None:
    """Print a line of the comparison (seen with `pytest -s`)."""
    rules = Counter(one.refusal.rule for one in lived.refusals if one.refusal)
    print(
        f'\n{label:<36} completed {lived.completed:>3}  refused {len(lived.refusals):>3}'
        f'  largest {lived.largest:>7,}  {dict(rules)}',
        end='',
    )


def core_repairs_orphans() -> bool:
    """Whether this version of pydantic-ai itself drops results without calls before it sends a history."""
    seen: list[ModelMessage] = []

    def behead(messages: list[ModelMessage]) -> list[ModelMessage]:
        orphan = ToolReturnPart(tool_name='search', content='x', tool_call_id='lost')
        return [ModelRequest(parts=[orphan, UserPromptPart('go on')])]

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        seen.extend(messages)
        return ModelResponse(parts=[TextPart('ok')])

    asyncio.run(Agent(FunctionModel(answer), **processed(behead)).run('hello'))
    return not any(isinstance(part, ToolReturnPart) for message in seen for part in message.parts)


@pytest.mark.parametrize('streamed', [False, True])
@pytest.mark.parametrize('provider', PROVIDERS)
def test_an_untouched_history_is_never_refused(provider: Api, streamed: bool) -> None:
    """The whole history of parallel calls breaks no rule: what is refused below is the window's doing."""
    requires(provider)
    lived = live(unprocessed, provider, ROUNDS, streamed=streamed)
    shown(f'{provider}, untouched, streamed={streamed}', lived)
    assert lived.refusals == []
    assert lived.completed == ROUNDS + 1
    assert lived.output
    # Newer versions stream to Anthropic also when asked not to, so only one direction is certain.
    assert not streamed or all(one.streamed for one in lived.requests)


@pytest.mark.parametrize('bound', [False, True])
def test_untouched_thinking_is_never_refused(bound: bool) -> None:
    """pydantic-ai sends thinking back as it came, so that signatures hold, bound or not."""
    requires('anthropic')
    lived = live(unprocessed, 'anthropic', ROUNDS, thinking=True, bound_thinking=bound)
    assert lived.refusals == []
    blocks = [block for turn in lived.requests[-1].body['messages'] for block in turn['content']]
    assert sum(block['type'] == 'thinking' for block in blocks) == ROUNDS


@pytest.mark.parametrize('provider', PROVIDERS)
def test_a_cut_between_call_and_result(provider: Api) -> None:
    """An odd window starts with results whose calls are gone; older cores send them, newer ones drop them."""
    requires(provider)
    lived = live(keeping_last(7), provider, ROUNDS)
    shown(f'{provider}, last 7 messages', lived)
    if core_repairs_orphans():
        assert lived.refusals == []
    else:
        orphan = 'tool-orphan' if provider == 'openai' else 'tool-result-orphan'
        assert {one.refusal.rule for one in lived.refusals if one.refusal} == {orphan}
        assert len(lived.refusals) > ROUNDS // 2
    assert lived.completed + len(lived.refusals) == ROUNDS + 1


@pytest.mark.parametrize('provider', PROVIDERS)
def test_a_window_of_messages_is_no_window_of_tokens(provider: Api) -> None:
    """Twenty messages can hold any number of tokens: over the provider's window the session is lost."""
    requires(provider)
    lived = live(keeping_last(20), provider, ROUNDS, window=15_000)
    shown(f'{provider}, last 20 messages, 15,000', lived)
    assert [one.refusal.rule for one in lived.refusals if one.refusal] == ['window']
    assert lived.largest > 15_000
    assert lived.output is None
    assert lived.completed < ROUNDS // 2


def test_a_window_before_bound_thinking() -> None:
    """An even window keeps every pair, yet each cut invalidates the thinking that comes after it."""
    requires('anthropic')
    lived = live(keeping_last(6), 'anthropic', ROUNDS, bound_thinking=True)
    shown('anthropic, last 6 messages, bound', lived)
    assert {one.refusal.rule for one in lived.refusals if one.refusal} == {'thinking-bound'}
    assert len(lived.refusals) > ROUNDS // 2
    assert lived.completed + len(lived.refusals) == ROUNDS + 1
