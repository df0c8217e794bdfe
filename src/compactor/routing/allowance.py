"""How many tokens a task may take in and give out, by its complexity or by what it is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from compactor.routing.complexity import Complexity
from compactor.routing.row import Row, normal


class Allowance(Row):
    """Tokens of a task, as a plan: a route carries them, whoever sends the request may keep to them.

    Attributes:
        input: tokens of what is sent.
        output: tokens of the answer.
    """

    input: Annotated[int, Field(gt=0)]
    output: Annotated[int, Field(gt=0)]


ALLOWANCES: Mapping[str, Allowance] = MappingProxyType(
    {
        'trivial': Allowance(input=500, output=300),
        'simple': Allowance(input=500, output=300),
        'moderate': Allowance(input=1_000, output=800),
        'complex': Allowance(input=2_000, output=1_500),
        'expert': Allowance(input=4_000, output=2_000),
        'analysis': Allowance(input=4_000, output=2_000),
    }
)
"""Of the Ez Aigents plan, whose scale of three has no trivial and no expert tasks: those take what is next to them,
its simple ones and its analyses."""


def allowance_for(
    level: Complexity | None, task: str = '', table: Mapping[str, Allowance] = ALLOWANCES
) -> Allowance | None:
    """The allowance of a task: by its name, else by its level, else that of moderate ones; None if there is none."""
    named = table.get(normal(task)) if task else None
    return named or (table.get(level.label) if level is not None else None) or table.get(Complexity.MODERATE.label)
