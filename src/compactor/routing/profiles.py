"""What is known of a model: how good, how dear, for what. Nothing is known until somebody says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from compactor.ledger.budget import Budget, premium_requests
from compactor.ledger.prices import BILLIONTH, Price, Prices
from compactor.routing.complexity import Complexity, level_of
from compactor.routing.row import Row, normal
from compactor.tokens.families import normal_name

Share = Annotated[float, Field(ge=0, le=1)]
CostIn = Literal['usd', 'requests']
"""What models are compared in: dollars of the request, or the premium requests that it counts as."""
Cost = Callable[[str, int, int], Decimal | None]
"""Dollars of a request, from model, input and output tokens; None where nobody knows."""
CENT = Decimal('0.01')


class LongPrice(Row):
    """What a model costs where a request is long.

    Attributes:
        above: input tokens above which the whole request costs this.
        input: dollars per million tokens of input.
        output: dollars per million tokens of output.
    """

    above: Annotated[int, Field(gt=0)]
    input: Annotated[Decimal, Field(ge=0)]
    output: Annotated[Decimal, Field(ge=0)]


class ModelProfile(Row):
    """What is known of a model; None for what is not.

    Attributes:
        model: 'provider:model'; with `*` or `?` it describes models, but is none that could be asked.
        quality: how good its answers are, 0 to 1, by whatever measure the table uses throughout.
        speed: how fast, 0 to 1; shown, and not used.
        context_window: tokens of input and answer together; None: by the table of `tokens.windows`.
        strengths: levels that it is good for.
        categories: tasks that it is good for. With neither strengths nor categories it is taken for anything.
        multiplier: premium requests that one request counts as; 0 if it is included.
        price: dollars per million tokens: `{input = 3, output = 15}`.
        long_price: the same for long requests, with `above`.
    """

    model: Annotated[str, Field(min_length=1)]
    quality: Share | None = None
    speed: Share | None = None
    context_window: Annotated[int, Field(gt=0)] | None = None
    strengths: frozenset[Complexity] = frozenset()
    categories: frozenset[str] = frozenset()
    multiplier: Annotated[Decimal, Field(ge=0)] | None = None
    price: Price | None = None
    long_price: LongPrice | None = None

    @field_validator('strengths', mode='before')
    @classmethod
    def _levels(cls, names: Any) -> Any:
        return frozenset(map(level_of, names)) if isinstance(names, list | tuple | set | frozenset) else names

    @field_validator('categories')
    @classmethod
    def _lower(cls, names: frozenset[str]) -> frozenset[str]:
        return frozenset(map(normal, names))

    @field_validator('price', mode='before')
    @classmethod
    def _priced(cls, value: Any) -> Any:
        return Prices.of({'the model': value}).overrides['the model'] if isinstance(value, Mapping) else value

    @property
    def is_pattern(self) -> bool:
        """Whether it describes models instead of naming one."""
        return is_pattern(self.model)

    def covers(self, model: str) -> bool:
        """Whether it describes a model, called 'model' or 'provider:model'; case is ignored."""
        name, pattern = normal_name(model), normal_name(self.model)
        return fnmatchcase(name, pattern) or fnmatchcase(name.partition(':')[2], pattern)

    def suits(self, level: Complexity, task: str) -> bool:
        """Whether it is good for tasks of a level, or for this one."""
        if not self.strengths and not self.categories:
            return True
        return level in self.strengths or task in self.categories

    def requests(self, factor: Decimal = Decimal(1)) -> Decimal | None:
        """Premium requests that one request counts as, with a factor of a discount on it; None where nobody knows."""
        return None if self.multiplier is None else effective(self.multiplier, factor)

    def dollars(self, input_tokens: int, output_tokens: int) -> Decimal | None:
        """Dollars for a request by the profile's own price; None where it has none."""
        long = self.long_price
        if long is not None and input_tokens > long.above:
            price: Price | None = Price(long.input, long.output)
        else:
            price = self.price
        return None if price is None else price.cost(input_tokens, output_tokens, 0, 0).quantize(BILLIONTH)


def is_pattern(name: str) -> bool:
    """Whether a name stands for models, and is none that could be asked."""
    return any(sign in name for sign in '*?[')


def effective(multiplier: Decimal, factor: Decimal) -> Decimal:
    """A multiplier with a discount on it, in hundredths: 3 x 0.9 is 2.7. 0 stays 0, and what is not free stays so."""
    exact = multiplier * factor
    return exact.quantize(CENT, ROUND_HALF_UP) or exact


def priced_by(prices: Prices, at: float) -> Cost:
    """Dollars of a request by a table of prices, such as that of the ledger.

    Args:
        prices: the table; with `bundled` on it imports `genai-prices` at its first use, which takes half a second.
        at: when, in seconds since 1970: prices change.
    """

    def cost(model: str, input_tokens: int, output_tokens: int) -> Decimal | None:
        provider, colon, name = model.partition(':')
        known = (name, provider) if colon else (model, '')
        return prices.of_tokens(*known, at=at, input_tokens=input_tokens, output_tokens=output_tokens)

    return cost


def premium_budget(
    profiles: Iterable[ModelProfile], limit: int = 300, *, factor: Decimal = Decimal(1), time_zone: str = 'UTC'
) -> Budget:
    """The monthly allowance of premium requests in which each model counts by its multiplier.

    It is a budget of the ledger as any other: the store reserves and counts it, `Usage` says what is left.

    Args:
        profiles: the models; what has no multiplier counts as one request.
        limit: requests a month (300: a Copilot Pro plan of 2025).
        factor: of a discount, such as 0.9 where a provider chooses the model.
        time_zone: whose months.
    """
    weights = {one.model: count for one in profiles if (count := one.requests(factor)) is not None}
    return premium_requests(weights, limit, time_zone=time_zone)
