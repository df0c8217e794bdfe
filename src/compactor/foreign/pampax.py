"""The configuration of PAMPAX, phase 4: three files and ten variables.

A budget of tokens becomes `history.target_input_tokens`, what is kept free of it `history.reserve_tokens`, a model's
context `tokens.windows`. Flags that say what is done here anyway hold; everything else is refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compactor.foreign.found import Found, flag, table, whole
from compactor.sources import THEIRS

PREFIX = 'PAMPAX_'
"""Begins the names of its variables."""
SECTIONS = ('tokenization', 'budgeting', 'packing', 'models')
"""Of the global file (`pampax.config.json`)."""
REPOSITORY = ('repository', 'priorities', 'capsuleStrategies', 'optimization')
"""Of a repository's file (`.pampax/token-config.json`), besides model and budget."""
SESSION = ('repoPath', 'timestamp', 'lastUsed', 'usageHistory')
"""Of a session's file (`.pampax/token-budget.json`), besides model and budget."""

EXACT = 'texts are counted by the bundled tokenizers, where a model has a public one, and by a measured factor else'
REMEMBERED = 'counts are remembered, within 32 MB and 65,536 texts'
FOREVER = 'a count never changes, so it never gets old; answers do: CachedModel(ttl=...)'
THE_MODEL = 'the model is the one that is asked, or --model of a command'
WEIGHTS = 'of no policy, but of a packing profile, which reads it: packing.profiles.load, compactor pack --profile FILE'
CAPSULES = 'what does not fit becomes shorter by its kind, then a line of the digest with a handle, then the archive'
PACKED = 'the most valuable lines for their tokens are taken until the room is full'
FITTED = 'a request is compacted to fit its model'
USES = 'of a session, which reads it: compactor token budget'
WHERE = 'a policy belongs to the program that loads it, wherever it lies'
NOTHING = 'nothing reads it'

FLAGS: Mapping[str, tuple[object, str]] = {
    'tokenization.enableCaching': (True, REMEMBERED),
    'tokenization.fallbackToSimple': (True, EXACT),
    'budgeting.enableEarlyStop': (True, PACKED),
    'budgeting.optimizeForContext': (True, FITTED),
    'packing.enableCapsules': (True, CAPSULES),
    'packing.preserveStructure': (True, CAPSULES),
    'packing.degradePolicy': ('intelligent', CAPSULES),
    'optimization.aggressiveMode': (False, CAPSULES),
}
"""Keys that are what they are: the value that holds, and what happens."""
REFUSED: Mapping[str, str] = {
    'tokenization.cacheSize': REMEMBERED,
    'optimization.preserveQuality': 'nobody can measure the quality of a text here',
}
"""Keys without a counterpart."""
TOLD: Mapping[str, str] = {
    'tokenization.defaultModel': THE_MODEL,
    'tokenization.advancedTokenizers': EXACT,
    'model': THE_MODEL,
    'repository': WHERE,
    'repoPath': WHERE,
    'timestamp': WHERE,
    'lastUsed': WHERE,
    'packing.defaultPriorities': WEIGHTS,
    'priorities': WEIGHTS,
    'capsuleStrategies': WEIGHTS,
    'optimization.minRelevanceScore': WEIGHTS,
    'usageHistory': USES,
}
"""Keys that say of the file what it is, ask for less than there is, or are read where they belong."""
VARIABLES: Mapping[str, str] = {
    'DEFAULT_MODEL': THE_MODEL,
    'TOKEN_CACHE_SIZE': REMEMBERED,
    'TOKEN_CACHE_TTL': FOREVER,
    'BATCH_SIZE': 'batches are as long as the list that is given: count_batch, process_batch',
    'CONCURRENT_LIMIT': 'it is said where it holds: process_batch(concurrency=...), TokenOptimizer(max_workers=...)',
}
"""Variables without a counterpart, and what is there instead."""
VARIABLE_FLAGS: Mapping[str, str] = {
    'ENABLE_CAPSULES': CAPSULES,
    'ENABLE_DEGRADATION': CAPSULES,
    'ENABLE_OPTIMIZATION': FITTED,
}
"""Variables that hold if they are true."""


def is_one(config: Mapping[str, Any]) -> bool:
    """Whether a configuration is one of the three."""
    return any(key in config for key in (*SECTIONS, *REPOSITORY, *SESSION, 'budget'))


def read(config: Mapping[str, Any]) -> Found:
    """What a configuration file of PAMPAX says, each key of it read, held or refused."""
    found = Found()
    budget = config.get('budget')
    for key, value in config.items():
        if key == 'models':
            _models(found, table(value, key))
        elif key == 'budget':
            found.put('history', 'target_input_tokens', whole(value, key))
        elif key in ('tokenization', 'budgeting', 'packing', 'optimization'):
            inner = table(value, key)
            for name, one in inner.items():
                _one(found, f'{key}.{name}', one)
            if key == 'budgeting' and budget is None:
                budget = inner.get('defaultBudget')
        else:
            _one(found, key, value)
    share = table(config.get('budgeting', {}), 'budgeting').get('reservePercentage')
    if share is not None:
        _reserve(found, share, budget)
    return found


def from_variables(variables: Mapping[str, str], prefix: str = PREFIX) -> Found:
    """What the ten variables say, under a prefix: its own, or ours."""
    found = Found()
    for name, text in variables.items():
        short = name.removeprefix(prefix)
        if not name.startswith(prefix) or (short not in THEIRS and prefix != PREFIX):
            continue
        if short == 'DEFAULT_BUDGET':
            found.put('history', 'target_input_tokens', whole(text, name))
        elif short == 'ENABLE_ADVANCED_TOKENIZERS':
            flag(text, name)
            found.holds[name] = EXACT
        elif short in VARIABLE_FLAGS:
            found.fixed(name, flag(text, name), True, VARIABLE_FLAGS[short])
        else:
            found.refused[name] = VARIABLES.get(short, NOTHING)
    return found


def _one(found: Found, name: str, value: object) -> None:
    if name == 'budgeting.defaultBudget':
        found.put('history', 'target_input_tokens', whole(value, name))
    elif name in FLAGS:
        found.fixed(name, value, *FLAGS[name])
    elif name in TOLD:
        found.holds[name] = TOLD[name]
    elif name != 'budgeting.reservePercentage':
        found.refused[name] = REFUSED.get(name, NOTHING)


def _models(found: Found, models: Mapping[str, Any]) -> None:
    for model, given in models.items():
        for key, value in table(given, f'models.{model}').items():
            name = f'models.{model}.{key}'
            if key == 'contextSize':
                windows = found.values.setdefault('tokens', {}).setdefault('windows', {})
                windows[model] = whole(value, name)
            elif key == 'charsPerToken':
                found.holds[name] = EXACT
            elif key == 'recommendedBudget':
                _recommended(found, name, value, given.get('contextSize'))
            else:
                found.refused[name] = NOTHING


def _recommended(found: Found, name: str, value: object, context: object) -> None:
    """A budget of 70 % of the context is what `history.hard_limit_threshold` would say; another one it cannot."""
    number = whole(value, name)
    if context is not None and number == whole(context, name) * 7 // 10:
        found.holds[name] = 'it is 70 % of the context; what a request may hold is history.compaction_threshold of it'
    else:
        found.refused[name] = 'a budget belongs to a policy, not to a model: history.target_input_tokens'


def _reserve(found: Found, share: object, budget: object) -> None:
    name = 'budgeting.reservePercentage'
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
        found.refused[name] = f'it is a share, 0 to 1, not {share!r}'
    elif budget is None:
        found.refused[name] = 'it is a share of a budget, and none is said: budgeting.defaultBudget'
    else:
        found.put('history', 'reserve_tokens', round(share * whole(budget, 'budgeting.defaultBudget')))
