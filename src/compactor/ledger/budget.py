"""Budgets: how much may be spent in a period, on which requests, and what a request takes of it.

Values and arithmetic only; `store.reservations` counts. Inside, amounts are whole numbers so that they add up exactly:
tokens, millionths of a request (a model may count as a third of one), billionths of a dollar.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from compactor.errors import BudgetExceeded, ConfigError
from compactor.ledger.amounts import number_of
from compactor.ledger.periods import Period, PeriodName, period_at, zone_of

Unit = Literal['tokens', 'requests', 'usd']
SCALES: Mapping[Unit, int] = {'tokens': 1, 'requests': 1_000_000, 'usd': 1_000_000_000}
"""Into how many whole parts one token, request or dollar is divided."""
LARGEST = 2**60
"""The largest amount, in parts, that a store can add up."""


def _written(limit: Any) -> Any:
    """An amount as people write it, as a number."""
    number = number_of(limit) if isinstance(limit, str) else None
    return limit if number is None else number


Weight = Annotated[Decimal, Field(ge=0)]


@dataclass(frozen=True, slots=True)
class Use:
    """What a request takes, or has taken.

    Attributes:
        model: the model's name without its provider.
        provider: the provider's name, '' if unknown.
        agent: the agent's name, '' if it has none.
        tokens: input and output together.
        requests: how many model requests.
        usd: its cost; None where no price is known.
    """

    model: str = ''
    provider: str = ''
    agent: str = ''
    tokens: int = 0
    requests: int = 1
    usd: Decimal | None = None

    def __post_init__(self) -> None:
        if (
            self.tokens < 0
            or self.requests < 0
            or (self.usd is not None and (not self.usd.is_finite() or self.usd < 0))
        ):
            raise ConfigError(f'a request cannot take less than nothing: {self}')


class Budget(BaseModel):
    """How much may be spent in each period on the requests it covers.

    Attributes:
        name: what it is called; budgets of one name, unit and period are one account, also between processes.
        limit: how much of the unit a period allows, such as 24_000_000 or '24M'; a request that would exceed it is
            refused.
        unit: 'tokens', 'requests' or 'usd'.
        period: 'minute', 'hour', 'day', 'week', 'month' or 'year', see `ledger.periods`.
        agent: the agents it covers, as a pattern (`*` any text, `?` any character).
        model: the models it covers, as a pattern over 'model' or 'provider:model'.
        warn_at: share of the limit at which it warns, once a period; None for never.
        time_zone: whose calendar days, weeks, months and years are meant.
        weights: how often a request of a model counts, by pattern; the first that matches, else 1. 0 makes it free.
        unpriced: whether a budget in dollars refuses a request whose price nobody knows, or lets it through uncounted.
    """

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    limit: Annotated[Decimal, Field(ge=0), BeforeValidator(_written)]
    unit: Unit = 'tokens'
    period: PeriodName = 'day'
    agent: str = '*'
    model: str = '*'
    warn_at: Annotated[float, Field(gt=0, le=1)] | None = 0.8
    time_zone: str = 'UTC'
    weights: Mapping[str, Weight] = Field(default_factory=dict)
    unpriced: Literal['refuse', 'ignore'] = 'refuse'

    def __init__(self, *wrong: object, **values: Any) -> None:
        if wrong:
            raise ConfigError(f"a budget takes its fields by name: Budget(name='daily', limit=...), not {wrong[0]!r}")
        try:
            super().__init__(**values)
        except ValidationError as error:
            found = error.errors()[0]
            field = '.'.join(map(str, found['loc']))
            raise ConfigError(f'budget {values.get("name", "")!r}: {field or "it"}: {found["msg"]}') from None

    @model_validator(mode='after')
    def _sound(self) -> Self:
        zone_of(self.time_zone)
        if self.limit * SCALES[self.unit] > LARGEST:
            raise ValueError(f'the limit is larger than can be counted ({LARGEST // SCALES[self.unit]:,} {self.unit})')
        return self

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> str:
        """Under which a store counts it."""
        return f'budget/{self.unit}/{self.period}/{self.name}'

    @property
    def parts(self) -> int:
        """The limit in whole parts (see `SCALES`)."""
        return int((self.limit * SCALES[self.unit]).to_integral_value(ROUND_FLOOR))

    @property
    def warns_at(self) -> int | None:
        """The amount in whole parts from which it warns; None for never."""
        if self.warn_at is None:
            return None
        return int((Decimal(self.parts) * Decimal(str(self.warn_at))).to_integral_value(ROUND_CEILING))

    def covers(self, use: Use) -> bool:
        """Whether a request counts here."""
        return fnmatchcase(use.agent, self.agent) and _named(use, self.model)

    def weight(self, use: Use) -> Decimal:
        """How often a request counts (see `weights`)."""
        return next((weight for pattern, weight in self.weights.items() if _named(use, pattern)), Decimal(1))

    def taken(self, use: Use) -> int | None:
        """What a request takes in whole parts, rounded up: 0 if it is not covered or free; None if nobody knows."""
        if not self.covers(use):
            return 0
        weight = self.weight(use)
        if weight == 0:
            return 0
        raw = use.tokens if self.unit == 'tokens' else use.requests if self.unit == 'requests' else use.usd
        if raw is None:
            return None
        return min(LARGEST, int((raw * weight * SCALES[self.unit]).to_integral_value(ROUND_CEILING)))

    def period_at(self, now: float) -> Period:
        """The period that a moment falls into."""
        return period_at(now, self.period, self.time_zone)

    def amount(self, parts: int) -> Decimal:
        """An amount of the unit from whole parts."""
        return Decimal(parts) / SCALES[self.unit]


@dataclass(frozen=True, slots=True)
class Usage:
    """How a budget stands.

    Attributes:
        budget: the budget.
        used: what is spent in this period, in the budget's unit.
        reserved: what requests in flight have set aside.
        period: the period.
    """

    budget: Budget
    used: Decimal
    reserved: Decimal
    period: Period

    @property
    def limit(self) -> Decimal:
        """What may be spent."""
        return self.budget.limit

    @property
    def resets(self) -> int:
        """When the next period begins, in seconds since 1970."""
        return self.period.end

    @property
    def remaining(self) -> Decimal:
        """What may still be spent or reserved; never below 0."""
        return max(Decimal(0), self.limit - self.used - self.reserved)

    @property
    def usage_pct(self) -> float:
        """What is spent of the limit, in per cent; more than 100 after a request took more than was reserved for it."""
        if self.limit == 0:
            return 100.0
        return float(self.used * 100 / self.limit)

    def can_afford(self, use: Use) -> bool:
        """Whether there is room for a request now; reserve it to be sure that nobody else takes it."""
        taken = self.budget.taken(use)
        if taken is None:
            return self.budget.unpriced == 'ignore'
        return taken == 0 or self.budget.amount(taken) <= self.remaining

    def refusal(self, taken: int) -> BudgetExceeded:
        """The error for a request that has no room.

        Args:
            taken: what the request would take, in whole parts.
        """
        budget, wanted = self.budget, self.budget.amount(taken)
        flight = f' and {shown(self.reserved, budget.unit)} reserved by others' if self.reserved else ''
        return BudgetExceeded(
            budget.name,
            budget.unit,
            float(self.used + self.reserved),
            float(self.limit),
            float(wanted),
            self.resets,
            f'the budget {budget.name!r} allows {shown(self.limit, budget.unit)} a {budget.period}:'
            f' {shown(self.used, budget.unit)} are spent{flight}, this request would take up to'
            f' {shown(wanted, budget.unit)}. Its next {budget.period} begins at {_moment(self.resets)};'
            ' until then raise the limit, or take a model that it does not cover.',
        )


@dataclass(frozen=True, slots=True)
class Crossing:
    """A budget has reached the share of its limit at which it warns; told once a period.

    Attributes:
        budget: the budget.
        used: what is spent, in the budget's unit.
        period: the period.
    """

    budget: Budget
    used: Decimal
    period: Period

    def __str__(self) -> str:
        unit = self.budget.unit
        return (
            f'the budget {self.budget.name!r} has spent {shown(self.used, unit)} of'
            f' {shown(self.budget.limit, unit)} a {self.budget.period}'
        )


def premium_requests(weights: Mapping[str, Decimal], limit: int = 300, *, time_zone: str = 'UTC') -> Budget:
    """A monthly allowance of requests in which models count differently, as subscriptions have it.

    Args:
        weights: how many requests one of a model counts as, by pattern; 0 for models that are included.
        limit: requests a month.
        time_zone: whose months.
    """
    return Budget(
        name='premium requests', limit=limit, unit='requests', period='month', weights=weights, time_zone=time_zone
    )


def shown(amount: Decimal, unit: Unit) -> str:
    """An amount for people: '1,200 tokens', '0.33 requests', '$0.0125'."""
    digits = f'{amount.normalize():,f}'
    return f'${digits}' if unit == 'usd' else f'{digits} {unit}'


def _named(use: Use, pattern: str) -> bool:
    return fnmatchcase(use.model, pattern) or (
        bool(use.provider) and fnmatchcase(f'{use.provider}:{use.model}', pattern)
    )


def _moment(seconds: int) -> str:
    from datetime import UTC, datetime

    return f'{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC'
