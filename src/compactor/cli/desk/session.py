"""What a repository remembers for its commands: the budget of the session, what was used of it, and packing profiles.

It lies in `.compactor/` of the folder that is meant. The budget is JSON with the keys that PAMPAX's `token-budget.json`
has, so that either file is read; the last process that writes wins.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from compactor.errors import ConfigError
from compactor.files import write_whole

FOLDER = '.compactor'
BUDGET, PROFILE = 'token-budget.json', 'packing.toml'
THEIRS = Path('.pampax', 'token-budget.json')
KEPT = 200
"""Uses that are remembered."""
LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Use:
    """One use of the budget."""

    at: float
    tokens: int
    query: str
    shown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget of tokens for what is put into a prompt.

    Attributes:
        budget: tokens of one prompt.
        model: for which model.
        repository: the folder it was set for.
        set_at: when, in seconds since 1970.
        uses: what was used, the newest last.
    """

    budget: int
    model: str = ''
    repository: str = ''
    set_at: float = 0.0
    uses: tuple[Use, ...] = field(default=())

    def used(self, use: Use) -> Budget:
        """The budget after one more use."""
        return replace(self, uses=(*self.uses, use)[-KEPT:])

    def to_json(self) -> dict[str, Any]:
        """As it is stored: moments in milliseconds, as PAMPAX has them."""
        return {
            'budget': self.budget,
            'model': self.model,
            'repoPath': self.repository,
            'timestamp': int(self.set_at * 1000),
            'lastUsed': int((self.uses[-1].at if self.uses else self.set_at) * 1000),
            'usageHistory': [
                {'timestamp': int(use.at * 1000), 'tokens': use.tokens, 'query': use.query}
                | ({'shown': list(use.shown)} if use.shown else {})
                for use in self.uses
            ],
        }


def budget_of(repository: Path) -> Budget | None:
    """The budget that is in force in a folder, ours before PAMPAX's; None where none was set."""
    for path in (repository / FOLDER / BUDGET, repository / THEIRS):
        text = _read(path)
        if text is not None:
            try:
                return _parsed(json.loads(text))
            except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
                raise ConfigError(f'{path} holds no budget: remove it, or set one anew') from None
    return None


def keep_budget(repository: Path, budget: Budget) -> Path:
    """Stores a budget for a folder; where it lies."""
    path = repository / FOLDER / BUDGET
    write(path, json.dumps(budget.to_json(), indent=2) + '\n')
    return path


def forget_budget(repository: Path) -> bool:
    """Removes the budget of a folder; whether there was one."""
    path = repository / FOLDER / BUDGET
    there = path.exists()
    path.unlink(missing_ok=True)
    return there


def write(path: Path, text: str) -> None:
    """Writes a file in one piece: a reader sees the old one or the new one, whatever happens."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise ConfigError(f'cannot write {path}: {error.strerror or error}') from None


def _read(path: Path) -> str | None:
    try:
        if path.stat().st_size > LARGEST:
            raise ConfigError(f'{path} is too large for a budget: remove it')
        return path.read_text('utf-8')
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(f'cannot read {path}: {error}') from None


def _parsed(value: dict[str, Any]) -> Budget:
    budget = value['budget']
    if isinstance(budget, bool) or not isinstance(budget, int) or budget <= 0:
        raise ValueError
    uses = tuple(
        Use(float(use['timestamp']) / 1000, int(use['tokens']), str(use.get('query', '')), tuple(use.get('shown', ())))
        for use in value.get('usageHistory', ())
    )
    set_at = float(value.get('timestamp', 0)) / 1000
    return Budget(budget, str(value.get('model', '')), str(value.get('repoPath', '')), set_at, uses[-KEPT:])
