"""Station 4: which models answer which requests."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from compactor import sources
from compactor.policies.station import Count, Positive, Station
from compactor.request.task import BUILT_IN, Patterns
from compactor.routing.allowance import ALLOWANCES, Allowance
from compactor.routing.complexity import (
    ABOVE,
    COMPLEX_FILES,
    FILES,
    FULL_FILE,
    LINES,
    MODERATE_FILES,
    VALUES,
    Scale,
    level_of,
)
from compactor.routing.complexity import Rule as ScaleRule
from compactor.routing.learn import ABOVE as LEARN_ABOVE
from compactor.routing.learn import AT_LEAST, DAYS, KEEP, MAX_KEYS, Learner, MemoryOutcomes, Outcomes
from compactor.routing.profiles import CostIn, ModelProfile
from compactor.routing.row import normal
from compactor.routing.table import FALLBACKS, FLOORS, RoutingTable, Rule, Ties
from compactor.routing.tasks import Tasks
from compactor.tokens.windows import NO_OVERRIDES

Score = Annotated[float, Field(ge=0, le=1)]


class ComplexityPolicy(Station):
    """How hard a task is, from what was measured of it (`routing.complexity.Scale`).

    Attributes:
        words: phrases by level (trivial, simple, moderate, complex, expert, hint), over those of `routing.words`.
        tasks: what a task counts, 0 to 1, over `routing.complexity.TASKS`.
        values: what a phrase, or a number of files or lines, of each of the five levels counts, 0 to 1.
        above: scores above which a task is simple, moderate, complex, expert.
        files: most files of a trivial, simple, moderate, complex task.
        lines: most lines that change, likewise.
        moderate_files: files from which on a task is at least moderate.
        complex_files: files from which on it is at least complex.
        full_file: bytes of a file that count as 1.
        rule: how they become a level: 'mean' of what was measured; by 'count' of keywords, or by 'factors', as two
            published systems do (`routing.letter`).
    """

    words: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    tasks: Mapping[str, Score] = Field(default_factory=dict)
    values: tuple[Score, Score, Score, Score, Score] = VALUES
    above: tuple[Score, Score, Score, Score] = ABOVE
    files: tuple[Count, Count, Count, Count] = FILES
    lines: tuple[Count, Count, Count, Count] = LINES
    moderate_files: Positive = MODERATE_FILES
    complex_files: Positive = COMPLEX_FILES
    full_file: Positive = FULL_FILE
    rule: ScaleRule = 'mean'

    @model_validator(mode='after')
    def _sound(self) -> Self:
        if self.model_fields_set:
            self.scale()
        return self

    def scale(self) -> Scale:
        """The scale; `ConfigError` if its figures do not rise, or a phrase has no word."""
        return Scale(**{name: getattr(self, name) for name in type(self).model_fields})


class LearningPolicy(Station):
    """What is learned from outcomes (`routing.learn`).

    Attributes:
        enabled: try first what has gone well before.
        at_least: outcomes of a kind of request from which a model's rate says something.
        above: rate of success above which it is tried first.
        keep: newest outcomes that count, of each kind and model.
        days: days after which an outcome no longer counts.
        max_keys: kinds of request, with their models, that are remembered.
        path: a file in which outcomes are kept; None for this process only.
    """

    enabled: bool = True
    at_least: Positive = AT_LEAST
    above: Annotated[float, Field(ge=0, lt=1)] = LEARN_ABOVE
    keep: Positive = KEEP
    days: Annotated[float, Field(gt=0)] = DAYS
    max_keys: Positive = MAX_KEYS
    path: Path | None = None

    @model_validator(mode='after')
    def _enough(self) -> Self:
        if self.keep < self.at_least:
            raise ValueError(f'keep ({self.keep}) must not be below at_least ({self.at_least}), or nothing is learned')
        return self

    def memory(self) -> MemoryOutcomes:
        """An empty memory of these bounds."""
        return MemoryOutcomes(self.keep, self.max_keys)

    def learner(self, outcomes: Outcomes) -> Learner:
        """What learns from outcomes."""
        return Learner(outcomes, self.at_least, self.above, self.days)


class RoutingPolicy(Station):
    """Station 4: which models answer which requests (`routing.table.RoutingTable`). As it comes, no rule is set.

    Attributes:
        preset: a table that comes with the library, under what is set here: own rules go before its rules, an own
            model replaces its model of that name. None for none.
        rules: the rules.
        models: what is known of models.
        default: models that are tried where no rule and no model suits; one name or several.
        floors: least quality by level where a rule names no chain, over `routing.table.FLOORS`.
        fallbacks: models after the first where a rule names no chain.
        cost_in: what 'cheapest' and a rule's `max_price` mean: 'usd' of the request, or premium 'requests'.
        discount: factor on the multipliers of models, such as 0.9.
        allowances: tokens in and out by level or task, over `routing.allowance.ALLOWANCES`.
        tasks: phrases by task, for tasks of one's own; the one with the most phrases found is meant.
        default_task: the task where none of those is found; None for one of the six of `request.task`.
        anywhere: find the phrases of `tasks` inside of words too.
        ties: which of models that cost the same comes first: the better one ('quality'), or the first ('order').
        agents: workload by agent, which may be a pattern; for requests that name no workload.
        complexity: how hard a task is.
        learning: what is learned from outcomes.
    """

    preset: str | None = None
    rules: tuple[Rule, ...] = ()
    models: tuple[ModelProfile, ...] = ()
    default: tuple[str, ...] = ()
    floors: Mapping[str, Score] = Field(default_factory=dict)
    fallbacks: Count = FALLBACKS
    cost_in: CostIn = 'usd'
    discount: Annotated[Decimal, Field(gt=0, le=1)] = Decimal(1)
    allowances: Mapping[str, Allowance] = Field(default_factory=dict)
    tasks: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    default_task: str | None = None
    anywhere: bool = False
    ties: Ties = 'quality'
    agents: Mapping[str, str] = Field(default_factory=dict)
    complexity: ComplexityPolicy = Field(default_factory=ComplexityPolicy)
    learning: LearningPolicy = Field(default_factory=LearningPolicy)

    @field_validator('default', mode='before')
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator('floors')
    @classmethod
    def _levels(cls, floors: Mapping[str, float]) -> Mapping[str, float]:
        return {level_of(name).label: floor for name, floor in floors.items()}

    @model_validator(mode='after')
    def _readable(self) -> Self:
        if self.model_fields_set:  # every policy has this station, and most set nothing in it
            self.table()
        return self

    def table(self, windows: Mapping[str, int] = NO_OVERRIDES, patterns: Patterns = BUILT_IN) -> RoutingTable:
        """The table, the preset's rows under one's own.

        Args:
            windows: context windows by model, such as `TokenPolicy.windows`.
            patterns: phrases of the six tasks, such as those of `TaskPolicy.table()`.

        Raises:
            ConfigError: there is no such preset, or a row cannot be used.
        """
        whole = self.whole()
        return RoutingTable(
            whole.rules,
            whole.models,
            whole.default,
            {**FLOORS, **{level_of(name): floor for name, floor in whole.floors.items()}},
            whole.fallbacks,
            whole.cost_in,
            whole.discount,
            {**ALLOWANCES, **{normal(name): one for name, one in whole.allowances.items()}},
            whole.complexity.scale(),
            Tasks(whole.tasks, whole.default_task, patterns, whole.anywhere),
            whole.agents,
            windows,
            whole.ties,
        )

    def whole(self) -> RoutingPolicy:
        """The policy with its preset's values written out."""
        if self.preset is None:
            return self
        below = sources.routing_preset(self.preset)
        below.pop('about', None)
        under = RoutingPolicy(**below)
        return RoutingPolicy(**{name: _over(under, self, name) for name in type(self).model_fields if name != 'preset'})


def _over(under: Station, above: Station, name: str) -> Any:
    """A field of two layers: rows of the one before those of the other, tables merged, anything else replaced."""
    low, high = getattr(under, name), getattr(above, name)
    if name not in above.model_fields_set:
        return low
    if name == 'models':
        mine = {one.model for one in high}
        return (*high, *(one for one in low if one.model not in mine))
    if name == 'rules':
        return (*high, *low)
    if isinstance(high, Station):
        return type(high)(**{field: _over(low, high, field) for field in type(high).model_fields})
    return {**low, **high} if isinstance(high, Mapping) else high
