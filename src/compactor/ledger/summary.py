"""What happened over some hours: requests, tokens, money, by model, agent and task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compactor.ledger.figures import Figures, Total, by, overall


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of a period.

    Attributes:
        period_hours: how long it is.
        total: everything together.
        by_model: figures by the model's name, most tokens first; each of these adds up to `total`.
        by_agent: figures by the agent's name, '' for none.
        by_task: figures by the task that was detected, '' for none.
        by_kind: figures by what requests were for (`entry.EntryKind`).
    """

    period_hours: float
    total: Figures
    by_model: Mapping[str, Figures]
    by_agent: Mapping[str, Figures]
    by_task: Mapping[str, Figures]
    by_kind: Mapping[str, Figures]

    def to_json(self) -> dict[str, Any]:
        """`period_hours`, `total_requests`, `total_tokens`, `total_cost` and so on, then the groups."""
        whole = figures_json(self.total)
        return {
            'period_hours': self.period_hours,
            'total_requests': whole.pop('requests'),
            'total_tokens': whole.pop('tokens'),
            'total_cost': whole.pop('cost'),
            **whole,
            'by_model': _each(self.by_model),
            'by_agent': _each(self.by_agent),
            'by_task': _each(self.by_task),
            'by_kind': _each(self.by_kind),
        }


def summarise(totals: Iterable[Total], period_hours: float) -> Summary:
    """The summary of a period from its totals."""
    some = tuple(totals)
    return Summary(
        period_hours, overall(some), by('model', some), by('agent', some), by('task', some), by('kind', some)
    )


def figures_json(figures: Figures) -> dict[str, Any]:
    """Figures under the names that scripts read.

    `cost` is what is known to have been paid, null where no price is known; `unpriced_requests` had tokens and no known
    price, so that where it is not 0 the true cost is higher.
    """
    return {
        'requests': figures.requests,
        'tokens': figures.tokens,
        'cost': figures.cost,
        'unpriced_requests': figures.unpriced,
        'prompt_tokens': figures.input_tokens,
        'completion_tokens': figures.output_tokens,
        'cache_read_tokens': figures.cache_read_tokens,
        'cache_write_tokens': figures.cache_write_tokens,
        'avg_response_time': figures.mean_seconds,
        'cache_hits': figures.hits,
        'cache_hit_rate': figures.hit_rate,
        'failed_requests': figures.failed,
        'cut_off_answers': figures.cut_off,
        'provider_cache_read_rate': figures.read_rate,
        'estimated_requests': figures.estimated,
    }


def _each(groups: Mapping[str, Figures]) -> dict[str, Any]:
    return {name: figures_json(figures) for name, figures in groups.items()}
