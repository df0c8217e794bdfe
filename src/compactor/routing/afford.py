"""What is still affordable: budgets of the ledger, looked at before a request, not spent.

A route only looks. Whoever sends the request reserves and counts, so that every budget is consumed in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from compactor.ledger.budget import Usage, Use
from compactor.ledger.budget import shown as amount_shown
from compactor.routing.row import shown

Affordable = Callable[[Use], str | None]
"""Why a request has no room in what is left; None if it has."""


def within(standing: Iterable[Usage]) -> Affordable:
    """Whether a request has room in every budget that covers it.

    Args:
        standing: how the budgets stand, as `store.reservations.usage` tells.
    """
    budgets = tuple(standing)

    def affordable(use: Use) -> str | None:
        for usage in budgets:
            if not usage.can_afford(use):
                if usage.budget.taken(use) is None:
                    return f'price unknown, and the budget {shown(usage.budget.name)} is in dollars'
                left = amount_shown(usage.remaining, usage.budget.unit)
                return f'the budget {shown(usage.budget.name)} has {left} left'
        return None

    return affordable
