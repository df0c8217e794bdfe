"""What a request cost: the user's own prices first, then those of `genai-prices`, else None for unknown.

`genai-prices` (extra `prices`) is imported at the first request that needs it, which takes half a second, and only its
bundled table is read: nothing is fetched. Money is exact: `Decimal` dollars, rounded once, per request, to billionths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from compactor.errors import ConfigError
from compactor.ledger.entry import Entry
from compactor.tokens.families import normal_name

MILLION = 1_000_000
"""Prices are for so many tokens."""
EXACT = Context(prec=60)
"""A context that rounds nothing here, whatever the program has made of the current one."""
BILLIONTH = Decimal(1).scaleb(-9)
"""The smallest amount of money that is told apart, in dollars."""
MOST_DOLLARS = 1_000_000
"""More than any request costs; what is beyond is a mistake, and would not fit where money is kept."""
FREE = ':free'
"""How OpenRouter and others end the names of models that cost nothing."""


def nano(dollars: Decimal) -> int:
    """Dollars as whole billionths, the nearest.

    Raises:
        ConfigError: it is no finite amount, or not one of a single request.
    """
    if not dollars.is_finite() or abs(dollars) > MOST_DOLLARS:
        raise ConfigError(f'a cost is an amount of dollars, not {dollars}')
    return int(dollars.scaleb(9, EXACT).to_integral_value(ROUND_HALF_EVEN))


def dollars(billionths: int) -> Decimal:
    """Whole billionths as dollars, exactly, whatever the current decimal context is."""
    return Decimal(f'{billionths}e-9')


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens.

    Attributes:
        input: of input that the provider had not cached.
        output: of output, thinking included.
        cache_read: of input that it had cached; None: the same as `input`.
        cache_write: of input that it cached; None: the same as `input`.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None

    def cost(self, input_tokens: int, output_tokens: int, read: int, write: int) -> Decimal:
        """Dollars for tokens; `read` and `write` are part of the input."""
        fresh = max(0, input_tokens - read - write)
        whole = (
            self.input * fresh
            + self.output * output_tokens
            + (self.input if self.cache_read is None else self.cache_read) * read
            + (self.input if self.cache_write is None else self.cache_write) * write
        )
        return whole / MILLION


@dataclass(frozen=True)
class Prices:
    """Where prices are looked up.

    Attributes:
        overrides: prices by model; `*` and `?` match, and 'provider:model' narrows to a provider. A name that is equal
            goes before patterns, among patterns the first decides. They go before `genai-prices`.
        bundled: whether `genai-prices` is asked, if it is installed.
    """

    overrides: Mapping[str, Price] = field(default_factory=dict)
    bundled: bool = True

    @classmethod
    def of(cls, overrides: Mapping[str, Any], *, bundled: bool = True) -> Prices:
        """Prices from plain values, as a configuration file has them: `{'my-*': {'input': '0.5', 'output': 2}}`.

        Raises:
            ConfigError: a price is missing, unknown, negative or no number.
        """
        return cls({pattern: _price(pattern, values) for pattern, values in overrides.items()}, bundled)

    def cost(self, entry: Entry) -> Decimal | None:
        """What a request cost in dollars; nothing where it was answered from the cache, None where nobody knows."""
        if entry.cache_hit:
            return Decimal(0)
        return self.of_tokens(
            entry.model,
            entry.provider,
            at=entry.at,
            input_tokens=entry.input_tokens,
            output_tokens=entry.output_tokens,
            cache_read_tokens=entry.cache_read_tokens,
            cache_write_tokens=entry.cache_write_tokens,
        )

    def of_tokens(
        self,
        model: str,
        provider: str,
        *,
        at: float,
        input_tokens: int = 0,
        output_tokens: int = 0,
        cache_read_tokens: int = 0,
        cache_write_tokens: int = 0,
    ) -> Decimal | None:
        """Dollars for one request of these tokens, in billionths; None where nobody knows.

        Args:
            model: the model's name, with or without its provider.
            provider: the provider's name, '' to guess it from the model.
            at: when, in seconds since 1970: prices change.
            input_tokens: all of the input.
            output_tokens: all of the output.
            cache_read_tokens: of the input, what the provider had cached.
            cache_write_tokens: of the input, what it cached.
        """
        own = self._own(model, provider)
        if own is not None:
            cost: Decimal | None = own.cost(input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
        elif self.bundled:
            cost = _published(model, provider, at, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
        else:
            cost = None
        return None if cost is None else cost.quantize(BILLIONTH, ROUND_HALF_EVEN)

    def _own(self, model: str, provider: str) -> Price | None:
        if not self.overrides:
            return None
        name = normal_name(model)
        names = (name, f'{normal_name(provider)}:{name}', name.partition(':')[2] or name)
        wanted = {normal_name(pattern): price for pattern, price in self.overrides.items()}
        for known in names:
            if known in wanted:
                return wanted[known]
        return next((price for pattern, price in wanted.items() if any(fnmatchcase(n, pattern) for n in names)), None)


def priced(entry: Entry, prices: Prices) -> Entry:
    """The entry with its cost, where it has none yet and somebody knows it."""
    return entry if entry.cost is not None else replace(entry, cost=prices.cost(entry))


def _price(pattern: str, values: Any) -> Price:
    allowed = ('input', 'output', 'cache_read', 'cache_write')
    if not isinstance(values, Mapping) or not {'input', 'output'} <= set(values) <= set(allowed):
        raise ConfigError(f'the price of {pattern!r} needs input and output, and may have cache_read and cache_write')
    found = {}
    for name, value in values.items():
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal('NaN')
        if not amount.is_finite() or not 0 <= amount <= MOST_DOLLARS:
            raise ConfigError(f'the price {name} of {pattern!r} is dollars per million tokens, not {value!r}')
        found[name] = amount
    return Price(**found)


def _published(
    model: str, provider: str, at: float, input_tokens: int, output_tokens: int, read: int, write: int
) -> Decimal | None:
    """The cost by `genai-prices`; None where it is not installed, does not know the model, or has no price for it."""
    try:
        from genai_prices import Usage, calc_price
    except ImportError:
        return None
    usage = Usage(
        input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=read, cache_write_tokens=write
    )
    try:
        found = calc_price(
            usage, model, provider_id=provider or None, genai_request_timestamp=datetime.fromtimestamp(at, UTC)
        )
    except (LookupError, ValueError, OSError, OverflowError):
        return None  # unknown there, or figures that cannot be (more cached than sent)
    # A model that is listed without any price is one whose price nobody has written down, not a free one.
    listed = any(value is not None for value in vars(found.model_price).values())
    if not listed and not model.endswith(FREE) and not found.model.id.endswith(FREE):
        return None
    return found.total_price
