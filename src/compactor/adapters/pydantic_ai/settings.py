"""What a request's settings and models already say: a limit of the caller's own, and how much they think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compactor.adapters.pydantic_ai.models import models_in
from compactor.request.max_tokens import THINKING
from compactor.run.model_name import ModelName

EFFORTS: Mapping[Any, int] = {
    True: THINKING,
    'minimal': 1_024,
    'low': 2_048,
    'medium': 10_000,
    'high': 16_384,
    'xhigh': 32_768,
    'max': 32_768,
}
"""Tokens that thinking takes by effort: what the framework itself grants where a provider wants a number."""

SERVER_SETTINGS = (
    'openai_previous_response_id',
    'openai_conversation_id',
    'openai_context_management',
    'anthropic_context_management',
)
"""Model settings under which the provider keeps or edits the history itself."""
OWN_API = frozenset(('anthropic', 'openai', 'cerebras', 'groq', 'mistral', 'cohere', 'bedrock', 'google', 'google-gla'))
"""Providers that heed no setting that begins with another provider's name; who else does is not known."""

NEVER_THINKS = ('none', 'disabled', False)


def is_limited(settings: Any, model: Any) -> bool:
    """Whether the caller has set a limit: in a request's settings, in its raw body, or for one of its models."""
    for found in (settings, *_settings_of(model)):
        if found and ('max_tokens' in found or _in_body(found.get('extra_body'))):
            return True
    return False


def _settings_of(model: Any) -> list[Mapping[str, Any]]:
    """The settings that models bring along."""
    return [settings for one in models_in(model) if isinstance(settings := getattr(one, 'settings', None), Mapping)]


def _in_body(body: Any) -> bool:
    return isinstance(body, Mapping) and any(key in body for key in BODY_KEYS)


BODY_KEYS = ('max_tokens', 'max_completion_tokens', 'max_output_tokens')
"""What providers call the limit in the body of a request."""


def thinking_of(settings: Any, model: Any) -> int:
    """Tokens that thinking may take: as the settings say, or much if the model always thinks; 0 where nobody asks."""
    settings = settings or {}
    for key in ('anthropic_thinking', 'google_thinking_config', 'bedrock_thinking'):
        found = settings.get(key)
        if isinstance(found, Mapping):
            budget = found.get('budget_tokens', found.get('thinking_budget'))
            if isinstance(budget, int) and budget >= 0:
                return budget
            return 0 if found.get('type') in NEVER_THINKS else THINKING
    for key in ('thinking', 'openai_reasoning_effort', 'groq_reasoning_effort', 'xai_reasoning_effort'):
        found = settings.get(key)
        if found is not None:
            return 0 if found in NEVER_THINKS else EFFORTS.get(found, THINKING)
    return THINKING if _always_thinks(model) else 0


def _always_thinks(model: Any) -> bool:
    """Whether a model, or one that may answer in its place, thinks whatever the settings say."""
    return any(_thinks(one) for one in models_in(model))


def _thinks(model: Any) -> bool:
    return bool(_profile(model, 'thinking_always_enabled', False))


def takes_tools(model: Any) -> bool:
    """Whether a model, and all that may answer in its place, takes function tools."""
    return all(_profile(one, 'supports_tools', True) for one in models_in(model))


def _profile(model: Any, name: str, otherwise: bool) -> Any:
    """What a model's profile says: a mapping in 2.x, an object before."""
    try:
        profile = getattr(model, 'profile', None)
    except NotImplementedError:  # a chain of models has no profile of its own
        return otherwise
    if isinstance(profile, Mapping):
        return profile.get(name, otherwise)
    return getattr(profile, name, otherwise)


def kept_by_provider(settings: Any, name: ModelName) -> str | None:
    """The setting under which the provider keeps the history itself; None where there is none that it heeds."""
    settings = settings or {}
    return next((key for key in SERVER_SETTINGS if settings.get(key) and _heeds(name, key)), None)


def _heeds(name: ModelName, key: str) -> bool:
    """Whether a setting means anything to a model: to those that certainly have an API of their own, others' do not."""
    return name.provider not in OWN_API or key.startswith(f'{name.provider}_')
