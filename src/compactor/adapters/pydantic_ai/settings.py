"""What a request's settings and models already say: a limit of the caller's own, and how much they think."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compactor.request.max_tokens import THINKING

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


def models_in(model: Any) -> list[Any]:
    """A model, what it wraps, and all that may answer in its place."""
    found: list[Any] = []
    waiting = [model]
    while waiting and len(found) < MODELS:
        one = waiting.pop()
        if one is not None and not isinstance(one, str):
            found.append(one)
            waiting += [getattr(one, 'wrapped', None), *(getattr(one, 'models', None) or ())]
    return found


MODELS = 64
"""Models of a chain that are looked at: one that loops must not hang a request."""


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
    try:
        profile = getattr(model, 'profile', None)
    except NotImplementedError:  # a chain of models has no profile of its own
        return False
    if isinstance(profile, Mapping):
        return bool(profile.get('thinking_always_enabled'))
    return bool(getattr(profile, 'thinking_always_enabled', False))
