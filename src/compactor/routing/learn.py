"""What went well before: outcomes of requests, counted by what was asked for and who answered.

Of each kind of request (workload, task, complexity) and model the newest outcomes count, and only those that are not
old: models, prompts and users change, and what was learned last winter is worth less than nothing. A window was chosen
over fading weights because it can be shown: '7 of 8 went well'.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple, Protocol

from compactor.bounded import Bounded
from compactor.errors import ConfigError
from compactor.locks import new_lock
from compactor.routing.complexity import Complexity
from compactor.routing.row import normal

AT_LEAST = 5
"""Outcomes from which a rate says something (Tokenette Pro)."""
ABOVE = 0.85
"""Rate of success above which a model is tried first (Tokenette Pro)."""
KEEP = 50
"""Newest outcomes that count, of each kind of request and model."""
DAYS = 30.0
"""Days after which an outcome no longer counts."""
MAX_KEYS = 1_000
"""Kinds of request, with their models, that are remembered; what was heard of least recently goes first."""
DAY = 86_400.0


class Key(NamedTuple):
    """A kind of request."""

    workload: str
    task: str
    complexity: Complexity


class Seen(NamedTuple):
    """An outcome as it is remembered: when, whether it went well, and of which request ('' if it has no id)."""

    at: float
    well: bool
    id: str = ''


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a request ended. Of the three verdicts the most telling that is known counts.

    Attributes:
        key: what was asked for.
        model: who answered.
        success: the request itself went well: an answer came and could be used.
        feedback: the user liked it; None if they did not say.
        checked: a check of the user's passed, such as the project's tests; None if there was none.
        at: when, in seconds since 1970.
        id: of the request; a later outcome with the same id takes the place of the earlier one.
    """

    key: Key
    model: str
    success: bool | None = None
    feedback: bool | None = None
    checked: bool | None = None
    at: float = 0.0
    id: str = ''

    def __post_init__(self) -> None:
        if not isfinite(self.at):
            raise ConfigError(f'at is seconds since 1970, not {self.at}')

    @property
    def well(self) -> bool | None:
        """Whether it went well: by the check, else by the feedback, else by the request; None if nobody knows."""
        verdicts = (self.checked, self.feedback, self.success)
        return next((verdict for verdict in verdicts if verdict is not None), None)


class Outcomes(Protocol):
    """Where outcomes are kept. A store of one's own needs these two."""

    def add(self, outcome: Outcome) -> None:
        """Takes in an outcome; one that says nothing (`well` is None) changes nothing."""
        ...

    def of(self, key: Key) -> Mapping[str, Collection[Seen]]:
        """What is remembered of a kind of request, by model, the oldest first."""
        ...


class MemoryOutcomes:
    """Outcomes in memory, bounded; may be shared by threads. `routing.kept` keeps them in a file.

    Args:
        keep: newest outcomes that are kept of each kind of request and model.
        max_keys: kinds of request, with their models, at most.
    """

    def __init__(self, keep: int = KEEP, max_keys: int = MAX_KEYS) -> None:
        if keep < 1 or max_keys < 1:
            raise ConfigError(f'at least one outcome of one kind is kept, not {keep} and {max_keys}')
        self.keep = keep
        self._seen = Bounded[tuple[Key, str], tuple[Seen, ...]](max_keys)
        self._models: dict[Key, dict[str, None]] = {}
        self._lock = new_lock()

    def add(self, outcome: Outcome) -> None:
        """Takes in an outcome; one that says nothing changes nothing."""
        if outcome.well is None:
            return
        seen = Seen(outcome.at, outcome.well, outcome.id)
        with self._lock:
            self._put(outcome.key, outcome.model, seen)

    def of(self, key: Key) -> dict[str, tuple[Seen, ...]]:
        """What is remembered of a kind of request, by model, the oldest first."""
        with self._lock:
            return {model: self._seen[key, model] for model in self._models.get(key, ())}

    def rows(self) -> list[tuple[Key, str, tuple[Seen, ...]]]:
        """Everything, what was heard of least recently first."""
        with self._lock:
            return [(key, model, seen) for (key, model), seen in self._seen.items()]

    def _put(self, key: Key, model: str, seen: Seen) -> None:
        known = self._seen.get((key, model), ())
        if seen.id:
            known = tuple(one for one in known if one.id != seen.id)
        # Results come in late and out of order; a stable sort keeps those of one moment as they came.
        oldest = next(iter(self._seen), None)
        self._seen[key, model] = tuple(sorted((*known, seen), key=lambda one: one.at))[-self.keep :]
        self._models.setdefault(key, {})[model] = None
        if oldest is not None and oldest not in self._seen:
            del self._models[oldest[0]][oldest[1]]
            if not self._models[oldest[0]]:
                del self._models[oldest[0]]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model has done on a kind of request.

    Attributes:
        model: its name.
        well: outcomes that went well.
        of: outcomes that count.
        trusted: there are enough of them, and enough went well: it may be tried first.
        why: the figures behind it, in a few words.
    """

    model: str
    well: int
    of: int
    trusted: bool
    why: str

    @property
    def rate(self) -> float:
        """Share that went well."""
        return self.well / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Learner:
    """Which model has done well on a kind of request.

    Attributes:
        outcomes: where outcomes are kept.
        at_least: outcomes from which a rate says something.
        above: rate above which a model is tried first.
        days: days after which an outcome no longer counts.
    """

    outcomes: Outcomes
    at_least: int = AT_LEAST
    above: float = ABOVE
    days: float = DAYS

    def standings(self, key: Key, now: float = 0.0) -> tuple[Standing, ...]:
        """How every model has done on a kind of request, the best first.

        Args:
            key: the kind.
            now: in seconds since 1970; 0 for any age.
        """
        found = [self._standing(model, seen, now) for model, seen in self.outcomes.of(key).items()]
        return tuple(sorted(found, key=_place))

    def best(self, key: Key, among: Collection[str], now: float = 0.0) -> Standing | None:
        """The model to try first, of those at hand; None if none has shown enough."""
        return next((one for one in self.standings(key, now) if one.trusted and one.model in among), None)

    def _standing(self, model: str, seen: Collection[Seen], now: float) -> Standing:
        oldest = now - self.days * DAY
        counted = [one.well for one in seen if not now or one.at >= oldest]
        well, of = sum(counted), len(counted)
        figures = f'{well} of {of} went well'
        if of < self.at_least:
            return Standing(model, well, of, False, f'{figures}, fewer than {self.at_least}')
        if not well / of > self.above:
            return Standing(model, well, of, False, f'{figures}, not above {self.above:.0%}')
        return Standing(model, well, of, True, figures)


def record_outcome(
    outcomes: Outcomes,
    key: Key,
    model: str,
    *,
    success: bool | None = None,
    feedback: bool | None = None,
    checked: bool | None = None,
    at: float = 0.0,
    id: str = '',
) -> Outcome:
    """Remembers how a request ended; see `Outcome` for the arguments. A route has its `key`."""
    outcome = Outcome(
        Key(normal(key.workload), normal(key.task), key.complexity), model, success, feedback, checked, at, id
    )
    outcomes.add(outcome)
    return outcome


def _place(one: Standing) -> tuple[bool, float, int, str]:
    # 48 of 50 says more than 5 of 5: the order (not the threshold) goes by the rate with one of each added.
    return not one.trusted, -(one.well + 1) / (one.of + 2), -one.of, one.model
