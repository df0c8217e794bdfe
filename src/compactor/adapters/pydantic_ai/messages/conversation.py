"""Which conversation a history belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from compactor.adapters.pydantic_ai import compat


def conversation_in(messages: Sequence[Any]) -> str | None:
    """The id of the conversation that a history's newest message says it belongs to; older versions have none."""
    return next((found for message in reversed(messages) if (found := compat.conversation_id(message))), None)
