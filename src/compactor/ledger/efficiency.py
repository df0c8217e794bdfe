"""Which model gives most for its money: (tokens / second) / cost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from compactor.ledger.figures import Figures, Total, by
from compactor.ledger.prices import BILLIONTH, dollars


@dataclass(frozen=True, slots=True)
class Ranking:
    """How efficient a model was, over requests that were sent, answered and measured.

    Attributes:
        model: its name.
        requests: how many requests that is.
        tokens_per_second: their tokens, input and output, by their time; None where no time was measured.
        cost_per_request: dollars of one on average; None where no price is known.
        free: they cost nothing, which makes their efficiency infinite.
        efficiency: tokens per second by dollars of a request; None where it is free, or cost or time are not known.
    """

    model: str
    requests: int
    tokens_per_second: float | None
    cost_per_request: Decimal | None
    free: bool
    efficiency: float | None

    def to_json(self) -> dict[str, Any]:
        """The attributes; a free model has `efficiency` null and `free` true, as JSON knows no infinity."""
        return {
            'model': self.model,
            'efficiency': self.efficiency,
            'free': self.free,
            'tokens_per_second': self.tokens_per_second,
            'cost_per_request': self.cost_per_request,
            'requests': self.requests,
        }


def rankings(totals: Iterable[Total]) -> tuple[Ranking, ...]:
    """Models from the most efficient to the least: free ones first (the faster before), those of unknown cost last."""
    found = [_ranking(model, figures) for model, figures in by('model', totals).items() if figures.timed]
    return tuple(sorted(found, key=_place))


def _ranking(model: str, figures: Figures) -> Ranking:
    if not figures.rated:
        return Ranking(model, figures.timed, _speed(figures.timed_tokens, figures.seconds), None, False, None)
    speed = _speed(figures.rated_tokens, figures.rated_seconds)
    # What some of a model's requests cost is known, of others it is not: free is only what is known to be free.
    free = figures.rated_nano == 0 and figures.rated_tokens > 0 and not figures.unpriced
    paid = figures.rated_nano / figures.rated / 1e9
    return Ranking(
        model,
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
        return 0, -(one.tokens_per_second or 0.0), one.model
    return (2, 0.0, one.model) if one.efficiency is None else (1, -one.efficiency, one.model)
