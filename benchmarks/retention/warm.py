"""How long one more compaction takes once a history's lines have been read, as they are on arrival in a run."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from statistics import median

from compactor.adapters.pydantic_ai.compat import SUMMARY_FRAME
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.compaction import RequestContext
from compactor.history.track import Tracker
from compactor.pipeline import drive, fit
from compactor.policy import HistoryPolicy
from compactor.tokens.counter import counter_for

from .laws import MODEL
from .measure import Case

ROUNDS = 3


def milliseconds(cases: Sequence[Case], target: int) -> list[float]:
    """For each case the median of a few warm compactions by the default strategies, in milliseconds.

    Raises:
        SystemExit: two of them gave different messages.
    """
    counter = counter_for(MODEL)
    context = RequestContext(counter=counter, frame=SUMMARY_FRAME)
    gc.freeze()  # the collector's walks over all cases are no compaction's
    found: list[float] = []
    for case in cases:
        tracker = Tracker(MessageReader(counter))
        tracker.update(case.history)
        first = drive(fit(tracker, HistoryPolicy(), context, target=target))
        times: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            again = drive(fit(tracker, HistoryPolicy(), context, target=target))
            times.append(1_000 * (time.perf_counter() - began))
            if [message.parts for message in again.messages] != [message.parts for message in first.messages]:
                raise SystemExit(f'{case.id}: a second compaction gave another history')
        found.append(median(times))
    return found


def printed(cases: Sequence[Case], target: int) -> str:
    """One line: how many, the median and the longest."""
    found = milliseconds(cases, target)
    return f'{len(found)} histories, warm: median {median(found):.0f} ms, longest {max(found):.0f} ms'
