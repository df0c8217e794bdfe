"""An agent that reads files until its history has to be cut, then asks the archive; it counts its requests."""

from __future__ import annotations

from typing import Any

from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel

from tests.durable import temporal_flow


class Reader:
    """The agent, and how often its model was really asked.

    Args:
        capabilities: the compactor and the engine's.
    """

    def __init__(self, *capabilities: Any) -> None:
        self.asked = 0
        self.agent = Agent(FunctionModel(self._decide), name='reader', capabilities=capabilities)
        self.agent.tool_plain(temporal_flow.read)

    def _decide(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.asked += 1
        return temporal_flow.decide(messages, info)


REQUESTS = temporal_flow.ROUNDS + 2
"""Requests of a run: one a file, one for the archive, one for the answer."""
