"""Rows as a configuration file writes them: plain values, which become what the fields hold."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from compactor.ledger.budget import Budget, Usage
from compactor.ledger.periods import Period
from compactor.policies.routing import RoutingPolicy
from compactor.policy import Policy
from compactor.routing.profiles import LongPrice, ModelProfile
from compactor.routing.table import Rule

a_rule: Callable[..., Rule] = Rule
a_model: Callable[..., ModelProfile] = ModelProfile
a_long_price: Callable[..., LongPrice] = LongPrice
a_routing: Callable[..., RoutingPolicy] = RoutingPolicy
a_policy: Callable[..., Policy] = Policy


def usage(spent: float, **budget: Any) -> Usage:
    """How a budget stands."""
    return Usage(Budget(name='day', **budget), Decimal(str(spent)), Decimal(0), Period(0, 86_400))
