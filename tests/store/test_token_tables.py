"""The tables `response_cache` and `token_metrics` on either database: what is written is read again, and adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from math import nan

import pytest

from compactor.errors import ConfigError
from compactor.store.engine import Store
from compactor.token_optimizer import TokenCache, TokenMetrics, TokenMetricsTracker
from tests.store.conftest import START, Clock


def test_answers(store: Store, clock: Clock) -> None:
    """Set, had twice, counted; gone after a day."""
    cache = TokenCache(store)
    cache.set('What is Python?', 'gpt-4', 'A language,\x00 ☃', 40)
    for times in (1, 2):
        found = cache.get('what  is python?', 'gpt-4')
        assert found is not None
        assert (found.response, found.hit_count) == ('A language, ☃', times)
    assert cache.get('What is Python?', 'gpt-4', context='another system prompt') is None
    assert cache.get_stats() == {
        'total_entries': 1,
        'total_hits': 2,
        'total_tokens_saved': 80,
        'by_model': {'gpt-4': {'entries': 1, 'hits': 2}},
    }
    clock.now += 24 * 3_600 + 1
    assert cache.get('What is Python?', 'gpt-4') is None
    assert cache.clear_old(24) == 1


def test_metrics(store: Store, clock: Clock) -> None:
    """Sums by model, hits apart, unknown prices said; what is older than the period is not in it."""
    tracker = TokenMetricsTracker(store)
    now = datetime.fromtimestamp(START, UTC)
    for cost, hit, tokens in ((0.25, False, 100), (0.0, True, 0), (nan, False, 50)):
        tracker.record(TokenMetrics(tokens, 0, tokens, cost, 500.0, hit, 'gpt-4', now, 100 if hit else 0))
    summary = tracker.get_summary(hours=1)
    assert (summary['total_requests'], summary['total_tokens'], summary['total_cost']) == (3, 150, 0.25)
    assert (summary['cache_hit_rate'], summary['unpriced_requests']) == (pytest.approx(1 / 3), 1)
    (ranked,) = tracker.get_efficiency_rankings(hours=1)
    assert (ranked['tokens_per_second'], ranked['avg_cost'], ranked['efficiency_score']) == (150.0, 0.25, 600.0)
    clock.now += 2 * 3_600
    assert tracker.get_summary(hours=1)['total_requests'] == 0
    assert tracker.get_summary(hours=3)['total_requests'] == 3


def test_tenants_are_refused(store: Store) -> None:
    """The tables have no column for them, so that one would see what is another's."""
    for kind in (TokenCache, TokenMetricsTracker):
        with pytest.raises(ConfigError, match='know of no tenants'):
            kind(store.of('acme'))
