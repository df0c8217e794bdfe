"""Histories of the framework's own messages, for strategies that look at what calls say, and what a model reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import write
from compactor.history import reasoning, rules
from compactor.history.parse import parse
from compactor.history.write import write as messages_of
from compactor.strategies import Room, Strategy
from tests.notation import COUNTER, room
from tests.sealing import seal_of

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
END = 'Thanks. What is left?'


def ask(content: Any) -> ModelMessage:
    """A request with a prompt."""
    return ModelRequest(parts=[UserPromptPart(content, timestamp=EPOCH)], timestamp=EPOCH)


def answer(*parts: Any) -> ModelMessage:
    """A response."""
    return ModelResponse(parts=parts, timestamp=EPOCH)


def returned(content: Any, tool: str = 'bash', **values: Any) -> ToolReturnPart:
    """A result of the call `c`."""
    return ToolReturnPart(tool, content, 'c', timestamp=EPOCH, **values)


def did(tool: str, content: Any, /, *said: Any, outcome: str = 'success', **arguments: Any) -> list[ModelMessage]:
    """A step: something said, a call and its result."""
    call = ToolCallPart(tool, json.dumps(arguments), 'c')
    result = content if not isinstance(content, str | list) else returned(content, tool, outcome=outcome)
    return [answer(*said, call), ModelRequest(parts=[result], timestamp=EPOCH)]


def ran(command: str, output: str) -> list[ModelMessage]:
    """A step that runs a shell command."""
    return did('bash', output, command=command)


def session(*steps: Sequence[ModelMessage]) -> list[ModelMessage]:
    """A task, these steps and an answer, then a prompt in flight; `keep_steps=1` covers only the answer."""
    flat = [message for step in steps for message in step]
    return [ask('Fix the parser.'), *flat, answer(TextPart('Fixed.')), ask(END)]


def applied(strategy: Strategy, messages: Sequence[ModelMessage], within: Room | None = None) -> list[ModelMessage]:
    """What is left by a strategy: lawful, and the same when it is applied again, also to what is written and read."""
    within = within or room(1)
    seal = seal_of(messages)
    before = parse(MessageReader(COUNTER, seal=seal).read(messages)).history
    after = strategy.apply(before, within)
    assert not hasattr(after, 'send')
    assert strategy.apply(after, within) is after
    recorded = messages_of(before.segments)
    view = messages_of(reasoning.settle(recorded, after, reasoning.NO_RULE).segments)
    assert rules.check(recorded, view) == []
    written = write(view, seal)
    again = MessageReader(COUNTER, seal=seal_of(written)).read(written)
    assert [message.tokens for message in again] == [message.tokens for message in view]
    tree = parse(again).history
    assert strategy.apply(tree, within) is tree
    return written


def shown(messages: Sequence[ModelMessage], *kinds: str) -> list[str]:
    """The texts of the parts of these kinds, long ones cut."""
    texts = [
        str(getattr(p, 'content', None) or getattr(p, 'args', ''))
        for m in messages
        for p in m.parts
        if p.part_kind in kinds
    ]
    return [text if len(text) <= 240 else text[:40] + '…' for text in texts]


def results(messages: Sequence[ModelMessage]) -> list[str]:
    """What the tools returned."""
    return shown(messages, 'tool-return', 'retry-prompt')
