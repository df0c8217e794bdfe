"""Counts what travels beside the messages of a request: instructions and tool definitions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any

from compactor.run.run import Definition, Tools
from compactor.tokens.counter import Counter
from compactor.tokens.json_text import as_json


@dataclass(slots=True)
class ToolTokens:
    """The size of a run's tool definitions, counted again only when one of them is another object."""

    _known: list[Any] = field(default_factory=list)
    _tokens: int = 0

    def of(self, definitions: Sequence[Definition], counter: Counter) -> int:
        """Their size in the units of the local tokenizer."""
        if len(self._known) == len(definitions) and all(map(is_, self._known, definitions)):
            return self._tokens
        self._tokens = sum(counter.base_many([_definition(d) for d in definitions])) + 8 * len(definitions)
        self._known = list(definitions)
        return self._tokens


def overhead(instructions: Iterable[str], tools: Tools, tool_tokens: ToolTokens, counter: Counter) -> int:
    """Tokens of instructions and tool definitions, which travel beside the messages of a request."""
    return counter.scale(overhead_units(instructions, tools, tool_tokens, counter))


def overhead_units(instructions: Iterable[str], tools: Tools, tool_tokens: ToolTokens, counter: Counter) -> int:
    """The same in the units of the local tokenizer, which no calibration changes."""
    definitions = [*tools.functions, *tools.outputs]
    return sum(counter.base(text) for text in instructions) + tool_tokens.of(definitions, counter)


def _definition(tool: Definition) -> str:
    """A tool definition about as it travels: name, description and parameters."""
    return f'{tool.name}\n{tool.description or ""}\n{as_json(tool.parameters_json_schema)}'
