"""Profiles as files: TOML of ours, one file a repository with what differs by model; and PAMPAX's two files.

version = 1
repository = "my-project"
[priorities]
code = 0.9
[models."gpt-4".priorities]
tests = 1.0
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from compactor import sources
from compactor.errors import ConfigError
from compactor.foreign.found import parsed, table
from compactor.packing.profile import VERSION, Profile
from compactor.tokens.families import normal_name

THEIRS = {'preserve-signatures': 'signatures', 'extract-key-points': 'key_points', 'semantic': 'semantic'}
"""PAMPAX's names of what a capsule holds."""


def load(path: Path, model: str = '') -> Profile:
    """The profile of a file for a model.

    Raises:
        ConfigError: it cannot be read, or a value is none that a profile has.
    """
    if path.suffix.lower() == '.json':
        try:
            return of_pampax(parsed(path.read_text('utf-8'), str(path)))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f'cannot read the profile {path}: {error}') from None
    return of(sources.from_toml(path), model, str(path))


def of(values: Mapping[str, Any], model: str = '', where: str = 'the profile') -> Profile:
    """A profile from the values of a file: what it says of a model over what it says of all."""
    plain = {key: value for key, value in values.items() if key != 'models'}
    models = table(values.get('models', {}), f'{where}: models')
    name = normal_name(model)
    for pattern, own in models.items():
        known = (name, name.partition(':')[2] or name)
        if model and any(fnmatchcase(one, normal_name(pattern)) for one in known):
            plain = sources.over(plain, table(own, f'{where}: models.{pattern}'))
            break
    if model:
        plain['model'] = model
    try:
        return Profile(**plain)
    except ConfigError as error:
        raise ConfigError(f'{where}: {error}') from None


def of_pampax(config: Mapping[str, Any]) -> Profile:
    """A profile from PAMPAX's `token-config.json` or `pampax.config.json`: weights, capsules, least relevance."""
    packing = table(config.get('packing', {}), 'packing')
    budgeting = table(config.get('budgeting', {}), 'budgeting')
    optimization = table(config.get('optimization', {}), 'optimization')
    values: dict[str, Any] = {'repository': config.get('repository', ''), 'model': config.get('model', '')}
    weights = config.get('priorities', packing.get('defaultPriorities'))
    if weights is not None:
        values['priorities'] = table(weights, 'priorities')
    capsules: dict[str, Any] = {}
    if 'capsuleStrategies' in config:
        named = table(config['capsuleStrategies'], 'capsuleStrategies')
        unknown = [how for how in named.values() if how not in THEIRS]
        if unknown:
            raise ConfigError(f'capsuleStrategies: {unknown[0]!r} is none of {", ".join(THEIRS)}')
        capsules['strategies'] = {kind: THEIRS[how] for kind, how in named.items()}
    if 'minRelevanceScore' in optimization:
        capsules['least_relevance'] = optimization['minRelevanceScore']
    if 'enableCapsules' in packing:
        capsules['enabled'] = packing['enableCapsules']
    if capsules:
        values['capsules'] = capsules
    if 'reservePercentage' in budgeting:
        values['allocation'] = {'reserve': budgeting['reservePercentage']}
    return Profile(**values)


def as_toml(profile: Profile, models: Mapping[str, Any] | None = None) -> str:
    """A profile as a file has it, with what it says of models besides."""
    values = profile.model_dump(mode='json', exclude={'model', 'version'}, exclude_defaults=True)
    values |= {'priorities': dict(profile.priorities), 'allocation': profile.allocation.model_dump()}
    values |= {'capsules': profile.capsules.model_dump(mode='json')}
    lines = ['# What `compactor pack` prefers in this repository; every line may be left out.', f'version = {VERSION}']
    if models:
        values['models'] = {name: dict(own) for name, own in models.items()}
    return '\n'.join([*lines, *_tables(values, ())]) + '\n'


def models_in(path: Path) -> dict[str, Any]:
    """What a file says of models."""
    try:
        return dict(tomllib.loads(path.read_text('utf-8')).get('models', {}))
    except (OSError, ValueError):
        return {}


def _tables(values: Mapping[str, Any], above: tuple[str, ...]) -> list[str]:
    plain = [f'{_key(key)} = {toml_of(one)}' for key, one in values.items() if not isinstance(one, Mapping)]
    lines = [f'\n[{".".join(map(_key, above))}]'] if plain and above else []
    lines += plain
    for key, one in values.items():
        if isinstance(one, Mapping):
            lines += _tables(one, (*above, key))
    return lines


def _key(name: str) -> str:
    return name if name and all(c.isascii() and (c.isalnum() or c in '_-') for c in name) else json.dumps(name)


def toml_of(one: Any) -> str:
    """A value as TOML writes it; a table as JSON, for people."""
    # Texts, numbers, truth values and lists of them are written alike in JSON and TOML, once nothing is escaped as a
    # surrogate pair.
    return json.dumps(one, ensure_ascii=False)
