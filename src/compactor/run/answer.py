"""What came back for a request, read once: who answered, and what it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from compactor.capacity.windows import NO_TAKING, Taking
from compactor.ledger.billing import Billing
from compactor.run.model_name import ModelName

CACHE_IS_FREE = frozenset(('anthropic', 'groq'))
"""Providers that do not count what came from their prompt cache against limits of input tokens. Source: Anthropic "Rate
limits", "cache-aware ITPM"; Groq "Prompt caching", "cached tokens do not count towards rate limits"; both 2026."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a model.

    Attributes:
        by: who gave it, as the answer itself says: for the ledger, for prices and for people.
        asked: who was asked for it, of a chain the model that it came from: limits are kept under that name.
        input_tokens: what it took, caches included.
        output_tokens: what it gave.
        cache_read_tokens: of the input, what came from the provider's cache.
        cache_write_tokens: of the input, what was written to it.
        finish_reason: why it ended, if that is known.
        saved: tokens that asking again would have cost, if it came from a response cache; None if it did not.
        billing: what its price hangs on besides tokens.
        measured: whether its provider reported a usage.
        broken: looks at its end: nothing but thinking, or a call whose arguments stop in the middle.
    """

    by: ModelName
    asked: ModelName
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    finish_reason: str | None = None
    saved: int | None = None
    billing: Billing = field(default_factory=Billing)
    measured: bool = True
    broken: Callable[[], bool] = bool

    @property
    def taken(self) -> Taking:
        """What it took of limits, as its provider counts them; nothing if it came from a response cache."""
        if self.saved is not None:
            return NO_TAKING
        cached = self.cache_read_tokens if self.asked.provider in CACHE_IS_FREE else 0
        return Taking(max(0, self.input_tokens - cached), self.output_tokens)


@dataclass(frozen=True, slots=True)
class Response:
    """What came with one response over HTTP: its status, where it was asked for, its headers by lower-case name, when.

    `at` is in seconds since 1970; None where nobody asked when.
    """

    status: int
    url: str
    headers: Mapping[str, str]
    at: float | None = None
