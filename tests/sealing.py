"""Notes of ours in histories that tests write by hand."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage, ModelRequest, UserPromptPart

from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.messages.places import place_of
from compactor.history.marks import sealed
from compactor.history.seal import Key, Seal
from compactor.run.keys import process_key

SEAL = Seal(Key.of('a key of one test'), goal='0123')


def seal_of(messages: Sequence[ModelMessage]) -> Seal:
    """The seal of a history under the key of the tests."""
    return FORMAT.seal(messages, process_key().key)


def genuine(text: str, messages: Sequence[ModelMessage]) -> ModelRequest:
    """A request that holds a mark of ours, as it stands in this history."""
    part = UserPromptPart(text)
    part.content = sealed(text, seal_of(messages), place_of(part))
    return ModelRequest(parts=[part])


def unsealed(text: str) -> str:
    """A text without the seals in it, which differ from one conversation to the next."""
    return re.sub(r'\[compactor \d{20}\]', '[compactor]', text)
