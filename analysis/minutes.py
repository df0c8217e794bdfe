"""Single minutes of usage exports, for what a report has only as sums: bursts, and how sure a session's figure is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, sqrt
from pathlib import Path
from statistics import fmean

from compactor.analysis.columns import CEREBRAS, Columns
from compactor.analysis.database import workspace
from compactor.analysis.exports import read_export
from compactor.analysis.merge import merge
from compactor.analysis.sessions import Session
from compactor.analysis.student import quantile
from compactor.analysis.totals import ACTIVE, make_minutes

FEWEST = 3
"""Fewer minutes give no interval."""


@dataclass(frozen=True, slots=True)
class Minute:
    """A row of an export that counts: its start in seconds since 1970, how long it lasts, what was sent in it."""

    start: int
    lasts: int
    requests: int
    input: int
    output: int


def minutes_of(files: Sequence[Path], columns: Columns = CEREBRAS) -> list[Minute]:
    """The active minutes of exports in order, each once, as `analyse` counts them."""
    with workspace() as work:
        merge(work, [read_export(work, number, file, columns)[0] for number, file in enumerate(files)])
        make_minutes(work)
        rows = work.all(f'SELECT start, lasts, requests, input, output FROM minutes WHERE {ACTIVE} ORDER BY start')
    return [Minute(*map(int, row)) for row in rows]


def within(session: Session, minutes: Sequence[Minute]) -> list[Minute]:
    """The minutes of a session."""
    return [one for one in minutes if session.start <= one.start < session.end]


def interval(minutes: Sequence[Minute], confidence: float = 0.95) -> tuple[float, float] | None:
    """Where the true input a request of a session lies, if its minutes are independent of each other; None for few.

    Σ input / Σ requests with each minute left out once (the jackknife), on the logarithm; Student's t. Minutes of one
    session resemble their neighbours, so the interval is rather too narrow than too wide.
    """
    pairs = [(one.input, one.requests) for one in minutes if one.requests and one.input]
    n, tokens, requests = len(pairs), sum(p[0] for p in pairs), sum(p[1] for p in pairs)
    if n < FEWEST:
        return None
    without = [log((tokens - t) / (requests - r)) for t, r in pairs]
    middle = fmean(without)
    error = sqrt((n - 1) / n * sum((one - middle) ** 2 for one in without))
    reach = quantile(confidence, n - 1) * error
    return tokens / requests * exp(-reach), tokens / requests * exp(reach)
