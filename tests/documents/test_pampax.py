"""PAMPAX phase 4: its configuration files and its ten variables, each key read, held or refused by its name.

The command suite and the packing profiles are in `test_pampax_desk.py`; the figures of "Performance metrics" are that
system's own measurements, ours are on the page of figures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from compactor import Policy
from compactor.errors import ConfigError
from compactor.foreign import files, pampax

GLOBAL: dict[str, Any] = {  # "Configuration / Global configuration (pampax.config.json)"
    'tokenization': {
        'defaultModel': 'gpt-4',
        'enableCaching': True,
        'cacheSize': 1_000,
        'advancedTokenizers': False,
        'fallbackToSimple': True,
    },
    'budgeting': {
        'defaultBudget': 4_000,
        'reservePercentage': 0.1,
        'enableEarlyStop': True,
        'optimizeForContext': True,
    },
    'packing': {
        'defaultPriorities': {'code': 1.0, 'tests': 0.8, 'comments': 0.6, 'docs': 0.7, 'config': 0.9},
        'enableCapsules': True,
        'preserveStructure': True,
        'degradePolicy': 'intelligent',
    },
    'models': {
        'gpt-4': {'contextSize': 8_192, 'charsPerToken': 3.5, 'recommendedBudget': 5_734},
        'claude-3': {'contextSize': 100_000, 'charsPerToken': 4.0, 'recommendedBudget': 70_000},
    },
}
REPOSITORY: dict[str, Any] = {  # "Repository-specific configuration (.pampax/token-config.json)"
    'repository': 'my-project',
    'model': 'gpt-4',
    'budget': 5_000,
    'priorities': {'code': 0.9, 'tests': 0.7, 'comments': 0.5, 'docs': 0.6, 'config': 0.8},
    'capsuleStrategies': {'code': 'semantic', 'tests': 'preserve-signatures', 'docs': 'extract-key-points'},
    'optimization': {'aggressiveMode': False, 'preserveQuality': 0.8, 'minRelevanceScore': 0.3},
}
SESSION: dict[str, Any] = {  # "Session budget storage (.pampax/token-budget.json)"
    'budget': 3_000,
    'model': 'gpt-4',
    'repoPath': '/home/user/project',
    'timestamp': 1_699_123_456_789,
    'lastUsed': 1_699_123_456_789,
    'usageHistory': [{'timestamp': 1_699_123_456_789, 'tokens': 2_450, 'query': 'authentication'}],
}
VARIABLES = {  # "Environment variables"
    'DEFAULT_MODEL': 'gpt-4',
    'DEFAULT_BUDGET': '4000',
    'TOKEN_CACHE_SIZE': '1000',
    'ENABLE_ADVANCED_TOKENIZERS': 'false',
    'TOKEN_CACHE_TTL': '3600',
    'BATCH_SIZE': '100',
    'CONCURRENT_LIMIT': '10',
    'ENABLE_CAPSULES': 'true',
    'ENABLE_DEGRADATION': 'true',
    'ENABLE_OPTIMIZATION': 'true',
}


def written(folder: Path, config: dict[str, Any]) -> Path:
    """A configuration as a file."""
    path = folder / 'config.json'
    path.write_text(json.dumps(config))
    return path


def leaves(config: dict[str, Any], prefix: str = '', depth: int = 3) -> list[str]:
    """The keys of a configuration, as they are named."""
    found = []
    for key, value in config.items():
        name = f'{prefix}{key}'
        opened = (
            depth > 1 and isinstance(value, dict) and key in (*pampax.SECTIONS, 'optimization', 'gpt-4', 'claude-3')
        )
        found += leaves(value, f'{name}.', depth - 1) if opened else [name]
    return found


READ = {  # what becomes of a key that is read
    'budgeting.defaultBudget',
    'budgeting.reservePercentage',
    'models.gpt-4.contextSize',
    'models.claude-3.contextSize',
    'budget',
}


@pytest.mark.parametrize('config', [GLOBAL, REPOSITORY, SESSION], ids=['global', 'repository', 'session'])
def test_no_key_is_passed_over(tmp_path: Path, config: dict[str, Any]) -> None:
    """Each is read, holds anyway, or is refused, and only one of these."""
    found = files.read(written(tmp_path, config))
    assert set(found.holds) | set(found.refused) | (READ & set(leaves(config))) == set(leaves(config))
    assert not set(found.holds) & set(found.refused)
    assert all(len(why) > 10 for why in (*found.holds.values(), *found.refused.values()))


def test_what_is_read(tmp_path: Path) -> None:
    """Budgets, a reserve of 10 %, and context sizes."""
    assert files.read(written(tmp_path, GLOBAL)).values == {
        'history': {'target_input_tokens': 4_000, 'reserve_tokens': 400},
        'tokens': {'windows': {'gpt-4': 8_192, 'claude-3': 100_000}},
    }
    assert files.read(written(tmp_path, REPOSITORY)).values == {'history': {'target_input_tokens': 5_000}}
    assert files.read(written(tmp_path, SESSION)).values == {'history': {'target_input_tokens': 3_000}}


def test_what_is_refused(tmp_path: Path) -> None:
    """Of the three files, by name."""
    refused = [set(files.read(written(tmp_path, config)).refused) for config in (GLOBAL, REPOSITORY, SESSION)]
    assert refused == [
        {'tokenization.cacheSize'},
        {'optimization.preserveQuality'},
        set(),
    ]


def test_a_policy_from_it(tmp_path: Path) -> None:
    """The global file without what cannot be kept to; with it, all of that is named at once."""
    config = json.loads(json.dumps(GLOBAL))
    config['packing']['degradePolicy'] = 'drop'
    with pytest.raises(ConfigError, match=r'tokenization\.cacheSize: .*packing\.degradePolicy: '):
        Policy.load(written(tmp_path, config), environment={})
    config = json.loads(json.dumps(GLOBAL))
    del config['tokenization']['cacheSize']
    policy = Policy.load(written(tmp_path, config), environment={})
    assert (policy.history.target_input_tokens, policy.history.reserve_tokens) == (4_000, 400)
    assert policy.tokens.windows['claude-3'] == 100_000
    argued = Policy.load(written(tmp_path, config), environment={}, history={'target_input_tokens': 6_000})
    assert argued.history.target_input_tokens == 6_000


@pytest.mark.parametrize(
    ('section', 'key', 'value'),
    [
        ('tokenization', 'enableCaching', False),
        ('tokenization', 'fallbackToSimple', False),
        ('budgeting', 'enableEarlyStop', False),
        ('budgeting', 'optimizeForContext', False),
        ('budgeting', 'reservePercentage', 2),
        ('packing', 'enableCapsules', False),
        ('packing', 'preserveStructure', False),
        ('packing', 'degradePolicy', 'drop'),
        ('packing', 'unheardOf', 1),
    ],
)
def test_a_flag_that_asks_for_something_else(tmp_path: Path, section: str, key: str, value: object) -> None:
    """Is refused, never ignored."""
    assert f'{section}.{key}' in files.read(written(tmp_path, {section: {key: value}})).refused


@pytest.mark.parametrize(
    ('config', 'name'),
    [
        ({'models': {'m': {'recommendedBudget': 7}}}, 'models.m.recommendedBudget'),
        ({'models': {'m': {'contextSize': 100, 'recommendedBudget': 60}}}, 'models.m.recommendedBudget'),
        ({'models': {'m': {'colour': 'red'}}}, 'models.m.colour'),
        ({'budgeting': {'reservePercentage': 0.1}}, 'budgeting.reservePercentage'),
        ({'models': {}, 'unheardOf': 1}, 'unheardOf'),
    ],
)
def test_other_keys(tmp_path: Path, config: dict[str, Any], name: str) -> None:
    """A budget that is not 70 % of its context, a share of nothing, and what nobody knows."""
    assert name in files.read(written(tmp_path, config)).refused


@pytest.mark.parametrize(
    'config', [{'budgeting': {'defaultBudget': -1}}, {'budgeting': []}, {'models': {'m': {'contextSize': 'big'}}}]
)
def test_values_that_are_none(tmp_path: Path, config: dict[str, Any]) -> None:
    """Named with their key."""
    with pytest.raises(ConfigError, match=r'positive whole number|is an object'):
        files.read(written(tmp_path, config))


@pytest.mark.parametrize('prefix', ['PAMPAX_', 'COMPACTOR_'])
@pytest.mark.parametrize('name', VARIABLES)
def test_ten_variables(prefix: str, name: str) -> None:
    """Under their prefix and under ours: read, true of what is done anyway, or refused by name."""
    environment = {f'{prefix}{name}': VARIABLES[name]}
    if name in pampax.VARIABLES:
        with pytest.raises(ConfigError, match=f'{prefix}{name}: '):
            Policy.load(environment=environment)
        return
    policy = Policy.load(environment=environment)
    assert policy.history.target_input_tokens == (4_000 if name == 'DEFAULT_BUDGET' else None)
    with pytest.raises(ConfigError, match=f'{prefix}{name}'):
        Policy.load(environment={f'{prefix}{name}': 'false' if name in pampax.VARIABLE_FLAGS else 'many'})


def test_an_unknown_variable_of_theirs() -> None:
    """Is refused as well."""
    with pytest.raises(ConfigError, match='PAMPAX_COLOUR: nothing reads it'):
        Policy.load(environment={'PAMPAX_COLOUR': 'red'})


def test_ours_goes_before_theirs() -> None:
    """A field said by its own name wins."""
    environment = {'PAMPAX_DEFAULT_BUDGET': '4000', 'COMPACTOR_HISTORY_TARGET_INPUT_TOKENS': '5000'}
    assert Policy.load(environment=environment).history.target_input_tokens == 5_000
    both = {'PAMPAX_DEFAULT_BUDGET': '4000', 'COMPACTOR_DEFAULT_BUDGET': '6000'}
    assert Policy.load(environment=both).history.target_input_tokens == 6_000
