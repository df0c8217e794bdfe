"""Entries for tests: one with a few fields said, and any at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from compactor.ledger.billing import Billing
from compactor.ledger.entry import Entry

NOW = 1_770_000_000.0
"""2026-02-02 02:40 UTC."""
HOUR = 3_600.0


def entry(at: float = NOW, **fields: Any) -> Entry:
    """An entry of a priced, answered request; `cost` may be said as text."""
    cost = fields.pop('cost', '0.01')
    given = {'model': 'gpt-5', 'provider': 'openai', 'input_tokens': 1_000, 'output_tokens': 100, 'latency': 2.0}
    return Entry(at=at, cost=None if cost is None else Decimal(cost), **{**given, **fields})


_tokens = st.integers(0, 100_000)
_saved = st.integers(-10_000, 100_000)

entries = st.lists(
    st.builds(
        Entry,
        at=st.floats(NOW - 30 * HOUR, NOW) | st.integers(-30, 0).map(lambda hour: NOW // HOUR * HOUR + hour * HOUR),
        model=st.sampled_from(['a', 'b', 'ünï "x"']),
        provider=st.sampled_from(['', 'p']),
        kind=st.sampled_from(['request', 'summary', 'failover', 'cache']),
        agent=st.sampled_from(['', 'coder', 'x' * 3_000]),
        conversation=st.sampled_from(['c1', 'c2']),
        run=st.sampled_from(['r1', 'r2', 'r3']),
        workload=st.sampled_from(['', 'w']),
        task=st.sampled_from(['', 'coding']),
        input_tokens=_tokens,
        output_tokens=_tokens,
        cache_read_tokens=_tokens,
        cache_write_tokens=_tokens,
        cost=st.none() | st.integers(0, 10**12).map(lambda nano: Decimal(f'{nano}e-9')),
        latency=st.none() | st.integers(0, 4_000).map(lambda parts: parts / 8),  # exact, so that sums are too
        finish_reason=st.sampled_from([None, 'stop', 'length']),
        streamed=st.booleans(),
        cache_hit=st.booleans(),
        saved_by_compaction=_saved,
        saved_by_outputs=_saved,
        saved_by_cache=_tokens,
        error=st.sampled_from([None, 'ModelHTTPError: 500']),
        billing=st.sampled_from(
            [
                Billing(),
                Billing({'cache_write_1h_tokens': 5, 'audio_seconds': 1.5}, {'service_tier': 'flex'}, 'https://a/v1'),
            ]
        ),
        estimated=st.booleans(),
    ),
    max_size=25,
)
"""Any entries of thirty hours, some of them at the very beginning of one."""
