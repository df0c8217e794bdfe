"""The ledger by the minute, on either database."""

from __future__ import annotations

from compactor.store.engine import Store
from compactor.store.entries import Ledger
from compactor.store.minutes import minutes
from tests.ledger.entries import entry

NOON = 1_772_452_800.0


def test_requests_by_the_minute_they_ended_in(store: Store) -> None:
    """Sums by model and provider; the last half of a minute belongs to it, not to the next one."""
    Ledger(store).record_many(
        [
            entry(NOON, input_tokens=1, output_tokens=2),
            entry(NOON + 59.9, input_tokens=10, output_tokens=20),
            entry(NOON + 59.9, model='a', input_tokens=5, output_tokens=5),
            entry(NOON + 60, input_tokens=100, output_tokens=200),
            entry(NOON + 60, input_tokens=7, output_tokens=7, cache_hit=True),
            entry(NOON + 61, input_tokens=0, output_tokens=0, error='Timeout'),
            entry(NOON + 61, input_tokens=3, output_tokens=0, error='Timeout'),
        ]
    )
    assert list(minutes(store)) == [
        (NOON, 'a', 'openai', 1, 5, 5, 0, 0, 10_000_000),
        (NOON, 'gpt-5', 'openai', 2, 11, 22, 0, 0, 20_000_000),
        (NOON + 60, 'gpt-5', 'openai', 2, 103, 200, 0, 0, 20_000_000),
    ]


def test_an_empty_ledger(store: Store) -> None:
    """No minutes."""
    assert list(minutes(store)) == []
