"""The one table: from workload, task and complexity to a chain of models, and what is known of the models.

A rule fits a request if each of its three keys is `*` or the request's own. Of the rules that fit, the most specific
decides: the one with more keys named; of as many, the one that names the workload, then the task; of equals the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from compactor.errors import ConfigError
from compactor.routing.allowance import ALLOWANCES, Allowance
from compactor.routing.complexity import DEFAULT, Complexity, Scale, level_of
from compactor.routing.profiles import CostIn, ModelProfile, Share, is_pattern
from compactor.routing.row import Row, normal, shown
from compactor.routing.tasks import Tasks
from compactor.tokens.windows import NO_OVERRIDES, context_window

ANY = '*'
FLOORS: Mapping[Complexity, float] = MappingProxyType(dict(zip(Complexity, (0.8, 0.8, 0.85, 0.9, 0.95), strict=True)))
"""Least quality of a model by level, where a rule names no chain (Tokenette Pro)."""
FALLBACKS = 3
"""Models after the first, where a rule names no chain (Tokenette Pro)."""


Ties = Literal['quality', 'order']
"""Which of models that cost the same comes first."""


class Rule(Row):
    """Which models answer which requests.

    Attributes:
        workload: the workload; `*` for any.
        task: the task; `*` for any.
        complexity: the level, or several; `*` for any.
        chain: models, the first to be tried first. Empty: those of the table that suit, the cheapest first.
        quality_floor: least quality; a model of unknown quality is passed over. None: by the level where the rule has
            no chain, else none.
        max_price: most that a request may cost, in what the table compares (see `RoutingTable.cost_in`); a model of
            unknown price is passed over. None for no limit.
        input_tokens: tokens of what is sent, as a plan; None: by complexity.
        output_tokens: tokens of the answer, likewise.
        fields: anything else, such as `{priority = 'high', queue = 'review'}`; it is handed on, and not looked at.
    """

    workload: Annotated[str, Field(min_length=1)] = ANY
    task: Annotated[str, Field(min_length=1)] = ANY
    complexity: tuple[Complexity, ...] = ()
    chain: tuple[str, ...] = ()
    quality_floor: Share | None = None
    max_price: Annotated[Decimal, Field(ge=0)] | None = None
    input_tokens: Annotated[int, Field(gt=0)] | None = None
    output_tokens: Annotated[int, Field(gt=0)] | None = None
    fields: Mapping[str, str | int | float | bool] = Field(default_factory=dict)

    @field_validator('workload', 'task')
    @classmethod
    def _lower(cls, name: str) -> str:
        return normal(name)

    @field_validator('complexity', mode='before')
    @classmethod
    def _levels(cls, value: Any) -> Any:
        if value == ANY:
            return ()
        if isinstance(value, str | int):
            return (level_of(value),)
        return tuple(map(level_of, value)) if isinstance(value, list | tuple) else value

    @field_validator('chain')
    @classmethod
    def _askable(cls, chain: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() or is_pattern(name) for name in chain):
            raise ValueError('a chain names models that can be asked, no patterns')
        return tuple(dict.fromkeys(chain))

    @property
    def rank(self) -> tuple[int, bool, bool]:
        """How specific it is; the larger decides."""
        named = (self.workload != ANY, self.task != ANY, bool(self.complexity))
        return sum(named), named[0], named[1]

    def fits(self, workload: str, task: str, level: Complexity) -> bool:
        """Whether it holds for a request; names in lower case."""
        return (
            self.workload in (ANY, workload)
            and self.task in (ANY, task)
            and (not self.complexity or level in self.complexity)
        )

    def __str__(self) -> str:
        levels = '+'.join(level.label for level in self.complexity) or ANY
        return f'{shown(self.workload)}/{shown(self.task)}/{levels}'


@dataclass(frozen=True)
class RoutingTable:
    """Rules and models, and what to do where none fits.

    Attributes:
        rules: the rules; their order matters only among equally specific ones.
        models: what is known of models. A name that is equal goes before patterns; of those the first decides.
        default: models that are tried where no rule and no model suits; no level's floor holds for them.
        floors: least quality by level, for rules without a chain.
        fallbacks: models after the first, for rules without a chain.
        cost_in: what 'cheapest' and `max_price` mean.
        discount: factor on multipliers, such as 0.9.
        allowances: tokens by level or task.
        scale: how complexity is measured.
        tasks: how a prompt's task is told.
        agents: workload by an agent's name, which may be a pattern; for requests that name no workload.
        windows: context windows by model, over those of `tokens.windows`; a profile's own goes first.
        ties: which of models that cost the same comes first: the better one, or the one that stands first.

    Raises:
        ConfigError: two models of the same name, or a default that is a pattern.
    """

    rules: tuple[Rule, ...] = ()
    models: tuple[ModelProfile, ...] = ()
    default: tuple[str, ...] = ()
    floors: Mapping[Complexity, float] = field(default_factory=lambda: FLOORS)
    fallbacks: int = FALLBACKS
    cost_in: CostIn = 'usd'
    discount: Decimal = Decimal(1)
    allowances: Mapping[str, Allowance] = field(default_factory=lambda: ALLOWANCES)
    scale: Scale = DEFAULT
    tasks: Tasks = field(default_factory=Tasks)
    agents: Mapping[str, str] = field(default_factory=dict)
    windows: Mapping[str, int] = field(default_factory=lambda: NO_OVERRIDES)
    ties: Ties = 'quality'

    def __post_init__(self) -> None:
        names = [one.model for one in self.models]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ConfigError(f'the model {twice!r} is described twice')
        if any(not name.strip() or is_pattern(name) for name in self.default):
            raise ConfigError('default: names models that can be asked, no patterns')

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing: no rule, no model, no default."""
        return not (self.rules or self.models or self.default)

    @cached_property
    def _ordered(self) -> tuple[Rule, ...]:
        return tuple(sorted(self.rules, key=lambda rule: rule.rank, reverse=True))

    @cached_property
    def _askable(self) -> tuple[ModelProfile, ...]:
        return tuple(one for one in self.models if not one.is_pattern)

    @cached_property
    def _profiles(self) -> dict[str, ModelProfile | None]:
        return {name: self._found(name) for name in self.names()}

    def match(self, workload: str, task: str, level: Complexity) -> Rule | None:
        """The most specific rule that fits; None if none does."""
        return next((rule for rule in self._ordered if rule.fits(workload, task, level)), None)

    def profile(self, model: str) -> ModelProfile | None:
        """What is known of a model; None if nothing is."""
        return self._profiles[model] if model in self._profiles else self._found(model)

    def _found(self, model: str) -> ModelProfile | None:
        equal = (one for one in self.models if one.model == model)
        return next(equal, None) or next((one for one in self.models if one.covers(model)), None)

    def suited(self, level: Complexity, task: str) -> Iterator[ModelProfile]:
        """Models that are good for a level or a task, in the order of the table."""
        return (one for one in self._askable if one.suits(level, task))

    def window(self, model: str, profile: ModelProfile | None) -> int | None:
        """The context window of a model in tokens; None if nobody knows it."""
        if profile is not None and profile.context_window is not None:
            return profile.context_window
        return context_window(model, self.windows)

    def names(self) -> tuple[str, ...]:
        """Every model that a route of this table may name, each once."""
        chains: Iterable[str] = (name for rule in self.rules for name in rule.chain)
        return tuple(dict.fromkeys((*chains, *(one.model for one in self._askable), *self.default)))
