"""Which model, or agent, gives most for its money: (tokens / second) / cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.ledger.figures import Dimension, Figures, Total, by
from compactor.ledger.prices import BILLIONTH, dollars


@dataclass(frozen=True, slots=True)
class Ranking:
    """How efficient a model was, or an agent, over requests that were sent, answered and measured.

    Attributes:
        name: its name.
        of: what it is: 'model', 'agent' or another dimension.
        requests: how many requests that is.
        tokens_per_second: their tokens, input and output, by their time; None where no time was measured.
        cost_per_request: dollars of one on average; None where no price is known.
        free: they cost nothing, which makes their efficiency infinite.
        efficiency: tokens per second by dollars of a request; None where it is free, or cost or time are not known.
    """

    name: str
    of: Dimension
    requests: int
    tokens_per_second: float | None
    cost_per_request: Decimal | None
    free: bool
    efficiency: float | None

    def to_json(self) -> dict[str, Any]:
        """The attributes, the name under what it is.

        What is free has `efficiency` null and `free` true, as JSON knows no infinity.
        """
        return {
            self.of: self.name,
            'efficiency': self.efficiency,
            'free': self.free,
            'tokens_per_second': self.tokens_per_second,
            'cost_per_request': self.cost_per_request,
            'requests': self.requests,
        }


def rankings(totals: Iterable[Total], of: Dimension = 'model') -> tuple[Ranking, ...]:
    """Models, or agents, from the most efficient to the least.

    Free ones come first, the faster before the slower, those of unknown cost last.
    """
    found = [_ranking(name, of, figures) for name, figures in by(of, totals).items() if figures.timed]
    return tuple(sorted(found, key=_place))


def _ranking(name: str, of: Dimension, figures: Figures) -> Ranking:
    if not figures.rated:
        return Ranking(name, of, figures.timed, _speed(figures.timed_tokens, figures.seconds), None, False, None)
    speed = _speed(figures.rated_tokens, figures.rated_seconds)
    # What some of the requests cost is known, of others it is not: free is only what is known to be free.
    free = figures.rated_nano == 0 and figures.rated_tokens > 0 and not figures.unpriced
    paid = figures.rated_nano / figures.rated / 1e9
    return Ranking(
        name,
        of,
        figures.rated,
        speed,
        (dollars(figures.rated_nano) / figures.rated).quantize(BILLIONTH),
        free,
        speed / paid if speed is not None and paid > 0 else None,
    )


def _speed(tokens: int, seconds: float) -> float | None:
    return tokens / seconds if seconds > 0 else None


def _place(one: Ranking) -> tuple[int, float, str]:
    if one.free:
        return 0, -(one.tokens_per_second or 0.0), one.name
    return (2, 0.0, one.name) if one.efficiency is None else (1, -one.efficiency, one.name)
