"""What the requests of one chain of models share, and what becomes of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.exceptions import ModelAPIError

from compactor import errors
from compactor.adapters.pydantic_ai.chain.fitting import Fitted, Fitting
from compactor.adapters.pydantic_ai.chain.link import Link
from compactor.policies.capacity import CapacityPolicy
from compactor.run.reporting import Reporter
from compactor.run.walls import Admission, Capacity

CALM = 10.0
"""Seconds without a request that went elsewhere after which the model of first choice counts as back."""


class CapacityExhausted(errors.CapacityExhausted, ModelAPIError):
    """`compactor.CapacityExhausted`, as an error of a model too, so that a chain around this one goes on."""

    def __init__(self, models: Sequence[str], retry_after: float | None, waited: float = 0.0, chain: str = '') -> None:
        ModelAPIError.__init__(self, chain, errors.exhausted(models, retry_after, waited))
        self.models = tuple(models)
        self.retry_after = retry_after
        self._waited = waited

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.models, self.retry_after, self._waited, self.model_name)


@dataclass(slots=True)
class Attempt:
    """A request that may be sent to a model now."""

    link: Link
    fitted: Fitted
    admission: Admission
    sent_at: float


@dataclass(slots=True)
class Spell:
    """A while in which others answer for a model: since when, until when at least, who, and how many requests."""

    since: float
    last: float
    to: str
    diverted: int = 0


class Spells:
    """The whiles in which others answer, by the model of first choice; threads may share them."""

    def __init__(self) -> None:
        self._spells: dict[str, Spell] = {}

    def diverted(self, first: str, to: str, now: float) -> bool:
        """Takes in a request that goes to another model; whether the last one went there already."""
        spell = self._spells.get(first)
        known = spell is not None and spell.to == to
        if spell is None:
            spell = self._spells[first] = Spell(now, now, to)
        spell.last, spell.to, spell.diverted = now, to, spell.diverted + 1
        return known

    def over(self, first: str, now: float) -> Spell | None:
        """The while that has ended, as the model has answered and nothing went elsewhere lately; None if none has."""
        spell = self._spells.get(first)
        if spell is None or now - spell.last < CALM:
            return None
        self._spells.pop(first, None)  # another thread may have been quicker
        return spell


@dataclass(slots=True)
class Chain:
    """What the requests of a chain share.

    Attributes:
        policy: waits and reserves.
        capacity: windows and pauses.
        fitting: fits histories to models.
        reporter: hears of everything.
        sleep: waits for so many seconds of the clock.
        title: what the chain is called in errors.
        somebody_else: whether another model is asked if this chain gives up: then it waits for nothing.
        judge: whether whoever made the chain wants to go on after an error, or an answer; None for what policy says.
        answers_too: whether that looks at answers.
        workload: what it is for, '' if nobody told.
        spells: the whiles in which others answer for a model.
    """

    policy: CapacityPolicy
    capacity: Capacity
    fitting: Fitting
    reporter: Reporter
    sleep: Callable[[float], Awaitable[object]]
    title: str
    somebody_else: Callable[[], bool]
    judge: Callable[[Any], Awaitable[bool]] | None = None
    answers_too: bool = False
    workload: str = ''
    spells: Spells = field(default_factory=Spells)
