"""The process that plays both providers, so that they share no interpreter with those who send."""

from __future__ import annotations

from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from compactor.testing import Api, Failure, LimitsReport, RateLimits, Reply, StrictProvider, Turn
from compactor.testing.limits import Style

from .clock import SCALE, Clock
from .scenarios import SHAPES, Scenario

STYLES: dict[Api, Style] = {'openai': 'openai', 'anthropic': 'anthropic'}
"""Each wire's own headers."""


@dataclass(frozen=True, slots=True)
class Played:
    """What to play.

    Attributes:
        scenario: The wall.
        minutes: How many are measured.
        wire: The primary's; the fallback speaks the other.
        enforce: Whether the primary refuses; if not, it only counts.
        scale: Played seconds in a real one.
    """

    scenario: Scenario
    minutes: int
    wire: Api
    enforce: bool = True
    scale: float = SCALE

    @property
    def other(self) -> Api:
        """The fallback's wire."""
        return 'anthropic' if self.wire == 'openai' else 'openai'


@dataclass(frozen=True, slots=True)
class Urls:
    """The base URLs of one provider."""

    openai: str
    anthropic: str

    def of(self, wire: Api) -> str:
        """That of a wire."""
        return self.openai if wire == 'openai' else self.anthropic


@dataclass(frozen=True, slots=True)
class Addresses:
    """Base URLs for the SDKs; `unlimited` has both wires and is for warming up."""

    primary: str
    fallback: str
    unlimited: Urls


@dataclass(frozen=True, slots=True)
class Reports:
    """What the providers saw; `returned` is when the primary answered first after it was away, None if never."""

    primary: LimitsReport
    fallback: LimitsReport
    returned: float | None


class Model:
    """The model behind a provider: answers of the lengths of the shapes, and failures during an outage."""

    def __init__(self, clock: Clock, down: tuple[float, float] = (0.0, 0.0), back: float | None = None) -> None:
        self.clock = clock
        self.down = down
        self.back = back
        self.returned: float | None = None

    def __call__(self, turn: Turn) -> Reply | Failure:
        """See `Respond`."""
        now = self.clock()
        if self.down[0] <= now < self.down[1]:
            return Failure(503)
        if self.back is not None and now >= self.back and self.returned is None:
            self.returned = now
        return Reply('word ' * SHAPES[turn.number % len(SHAPES)].answer)


def serve(played: Played, pipe: Connection) -> None:
    """Serves until told to end: sends the addresses, receives when the clock begins, is told, sends what it saw."""
    scenario, minutes = played.scenario, played.minutes
    clock = Clock(scenario.start(minutes), played.scale)
    model = Model(clock, scenario.outage(minutes), scenario.back(minutes))
    limits = RateLimits(
        scenario.primary(minutes),
        scenario.concurrent,
        scenario.accounting,
        style=STYLES[played.wire],
        retry_after=scenario.retry_after,
        clock=clock,
        skew=scenario.skew,
        enforce=played.enforce,
    )
    spare = replace(limits, limits=scenario.fallback, concurrent=None, style=STYLES[played.other], enforce=True)
    with (
        StrictProvider(model, limits=limits, latency=scenario.latency) as primary,
        StrictProvider(Model(clock), limits=spare, latency=scenario.latency) as fallback,
        StrictProvider(Model(clock)) as unlimited,
    ):
        urls = [Urls(one.openai_url, one.anthropic_url) for one in (primary, fallback, unlimited)]
        pipe.send(Addresses(urls[0].of(played.wire), urls[1].of(played.other), urls[2]))
        clock.begun = pipe.recv()
        pipe.recv()
        pipe.send(Reports(primary.limits_report(), fallback.limits_report(), model.returned))
