"""`counter_for`: counts text, and pydantic-ai messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.models import identify
from compactor.tokens.counter import Counter
from compactor.tokens.counter import counter_for as text_counter_for


@dataclass(frozen=True, slots=True)
class MessageCounter(Counter):
    """A `Counter` that also counts pydantic-ai messages."""

    def count_messages(self, messages: Sequence[ModelMessage]) -> int:
        """Tokens of the messages with their framing; instructions and tool definitions travel beside them.

        Raises `HistoryError` for what is not a message.
        """
        return self.scale(sum(message.tokens for message in MessageReader(self).read(messages)))


def counter_for(model: Any = None) -> MessageCounter:
    """The counter for a model name or model object; `.method` says how far it can be trusted.

    'exact' where the tokenizer is public and bundled (OpenAI), 'calibrated' by a measured factor for known families,
    'estimate' for a name nobody knows.
    """
    counter = text_counter_for(identify(model).full)
    return MessageCounter(counter.model, counter.family, counter.encoding, counter.ratio, counter.method)
