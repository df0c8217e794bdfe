"""Compactions that a provider has made: whether the model about to answer goes on from one.

If it does, it is sent nothing of what stands before it. Any other model skips it and is sent the whole history.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.models import leaf
from compactor.history.going_on import GoesOnFrom, never
from compactor.history.message import SUMMARY, Message

READERS: dict[str, str] = {
    'anthropic': 'anthropic',
    'openai-responses': 'openai',
    'openai-chatgpt': 'openai',
    'azure-responses': 'azure',
}
"""Interfaces with compactions, as they are named ahead of a model's name, and the provider whose own they take up."""


def going_on(model: Any, run_id: str | None = None) -> GoesOnFrom:
    """Tells from which compactions in a history a model, given as an object or by name, goes on."""
    if model is None:
        return never
    if isinstance(model, str):
        interface = model.partition(':')[0].removeprefix('gateway/')
        provider = READERS.get(
            'openai-responses' if interface == 'openai' and compat.RESPONSES_BY_DEFAULT else interface
        )
        return partial(_by_name, provider) if provider is not None else never
    return partial(_by_model, leaf(model, run_id))


def _by_model(model: Any, message: Message) -> bool:
    return any(compat.goes_on_from(model, message.raw, part.raw) for part in message.parts if part.kind is SUMMARY)


def _by_name(provider: str, message: Message) -> bool:
    needs = provider != 'anthropic'
    return any(
        part.raw.provider_name == provider and compat.holds_compaction(part.raw, sealed=needs)
        for part in message.parts
        if part.kind is SUMMARY
    )
