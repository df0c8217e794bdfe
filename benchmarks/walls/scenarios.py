"""What the providers allow, and what is asked of them. Times are played seconds and minutes, unless they say 'real'."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compactor.testing import RateLimit
from compactor.testing.limits import Accounting, RetryAfter, Unit

from .clock import SCALE, START

PER_MINUTE = 30
"""Requests that the primary allows in a minute, which is a second as a rule: what two cores carry with all the rest."""
LOAD = 1.5
"""What is asked, as a share of what the primary allows."""
MIDNIGHT = START - START % 86_400 + 86_400
"""The end of the day in which clocks begin."""
LATENCY = 0.05
"""Real seconds before an answer: 3 played ones, as a rule."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A request: words of its prompt, the most that it may answer, and words of what it does answer."""

    words: int
    max_tokens: int
    answer: int


SHAPES = (
    Shape(180, 400, 60), Shape(420, 400, 180), Shape(700, 400, 90), Shape(950, 600, 240),
    Shape(260, 200, 40), Shape(540, 400, 120), Shape(1_200, 800, 300), Shape(800, 400, 130),
)  # fmt: skip
"""Requests of every kind, in turn: prompts of some 630 words, 450 tokens reserved for answers of some 145."""


def _mean_tokens() -> int:
    """A word is a token; a request has a few more."""
    return sum(shape.words + shape.answer for shape in SHAPES) // len(SHAPES)


REQUESTS = (RateLimit('requests', 'minute', PER_MINUTE),)
PLENTY = (RateLimit('requests', 'minute', 2 * PER_MINUTE),)
TOKENS = (RateLimit('tokens', 'minute', PER_MINUTE * _mean_tokens()),)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A wall to run into.

    Attributes:
        about: What is special about it.
        limits: The primary's; its throughput is measured against the first.
        fallback: The fallback's; by default there is room for the rest.
        accounting: How both count.
        concurrent: How many requests the primary answers at the same time.
        latency: Real seconds before an answer.
        retry_after: How refusals say when to come back.
        skew: Seconds that the providers' clocks are ahead.
        warmup: Minutes that are played and not measured, in which the windows fill.
        down: The share of the measured time during which the primary answers 503, from and to.
        day: What the primary allows in a day, as a share of what its minutes allow in half of the measured time. The
            day ends when half of it is over.
    """

    about: str
    limits: tuple[RateLimit, ...] = REQUESTS
    fallback: tuple[RateLimit, ...] = REQUESTS
    accounting: Accounting = 'rolling'
    concurrent: int | None = None
    latency: float = LATENCY
    retry_after: RetryAfter = 'seconds'
    skew: float = 0.0
    warmup: int = 2
    down: tuple[float, float] | None = None
    day: float | None = None

    def primary(self, minutes: int) -> tuple[RateLimit, ...]:
        """What the primary keeps when so many minutes are measured."""
        if self.day is None:
            return self.limits
        return (RateLimit('requests', 'day', self._daily(self.day, minutes)), *self.limits)

    def allowed(self, minutes: int, scale: float = SCALE) -> tuple[Unit, float]:
        """What the primary could answer in so many measured minutes, and in which unit."""
        if self.day is not None:
            return 'requests', 2.0 * self._daily(self.day, minutes)
        if self.concurrent is not None:
            return 'requests', minutes * 60 * self.concurrent / (self.latency * scale)
        up = 1.0 if self.down is None else 1 - self.down[1] + self.down[0]
        return self.limits[0].unit, up * minutes * self.limits[0].amount

    def start(self, minutes: int) -> float:
        """What the clock shows at the beginning."""
        return START if self.day is None else MIDNIGHT - 60 * (self.warmup + minutes // 2)

    def outage(self, minutes: int) -> tuple[float, float]:
        """From when to when the primary is down; no time at all if it never is."""
        measured = self.start(minutes) + 60 * self.warmup
        first, last = self.down or (0.0, 0.0)
        return measured + 60 * minutes * first, measured + 60 * minutes * last

    def back(self, minutes: int) -> float | None:
        """When the primary has room again, or is up again, after a long time; None if it was never away for long."""
        if self.day is not None:
            return MIDNIGHT
        return None if self.down is None else self.outage(minutes)[1]

    @staticmethod
    def _daily(share: float, minutes: int) -> int:
        return round(share * PER_MINUTE * (minutes // 2))


SCENARIOS: Mapping[str, Scenario] = {
    'requests': Scenario('a limit of requests a minute'),
    'tokens': Scenario('a limit of tokens a minute, of which the most that may be answered is reserved', TOKENS),
    'day': Scenario(
        'the budget of the day is spent after two thirds of it', fallback=PLENTY, accounting='calendar', warmup=0,
        day=2 / 3,
    ),
    'outage': Scenario('the primary answers 503 for a third of the time', fallback=PLENTY, down=(1 / 3, 2 / 3)),
    'skew': Scenario('the clocks of the providers are five minutes ahead', skew=300.0),
    'no-retry-after': Scenario('refusals do not say when to come back', retry_after='none'),
    'concurrent': Scenario('six requests at the same time', (), PLENTY, concurrent=6, latency=0.2),
}  # fmt: skip
"""By name, as the command line has them."""
