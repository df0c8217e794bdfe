"""Station 4: what providers give, how near to that one goes, and what is done when it is gone."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from compactor.capacity.cooldown import CooldownRule
from compactor.capacity.edges import EDGES
from compactor.capacity.limits import STALE_SECONDS, Limit
from compactor.capacity.windows import Thresholds
from compactor.policies.station import Positive, Share, Station


def _fields_of(kind: type[Any]) -> BeforeValidator:
    """Refuses keys that a dataclass does not have, which would else be left out without a word."""
    names = [field.name for field in fields(kind)]

    def known(value: Any) -> Any:
        unknown = sorted(set(value) - set(names)) if isinstance(value, dict) else []
        if unknown:
            raise ValueError(f'unknown key {unknown[0]!r}; there are: {", ".join(names)}')
        return value

    return BeforeValidator(known)


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class CapacityPolicy(Station):
    """Station 4: limits of providers, warnings, pauses and waiting.

    Attributes:
        enabled: count what requests take, learn limits, warn and note refusals.
        limits: what models give by window (`capacity.limits.Limit`). None are built in, as they differ by account.
        learn: take limits from the headers of responses too; the smaller of both counts.
        stale_seconds: how long a learned limit is believed, unless its reset is later.
        edges: shares of a limit at which `CapacityWarning` is raised, once a window.
        thresholds: shares of a limit from which a model stands 'approaching', 'low' or 'exhausted'.
        cooldown: how long a model is left alone after a refusal.
        reserve_output: tokens that are set aside for an answer whose request sets no `max_tokens`.
        pace: seconds that a request waits at most for room at the model of first choice, before another one is asked.
        max_wait: seconds that a request waits at most when no model of the chain can be asked; where a chain around it
            has another one, it does not wait.
        failover_share: share of a window from which a model is left to others that have room; 1 uses all of it.
        on_store_error: 'open': where the store is away, each process counts for itself. 'closed': requests are refused
            with `StoreError`.
    """

    enabled: bool = True
    limits: tuple[Annotated[Limit, _fields_of(Limit)], ...] = ()
    learn: bool = True
    stale_seconds: Seconds = STALE_SECONDS
    edges: tuple[Share, ...] = EDGES
    thresholds: Annotated[Thresholds, _fields_of(Thresholds)] = Thresholds()
    cooldown: Annotated[CooldownRule, _fields_of(CooldownRule)] = CooldownRule()
    reserve_output: Positive = 4_000
    pace: Seconds = 0.0
    max_wait: Seconds = 60.0
    failover_share: Share = 1.0
    on_store_error: Literal['open', 'closed'] = 'open'
