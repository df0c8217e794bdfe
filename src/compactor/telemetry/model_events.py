"""Events of station 4: what models have left, refuse and answer; `events.py` draws the tree of all."""

from __future__ import annotations

from dataclasses import dataclass

from compactor.telemetry.event import Event


@dataclass(frozen=True, slots=True)
class CapacityWarning(Event):
    """A window of a model has filled past an edge; raised once for each edge and window, not at every request.

    Attributes:
        provider: whose limit it is, '' if unknown.
        pct: percent of the limit that is gone.
        limit_type: what is limited and for how long, such as 'tokens/minute'.
        used: what is gone.
        limit: what there is.
        edge: the edge that was crossed, in percent.
        runs_out_in: seconds until nothing is left at the present rate; None if that will not be.
    """

    provider: str
    pct: float
    limit_type: str
    used: int
    limit: int
    edge: float
    runs_out_in: float | None


@dataclass(frozen=True, slots=True)
class RateLimited(Event):
    """A model refused: 429, 503, a time-out or no connection.

    Attributes:
        workload: what its chain is for, '' if it was not told.
        error_type: why, in a few words, such as 'rate limit (429)'.
        cooldown: seconds for which it is left alone.
        consecutive_429s: refusals in a row.
    """

    workload: str
    error_type: str
    cooldown: float
    consecutive_429s: int


@dataclass(frozen=True, slots=True)
class FailoverTriggered(Event):
    """Another model is asked; `model` is the one that is asked now.

    After an error at every request; because a model has no room or cools down, once until it answers again.

    Attributes:
        from_model: the model that should have answered.
        error_type: why it does not: the error in a few words, 'no room' or 'cooldown'.
        workload: what the chain is for, '' if it was not told.
        attempt: how many models have been asked for this request, this one included.
        backoff_delay: seconds that the request has waited so far.
    """

    from_model: str
    error_type: str
    workload: str
    attempt: int
    backoff_delay: float


@dataclass(frozen=True, slots=True)
class FailoverSucceeded(Event):
    """The model that was asked in place of `from_model` has answered."""

    from_model: str
    workload: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Recovered(Event):
    """The model of first choice answers again.

    Attributes:
        workload: what the chain is for.
        seconds: since another model was first asked in its place.
        diverted: requests that others have answered meanwhile.
    """

    workload: str
    seconds: float
    diverted: int


@dataclass(frozen=True, slots=True)
class Paced(Event):
    """A request waits `seconds` for room at a model, or for the first of a chain to come back."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class WorkloadRouted(Event):
    """Which model a request goes to; `model` is that one.

    Attributes:
        agent: the agent's name, '' if nobody tells.
        workload: what it is for.
        default_model: the model that would answer without routing.
        why: the decision in one line.
    """

    agent: str
    workload: str
    default_model: str
    why: str


@dataclass(frozen=True, slots=True)
class CacheHit(Event):
    """A request was answered from the response cache; asking again would have cost `tokens_saved`."""

    tokens_saved: int
