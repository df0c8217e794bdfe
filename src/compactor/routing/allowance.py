"""How many tokens a task may take in and give out, by its complexity or by what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from compactor.errors import ConfigError
from compactor.routing.complexity import Complexity
from compactor.routing.row import normal


@dataclass(frozen=True, slots=True)
class Allowance:
    """Tokens of a task, as a plan: a route carries them, whoever sends the request may keep to them.

    Attributes:
        input: tokens of what is sent.
        output: tokens of the answer.
    """

    input: int
    output: int

    def __post_init__(self) -> None:
        if self.input <= 0 or self.output <= 0:
            raise ConfigError(f'an allowance is tokens in and out, both above 0, not {self.input} and {self.output}')


ALLOWANCES: Mapping[str, Allowance] = MappingProxyType(
    {
        'trivial': Allowance(500, 300),
        'simple': Allowance(500, 300),
        'moderate': Allowance(1_000, 800),
        'complex': Allowance(2_000, 1_500),
        'expert': Allowance(4_000, 2_000),
        'analysis': Allowance(4_000, 2_000),
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
