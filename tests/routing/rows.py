"""Rows as a configuration file writes them: plain values, which become what the fields hold."""

from __future__ import annotations

from collections.abc import Callable

from compactor.policies.routing import RoutingPolicy
from compactor.policy import Policy
from compactor.routing.profiles import LongPrice, ModelProfile
from compactor.routing.table import Rule

a_rule: Callable[..., Rule] = Rule
a_model: Callable[..., ModelProfile] = ModelProfile
a_long_price: Callable[..., LongPrice] = LongPrice
a_routing: Callable[..., RoutingPolicy] = RoutingPolicy
a_policy: Callable[..., Policy] = Policy
