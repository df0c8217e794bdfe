"""What subscriptions and interfaces give and cost, as somebody has listed it: data with a source and a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from typing import Any, Literal

from compactor import sources
from compactor.capacity.limits import Limit
from compactor.errors import ConfigError
from compactor.routing.profiles import LongPrice, effective
from compactor.routing.row import Row

Tier = Literal['free', 'cheapest', 'cheap', 'moderate', 'expensive', 'avoid']


class Multiplier(Row):
    """What a model counts as in a subscription.

    Attributes:
        name: what the subscription calls it.
        models: its names as a provider knows them.
        multiplier: premium requests that one request counts as; 0 if it is included.
        tier: how dear that is.
        best_for: what it is there for.
    """

    name: str
    models: tuple[str, ...]
    multiplier: Decimal
    tier: Tier
    best_for: str

    def uses(self, requests: int, factor: Decimal = Decimal(1)) -> int | None:
        """How often a month's requests allow it, with a factor of a discount on it; None for without end."""
        if self.multiplier == 0:
            return None
        return int((requests / (self.multiplier * factor)).to_integral_value(ROUND_FLOOR))

    def counts(self, factor: Decimal) -> Decimal:
        """Its multiplier with a discount on it, in hundredths."""
        return effective(self.multiplier, factor)


class PlanPrice(Row):
    """Dollars per million tokens.

    Attributes:
        model: the models, as a pattern.
        input: of input; None where the list does not say.
        output: of output, likewise.
        above: input tokens above which the whole request costs the long figures.
        long_input: of input then.
        long_output: of output then.
    """

    model: str
    input: Decimal | None = None
    output: Decimal | None = None
    above: int
    long_input: Decimal
    long_output: Decimal

    @property
    def long(self) -> LongPrice:
        """The price of long requests, as a profile has it."""
        return LongPrice(above=self.above, input=self.long_input, output=self.long_output)


@dataclass(frozen=True, slots=True)
class Plan:
    """A list of what is given and what it costs.

    Attributes:
        source: who has listed it.
        date: when it was true.
        a_month: premium requests a month.
        auto: factor on multipliers where the provider chooses the model.
        multipliers: what models count as.
        prices: dollars per million tokens.
        windows: limits by the name of what one has subscribed to, or of what is free.
    """

    source: str
    date: date
    a_month: int
    auto: Decimal
    multipliers: tuple[Multiplier, ...]
    prices: tuple[PlanPrice, ...]
    windows: tuple[tuple[str, Limit], ...]

    def limits(self, name: str) -> tuple[Limit, ...]:
        """The limits of a subscription, for `CapacityPolicy.limits`; `ConfigError` lists the names if there is none."""
        found = tuple(limit for one, limit in self.windows if one == name)
        if not found:
            names = ', '.join(dict.fromkeys(one for one, _ in self.windows))
            raise ConfigError(f'the plan has no limits called {name!r}; there are: {names}')
        return found


def plan(name: str = 'tokenette') -> Plan:
    """A plan that comes with the library; `ConfigError` lists the names if there is no such."""
    values: dict[str, Any] = sources.plan(name)
    requests = values['requests']
    windows = []
    for row in values['windows']:
        called = row.pop('name')
        windows.append((called, Limit(**row)))
    return Plan(
        values['about']['source'],
        values['about']['date'],
        requests['a_month'],
        Decimal(requests['auto']),
        tuple(Multiplier(**row) for row in values['multipliers']),
        tuple(PlanPrice(**row) for row in values['prices']),
        tuple(windows),
    )
