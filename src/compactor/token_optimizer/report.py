"""What could be better, from a cache's and some hours' figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compactor.ledger.prices import Prices

FEW_HITS = 0.2
"""Share of answers from the cache under which it hardly helps (gh-ai-assistant)."""


def report(
    hours: float,
    cache: Mapping[str, Any],
    saved: Mapping[str, Mapping[str, int]],
    metrics: Mapping[str, Any],
    rankings: Sequence[Mapping[str, Any]],
    prices: Prices,
    at: float,
) -> dict[str, Any]:
    """The report of a period as JSON has it.

    Args:
        hours: how long the period is.
        cache: what the cache holds (`TokenCache.get_stats`).
        saved: entries, hits and saved tokens by model (`TokenCache.saved`).
        metrics: figures of the period (`TokenMetricsTracker.get_summary`).
        rankings: its models, the most efficient first.
        prices: by which saved tokens are priced where the period has no request of their model.
        at: whose prices, in seconds since 1970.
    """
    return {
        'period_hours': hours,
        'cache': {
            'total_entries': cache['total_entries'],
            'total_hits': cache['total_hits'],
            'hit_rate': metrics['cache_hit_rate'],
            'tokens_saved': cache['total_tokens_saved'],
            'estimated_cost_saved': _money(saved, metrics['by_model'], prices, at),
            'by_model': cache['by_model'],
        },
        'metrics': {name: value for name, value in metrics.items() if name != 'period_hours'},
        'efficiency_rankings': list(rankings),
        'recommendations': list(_advice(metrics, rankings)),
    }


def _money(
    saved: Mapping[str, Mapping[str, int]], by_model: Mapping[str, Mapping[str, Any]], prices: Prices, at: float
) -> float | None:
    """Dollars that answers from the cache have spared; None where a price is missing.

    A saved token is priced as the model's mean token of the period, or as output where the period has none.
    """
    dollars = 0.0
    for model, one in saved.items():
        if not one['saved']:
            continue
        figures = by_model.get(model)
        if figures and figures['tokens'] and figures['cost'] is not None and not figures['unpriced_requests']:
            dollars += figures['cost'] / figures['tokens'] * one['saved']
            continue
        price = prices.of_tokens(model, '', at=at, output_tokens=one['saved'])
        if price is None:
            return None
        dollars += float(price)
    return dollars


def _advice(metrics: Mapping[str, Any], rankings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Sentences, the most useful first."""
    best = next((one for one in rankings if one['free'] or one['efficiency_score'] is not None), None)
    if best is not None:
        cost = 'for free' if best['free'] else f'at ${best["avg_cost"]:.4f} a request'
        speed = '' if best['tokens_per_second'] is None else f' {best["tokens_per_second"]:,.1f} tokens a second'
        yield f'The most efficient model is {best["model"]}:{speed} {cost}.'
    requests, rate = metrics['total_requests'], metrics['cache_hit_rate']
    if requests and rate < FEW_HITS:
        yield (
            f'The cache hit rate is low at {rate:.0%}: keep answers longer (max_age_hours), and see whether prompts'
            ' carry something that differs each time, such as a date or an id.'
        )
    elif requests:
        yield f'The cache hit rate is good at {rate:.0%}.'
    if metrics['unpriced_requests']:
        yield f'Nobody knows the price of {metrics["unpriced_requests"]:,} requests: say it with prices=.'
