"""What one prompt took: the eight figures that programs around token caches read."""

from __future__ import annotations

from dataclasses import InitVar, dataclass
from datetime import datetime
from math import inf, isnan, nan

UNKNOWN = nan
"""The cost of a request whose price nobody knows: neither 0 nor any other amount, and it can be formatted."""


@dataclass(frozen=True)
class TokenMetrics:
    """What one prompt took.

    Attributes:
        prompt_tokens: input tokens; 0 for an answer from the cache.
        completion_tokens: output tokens; likewise.
        total_tokens: both together: what was used.
        cost: dollars; 0.0 for an answer from the cache, not a number (`math.nan`) where no price is known.
        latency_ms: milliseconds from the prompt to its answer.
        cache_hit: whether the answer came from the cache.
        model: the model that was asked for.
        timestamp: when it was done, in UTC.
        saved: tokens that asking again would have used; read as `tokens_saved`. It is no field.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cost: float
    latency_ms: float
    cache_hit: bool
    model: str
    timestamp: datetime
    saved: InitVar[int] = 0

    def __post_init__(self, saved: int) -> None:
        object.__setattr__(self, '_saved', saved)

    @property
    def tokens_saved(self) -> int:
        """Tokens that asking again would have used; 0 where the model was asked."""
        return int(vars(self)['_saved'])

    @property
    def cost_known(self) -> bool:
        """Whether `cost` is an amount."""
        return not isnan(self.cost)

    def efficiency_score(self) -> float:
        """(tokens / second) / dollars: infinite for what was free, not a number where no price is known."""
        if self.cost == 0:
            return inf
        if not self.cost_known or self.latency_ms <= 0:
            return nan
        return self.total_tokens / (self.latency_ms / 1_000) / self.cost
