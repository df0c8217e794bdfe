"""The routing configuration of Ez Aigents (`shared/routing-config.json`): types of tasks as a routing table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compactor.errors import ConfigError
from compactor.foreign.found import Found, table

MODELS: Mapping[str, str] = {
    'claude-3-opus': 'anthropic:claude-3-opus-latest',
    'gpt-4': 'openai:gpt-4',
    'gpt-4o': 'openai:gpt-4o',
    'gemini-pro': 'google:gemini-pro',
    'deepseek': 'deepseek:deepseek-chat',
    'mistral': 'mistral:mistral-small-latest',
}
"""The six models of the plan, and what providers call them; any other is named as 'provider:model'."""
COMPLEXITY: Mapping[str, float] = {'high': 0.8, 'medium': 0.5, 'low': 0.2}
"""What a task counts, 0 to 1, by how complex its type is said to be: the plan's own three figures."""
DEFAULT = ('openai:gpt-4o', 'deepseek:deepseek-chat')
"""Who answers what is of none of the types, and who if that fails."""
KEYS = ('keywords', 'complexity', 'preferredModel')


def is_one(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is of this kind."""
    return 'taskTypes' in config


def read(config: Mapping[str, Any]) -> Found:
    """A routing table: a type is a task, its keywords are found anywhere in a prompt, its model is its chain.

    Raises:
        ConfigError: a type has no keywords, no model, or a complexity that is not high, medium or low.
    """
    found = Found()
    found.refused = {name: 'nothing reads it' for name in config if name != 'taskTypes'}
    tasks: dict[str, list[str]] = {}
    counts: dict[str, float] = {}
    rules: list[dict[str, Any]] = []
    for name, one in table(config.get('taskTypes'), 'taskTypes').items():
        where = f'taskTypes.{name}'
        row = table(one, where)
        found.refused |= {f'{where}.{key}': 'nothing reads it' for key in row if key not in KEYS}
        words, how = row.get('keywords'), row.get('complexity')
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            raise ConfigError(f'{where}.keywords is a list of words, not {words!r}')
        if not isinstance(how, str) or how not in COMPLEXITY:
            raise ConfigError(f'{where}.complexity is one of {", ".join(COMPLEXITY)}, not {how!r}')
        tasks[name] = words
        counts[name] = COMPLEXITY[how]
        rules.append(
            {'task': name, 'chain': (_model(row.get('preferredModel'), where),), 'fields': {'complexity': how}}
        )
    routing = {
        'rules': tuple(rules),
        'tasks': {name: tuple(words) for name, words in tasks.items()},
        'default': DEFAULT,
        'anywhere': True,
        'complexity': {'tasks': counts},
    }
    found.values['routing'] = routing
    return found


def _model(name: object, where: str) -> str:
    if isinstance(name, str) and (name in MODELS or ':' in name):
        return MODELS.get(name, name)
    known = ', '.join(MODELS)
    raise ConfigError(f"{where}.preferredModel is one of {known}, or 'provider:model', not {name!r}")
