"""Station 3: how long an answer may be, by what was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from compactor.policies.station import Positive, Station
from compactor.request.max_tokens import Floors
from compactor.request.task import BUILT_IN, Patterns, Task


def _floors(value: Any) -> Any:
    """One number is the floor of all; a table may name some of them."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = dict.fromkeys((field.name for field in fields(Floors)), value)
    if isinstance(value, Mapping):
        names = [field.name for field in fields(Floors)]
        unknown = [name for name in value if name not in names]
        if unknown:
            raise ValueError(f'unknown key {unknown[0]!r}; there are: {", ".join(names)}')
        if any(isinstance(number, int) and number < 0 for number in value.values()):
            raise ValueError('a floor must be 0 or more')
    return value


class TaskPolicy(Station):
    """Station 3: what a response may cost. What the caller has set always wins.

    Attributes:
        default_max_output: `max_tokens` of a request whose caller set none; None leaves it to the provider.
        max_output_by_task: `max_tokens` by task (`request.task.Task`), raised where tools, a schema or thinking need
            more; a task that is not listed takes `default_max_output`. Empty: requests are not looked at.
        at_least: tokens that tools, long arguments and a schema raise a task's limit to (`request.max_tokens.Floors`);
            one number for all of them: 0 sends the limits as they stand in `max_output_by_task`, and believes a task
            with a small one while a tool loop is in flight too.
        patterns: phrases by task by which it is recognised, over those of `request.patterns`.
        ceilings: most tokens of one answer by model name (`*` matches any text), over the built-in table.
        ask_again: an answer that a limit of this policy has cut is asked for once more, with twice the room.
    """

    default_max_output: Positive | None = None
    max_output_by_task: Mapping[Task, Positive] = Field(default_factory=dict)
    at_least: Annotated[Floors, BeforeValidator(_floors)] = Floors()
    patterns: Mapping[Task, tuple[str, ...]] = Field(default_factory=dict)
    ceilings: Mapping[str, Positive] = Field(default_factory=dict)
    ask_again: bool = True

    @model_validator(mode='after')
    def _readable(self) -> Self:
        self.table()
        return self

    def limits(self) -> dict[Task, int]:
        """Tokens by task; what is not there is left to the provider."""
        default = self.default_max_output
        others = {} if default is None else dict.fromkeys(Task, default)
        return {**others, **self.max_output_by_task}

    def table(self) -> Patterns:
        """The patterns that tasks are recognised by; `ValueError` for a phrase without a word."""
        return Patterns(self.patterns) if self.patterns else BUILT_IN
