"""Texts counted: by file, with error bound, share of a window and price; few of them are held at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from time import time
from typing import Any

from compactor.tokens.bounds import bounds, recommended
from compactor.tokens.counter import Counter
from compactor.tokens.windows import context_window

AT_ONCE = 8 * 1024 * 1024
"""Characters of texts that are counted together and then let go."""


@dataclass(frozen=True, slots=True)
class Counted:
    """A text that was counted."""

    name: str
    tokens: int
    characters: int


@dataclass(frozen=True, slots=True)
class Sum:
    """All of it, for one model.

    Attributes:
        model: its name; '' for none.
        tokens: tokens.
        least: and most that the provider will probably count.
        most: see there.
        method: how far the count can be trusted.
        encoding: what counted.
        window: the model's window; None where nobody knows it.
        cost: dollars of so much input; None where nobody knows the price.
        base: tokens in the units of the encoding.
    """

    model: str
    tokens: int
    least: int
    most: int
    method: str
    encoding: str
    window: int | None
    cost: Decimal | None
    base: int = 0

    @property
    def share(self) -> float | None:
        """Of the window."""
        return None if self.window is None else self.tokens / self.window

    @property
    def budget(self) -> int | None:
        """Tokens that the input should take at most."""
        return None if self.window is None else recommended(self.window)

    def to_json(self) -> dict[str, Any]:
        """The attributes, plain; money as text."""
        return {
            'model': self.model,
            'tokens': self.tokens,
            'least': self.least,
            'most': self.most,
            'method': self.method,
            'encoding': self.encoding,
            'window': self.window,
            'share': None if self.share is None else round(self.share, 4),
            'recommended_budget': self.budget,
            'cost': None if self.cost is None else f'{self.cost:f}',
        }


def counted(texts: Iterable[tuple[str, str]], counter: Counter) -> Iterator[Counted]:
    """The texts one after the other, in the units of the counter's encoding; few are held at a time."""
    names: list[str] = []
    some: list[str] = []
    size = 0
    for name, text in texts:
        names.append(name)
        some.append(text)
        size += len(text)
        if size >= AT_ONCE:
            yield from _of(names, some, counter)
            names, some, size = [], [], 0
    yield from _of(names, some, counter)


def _of(names: list[str], texts: list[str], counter: Counter) -> Iterator[Counted]:
    for name, text, tokens in zip(names, texts, counter.base_many(texts), strict=True):
        yield Counted(name, tokens, len(text))


def summed(base: int, counter: Counter, *, priced: bool = True) -> Sum:
    """So many tokens of the counter's encoding, for its model."""
    tokens = counter.scale(base)
    model = counter.model
    cost = _dollars(model, tokens) if model and priced else None
    window = context_window(model or None)
    return Sum(model, tokens, *bounds(counter, tokens), counter.method, counter.encoding, window, cost, base)


def _dollars(model: str, tokens: int) -> Decimal | None:
    # Imported here, as typing mistakes and counts without a model need not wait for prices.
    from compactor.ledger.prices import Prices
    from compactor.routing.profiles import priced_by

    return priced_by(Prices(), time())(model, tokens, 0)
