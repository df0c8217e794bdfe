"""What the rooms make inputs of: parts, messages and counters around a text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.history.message import Kind, Part
from compactor.strategies import Room
from compactor.tokens.counter import counter_for

Prepare = Callable[[str], Callable[[], Any]]
"""From a text to the call that is timed."""

COUNTER = counter_for('gpt-4o')
PIECE = 200
"""Characters of a message, where a text is spread over many."""


def applied(function: Callable[[str], Any]) -> Prepare:
    """A function of one text."""
    return lambda text: lambda: function(text)


def part(kind: Kind, text: str, tool: str = 'run') -> Part:
    """A part of a neutral message with this text."""
    return Part(kind, None, max(1, len(text) // 4), text, 'c1', tool)


def command(text: str) -> Part:
    """A call of a shell."""
    return part(Kind.CALL, json.dumps({'command': text}))


def pieces(text: str, most: int = PIECE) -> list[str]:
    """The text in pieces of so many characters."""
    return [text[i : i + most] for i in range(0, len(text), most)]


def room(tokens: int) -> Room:
    """A room for so many tokens."""
    units = COUNTER.in_units()
    return Room(tokens, None, units.base, units.fit, units.fit_end)


def conversation(
    *, prompt: str = 'Fix the build.', said: str = '', command: str = 'make', returned: str = 'done', thought: str = ''
) -> list[ModelMessage]:
    """A run of 12 steps, one of which holds the given texts."""
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('Make it work.')])]
    for n in range(12):
        third = n == 3
        if n == 5:
            messages.append(ModelRequest(parts=[UserPromptPart(prompt)]))
        parts: list[Any] = [TextPart(said if third and said else f'Now part {n}.')]
        if third and thought:
            parts.insert(0, ThinkingPart(thought))
        parts.append(ToolCallPart('run', {'command': command if third else f'make part_{n}'}, f'c{n}'))
        result = returned if third else f'part_{n} is made\n' + 'x y z ' * 150
        messages += [ModelResponse(parts=parts), ModelRequest(parts=[ToolReturnPart('run', result, f'c{n}')])]
    return messages


def short_messages(text: str) -> list[ModelMessage]:
    """A long run whose calls and results are pieces of the text."""
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('Make it work.')])]
    for n, piece in enumerate(pieces(text)):
        call = ToolCallPart('run', {'command': piece}, f'c{n}')
        messages += [ModelResponse(parts=[call]), ModelRequest(parts=[ToolReturnPart('run', piece, f'c{n}')])]
    return messages
