"""Reports: what could be better over some hours, what one conversation took, and whether a day got too dear."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from compactor.ledger.efficiency import Ranking, rankings
from compactor.ledger.figures import Figures, Total, by, overall
from compactor.ledger.prices import BILLIONTH, Prices
from compactor.ledger.reacquired import Reacquired
from compactor.ledger.recommend import Recommendation, recommend
from compactor.ledger.savings import Savings, savings
from compactor.ledger.summary import Summary, figures_json, summarise

DAILY_ALERT = Decimal(50)
"""Dollars a day above which there is an alert, unless somebody says otherwise."""
DAY = 86_400
"""Seconds of a day; days are those of UTC."""


@dataclass(frozen=True, slots=True)
class OptimizationReport:
    """What happened over some hours and what could be better.

    Attributes:
        period_hours: how long the period is.
        cache: what the response cache holds: `total_entries`, `total_hits`, `total_tokens_saved`, `by_model`.
        metrics: the figures of the period.
        efficiency_rankings: its models from the most efficient to the least.
        agent_rankings: its agents, likewise.
        recommendations: advice, each with the figure behind it.
        savings: what was saved, negative where it was not.
        reacquired: what agents got again that compactions had taken, by tool and way, most tokens first.
    """

    period_hours: float
    cache: Mapping[str, Any]
    metrics: Summary
    efficiency_rankings: tuple[Ranking, ...]
    agent_rankings: tuple[Ranking, ...]
    recommendations: tuple[Recommendation, ...]
    savings: Savings
    reacquired: tuple[Reacquired, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The attributes; `cache` has the period's `hits` and `hit_rate` besides what is stored."""
        total = self.metrics.total
        return {
            'period_hours': self.period_hours,
            'cache': {**self.cache, 'hits': total.hits, 'hit_rate': total.hit_rate},
            'metrics': self.metrics,
            'efficiency_rankings': self.efficiency_rankings,
            'agent_rankings': self.agent_rankings,
            'recommendations': self.recommendations,
            'savings': self.savings,
            'reacquired': self.reacquired,
        }


def optimization_report(
    totals: Iterable[Total],
    cache: Mapping[str, Any],
    period_hours: float,
    prices: Prices | None = None,
    *,
    at: float = 0.0,
    reacquired: tuple[Reacquired, ...] = (),
) -> OptimizationReport:
    """The report of a period.

    Args:
        totals: of the period.
        cache: what the response cache holds.
        period_hours: how long the period is.
        prices: for what was saved in money.
        at: when it ends, in seconds since 1970.
        reacquired: what was got again in it.
    """
    some = tuple(totals)
    ranked = rankings(some)
    return OptimizationReport(
        period_hours,
        cache,
        summarise(some, period_hours),
        ranked,
        rankings(some, 'agent'),
        recommend(some, ranked, prices, at=at),
        savings(some, prices, at=at),
        reacquired,
    )


@dataclass(frozen=True, slots=True)
class ConversationReport:
    """What one conversation took.

    Attributes:
        conversation: its id.
        started: when its first request was sent, in seconds since 1970.
        ended: when its last answer had arrived.
        tasks: how many things its agents were asked to do: their runs.
        total: its figures.
        by_task: figures by the kind of task that was detected.
        by_model: figures by model.
    """

    conversation: str
    started: float
    ended: float
    tasks: int
    total: Figures
    by_task: Mapping[str, Figures]
    by_model: Mapping[str, Figures]

    @property
    def duration(self) -> float:
        """Seconds from the first request to the last answer."""
        return max(0.0, self.ended - self.started)

    def to_json(self) -> dict[str, Any]:
        """Duration, tasks, tokens, cost, averages per task, then the groups."""
        cost = self.total.cost
        return {
            'conversation': self.conversation,
            'started': self.started,
            'ended': self.ended,
            'duration_seconds': self.duration,
            'tasks': self.tasks,
            **figures_json(self.total),
            'avg_tokens_per_task': self.total.tokens / self.tasks if self.tasks else None,
            'avg_cost_per_task': (cost / self.tasks).quantize(BILLIONTH) if cost is not None and self.tasks else None,
            'avg_seconds_per_task': self.duration / self.tasks if self.tasks else None,
            'by_task': {name: figures_json(one) for name, one in self.by_task.items()},
            'by_model': {name: figures_json(one) for name, one in self.by_model.items()},
        }


def conversation_report(
    conversation: str, started: float, ended: float, tasks: int, totals: Iterable[Total]
) -> ConversationReport:
    """The report of a conversation from its span, its runs and its totals."""
    some = tuple(totals)
    return ConversationReport(conversation, started, ended, tasks, overall(some), by('task', some), by('model', some))


@dataclass(frozen=True, slots=True)
class DailyCost:
    """What a day has cost so far, and whether that is too much.

    Attributes:
        day: the day in UTC, such as '2026-11-20'.
        cost: dollars known to have been paid; None where no price is known.
        threshold: dollars above which it is an alert.
        unpriced: requests whose price is not known, so that the true cost is higher.
    """

    day: str
    cost: Decimal | None
    threshold: Decimal
    unpriced: int

    @property
    def alert(self) -> bool:
        """Whether the day cost more than the threshold."""
        return self.cost is not None and self.cost > self.threshold

    def to_json(self) -> dict[str, Any]:
        """The attributes and `alert`."""
        return {
            'day': self.day,
            'cost': self.cost,
            'threshold': self.threshold,
            'unpriced_requests': self.unpriced,
            'alert': self.alert,
        }


def day_of(at: float) -> tuple[float, float]:
    """When the UTC day of a moment begins and ends, in seconds since 1970."""
    start = at // DAY * DAY
    return start, start + DAY


def daily_cost(totals: Iterable[Total], at: float, threshold: Decimal = DAILY_ALERT) -> DailyCost:
    """The cost of the UTC day that `at` lies in, from the totals of that day."""
    whole = overall(totals)
    day = datetime.fromtimestamp(at, UTC).date().isoformat()
    return DailyCost(day, whole.cost, threshold, whole.unpriced)
