"""What was saved, from what was really sent: negative where it cost more than it spared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.ledger.figures import Figures, Total, added, overall
from compactor.ledger.prices import BILLIONTH, Prices, dollars


@dataclass(frozen=True, slots=True)
class Savings:
    """Tokens and money of a period, with and without what this library does.

    Attributes:
        tokens_sent: tokens that were sent and received, those of summaries included.
        by_compaction: input tokens that compaction spared.
        by_outputs: input tokens that outputs within budgets spared.
        by_cache: tokens, input and output, that the response cache spared.
        spent_on_summaries: tokens of the requests that wrote summaries.
        cost: dollars that were paid; None where no price is known.
        cost_saved: dollars spared, less what summaries cost. An estimate: spared input is priced like the model's other
            input of the period, with its share of cached tokens; a spared answer like its mean request. None where a
            price is missing.
    """

    tokens_sent: int
    by_compaction: int
    by_outputs: int
    by_cache: int
    spent_on_summaries: int
    cost: Decimal | None
    cost_saved: Decimal | None

    @property
    def net(self) -> int:
        """Tokens saved, less those spent on saving."""
        return self.by_compaction + self.by_outputs + self.by_cache - self.spent_on_summaries

    @property
    def without(self) -> int:
        """Tokens that it would have been without this library."""
        return self.tokens_sent + self.net

    @property
    def share(self) -> float | None:
        """Saved tokens as a share of `without`; None where there would have been none."""
        return self.net / self.without if self.without > 0 else None

    def to_json(self) -> dict[str, Any]:
        """The attributes and what follows from them."""
        return {
            'tokens_sent': self.tokens_sent,
            'tokens_without': self.without,
            'saved_by_compaction': self.by_compaction,
            'saved_by_outputs': self.by_outputs,
            'saved_by_cache': self.by_cache,
            'spent_on_summaries': self.spent_on_summaries,
            'tokens_saved': self.net,
            'share_saved': self.share,
            'cost': self.cost,
            'cost_saved_estimate': self.cost_saved,
        }


def savings(totals: Iterable[Total], prices: Prices | None = None, *, at: float = 0.0) -> Savings:
    """What a period saved.

    Args:
        totals: of the period.
        prices: for `cost_saved`; without, it is None.
        at: whose prices apply, in seconds since 1970: the end of the period.
    """
    some = tuple(totals)
    whole = overall(some)
    summaries = added(total.figures for total in some if total.group.kind == 'summary')
    return Savings(
        whole.tokens,
        whole.saved_by_compaction,
        whole.saved_by_outputs,
        whole.saved_by_cache,
        summaries.tokens,
        whole.cost,
        None if prices is None else _money(some, summaries, prices, at),
    )


def _money(totals: tuple[Total, ...], summaries: Figures, prices: Prices, at: float) -> Decimal | None:
    if summaries.unpriced:
        return None
    parts: dict[tuple[str, str], list[Figures]] = {}
    for total in totals:
        if total.group.kind != 'summary':
            parts.setdefault((total.group.model, total.group.provider), []).append(total.figures)
    saved = -dollars(summaries.nano)
    for (model, provider), many in parts.items():
        figures = added(many)
        spared = figures.saved_by_compaction + figures.saved_by_outputs
        if spared:
            price = _input_price(figures, model, provider, prices, at)
            if price is None:
                return None
            saved += price * spared
        if figures.saved_by_cache:
            if figures.unpriced or not figures.tokens:
                return None
            saved += dollars(figures.nano) / figures.tokens * figures.saved_by_cache
    return saved.quantize(BILLIONTH)


def _input_price(figures: Figures, model: str, provider: str, prices: Prices, at: float) -> Decimal | None:
    """Dollars for one input token of the mean request: its size decides the tier, its cached share the rate."""
    requests = max(1, figures.sent)
    tokens = max(1, figures.input_tokens // requests)
    read = min(tokens, figures.cache_read_tokens // requests)
    price = prices.of_tokens(model, provider, at=at, input_tokens=tokens, cache_read_tokens=read)
    return None if price is None else price / tokens
