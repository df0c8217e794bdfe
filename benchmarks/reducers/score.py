"""How much of an output's facts a result keeps, and what that costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from retention.laws import COUNTER

from .cases import Case
from .facts import Fact
from .kinds import What
from .reading import Reading

ROOM = 0.9
"""Share of the budget within which the texts of facts must lie, one a line, to count as 'fit at all'."""

REQUIRED: dict[What, tuple[tuple[str, float], ...]] = {
    What.TEST_LOG: (('failing test', 0.95), ('first error line', 0.95)),
    What.DIFF: (('file', 1.0),),
    What.TRACE: (('raised', 1.0), ('innermost own frame', 0.95)),
    What.SEARCH: (('file', 1.0),),
}
"""What must be kept, as a share over all outputs of a kind where these facts fit (at 800 tokens)."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row on one output at one budget.

    Attributes:
        id: the case.
        what: its kind.
        share: weight of the facts kept, of all its facts.
        kept: weight of the facts kept.
        tokens: tokens of the result, at most the budget.
        over: tokens by which the row's own result was over the budget, before it was cut.
        parses: whether the result parses as JSON; None where the output does not.
        required: for each required fact how many there are and how many were kept; empty where they do not fit.
    """

    id: str
    what: What
    share: float
    kept: float
    tokens: int
    over: int
    parses: bool | None
    required: dict[str, tuple[int, int]]


def attempted(run: Callable[[Case, int], str], case: Case, budget: int) -> str:
    """A row's result; nothing where it raised, which the laws count."""
    try:
        return run(case, budget)
    except Exception:  # noqa: BLE001 - one row's fault must not end the comparison
        return ''


def score(case: Case, result: str, budget: int) -> Score:
    """Scores a result; one over the budget is cut first, keeping its head."""
    over = max(0, COUNTER.count(result) - budget)
    if over:
        result = COUNTER.fit(result, budget)
    reading = Reading(result)
    kept = [fact for fact in case.facts if fact.kept(reading)]
    total = sum(fact.weight for fact in case.facts)
    weight = sum(fact.weight for fact in kept)
    return Score(
        id=case.id,
        what=case.what,
        share=weight / total if total else 1.0,
        kept=weight,
        tokens=COUNTER.count(result),
        over=over,
        parses=(reading.parsed is not None) if case.is_json else None,
        required=_required(case, {id(fact) for fact in kept}, budget),
    )


def _required(case: Case, kept: set[int], budget: int) -> dict[str, tuple[int, int]]:
    names = [name for name, _ in REQUIRED.get(case.what, ())]
    needed = [fact for fact in case.facts if fact.name in names]
    if not fit(needed, budget):
        return {}
    found: dict[str, tuple[int, int]] = {}
    for name in names:
        there = [fact for fact in needed if fact.name == name]
        if there:
            found[name] = len(there), sum(id(fact) in kept for fact in there)
    return found


def fit(facts: Iterable[Fact], budget: int) -> bool:
    """Whether these facts, written out one a line, lie within `ROOM` of the budget."""
    written = '\n'.join(f'{fact.texts[0]}:{fact.number}' if fact.number else fact.texts[0] for fact in facts)
    return not COUNTER.exceeds(written, int(budget * ROOM))
