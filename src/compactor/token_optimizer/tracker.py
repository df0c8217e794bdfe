"""What prompts took, in the table `token_metrics` of a store: summaries, and which model gives most for its money."""

from __future__ import annotations

from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from compactor.errors import ConfigError
from compactor.token_optimizer.cache import without_tenant
from compactor.token_optimizer.metrics import TokenMetrics

if TYPE_CHECKING:
    from compactor.store.engine import Store

HOUR = 3_600.0
HOURS = 24.0


class TokenMetricsTracker:
    """Metrics in a store.

    Args:
        store: where.

    Raises:
        ConfigError: the store is a tenant's.
        StoreError: (from every method) the store is away, locked, full or damaged.
    """

    def __init__(self, store: Store) -> None:
        self.store = without_tenant(store)

    def record(self, metrics: TokenMetrics) -> None:
        """Keeps what a prompt took. A cost that nobody knows is Infinity in the table, whose column may not be null."""
        from sqlalchemy import insert

        from compactor.store.token_tables import metrics as table
        from compactor.store.token_tables import written

        with self.store.write() as connection:
            connection.execute(
                insert(table).values(
                    prompt_tokens=metrics.prompt_tokens,
                    completion_tokens=metrics.completion_tokens,
                    total_tokens=metrics.total_tokens,
                    cost=metrics.cost if metrics.cost_known else float('inf'),
                    latency_ms=metrics.latency_ms,
                    cache_hit=metrics.cache_hit,
                    model=metrics.model,
                    timestamp=written(metrics.timestamp.timestamp()),
                )
            )

    def get_summary(self, hours: float = HOURS) -> dict[str, Any]:
        """Figures of the last hours.

        `period_hours`, `total_requests`, `total_tokens`, `total_cost`, `avg_latency_ms`, `cache_hit_rate`,
        `unpriced_requests`, and `by_model` with `requests`, `tokens`, `cost`, `avg_latency_ms`, `cache_hit_rate`,
        `unpriced_requests` of each model, most tokens first. A cost is what is known to have been paid, None where no
        price is known of any request; where `unpriced_requests` is not 0 the true one is higher.
        """
        rows = self._rows(hours)
        whole = _figures(rows)
        models = dict.fromkeys(row.model for row in rows)
        by_model = {model: _figures([row for row in rows if row.model == model]) for model in models}
        return {
            'period_hours': hours,
            'total_requests': whole['requests'],
            'total_tokens': whole['tokens'],
            'total_cost': whole['cost'],
            'avg_latency_ms': whole['avg_latency_ms'],
            'cache_hit_rate': whole['cache_hit_rate'],
            'unpriced_requests': whole['unpriced_requests'],
            'by_model': dict(sorted(by_model.items(), key=lambda one: -one[1]['tokens'])),
        }

    def get_efficiency_rankings(self, hours: float = HOURS) -> list[dict[str, Any]]:
        """Models of the last hours, the most efficient first, by requests that were sent.

        `model`, `tokens_per_second`, `avg_cost` (dollars a request), `efficiency_score` (the one by the other),
        `requests`, and `free`. What is free comes first, with a score of None, as JSON knows no infinity; so does what
        nobody has priced, last, with `free` False.
        """
        rows = [row for row in self._rows(hours) if not row.cache_hit]
        models = dict.fromkeys(row.model for row in rows)
        return sorted((_ranked(model, [row for row in rows if row.model == model]) for model in models), key=_place)

    def _rows(self, hours: float) -> list[Any]:
        """Sums of each model, hits apart from what was sent, and what is priced apart from what is not."""
        from sqlalchemy import case, func, select

        from compactor.store.token_tables import metrics, written

        if not hours > 0:
            raise ConfigError(f'a period is a positive number of hours, not {hours!r}')
        table = metrics.c
        unpriced = (table.cost > 1e300).label('unpriced')
        found = select(
            table.model,
            table.cache_hit,
            unpriced,
            func.count().label('requests'),
            func.sum(table.total_tokens).label('tokens'),
            func.sum(case((table.cost > 1e300, 0.0), else_=table.cost)).label('cost'),
            func.sum(table.latency_ms).label('ms'),
        ).where(table.timestamp > written(self.store.clock() - hours * HOUR))
        with self.store.read() as connection:
            return list(connection.execute(found.group_by(table.model, table.cache_hit, unpriced)).all())


def _figures(rows: list[Any]) -> dict[str, Any]:
    requests = sum(row.requests for row in rows)
    unpriced = sum(row.requests for row in rows if row.unpriced)
    known = [float(row.cost) for row in rows if not row.unpriced]
    return {
        'requests': requests,
        'tokens': int(sum(row.tokens for row in rows)),
        'cost': sum(known, start=0.0) if known or not rows else None,
        'avg_latency_ms': sum(float(row.ms) for row in rows) / requests if requests else 0.0,
        'cache_hit_rate': sum(row.requests for row in rows if row.cache_hit) / requests if requests else 0.0,
        'unpriced_requests': unpriced,
    }


def _ranked(model: str, rows: list[Any]) -> dict[str, Any]:
    figures = _figures(rows)
    seconds = figures['avg_latency_ms'] * figures['requests'] / 1_000
    speed = figures['tokens'] / seconds if seconds > 0 else None
    priced = figures['requests'] - figures['unpriced_requests']
    cost = figures['cost'] / priced if priced else None
    score = speed / cost if speed is not None and cost else nan
    return {
        'model': model,
        'tokens_per_second': speed,
        'avg_cost': cost,
        'efficiency_score': score if isfinite(score) else None,
        'requests': figures['requests'],
        # Of what is only partly priced nobody knows that it is free.
        'free': cost == 0 and not figures['unpriced_requests'],
    }


def _place(one: dict[str, Any]) -> tuple[int, float, str]:
    if one['free']:
        return 0, -(one['tokens_per_second'] or 0.0), one['model']
    score = one['efficiency_score']
    return (2, 0.0, one['model']) if score is None else (1, -score, one['model'])
