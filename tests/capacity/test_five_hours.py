"""A limit over five hours, as subscriptions have it: from a policy's file to the request that has no room."""

from __future__ import annotations

from pathlib import Path

from compactor import Policy
from compactor.capacity.counts import MemoryCounts
from compactor.capacity.edges import Edges
from compactor.capacity.limits import LimitTable
from compactor.capacity.windows import Taking, Windows

START = 1_770_000_000.0
FIVE_HOURS = 5 * 3_600
MODEL = 'acme:coder'
FILE = """
[[capacity.limits]]
model = "acme:*"
unit = "requests"
window = 18000
amount = 10

[[capacity.limits]]
model = "acme:*"
unit = "tokens"
window = "minute"
amount = 1_000_000
"""


def test_a_limit_over_five_hours_is_loaded_and_kept_to(tmp_path: Path) -> None:
    """It warns at both edges, lets nothing through that has no room, and gives back what is five hours old."""
    path = tmp_path / 'compactor.toml'
    path.write_text(FILE)
    policy = Policy.load(path, environment={}).capacity
    windows, edges = Windows(LimitTable(policy.limits), MemoryCounts()), Edges(policy.edges)
    warned = []
    for hour in range(4):
        for minute in range(3):
            now = START + hour * 3_600 + minute * 60
            admitted = windows.admit(MODEL, Taking(100, 100), now) is not None
            assert admitted == (hour < 3 or minute == 0)
            crossed = edges.crossed(windows.states(MODEL, now), now)
            warned += [(hour, one.edge) for one in crossed if one.state.limit.unit == 'requests']
    assert warned == [(2, 0.8), (3, 0.95)]
    assert windows.admit(MODEL, Taking(100, 100), START + FIVE_HOURS + 400) is not None
