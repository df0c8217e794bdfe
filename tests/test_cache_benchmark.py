"""The benchmark of the response cache, at a small size; `python -m benchmarks.cache` sends 1,000 requests."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def test_a_cache_saves_what_repeats_and_changes_no_answer() -> None:
    """Hits are the requests that repeat; tokens are paid once for each question; every answer is the model's."""
    cache: Any = import_module('benchmarks.cache')
    asked = cache.traffic(60, 1.2)
    model, cached, hot = cache.rows(60, (1.2,))
    assert (model.hits, cached.hits, hot.hits) == (0, 60 - len(set(asked)), 60 - len(set(asked)))
    assert cached.tokens == hot.tokens < model.tokens
    assert cached.mean_ms < model.mean_ms
    assert model.differing == cached.differing == hot.differing == 0
