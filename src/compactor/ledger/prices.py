"""What a request cost: the user's own prices first, then those of `genai-prices`, else None for unknown.

`genai-prices` (extra `prices`) is imported at the first request that needs it, which takes half a second, and only its
bundled table is read: nothing is fetched. It is asked as the framework asks it, so that a cost is what
`ModelResponse.cost()` says. Money is exact: `Decimal` dollars, rounded once, per request, to billionths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation
from fnmatch import fnmatchcase
from typing import Any

from compactor.errors import ConfigError
from compactor.ledger.billing import TOKENS, Billing
from compactor.ledger.entry import Entry
from compactor.ledger.published import published
from compactor.tokens.families import normal_name

MILLION = 1_000_000
"""Prices are for so many tokens."""
EXACT = Context(prec=60)
"""A context that rounds nothing here, whatever the program has made of the current one."""
BILLIONTH = Decimal(1).scaleb(-9)
"""The smallest amount of money that is told apart, in dollars."""
MOST_DOLLARS = 1_000_000
"""More than any request costs; what is beyond is a mistake, and would not fit where money is kept."""
NOTHING: Mapping[str, int | float] = {}


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


def shown(amount: Decimal) -> str:
    """Dollars for people, cents and what is needed of smaller parts: '$12.50', '$0.0125', '-$2.00'."""
    digits = 2 if abs(amount) >= 1 or amount == 0 else 4 if abs(amount) >= Decimal('0.01') else 6
    return f'{"-" if amount < 0 else ""}${abs(amount):,.{digits}f}'


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens.

    Attributes:
        input: of input that the provider had not cached.
        output: of output, thinking included.
        cache_read: of input that it had cached; None: the same as `input`.
        cache_write: of input that it cached; None: the same as `input`.
        cache_write_1h: of input that it cached for an hour; None: the same as `cache_write`.
        input_audio: of audio that it had not cached; None: the same as `input`.
        output_audio: of audio that it spoke; None: the same as `output`.
    """

    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    output_audio: Decimal | None = None

    def __post_init__(self) -> None:
        for one in fields(self):
            given = getattr(self, one.name)
            if given is not None and not isinstance(given, Decimal):  # a number as people write it
                object.__setattr__(self, one.name, _amount(one.name, 'a model', given))

    def cost(
        self, input_tokens: int, output_tokens: int, read: int, write: int, units: Mapping[str, int | float] = NOTHING
    ) -> Decimal:
        """Dollars for tokens; `read` and `write` are part of the input, `units` say what is held long or spoken."""
        hour = min(write, int(units.get('cache_write_1h_tokens', 0)))
        heard = max(0, int(units.get('input_audio_tokens', 0)) - int(units.get('cache_audio_read_tokens', 0)))
        spoken = min(output_tokens, int(units.get('output_audio_tokens', 0)))
        fresh = max(0, input_tokens - read - write - heard)
        written = _or(self.cache_write, self.input)
        whole = (
            self.input * fresh
            + _or(self.input_audio, self.input) * heard
            + self.output * (output_tokens - spoken)
            + _or(self.output_audio, self.output) * spoken
            + _or(self.cache_read, self.input) * read
            + written * (write - hour)
            + _or(self.cache_write_1h, written) * hour
        )
        return whole / MILLION


def _or(price: Decimal | None, other: Decimal) -> Decimal:
    return other if price is None else price


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

    def __post_init__(self) -> None:
        given: Mapping[str, object] = self.overrides
        wrong = [name for name, price in given.items() if not isinstance(price, Price)]
        if wrong:
            raise ConfigError(f'the price of {wrong[0]!r} is no Price: make prices of plain values with Prices.of(...)')

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
            billing=entry.billing,
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
        billing: Billing | None = None,
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
            billing: what the price hangs on besides.
        """
        own = self._own(model, provider)
        tokens = (input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
        terms = billing or Billing()
        if own is not None:
            cost: Decimal | None = own.cost(*tokens, terms.units)
        elif self.bundled:
            cost = published(model, provider, at, dict(zip(TOKENS, tokens, strict=True)), terms)
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
    allowed = tuple(one.name for one in fields(Price))
    if not isinstance(values, Mapping) or not {'input', 'output'} <= set(values) <= set(allowed):
        raise ConfigError(f'the price of {pattern!r} needs input and output, and may have {", ".join(allowed[2:])}')
    return Price(**{name: _amount(name, repr(pattern), value) for name, value in values.items()})


def _amount(name: str, whose: str, value: Any) -> Decimal:
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        amount = Decimal('NaN')
    if not amount.is_finite() or not 0 <= amount <= MOST_DOLLARS:
        raise ConfigError(f'the price {name} of {whose} is dollars per million tokens, not {value!r}')
    return amount
