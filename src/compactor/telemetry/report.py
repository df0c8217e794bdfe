"""From a compaction to the events that tell of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from compactor.compaction import ARCHIVE, SUMMARISE, Compaction
from compactor.history.parse import Repair
from compactor.telemetry.events import (
    ArchiveFailed,
    Compacted,
    Event,
    HeldBack,
    Repaired,
    RequestChecked,
    StoodAside,
    StrategyFailed,
    TargetMissed,
)


def events_of(
    compaction: Compaction[Any],
    run_id: str | None,
    messages_before: int,
    seconds: float,
    *,
    observed: bool,
    known: Collection[Repair] = (),
) -> Iterator[Event]:
    """What one request's compaction has to tell, in order; `RequestChecked` comes last and always.

    Repairs that are `known` are not told again: where the record stays as it is, each request makes them anew.
    """
    model = compaction.context.model
    before, after = compaction.tokens_before, compaction.tokens_after
    fresh = [repair for repair in compaction.repairs if repair not in known]
    if fresh:
        defects = tuple(f'{r.defect} ({r.tool})' if r.tool else r.defect for r in fresh)
        yield Repaired(run_id, model, defects)
    for failure in compaction.failures:
        if failure.strategy == SUMMARISE:
            continue  # told by the driver, which knows the summariser
        if failure.strategy == ARCHIVE:
            yield ArchiveFailed(run_id, model, failure.reason)
        else:
            yield StrategyFailed(run_id, model, failure.strategy, failure.reason)
    if compaction.applied:
        yield Compacted(
            run_id,
            model,
            before,
            after,
            messages_before,
            len(compaction.messages),
            compaction.target,
            tuple(applied.strategy for applied in compaction.applied),
            len(compaction.removed),
            compaction.fits,
            observed,
            seconds,
        )
    tried = compaction.applied or compaction.failures or compaction.outcome == 'incompressible'
    if tried and not compaction.fits:
        held = tuple(str(holder) for holder in compaction.incompressible)
        yield TargetMissed(run_id, model, after, compaction.target, held)
    if compaction.outcome == 'held_back':
        yield HeldBack(run_id, model, after)
    if compaction.outcome == 'stood_aside':
        yield StoodAside(run_id, model, compaction.context.server_state or '')
    yield RequestChecked(run_id, model, before, after, compaction.outcome, compaction.context.counter.method, seconds)
