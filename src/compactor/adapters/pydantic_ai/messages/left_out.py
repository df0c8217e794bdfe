"""Whether something was left out of a history that an archive may give back."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.archive import newest_handle
from compactor.adapters.pydantic_ai.messages.prints import noted
from compactor.history.seal import Seal
from compactor.outputs.notes import names_an_output


def anything_left_out(messages: Sequence[ModelMessage], seal: Seal) -> bool:
    """Whether a history was cut, or an output in it was: by what is noted with it, its marks, its outputs' notes."""
    if any(noted(message) is not None for message in reversed(messages)) or newest_handle(messages, seal) is not None:
        return True
    return any(
        part.part_kind in ('tool-return', 'retry-prompt')
        and isinstance(part.content, str)
        and names_an_output(part.content)
        for message in messages
        if message.kind == 'request'
        for part in message.parts
    )
