"""What travels beside the messages of a request: instructions and tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic_ai.messages import ModelRequest

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.settings import takes_tools
from compactor.run.run import NO_TOOLS, Tools
from compactor.run.tool_names import OURS


def instructions_of(messages: Sequence[Any], parameters: Any) -> Sequence[str]:
    """The instructions of a request with these messages."""
    parts = compat.instruction_parts(parameters)
    if parts is not None:
        return [part.content for part in parts]
    last = messages[-1] if messages else None
    return [last.instructions] if isinstance(last, ModelRequest) and last.instructions else []


def tools_of(parameters: Any, model: Any = None) -> Tools:
    """The tools of a request; none that anybody told of where there are no parameters.

    Args:
        parameters: of the request.
        model: who is asked; None where nobody wants to know whether a tool of ours may travel along.
    """
    if parameters is None:
        return NO_TOOLS
    structured = bool(parameters.output_tools) or parameters.output_mode in ('native', 'prompted')
    tools = Tools(parameters.function_tools, parameters.output_tools, structured)
    return replace(tools, more=_takes_more(tools, parameters, model))


def _takes_more(tools: Tools, parameters: Any, model: Any) -> bool:
    """Whether a request may have a tool of ours.

    Where it has function tools of others it may. Where it has none, some models take none beside the provider's own
    tools or an output of the provider's own kind (Gemini 2.5), and some take none at all.
    """
    if tools.others:
        return True
    return takes_tools(model) and parameters.output_mode != 'native' and not compat.native_tools(parameters)


def without_ours(parameters: Any) -> Any:
    """The parameters of a request that a tool of ours must not travel with."""
    kept = [tool for tool in parameters.function_tools if tool.name not in OURS]
    return parameters if len(kept) == len(parameters.function_tools) else replace(parameters, function_tools=kept)


def recorded_instructions(messages: Sequence[Any]) -> str:
    """The instructions recorded with the newest request of a history, which is where a run takes them from."""
    last = next((message for message in reversed(messages) if isinstance(message, ModelRequest)), None)
    return (last.instructions if last is not None else None) or ''
