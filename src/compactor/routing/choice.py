"""One model against what a request asks of it: whether it may answer, what it would cost, and why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from compactor.ledger.budget import Use
from compactor.routing.afford import Affordable
from compactor.routing.profiles import Cost, ModelProfile
from compactor.routing.row import shown
from compactor.routing.table import RoutingTable


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A model that does not answer, and why, in a few words."""

    model: str
    why: str

    def __str__(self) -> str:
        return f'{shown(self.model)} ({self.why})'


@dataclass(frozen=True, slots=True)
class Choice:
    """A model that may answer.

    Attributes:
        model: its name.
        cost: what the request would cost, in what the table compares; None where nobody knows.
        quality: its quality; None where nobody knows.
    """

    model: str
    cost: Decimal | None
    quality: float | None


@dataclass(frozen=True, slots=True)
class Terms:
    """What a request asks of a model.

    Attributes:
        table: what is known of models.
        floor: least quality; None for none.
        max_price: most that it may cost, in what the table compares; None for no limit.
        input_tokens: tokens of the request; None if nobody has counted them.
        output_tokens: tokens that its answer may take; None for unknown.
        tokens: tokens in and out by which a request is priced: known ones, else planned ones; None for neither.
        agent: who asks.
        available: models at hand; None for all.
        affordable: why a request has no room in a budget; None where there are no budgets.
        cost: dollars of a request, for models whose profile has no price.
    """

    table: RoutingTable
    floor: float | None
    max_price: Decimal | None
    input_tokens: int | None
    output_tokens: int | None
    tokens: tuple[int, int] | None
    agent: str
    available: frozenset[str] | None
    affordable: Affordable | None
    cost: Cost | None

    def sift(self, models: Iterable[str]) -> tuple[list[Choice], list[PassedOver]]:
        """Models that may answer, and those that may not, both in the order given."""
        kept: list[Choice] = []
        passed: list[PassedOver] = []
        for model in models:
            found = self.judge(model)
            if isinstance(found, Choice):
                kept.append(found)
            else:
                passed.append(found)
        return kept, passed

    def judge(self, model: str) -> Choice | PassedOver:
        """Whether a model may answer."""
        profile = self.table.profile(model)
        quality = None if profile is None else profile.quality
        if self.available is not None and model not in self.available:
            return PassedOver(model, 'not at hand')
        if self.floor is not None and self.floor > 0 and (quality is None or quality < self.floor):
            return PassedOver(
                model, f'quality {"unknown" if quality is None else f"{quality:g}"}, floor {self.floor:g}'
            )
        if (narrow := self._too_small(model, profile)) is not None:
            return PassedOver(model, narrow)
        dollars = self._dollars(model, profile) if self._dollars_wanted else None
        cost = self._requests(profile) if self.table.cost_in == 'requests' else dollars
        if self.max_price is not None and (cost is None or cost > self.max_price):
            what = 'price unknown' if cost is None else f'costs {self.amount(cost)}'
            return PassedOver(model, f'{what}, limit {self.amount(self.max_price)}')
        if self.affordable is not None and (why := self.affordable(self._use(model, dollars))) is not None:
            return PassedOver(model, why)
        return Choice(model, cost, quality)

    def amount(self, cost: Decimal) -> str:
        """A cost for people: '$0.0125', '2.7 premium requests'."""
        if self.table.cost_in == 'usd':
            return f'${cost.normalize():f}'
        return f'{cost.normalize():f} premium request{"" if cost == 1 else "s"}'

    @property
    def _dollars_wanted(self) -> bool:
        return self.table.cost_in == 'usd' or self.affordable is not None

    def _too_small(self, model: str, profile: ModelProfile | None) -> str | None:
        if self.input_tokens is None:
            return None
        window = self.table.window(model, profile)
        needed = self.input_tokens + (self.output_tokens or 0)
        return f'window {window:,}, {needed:,} tokens needed' if window is not None and window < needed else None

    def _dollars(self, model: str, profile: ModelProfile | None) -> Decimal | None:
        if self.tokens is None:
            return None
        own = None if profile is None else profile.dollars(*self.tokens)
        return own if own is not None or self.cost is None else self.cost(model, *self.tokens)

    def _requests(self, profile: ModelProfile | None) -> Decimal | None:
        return None if profile is None else profile.requests(self.table.discount)

    def _use(self, model: str, dollars: Decimal | None) -> Use:
        provider, colon, name = model.partition(':')
        tokens = sum(self.tokens or ())
        return Use(name if colon else model, provider if colon else '', self.agent, tokens, 1, dollars)
