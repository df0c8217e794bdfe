"""Station 5: what is recorded of each request, and what may be spent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import Field

from compactor.ledger.budget import Budget
from compactor.policies.station import Positive, Station


class LedgerPolicy(Station):
    """Station 5: what is recorded of each request, and what may be spent; needs `Compactor(store=...)`.

    Attributes:
        enabled: record every model request.
        budgets: limits of tokens, requests or money by period, agent and model (`ledger.budget.Budget`). A request that
            would exceed one is refused with `BudgetExceeded` before it is sent.
        prices: dollars per million tokens by model, such as `{'my-*': {'input': 1, 'output': 4}}`, over those of
            `genai-prices`.
        on_store_error: 'open': where the store is away, requests are sent, and not counted. 'closed': they are refused
            with `StoreError`, if there are budgets.
        reserve_output: tokens that are set aside for an answer whose request sets no `max_tokens`.
    """

    enabled: bool = True
    budgets: tuple[Budget, ...] = ()
    prices: Mapping[str, Mapping[str, Decimal]] = Field(default_factory=dict)
    on_store_error: Literal['open', 'closed'] = 'open'
    reserve_output: Positive = 4_000
