"""Whether somebody else would be asked if a chain gave up: another one around it has more models.

A model is not told who asks it, but whoever does waits for it and so stands on the stack. It is looked at only where a
request would have to wait otherwise.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any

from pydantic_ai.models.fallback import FallbackModel

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.chain.walk import Walk
from compactor.adapters.pydantic_ai.models import chooser_in, models_in


def somebody_else(chain: Any) -> bool:
    """Whether whoever has asked a chain has another model to ask after it."""
    asked, grouped = chain, False
    for around in _asking():
        if around is asked:
            continue
        if isinstance(around, Walk):  # of a chain of ours, which knows who has refused already
            if _within(asked, around.turn) and around.journey.has_others:
                return True
            continue
        after = _after(asked, around.models)
        if after is None:
            continue
        asked, ours = around, chooser_in(around) is around
        if after and not ours and not grouped:
            return True
        # What the last model of a framework's chain raises, that raises as a group, after which only ours go on.
        grouped = grouped or not ours
    context = compat.run_context()
    capabilities = () if grouped else getattr(context, 'capabilities', {}).values()
    return any(_goes_on(asked, one, context) for one in capabilities)


def _asking() -> Iterator[Any]:
    """The chains that wait for an answer just now, the innermost first; some are there twice."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        one = frame.f_locals.get('self')
        if isinstance(one, FallbackModel):
            yield one
        frame = frame.f_back


def _after(asked: Any, models: Sequence[Any]) -> Sequence[Any] | None:
    """The models after the one that is, or holds, the one asked; None if none does."""
    at = next((i for i, model in enumerate(models) if _within(asked, model)), None)
    return None if at is None else models[at + 1 :]


def _within(asked: Any, model: Any) -> bool:
    return any(one is asked for one in models_in(model))


def _goes_on(asked: Any, capability: Any, context: Any) -> bool:
    """Whether an agent's capability asks another model: `ModelFallback`, from 2.64 on; its first is the run's own."""
    if type(capability).__name__ != 'ModelFallback':
        return False
    after = _after(asked, capability.models)
    if after is None and _within(asked, getattr(context, 'model', None)):
        after = capability.models
    return bool(after)
