"""What a pack prefers: weights by kind of content, shares of the budget, capsules; and how it changes with use.

The defaults are those of PAMPAX's configuration: code before configuration, tests, documentation and comments; 30 % for
what must be there, 25, 20 and 15 % for what is important, supplementary and optional, 10 % kept free.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from compactor.packing.intent import INTENTS, Intent
from compactor.packing.item import Content
from compactor.policies.station import Count, Positive, Station

VERSION = 1
"""Of the form of a profile; a file of another one is refused."""
Weight = Annotated[float, Field(ge=0, le=1)]

PRIORITIES: Mapping[str, float] = {
    Content.CODE: 1.0,
    Content.CONFIG: 0.9,
    Content.TESTS: 0.8,
    Content.DOCS: 0.7,
    Content.COMMENTS: 0.6,
}
OTHERS = 0.5
"""Weight of a kind that a profile does not name."""
IMPORTANT, SUPPLEMENTARY = 0.9, 0.7
"""Weights from which on an item is important, or supplementary; below, it is optional."""
SWING = 0.25
"""By how much of itself what was used may raise or lower a weight."""


class Strategy(StrEnum):
    """What a capsule holds."""

    SEMANTIC = 'semantic'
    """What its kind makes worth keeping; of code that no question is asked of, its signatures."""
    SIGNATURES = 'signatures'
    """What it defines, without bodies."""
    KEY_POINTS = 'key_points'
    """Headings, and the sentences that say most."""


STRATEGIES: Mapping[str, Strategy] = {
    Content.CODE: Strategy.SEMANTIC,
    Content.CONFIG: Strategy.SEMANTIC,
    Content.TESTS: Strategy.SIGNATURES,
    Content.DOCS: Strategy.KEY_POINTS,
    Content.COMMENTS: Strategy.KEY_POINTS,
}


class Allocation(Station):
    """Shares of the budget; what a share does not use goes to the next, and in the end to whoever is worth most.

    Attributes:
        must_have: for items that must be there.
        important: for weights of 0.9 and more.
        supplementary: for weights of 0.7 and more.
        optional: for the rest.
        reserve: kept free.
    """

    must_have: Weight = 0.30
    important: Weight = 0.25
    supplementary: Weight = 0.20
    optional: Weight = 0.15
    reserve: Annotated[float, Field(ge=0, lt=1)] = 0.10

    @model_validator(mode='after')
    def _whole(self) -> Self:
        whole = self.must_have + self.important + self.supplementary + self.optional + self.reserve
        if whole > 1 + 1e-9:
            raise ValueError(f'the shares are {whole:.0%} of the budget together')
        return self


class Capsules(Station):
    """When an item becomes a capsule, and of what size.

    Attributes:
        enabled: whether there are any; without them, what is not worth a smaller form is named.
        max_size: tokens of one at most.
        min_size: tokens of one at least; an item that has no room for that is named.
        threshold: tokens of room under which an item becomes a capsule instead of a smaller form of itself.
        least_relevance: relevance, 0 to 1, under which an item gets nothing while one above it could still get more.
        strategies: what a capsule holds, by kind.
    """

    enabled: bool = True
    max_size: Positive = 240
    min_size: Positive = 48
    threshold: Positive = 120
    least_relevance: Weight = 0.3
    strategies: Mapping[str, Strategy] = Field(default_factory=lambda: STRATEGIES)

    @model_validator(mode='after')
    def _ordered(self) -> Self:
        if not 16 <= self.min_size <= self.max_size:
            raise ValueError(f'min_size ({self.min_size}) is 16 or more, and not above max_size ({self.max_size})')
        return self


class Use(Station):
    """How often items of a kind were shown, and how often one of those was then used."""

    shown: Count = 0
    used: Count = 0

    @property
    def factor(self) -> float:
        """1 as long as nothing is known, or half of what is shown is used; between 0.75 and 1.25."""
        return 1 - SWING + 2 * SWING * (min(self.used, self.shown) + 1) / (self.shown + 2)


class Profile(Station):
    """What a pack prefers. Every field may be left out.

    Attributes:
        version: of the form.
        repository: whose profile it is; shown, and not used.
        model: for which model's tokens; shown, and the model of a pack that names none.
        priorities: weights by kind.
        allocation: shares of the budget.
        capsules: when an item becomes a capsule.
        intents: factors on weights by intent and kind, over `intent.INTENTS`.
        uses: what was shown and used, by kind.
    """

    version: int = VERSION
    repository: str = ''
    model: str = ''
    priorities: Mapping[str, Weight] = Field(default_factory=lambda: PRIORITIES)
    allocation: Allocation = Field(default_factory=Allocation)
    capsules: Capsules = Field(default_factory=Capsules)
    intents: Mapping[str, Mapping[str, Annotated[float, Field(ge=0)]]] = Field(default_factory=dict)
    uses: Mapping[str, Use] = Field(default_factory=dict)

    @model_validator(mode='after')
    def _known(self) -> Self:
        if self.version != VERSION:
            raise ValueError(f'version {self.version} is not known here, only {VERSION}')
        return self

    def weight(self, kind: str, intent: str = '') -> float:
        """How much an item of a kind is worth, 0 to 1, for an intent and after what was used."""
        base = self.priorities.get(kind, OTHERS)
        factors = {**INTENTS.get(intent, {}), **self.intents.get(intent, {})}
        use = self.uses.get(kind)
        return min(1.0, base * factors.get(kind, 1.0) * (use.factor if use is not None else 1.0))

    def strategy(self, kind: str) -> Strategy:
        """What a capsule of an item of a kind holds."""
        return self.capsules.strategies.get(kind, STRATEGIES.get(kind, Strategy.SEMANTIC))

    def learned(self, shown: Iterable[str], used: Iterable[str]) -> Profile:
        """The profile after a pack that has shown items of these kinds, and of which these were used."""
        uses = {kind: (one.shown, one.used) for kind, one in self.uses.items()}
        for kind in shown:
            seen = uses.get(kind, (0, 0))
            uses[kind] = (seen[0] + 1, seen[1])
        for kind in used:
            seen = uses.get(kind, (0, 0))
            uses[kind] = (seen[0], min(seen[0], seen[1] + 1))
        return self.model_copy(update={'uses': {kind: Use(shown=s, used=u) for kind, (s, u) in uses.items()}})


__all__ = ['INTENTS', 'Allocation', 'Capsules', 'Intent', 'Profile', 'Strategy', 'Use']
