"""Warnings when a window fills past an edge: once for each edge and window, not at every request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from compactor.bounded import Bounded
from compactor.capacity.units import Unit, Window
from compactor.capacity.windows import WindowState
from compactor.errors import ConfigError
from compactor.ledger.periods import period_at
from compactor.locks import new_lock

EDGES = (0.8, 0.95)
"""Shares of a limit at which it warns."""
MAX_WINDOWS = 2_048
"""Windows that are watched; the one not seen for longest goes first, and would warn anew."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A window went past an edge.

    Attributes:
        edge: the highest edge that it went past, as a share of the limit.
        state: how it stands.
    """

    edge: float
    state: WindowState


@dataclass(slots=True)
class _Watched:
    """A window: its calendar day, when it was seen last, the edges warned of and when, those it fell below since."""

    period: int = 0
    seen: float = float('-inf')
    warned: dict[float, float] = field(default_factory=dict)
    below: set[float] = field(default_factory=set)


class Edges:
    """Which edges were warned of; may be shared by threads.

    A calendar day warns once at each edge. A rolling window has no end: it warns again when it has been below the edge
    and its length has passed since it warned, or when it was not looked at for as long.

    Args:
        edges: shares of a limit.

    Raises:
        ConfigError: an edge is no share of a limit.
    """

    def __init__(self, edges: Sequence[float] = EDGES) -> None:
        if not all(0 < edge <= 1 for edge in edges):
            raise ConfigError(f'edges are shares of a limit, above 0 and up to 1: {tuple(edges)}')
        self.edges = tuple(sorted(edges))
        self._windows = Bounded[tuple[str, Unit, Window], _Watched](MAX_WINDOWS)
        self._lock = new_lock()

    def crossed(self, states: Iterable[WindowState], now: float) -> tuple[Crossing, ...]:
        """The edges that windows have gone past since they were looked at last, one for each window at most."""
        with self._lock:
            found = [(state, self._edge(state, now)) for state in states]
        return tuple(Crossing(edge, state) for state, edge in found if edge is not None)

    def _edge(self, state: WindowState, now: float) -> float | None:
        limit = state.limit
        key = (limit.model if limit.shared else state.model, *limit.slot)
        watched = self._windows.of(key, _Watched)
        if limit.calendar:
            period = period_at(now, 'day', limit.time_zone).start
            if period > watched.period:
                watched.period, watched.warned = period, {}
        else:
            self._rearm(watched, limit.seconds, state.share, now)
        new = [edge for edge in self.edges if edge <= state.share and edge not in watched.warned]
        watched.warned.update(dict.fromkeys(new, now))
        # Having warned of 95 %, it does not warn of 80 % when that is what is left of it.
        return new[-1] if new and new[-1] == max(watched.warned) else None

    @staticmethod
    def _rearm(watched: _Watched, seconds: float, share: float, now: float) -> None:
        """Forgets what a rolling window has warned of where that is over."""
        unseen = now - watched.seen >= seconds
        watched.seen = now
        watched.below |= {edge for edge in watched.warned if share < edge}
        over = {
            edge for edge, at in watched.warned.items() if unseen or (edge in watched.below and now - at >= seconds)
        }
        for edge in over:
            del watched.warned[edge]
        watched.below -= over
