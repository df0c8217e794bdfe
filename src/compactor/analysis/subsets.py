"""Whether some part of the rows gives a quoted figure, where all of them do not.

Looking through many parts finds a match by chance before long, so that the number of tries is told with every match.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compactor.analysis.sessions import Session

Minute = tuple[int, int, int]
"""Requests, input and output tokens of an active minute."""
MOST_SESSIONS = 150
"""Runs of more sessions are not looked through: their number grows with the square."""


@dataclass(frozen=True, slots=True)
class Subsets:
    """What parts of the rows give.

    Attributes:
        tried: how many figures were looked at.
        hits: how many of them are what is claimed.
        nearest: the one that comes nearest.
        text: what that means.
    """

    tried: int
    hits: int
    nearest: float
    text: str


def search(value: float, places: int, minutes: Sequence[Minute], sessions: Sequence[Session]) -> Subsets | None:
    """Looks at input and at all tokens a request of: the rows up to each minute, from each minute on, all but each
    minute, and every run of sessions.

    Args:
        value: what is claimed.
        places: how many places behind the point are claimed.
        minutes: active minutes in order.
        sessions: in order.

    Returns:
        None where there is nothing to look at.
    """
    tried = hits = 0
    nearest = float('inf')
    for requests, input_, output in _parts(minutes, sessions):
        if not requests:
            continue
        for tokens in (input_, input_ + output):
            one = tokens / requests
            tried += 1
            hits += round(one, places) == value
            nearest = min(nearest, one, key=lambda it: abs(it - value))
    if not tried:
        return None
    said = f'{hits} of them do' if hits else f'none does, the nearest is {nearest:,.{max(places, 1)}f}'
    chance = '; with so many tries some would by chance' if hits else ''
    text = f'looked through {tried:,} parts (beginnings, ends, all but one minute, runs of sessions): {said}{chance}'
    return Subsets(tried, hits, nearest, text)


def _parts(minutes: Sequence[Minute], sessions: Sequence[Session]) -> Iterator[Minute]:
    whole = tuple(map(sum, zip(*minutes, strict=True))) if minutes else (0, 0, 0)
    so_far = (0, 0, 0)
    for minute in minutes:
        so_far = _added(so_far, minute)
        yield so_far
        yield _less(whole, so_far)
        yield _less(whole, minute)
    if len(sessions) > MOST_SESSIONS:
        return
    said = [(session.requests, session.input, session.output) for session in sessions]
    for first in range(len(said)):
        run = (0, 0, 0)
        for one in said[first:]:
            run = _added(run, one)
            yield run


def _added(a: Sequence[int], b: Sequence[int]) -> Minute:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _less(a: Sequence[int], b: Sequence[int]) -> Minute:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]
