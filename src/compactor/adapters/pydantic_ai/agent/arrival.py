"""How a tool of ours that comes along in the middle of a run is declared to the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, ThinkingPart

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.models import identify
from compactor.history.reasoning import rule_for
from compactor.run.model_name import ModelName
from compactor.run.state import RunState
from compactor.run.tool_names import OURS


def declared(parameters: Any, messages: Sequence[ModelMessage], model: ModelName, state: RunState) -> Any:
    """The parameters of a request in which our tools are declared such that no thinking is refused for it.

    To spare the prompt cache the framework tells Claude of a newcomer by an exchange that nobody had: a call without
    thinking, as the last turn of the model (2.60 and newer). Where that turn has to begin with the thinking that led
    to it, our tools stand among the others instead, which costs the cache of one request. Where thinking is bound to
    what precedes it nothing may stand before it that did not, and the exchange is right.
    """
    late = compat.introduced(parameters) & OURS
    if not late:
        return parameters
    if not state.plain:
        rule = rule_for(model.provider, model.name)
        state.plain = rule.leads and not (rule.binds or rule.refers) and _thinks(messages)
    return compat.with_introduced(parameters, compat.introduced(parameters) - late) if state.plain else parameters


def must_be_there(model: Any) -> bool:
    """Whether our tools are in every request to a model.

    Thinking that is bound to what precedes it would be refused after the first request that has more tools, where the
    framework does not tell of them beside the others.
    """
    if compat.ANNOUNCES_TOOLS:
        return False
    name = identify(model)
    return rule_for(name.provider, name.name).binds


def _thinks(messages: Sequence[ModelMessage]) -> bool:
    """Whether signed thinking stands in a history, the newest answers looked at first."""
    return any(
        isinstance(part, ThinkingPart) and part.signature
        for message in reversed(messages)
        if isinstance(message, ModelResponse)
        for part in message.parts
    )
