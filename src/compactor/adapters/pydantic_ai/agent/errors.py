"""The errors of this library that end a run, as errors of the framework's too."""

from __future__ import annotations

from pydantic_ai.exceptions import AgentRunError

from compactor import errors


class RequestTooLarge(errors.RequestTooLarge, AgentRunError):
    """`compactor.RequestTooLarge`, as an error of the agent run too."""


class BudgetExceeded(errors.BudgetExceeded, AgentRunError):
    """`compactor.BudgetExceeded`, as an error of the agent run too."""
