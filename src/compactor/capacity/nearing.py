"""Whether a look at a model's windows may show that one has gone past an edge, by what was taken of them here.

A look at windows that processes share costs queries. What this one has taken since the last look is known for nothing:
as long as that reaches no edge, and no response has said that more is gone, a look would show no crossing of ours. For
what others have taken, and for what has left a window, it is looked at once in a while.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from compactor.bounded import Bounded
from compactor.capacity.cooldown import MAX_MODELS
from compactor.capacity.edges import MAX_WINDOWS
from compactor.capacity.limits import Known, Limit
from compactor.capacity.units import Unit, Window
from compactor.capacity.windows import NO_TAKING, Taking, WindowState
from compactor.locks import new_lock

LOOK_EVERY = 1.0
"""Seconds after which a model's windows are looked at again, whatever was taken of them here."""

Key = tuple[str, Unit, Window]


@dataclass(slots=True)
class _Ahead:
    """A window, and what is ahead of it.

    Attributes:
        amount: its limit when it was looked at.
        gone: what was gone then.
        edge: its next edge, as a share of the limit; infinite where none is left.
        taken: what was taken here since then.
    """

    amount: int = 0
    gone: int = 0
    edge: float = 0.0
    taken: int = 0

    def may_be_past(self, known: Known) -> bool:
        """Whether it may have gone past its next edge."""
        amount = known.limit.amount
        told = amount - known.told if known.told is not None else 0
        return self.amount != amount or max(self.gone + self.taken, told) / amount >= self.edge


class Nearing:
    """What is ahead of each window; may be shared by threads.

    Args:
        edges: shares of a limit.
    """

    def __init__(self, edges: Sequence[float]) -> None:
        self._edges = tuple(sorted(edges)) or (math.inf,)
        self._windows = Bounded[Key, _Ahead](MAX_WINDOWS)
        self._looked = Bounded[str, float](MAX_MODELS)
        self._unseen = Bounded[str, None](MAX_MODELS)
        self._lock = new_lock()

    def took(self, model: str, known: Iterable[Known], taking: Taking) -> None:
        """Takes in what a request of a model took of the windows that are known."""
        if taking == NO_TAKING:
            return
        with self._lock:
            self._unseen[model] = None
            for one in known:
                self._windows.of(_key(model, one.limit), _Ahead).taken += taking.of(one.limit.unit)

    def is_due(self, model: str, known: Iterable[Known], now: float, *, closely: bool) -> bool:
        """Whether a model's windows are worth a look: never seen, not for a while, or perhaps past an edge.

        `closely` looks at every request where one was past an edge: what leaves it may be taken again at once.
        """
        with self._lock:
            if not 0 <= now - self._looked.get(model, -math.inf) < LOOK_EVERY:
                return True
            pairs = [(self._windows.get(_key(model, one.limit)), one) for one in known]
            return any(
                ahead is None or ahead.may_be_past(one) or (closely and ahead.edge > self._edges[0])
                for ahead, one in pairs
            )

    def is_overdue(self, model: str, known: Iterable[Known]) -> bool:
        """Whether something was taken that may have gone past an edge, and nobody has looked."""
        with self._lock:
            pairs = [(self._windows.get(_key(model, one.limit)), one) for one in known]
            return any(ahead is not None and ahead.taken > 0 and ahead.may_be_past(one) for ahead, one in pairs)

    def unseen(self) -> list[str]:
        """The models of which something was taken since they were looked at."""
        with self._lock:
            return list(self._unseen)

    def looks(self, model: str, known: Iterable[Known], now: float) -> Mapping[Key, int]:
        """Takes in that a look begins; returns what was taken until then, for `looked`: it sees nothing later."""
        with self._lock:
            self._looked[model] = now
            self._unseen.pop(model, None)
            keys = [_key(model, one.limit) for one in known]
            return {key: ahead.taken for key in keys if (ahead := self._windows.get(key)) is not None}

    def looked(self, states: Iterable[WindowState], until: Mapping[Key, int]) -> None:
        """Takes in how windows stand."""
        with self._lock:
            for state in states:
                key = _key(state.model, state.limit)
                ahead = self._windows.of(key, _Ahead)
                ahead.amount, ahead.gone = state.limit.amount, state.taken
                ahead.edge = next((edge for edge in self._edges if edge > state.share), math.inf)
                ahead.taken -= until.get(key, 0)


def _key(model: str, limit: Limit) -> Key:
    return (limit.model if limit.shared else model, *limit.slot)
