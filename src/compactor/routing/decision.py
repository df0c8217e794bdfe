"""A route as the nine fields that Tokenette Pro decides by, its candidates and fallbacks included."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from compactor.routing.afford import Affordable
from compactor.routing.complexity import Complexity, Factors
from compactor.routing.profiles import Cost, ModelProfile
from compactor.routing.route import Ask, Experience, route
from compactor.routing.row import shown
from compactor.routing.table import RoutingTable

DEMANDS = dict(zip(Complexity, (0.80, 0.82, 0.88, 0.93, 0.97), strict=True))
"""Quality that a level asks for; a model with less is helped by its prompt (Tokenette Pro)."""


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Which model answers, what that costs, and what would help it.

    Attributes:
        model: the model.
        complexity: how hard the task is.
        category: what it is.
        multiplier: premium requests that the model counts as; None where nobody knows.
        effective_multiplier: the same with the table's discount.
        reasoning: why, in one line.
        fallback_chain: models to try if it fails, the cheapest first.
        premium_requests_cost: premium requests that it takes without the discount: the multiplier.
        quality_boosters: what a prompt could be given besides, by name. Nothing here adds it.
    """

    model: str
    complexity: Complexity
    category: str
    multiplier: float | None
    effective_multiplier: float | None
    reasoning: str
    fallback_chain: list[str]
    premium_requests_cost: float | None
    quality_boosters: list[str]


def decide(
    request: str,
    table: RoutingTable,
    *,
    affected_files: int | None = None,
    lines: int | None = None,
    learned: Experience | None = None,
    affordable: Affordable | None = None,
    cost: Cost | None = None,
) -> RoutingDecision:
    """The decision for a request by a table without chains, such as the preset `tokenette`.

    Candidates are the models that are good for the level or for the category. The cheapest over the level's floor that
    the budget allows is taken, what has gone well before first; where none is, the cheapest candidate that the budget
    allows; where there is none either, the table's default. The other candidates are its fallbacks, under the floor
    too: better an answer than none.

    Args:
        request: what a person wrote.
        table: models, keywords and floors.
        affected_files: files that it concerns; None if nobody knows.
        lines: lines that change; None if nobody knows.
        learned: what has gone well before.
        affordable: what budgets have left.
        cost: dollars of a request, where budgets are in dollars.
    """
    ask = Ask(factors=Factors(request, affected_files, lines))
    found = route(ask, table, learned=learned, affordable=affordable, cost=cost)
    level, category = found.complexity.level, found.task
    candidates = sorted(table.suited(level, category), key=lambda one: (one.multiplier is None, one.multiplier or 0))
    names = [one.model for one in candidates]
    if found.source == 'table' and found.model is not None:
        model = found.model
    else:  # nothing over the floor: on the same terms without it
        without = replace(table, floors={})
        again = route(ask, without, affordable=affordable, cost=cost)
        model = again.model or next(iter(table.default), '') or next(iter(names), '')
    profile = table.profile(model)
    counted = None if profile is None else profile.requests(table.discount)
    return RoutingDecision(
        model,
        level,
        category,
        None if profile is None else _number(profile.multiplier),
        _number(counted),
        _reasoning(model, profile, counted, found.complexity.why, category),
        [name for name in names if name != model][: table.fallbacks],
        None if profile is None else _number(profile.multiplier),
        boosters(None if profile is None else profile.quality, level, category),
    )


def boosters(quality: float | None, level: Complexity, category: str) -> list[str]:
    """What would help a model of this quality with such a task, by the names of Tokenette Pro."""
    found: list[str] = []
    if quality is None or quality < DEMANDS[level]:
        found += ['expert_role_framing', 'chain_of_thought_injection']
    if level >= Complexity.COMPLEX:
        found += ['few_shot_examples', 'structured_output_enforcement']
    if category in ('bug_fix', 'debugging'):
        found.append('step_by_step_reasoning')
    if category == 'architecture':
        found.append('tradeoff_analysis_prompt')
    return [*found, 'post_validation']


def _reasoning(model: str, profile: ModelProfile | None, counted: Decimal | None, why: str, category: str) -> str:
    quality = 'unknown' if profile is None or profile.quality is None else f'{profile.quality:g}'
    what = 'nobody knows how many' if counted is None else f'{counted.normalize():f}'
    return f'{shown(category)}, {why}: {shown(model)}, quality {quality}, premium requests: {what}'


def _number(value: Any) -> float | None:
    return None if value is None else float(value)
