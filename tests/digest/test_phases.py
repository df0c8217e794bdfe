"""Where a stretch of work ends: at a new prompt, and where an item of the plan is done."""

from __future__ import annotations

from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, ToolCallPart, ToolReturnPart, UserPromptPart

from compactor.adapters.pydantic_ai.messages.compact import read
from compactor.digest.phases import between_phases
from compactor.tokens.counter import counter_for


def ends(*calls: tuple[str, dict[str, Any]], more: str = '') -> bool:
    """Whether a phase ends behind these calls of one exchange, or of one that `more` follows."""
    history: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('Clean up.')])]
    for n, (tool, arguments) in enumerate(calls):
        history += [
            ModelResponse(parts=[ToolCallPart(tool, arguments, tool_call_id=f'c{n}')]),
            ModelRequest(parts=[ToolReturnPart(tool, 'ok', tool_call_id=f'c{n}')]),
        ]
    if more:
        history.append(ModelRequest(parts=[UserPromptPart(more)]))
    return between_phases(read(history, counter_for(None)).snapshot().history)


def plan(*states: str) -> tuple[str, dict[str, Any]]:
    """A call that tells a plan whose items are in these states."""
    return 'update_plan', {'plan': [{'step': f'Part {n}', 'status': state} for n, state in enumerate(states)]}


READ = ('read_file', {'path': 'a.py'})


def test_an_exchange_has_ended() -> None:
    """A prompt that nothing has followed yet opens a phase."""
    assert ends(READ, more='And now the tests.')
    assert not ends(READ)


def test_an_item_is_done() -> None:
    """The step that tells one more item done ends a phase; one that only tells the plan, or any other, does not."""
    first, second = plan('in_progress', 'pending'), plan('completed', 'in_progress')
    assert ends(READ, first, READ, second)
    assert ends(first, second, plan('completed', 'completed'))
    assert not ends(READ, first)
    assert not ends(first, second, READ)
    assert not ends(first, READ, first)
