"""The rate limits that a strict provider keeps, and how it counts and tells them."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from compactor.errors import ConfigError

Unit: TypeAlias = Literal['requests', 'tokens', 'input_tokens', 'output_tokens']
"""What is limited; 'tokens' are input and output together."""

Window: TypeAlias = Literal['minute', 'hour', 'day']
"""For how long."""

Accounting: TypeAlias = Literal['rolling', 'calendar', 'bucket']
"""How it counts: in any window that ends now, in windows that begin at whole minutes (hours, days) of UTC, or in a
bucket that holds the amount of a window and refills all the time."""

Style: TypeAlias = Literal['openai', 'anthropic', 'cerebras', 'groq', 'none']
"""Whose headers it writes; 'none' tells nothing at all of its limits, as Gemini does not."""

RetryAfter: TypeAlias = Literal['seconds', 'date', 'none']
"""How a refusal says when to come back: in whole seconds, as an HTTP date, or not at all."""

SECONDS: dict[Window, int] = {'minute': 60, 'hour': 3_600, 'day': 86_400}
"""How long each window is."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How much of a unit there is in a window.

    Attributes:
        unit: What is limited.
        window: For how long.
        amount: How much.

    Raises:
        ConfigError: A field is none of what it may be.
    """

    unit: Unit
    window: Window
    amount: int

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit) or self.window not in SECONDS or self.amount <= 0:
            raise ConfigError(
                f'a rate limit is a unit of {get_args(Unit)}, a window of {tuple(SECONDS)} and an amount above 0, not'
                f' {self.unit!r}, {self.window!r}, {self.amount!r}'
            )

    @property
    def seconds(self) -> int:
        """How long its window is."""
        return SECONDS[self.window]


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits of one account: what all requests to a server take together, whatever their model and key.

    The input and the most that a request may answer (`max_tokens`, `max_completion_tokens`) are taken when it is let
    in, as Cerebras and OpenAI do; what the answer did not need is given back when it is complete. Lawful requests
    count, also those that then fail, whose tokens are given back; refused ones do not count.

    Attributes:
        limits: One for each unit and window at most.
        concurrent: Requests that may be answered at the same time; None is unlimited.
        accounting: How it counts.
        gives_back: Whether it gives back what was reserved and not used.
        unnamed_output: Output tokens that are reserved for a request that names no maximum. Cerebras takes 16,384
            (seen: github.com/dcdpr/jp/pull/1085); the default reserves none, and the answer counts when it is known.
        style: Whose headers it writes.
        retry_after: How a refusal says when to come back; with the style 'none' it never does.
        clock: Seconds since 1970. To play a minute in a second: `lambda: start + 60 * (time.time() - start)`.
        skew: Seconds that the provider's own clock is ahead, as its headers have it: `date` and moments of resets.
        enforce: Whether it refuses. If not, it only counts, to see by how much a client would have been over.

    Raises:
        ConfigError: Two limits are of the same unit and window, or a number is below what it may be.
    """

    limits: tuple[RateLimit, ...] = ()
    concurrent: int | None = None
    accounting: Accounting = 'rolling'
    gives_back: bool = True
    unnamed_output: int = 0
    style: Style = 'openai'
    retry_after: RetryAfter = 'seconds'
    clock: Callable[[], float] = time.time
    skew: float = 0.0
    enforce: bool = True

    def __post_init__(self) -> None:
        slots = [(limit.unit, limit.window) for limit in self.limits]
        if len(set(slots)) < len(slots):
            raise ConfigError(f'there is one limit for each unit and window, not {slots}')
        if self.concurrent is not None and self.concurrent < 1:
            raise ConfigError(f'requests at the same time are 1 or more, or None for unlimited, not {self.concurrent}')
        if self.unnamed_output < 0:
            raise ConfigError(f'tokens reserved without a maximum are 0 or more, not {self.unnamed_output}')
        for given, known in (
            (self.accounting, get_args(Accounting)),
            (self.style, get_args(Style)),
            (self.retry_after, get_args(RetryAfter)),
        ):
            if given not in known:
                raise ConfigError(f'{given!r} is none of {", ".join(known)}')
