"""How room is shared out."""

from __future__ import annotations

from collections.abc import Sequence


def poured(needs: Sequence[int], room: int) -> list[int]:
    """Room shared so that nobody gets more than it needs and those that need more get the same."""
    shares = [0] * len(needs)
    left = max(0, room)
    order = sorted(range(len(needs)), key=lambda i: needs[i])
    for k, i in enumerate(order):
        shares[i] = min(needs[i], left // (len(order) - k))
        left -= shares[i]
    return shares
