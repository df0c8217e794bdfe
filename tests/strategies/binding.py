"""Histories in which something binds, and what a compaction says of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zlib import crc32

from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import HistoryPolicy, Policy, compact
from compactor.digest.binding import BINDING
from compactor.history.marks import SAID, SAID_AND_ASKED

GOAL = 'Migrate the ledger to integer cents.'


def called(tool: str, arguments: dict[str, Any], result: Any, **more: Any) -> list[ModelMessage]:
    """A call with its result."""
    call = f'{tool}-{crc32(f"{arguments} {result}".encode())}'
    return [
        ModelResponse(parts=[ToolCallPart(tool, arguments, tool_call_id=call)]),
        ModelRequest(parts=[ToolReturnPart(tool, result, tool_call_id=call, **more)]),
    ]


def asked(text: str) -> list[ModelMessage]:
    """What a person says."""
    return [ModelRequest(parts=[UserPromptPart(text)])]


def said(text: str) -> list[ModelMessage]:
    """What the agent says."""
    return [ModelResponse(parts=[TextPart(text)])]


def filling(first: int, last: int) -> list[ModelMessage]:
    """Steps that read files."""
    return [
        message
        for i in range(first, last)
        for message in called(
            'read_file', {'path': f'src/m{i}.py'}, '\n'.join(f'name_{i}_{j} = value({i * j % 97})' for j in range(50))
        )
    ]


def history(*middle: Sequence[ModelMessage]) -> list[ModelMessage]:
    """The goal, these messages, and a long way behind them."""
    return [*asked(GOAL), *filling(0, 1), *(message for one in middle for message in one), *filling(1, 30)]


def compacted(messages: list[ModelMessage], target: int = 5_000, **policy: Any) -> list[ModelMessage]:
    """What a compaction leaves."""
    result = compact(messages, Policy(history=HistoryPolicy(**policy)), target_tokens=target, model='openai:gpt-4o')
    assert result.fits
    assert not result.failures
    return list(result.messages)


def marks(messages: Sequence[ModelMessage]) -> list[str]:
    """What stands in marks that are no digest, without the header."""
    texts = [str(part.content) for message in messages for part in message.parts if part.part_kind == 'user-prompt']
    return [text.split('] ', 1)[1] for text in texts if text.startswith('[compactor ')]


def bound(messages: Sequence[ModelMessage]) -> str:
    """What is told of what binds; '' if nothing is."""
    return next((text for text in marks(messages) if text.startswith(BINDING)), '')


def words(messages: Sequence[ModelMessage]) -> str:
    """What is told of the user's words; '' if nothing is."""
    return next((text for text in marks(messages) if text.startswith((SAID, SAID_AND_ASKED))), '')


__all__ = ['asked', 'bound', 'called', 'compacted', 'filling', 'history', 'marks', 'said', 'words']
