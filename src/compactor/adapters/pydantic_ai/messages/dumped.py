"""A pydantic-ai message as bytes that an archive keeps, and back."""

from __future__ import annotations

from typing import Any

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_core import PydanticSerializationError


def dump(message: Any) -> bytes | None:
    """A message as JSON, in a list of its own as the framework's adapter has it; None if it would not come back."""
    try:
        return ModelMessagesTypeAdapter.dump_json([message], warnings='error')
    except (PydanticSerializationError, ValueError):
        pass
    try:  # a value of another type than declared may well survive, a part of unknown kind does not
        data = ModelMessagesTypeAdapter.dump_json([message], warnings=False)
        again = ModelMessagesTypeAdapter.dump_json(load(data), warnings=False)
    except (PydanticSerializationError, ValueError):
        return None
    return data if again == data else None


def load(data: bytes) -> list[ModelMessage]:
    """The messages in such JSON. Raises `ValueError` if there are none in it."""
    return ModelMessagesTypeAdapter.validate_json(data)
