"""Counts what travels beside the messages of a request: instructions and tool definitions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage, ModelRequest

from compactor.adapters.pydantic_ai.parts import as_json
from compactor.tokens.counter import Counter


@dataclass(slots=True)
class ToolTokens:
    """The size of a run's tool definitions, counted again only when one of them is another object."""

    _known: list[Any] = field(default_factory=list)
    _tokens: int = 0

    def of(self, definitions: Sequence[Any], counter: Counter) -> int:
        """Their size in the units of the local tokenizer."""
        if len(self._known) == len(definitions) and all(map(is_, self._known, definitions)):
            return self._tokens
        self._tokens = sum(counter.base_many([_definition(d) for d in definitions])) + 8 * len(definitions)
        self._known = list(definitions)
        return self._tokens


def overhead(
    ctx: RunContext[Any] | None,
    tool_tokens: ToolTokens,
    counter: Counter,
    messages: Sequence[ModelMessage],
    parameters: Any,
) -> int:
    """Tokens of instructions and tool definitions, which travel beside the messages."""
    parts = getattr(parameters, 'instruction_parts', None)
    last = messages[-1] if messages else None
    if parts is not None:
        texts = [part.content for part in parts]
    else:
        texts = [last.instructions] if isinstance(last, ModelRequest) and last.instructions else []
    if parameters is not None:
        tools = [*parameters.function_tools, *parameters.output_tools]
    else:  # a history processor is not told; newer versions let it ask
        tools = list(getattr(getattr(ctx, 'tool_manager', None), 'tool_defs', ()) or ())
    return counter.scale(sum(counter.base(text) for text in texts) + tool_tokens.of(tools, counter))


def _definition(tool: Any) -> str:
    """A tool definition about as it travels: name, description and parameters."""
    return f'{tool.name}\n{tool.description or ""}\n{as_json(tool.parameters_json_schema)}'
