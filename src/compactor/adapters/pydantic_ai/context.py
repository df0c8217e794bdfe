"""What is known about a request that a history is for, read from the run, its settings and the model that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import ModelMessage

from compactor.adapters.pydantic_ai.conversation import Conversation
from compactor.adapters.pydantic_ai.memory import Memory
from compactor.adapters.pydantic_ai.messages import SERVER_SETTINGS
from compactor.adapters.pydantic_ai.models import ModelName
from compactor.adapters.pydantic_ai.overhead import overhead
from compactor.compaction import RequestContext

OWN_API = frozenset(('anthropic', 'openai', 'cerebras', 'groq', 'mistral', 'cohere', 'bedrock', 'google', 'google-gla'))
"""Providers that heed no setting that begins with another provider's name; who else does is not known."""


def request_context(
    memory: Memory,
    name: ModelName,
    state: Conversation,
    messages: Sequence[ModelMessage],
    settings: Any,
    parameters: Any,
    ctx: RunContext[Any] | None = None,
) -> RequestContext:
    """The context of a request that is about to be sent, without an archive.

    Args:
        memory: counters and windows of models.
        name: the model that will answer.
        state: what is known of the run.
        messages: the history.
        settings: the request's settings.
        parameters: the request's parameters; None where nobody tells.
        ctx: the run, which is asked for tools where there are no parameters.
    """
    counter = memory.counter(name)
    kept = next((key for key in SERVER_SETTINGS if (settings or {}).get(key) and _heeds(name, key)), None)
    if kept is None and state.tracker.server_state:
        kept = 'a message holds a compaction by the provider'
    return RequestContext(
        counter=counter,
        overhead=overhead(ctx, state.tool_tokens, counter, messages, parameters),
        window=memory.window(name),
        provider=name.provider,
        model=name.full,
        anchor=state.anchor if memory.calibrates and counter.method != 'exact' else None,
        sending=True,
        server_state=kept,
    )


def _heeds(name: ModelName, key: str) -> bool:
    """Whether a setting means anything to a model: to those that certainly have an API of their own, others' do not."""
    return name.provider not in OWN_API or key.startswith(f'{name.provider}_')
