"""Where a stretch of work ends: a compaction there interrupts no thought."""

from __future__ import annotations

from compactor.digest.failures import pairs_of
from compactor.digest.plans import Planner, keeps_tasks
from compactor.history.message import CALL
from compactor.history.turns import History, Step


def between_phases(history: History) -> bool:
    """Whether an exchange has just ended, or an item of the agent's plan is done since its step before the last."""
    if not history.exchanges or not history.exchanges[-1].steps:
        return True
    steps = [step for exchange in history.exchanges for step in exchange.steps]
    if not _plans(steps[-1]):
        return False
    planner = Planner()
    for number, step in enumerate(steps[:-1]):
        _follow(planner, number, step)
    before, was_open = _done(planner), planner.plan is not None
    _follow(planner, len(steps), steps[-1])
    return _done(planner) > before or (was_open and planner.plan is None)


def _plans(step: Step) -> bool:
    return any(part.kind is CALL and keeps_tasks(part.tool) for part in step.parts)


def _follow(planner: Planner, number: int, step: Step) -> None:
    if _plans(step):
        for call, result in pairs_of(step.parts):
            if keeps_tasks(call.tool):
                planner.called(number, call, result)


def _done(planner: Planner) -> int:
    """Items of the open plan that are done."""
    plan = planner.plan
    return 0 if plan is None else plan.done + sum(item.state == 'x' for item in plan.items)
