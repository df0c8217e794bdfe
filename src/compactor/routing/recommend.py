"""Which models suit a text of so many tokens: by window, price and, where somebody has said so, by task.

It is the sieve of `route` over a list of names instead of a table of rules. What nobody has said of a model (its
quality) is not made up: without profiles a recommendation goes by window and price alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor import sources
from compactor.routing.choice import Choice, PassedOver, Terms
from compactor.routing.complexity import Complexity
from compactor.routing.profiles import Cost, ModelProfile
from compactor.routing.row import normal
from compactor.routing.table import RoutingTable
from compactor.tokens.bounds import OFF, recommended
from compactor.tokens.counter import counter_for


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A model that a text fits.

    Attributes:
        model: its name.
        tokens: tokens of the text for this model.
        window: its context window.
        share: of the window that the text takes.
        cost: dollars of text and answer; None where nobody knows.
        quality: as a profile has it; None where none says.
        why: in a few words.
    """

    model: str
    tokens: int
    window: int
    share: float
    cost: Decimal | None
    quality: float | None
    why: str

    def to_json(self) -> dict[str, Any]:
        """The attributes, plain; money as text."""
        return {
            'model': self.model,
            'tokens': self.tokens,
            'window': self.window,
            'share': round(self.share, 4),
            'cost': None if self.cost is None else f'{self.cost:f}',
            'quality': self.quality,
            'why': self.why,
        }


def known_models() -> tuple[str, ...]:
    """Names of models in common use, as the list that comes with the library has them."""
    return tuple(sources.plan('desk')['models'])


def recommend(
    base: dict[str, int],
    table: RoutingTable,
    models: Iterable[str],
    *,
    task: str = '',
    level: Complexity = Complexity.MODERATE,
    answer: int = 1_000,
    cost: Cost | None = None,
) -> tuple[list[Recommendation], list[PassedOver]]:
    """Models that a text suits, the cheapest first, and those that it does not suit, with the reason.

    Args:
        base: tokens of the text by encoding, as `Counter.base` counts them.
        table: what is known of models besides.
        models: their names.
        task: what is asked for; '' for anything.
        level: how hard it is.
        answer: tokens that the answer may take.
        cost: dollars of a request (`profiles.priced_by`).
    """
    found: list[Recommendation] = []
    passed: list[PassedOver] = []
    floor = table.floors.get(level)
    for model in dict.fromkeys(models):
        profile = table.profile(model)
        one = _judged(model, profile, base, table, task, level, floor, answer, cost)
        if isinstance(one, PassedOver):
            passed.append(one)
        else:
            found.append(one)
    found.sort(key=lambda one: (one.cost is None, one.cost or 0, -(one.quality or 0.0)))
    return found, passed


def _judged(
    model: str,
    profile: ModelProfile | None,
    base: dict[str, int],
    table: RoutingTable,
    task: str,
    level: Complexity,
    floor: float | None,
    answer: int,
    cost: Cost | None,
) -> Recommendation | PassedOver:
    counter = counter_for(model)
    tokens = counter.scale(base[counter.encoding])
    if task and profile is not None and not profile.suits(level, normal(task)):
        return PassedOver(model, f'its profile names neither {task} nor {level.label}')
    least = floor if profile is not None and profile.quality is not None else None
    judged = Terms(table, least, None, tokens, answer, (tokens, answer), '', None, None, cost).judge(model)
    if not isinstance(judged, Choice):
        return judged
    window = table.window(model, profile)
    if window is None:
        return PassedOver(model, 'window unknown')
    room = recommended(window)
    if tokens * (1 + OFF[counter.method]) > window - answer or tokens > room:
        return PassedOver(model, f'{tokens:,} tokens, of its window of {window:,} the input should take {room:,}')
    price = 'price unknown' if judged.cost is None else f'${judged.cost.normalize():f}'
    good = '' if judged.quality is None else f', quality {judged.quality:g}'
    why = f'{price}, {tokens / window:.1%} of its window{good}'
    return Recommendation(model, tokens, window, tokens / window, judged.cost, judged.quality, why)
