"""Pauses of a model after it refused: each has its own, as long as the provider asks, or longer with each refusal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.locks import new_lock

MAX_MODELS = 1_024
"""Models whose pauses are kept in memory; the one not heard of for longest goes first."""
MAX_DOUBLINGS = 64
"""Failures after which the exponent grows no more, so that no power overflows."""


@dataclass(frozen=True, slots=True)
class CooldownRule:
    """How long pauses are.

    The first pause and its cap are those of the shortest scheme in use in the tool this library grew out of; asked
    pauses are capped at its longest. They are not measured; policy may set others.

    Attributes:
        first: seconds of the first pause that no provider asked for.
        factor: how much longer each next one is.
        cap: seconds of the longest that no provider asked for.
        jitter: share of a pause by which chance may shorten it, so that clients do not come back together.
        asked_cap: seconds of the longest pause that a provider may ask for.

    Raises:
        ConfigError: a number is out of its range.
    """

    first: float = 2.0
    factor: float = 2.0
    cap: float = 60.0
    jitter: float = 0.25
    asked_cap: float = 600.0

    def __post_init__(self) -> None:
        if not (0 < self.first <= self.cap < float('inf') and 1 <= self.factor < float('inf')):
            raise ConfigError(f'a cooldown starts above 0, grows by 1 or more and has a cap above its start: {self}')
        if not (0 <= self.jitter < 1 and 0 < self.asked_cap < float('inf')):
            raise ConfigError(f'the jitter of a cooldown is a share below 1, and what may be asked is positive: {self}')

    def seconds(self, failures: int, asked: float | None = None, chance: float = 0.0) -> float:
        """How long to pause.

        Args:
            failures: how many in a row, this one included.
            asked: what the provider asked for (`headers.retry_after`), which is kept to, up to the cap; None or 0 if it
                did not, as "at once" is no answer after a refusal.
            chance: from 0 to 1, how much of the jitter is taken off; off what was asked, nothing is.
        """
        if asked is not None and asked > 0:
            return min(asked, self.asked_cap)
        try:
            whole = self.first * self.factor ** min(max(failures, 1) - 1, MAX_DOUBLINGS)
        except OverflowError:
            whole = self.cap
        return min(whole, self.cap) * (1 - self.jitter * min(max(chance, 0.0), 1.0))


DEFAULT = CooldownRule()


@dataclass(frozen=True, slots=True)
class Cooling:
    """A model that refused.

    Attributes:
        failures: how many times in a row.
        since: when it refused last, in seconds since 1970.
        until: when it may be asked again.
    """

    failures: int
    since: float
    until: float

    def left(self, now: float) -> float:
        """Seconds of the pause that are left; never more than it had, should the clock have gone back."""
        return min(max(0.0, self.until - now), self.until - self.since)


class CooldownStates(Protocol):
    """Where pauses are kept, for all that use a model."""

    def read(self, model: str) -> Cooling | None:
        """How a model stands; None if it did not refuse."""

    def change(self, model: str, how: Callable[[Cooling | None], Cooling | None]) -> Cooling | None:
        """Replaces a state by what `how` makes of it, with nobody in between; returns the new one."""


class MemoryStates:
    """Pauses of this process, in bounded memory; may be shared by threads."""

    def __init__(self, max_models: int = MAX_MODELS) -> None:
        self._states = Bounded[str, Cooling](max_models)
        self._lock = new_lock()

    def read(self, model: str) -> Cooling | None:
        """See `CooldownStates`."""
        with self._lock:
            return self._states.get(model)

    def change(self, model: str, how: Callable[[Cooling | None], Cooling | None]) -> Cooling | None:
        """See `CooldownStates`."""
        with self._lock:
            new = how(self._states.get(model))
            if new is not None:
                self._states[model] = new
            else:
                self._states.pop(model, None)
            return new


class Cooldowns:
    """The pauses of all models, each independent of the others.

    Args:
        chance: gives a number from 0 to 1, such as `random.Random().random`.
        rule: how long pauses are.
        states: where they are kept.
    """

    def __init__(
        self, chance: Callable[[], float], rule: CooldownRule = DEFAULT, states: CooldownStates | None = None
    ) -> None:
        self.chance = chance
        self.rule = rule
        self.states: CooldownStates = states if states is not None else MemoryStates()

    def failed(self, model: str, now: float, asked: float | None = None, sent_at: float | None = None) -> Cooling:
        """A model refused: its pause begins, or begins again, and never ends earlier than it would have.

        Args:
            model: its name.
            now: when the refusal came.
            asked: seconds that the provider asks to wait; None if it does not say.
            sent_at: when the request was sent. Those in flight together are refused together: a request sent before the
                model refused another one says nothing new and does not count as one more failure in a row; where the
                pause is over by now, another one as long begins.
        """
        chance = self.chance()

        def next_state(state: Cooling | None) -> Cooling:
            if state is None:
                return Cooling(1, now, now + self.rule.seconds(1, asked, chance))
            known = sent_at is not None and sent_at <= state.since
            failures = state.failures if known else state.failures + 1
            if known and not asked and state.left(now) > 0:
                return state
            until = now + self.rule.seconds(failures, asked, chance)
            # A clock that went back must not make it longer than any pause is.
            return Cooling(failures, now, max(until, now + state.left(now)))

        new = self.states.change(model, next_state)
        assert new is not None
        return new

    def succeeded(self, model: str, sent_at: float | None = None) -> None:
        """A model answered: its counter and its pause are gone.

        Args:
            model: its name.
            sent_at: when the request was sent; the answer to one that was sent before the refusal changes nothing.
        """
        if self.states.read(model) is None:
            return

        def next_state(state: Cooling | None) -> Cooling | None:
            return state if state is not None and sent_at is not None and sent_at <= state.since else None

        self.states.change(model, next_state)

    def left(self, model: str, now: float) -> float:
        """Seconds until a model may be asked again; 0 if it may now."""
        state = self.states.read(model)
        return 0.0 if state is None else state.left(now)

    def failures(self, model: str) -> int:
        """How many times in a row a model refused."""
        state = self.states.read(model)
        return 0 if state is None else state.failures
