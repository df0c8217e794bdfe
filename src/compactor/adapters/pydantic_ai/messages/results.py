"""The results in a history that are about to be sent for the first time, and the history with others in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from pydantic_ai import messages as messages_of
from pydantic_ai.messages import ModelMessage, ModelResponse, RetryPromptPart, ToolReturnPart, UserPromptPart

from compactor.adapters.pydantic_ai.messages.media import texts_of
from compactor.adapters.pydantic_ai.messages.reader import ACKNOWLEDGED
from compactor.adapters.pydantic_ai.messages.response_parts import is_signed
from compactor.adapters.pydantic_ai.messages.writer import with_content
from compactor.digest.commands import arguments as arguments_of
from compactor.run.format import Place, Result, Words

FEEDBACK: Any = getattr(messages_of, 'RetryFeedbackPart', RetryPromptPart)
"""What newer versions make of a retry that answers no call."""
RESULTS = (ToolReturnPart, RetryPromptPart, FEEDBACK)


def newest_results(messages: Sequence[ModelMessage]) -> Iterator[Result]:
    """The results since the last response, and in it those of the provider's own tools that are plain text."""
    last = next((i for i in range(len(messages) - 1, -1, -1) if isinstance(messages[i], ModelResponse)), -1)
    spoken: Sequence[Any] = messages[last].parts if last >= 0 else ()
    calls = {part.tool_call_id: part for part in spoken if part.part_kind in ('tool-call', 'builtin-tool-call')}
    for i in range(max(0, last), len(messages)):
        parts: Sequence[Any] = messages[i].parts
        for j, part in enumerate(parts):
            native = part.part_kind == 'builtin-tool-return' and isinstance(part.content, str) and not is_signed(part)
            if not native and type(part) not in RESULTS:
                continue  # a subclass is the framework's own: it reads its content again
            arguments: Callable[[], Mapping[str, Any]] = partial(
                _arguments, calls.get(getattr(part, 'tool_call_id', ''))
            )
            retry = not isinstance(part, ToolReturnPart) and not native
            name, call_id = getattr(part, 'tool_name', ''), getattr(part, 'tool_call_id', '')
            yield Result((i, j), name or '', call_id, part.content, arguments, retry)


def newest_words(messages: Sequence[ModelMessage]) -> Iterator[Words]:
    """User content in the requests since the last response that hold results; what ends a run is none."""
    for i in range(len(messages) - 1, -1, -1):
        if isinstance(messages[i], ModelResponse):
            return
        parts: Sequence[Any] = messages[i].parts
        results = [part for part in parts if isinstance(part, ToolReturnPart | RetryPromptPart) and part.tool_name]
        if not results or all(isinstance(part.content, str) and part.content in ACKNOWLEDGED for part in results):
            continue
        calls = [part.tool_call_id for part in results]
        for j, part in enumerate(parts):
            if isinstance(part, UserPromptPart):
                content = part.content
                yield Words((i, j), calls, content, content if isinstance(content, str) else texts_of(content))


def _arguments(call: Any) -> Mapping[str, Any]:
    """What a tool was called with; parsed when asked for, as a tool's own hook has taken most results."""
    args = call.args if call is not None else None
    return arguments_of(args) if isinstance(args, str) else args or {}


def with_results(messages: Sequence[ModelMessage], contents: Mapping[Place, Any]) -> list[ModelMessage]:
    """The history with other contents at some places; messages that have none of them stay the same objects."""
    changed = {i for i, _ in contents}
    return [_with(message, i, contents) if i in changed else message for i, message in enumerate(messages)]


def _with(message: Any, i: int, contents: Mapping[Place, Any]) -> ModelMessage:
    parts: list[Any] = [
        with_content(part, contents[i, j]) if (i, j) in contents else part for j, part in enumerate(message.parts)
    ]
    rewritten: ModelMessage = replace(message, parts=parts)
    return rewritten
