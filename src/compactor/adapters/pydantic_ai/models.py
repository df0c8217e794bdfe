"""What can be learned from a pydantic-ai model object or a model name: who answers, and how it counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.messages import MessageReader
from compactor.tokens.counter import Counter
from compactor.tokens.counter import counter_for as text_counter_for


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model by provider and name, either may be unknown."""

    provider: str | None
    name: str | None

    @property
    def full(self) -> str | None:
        """`provider:name`, as the framework writes it."""
        return f'{self.provider}:{self.name}' if self.provider and self.name else self.name


def identify(model: Any, run_id: str | None = None) -> ModelName:
    """Provider and name of a model object or of a name.

    Of wrappers the model within, of fallback chains the first, of a `CapacityModel` the one that it expects to answer
    the run's next request.
    """
    if model is None:
        return ModelName(None, None)
    if isinstance(model, str):
        provider, colon, name = model.partition(':')
        return ModelName(provider, name) if colon else ModelName(None, model)
    for _ in range(16):  # wrappers nest; a chain that loops must not hang a request
        inner = getattr(model, 'wrapped', None)
        if inner is None and (chooser := _chooser(model)) is not None:
            inner = chooser.expected(run_id)
        if inner is None:
            inner = next(iter(getattr(model, 'models', None) or ()), None)
        if inner is None:
            break
        model = inner
    return ModelName(getattr(model, 'system', None), getattr(model, 'model_name', None))


def chooser_in(model: Any) -> Any:
    """The `CapacityModel` that a model is or wraps; None if there is none."""
    for _ in range(16):
        if model is None or isinstance(model, str):
            return None
        if _chooser(model) is not None:
            return model
        model = getattr(model, 'wrapped', None) or next(iter(getattr(model, 'models', None) or ()), None)
    return None


def _chooser(model: Any) -> Any:
    return model if hasattr(type(model), 'expected') and hasattr(type(model), 'choose') else None


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
