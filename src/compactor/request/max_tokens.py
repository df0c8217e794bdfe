"""How many tokens an answer may take: what the task needs, within what the model and its window allow.

The floors were read off what three coding agents have answered in recorded sessions (`benchmarks/tasks.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from compactor.request.task import Task

LIMITS: Mapping[Task, int] = MappingProxyType(
    {
        Task.TOOL_CALL: 300,
        Task.CODE_GENERATION: 3_000,
        Task.EXPLANATION: 1_800,
        Task.PLANNING: 1_200,
        Task.REVIEW: 1_500,
        Task.UNKNOWN: 1_500,
    }
)
"""Limits in tokens for providers that set `max_tokens` aside up front; they count as long as a policy says so."""

CALL = 600
"""Least for a request with tools whose arguments are short: 99.6 % of the recorded calls that read, search or run
something take less, the words before them and calls side by side included."""
LONG_CALL = 1_500
"""Least for a request with tools that take a text (a file's content, a patch, a command): 98 % of all recorded calls,
edits and new files among them, take less. The rest is mostly asked for as code, which has a larger limit, or is cut
and asked for once more."""
STRUCTURED = 1_500
"""Least for a request whose answer must be an object: half an object is worth nothing, whatever was asked."""
THINKING = 10_000
"""What a model that always thinks, or thinks without saying how much, may take for it before it answers."""


@dataclass(frozen=True, slots=True)
class Floors:
    """Least tokens of an answer, whatever its task has; 0 for no floor.

    Attributes:
        call: where tools are offered, all with short arguments.
        long_call: where one of them takes a text.
        structured: where the answer must be an object of a schema.
    """

    call: int = CALL
    long_call: int = LONG_CALL
    structured: int = STRUCTURED

    def __bool__(self) -> bool:
        """Whether there are any; without, a task is believed whatever its limit."""
        return bool(self.call or self.long_call or self.structured)

    def of(self, *, has_tools: bool, long_arguments: bool, structured: bool) -> int:
        """The floor of a request."""
        floor = self.long_call if has_tools and long_arguments else self.call if has_tools else 0
        return max(floor, self.structured if structured else 0)


MEASURED = Floors()
"""What the recorded sessions ask for."""


def max_tokens_for(
    task: Task,
    limits: Mapping[Task, int],
    *,
    ceiling: int | None = None,
    window: int | None = None,
    input_tokens: int = 0,
    thinking: int = 0,
    structured: bool = False,
    has_tools: bool = False,
    long_arguments: bool = True,
    least: int = 0,
    floors: Floors = MEASURED,
) -> int | None:
    """The `max_tokens` of a request; None to set none.

    That is where `limits` has nothing for the task, and where the window has no room left: the provider shall say so.

    Args:
        task: what the request is for.
        limits: tokens by task.
        ceiling: most that the model gives in one answer; None if nobody knows.
        window: what input and answer may hold together; None if nobody knows.
        input_tokens: size of the request.
        thinking: tokens that thinking may take, which providers count as part of the answer; they come on top.
        structured: the answer must be an object of a schema.
        has_tools: tools are offered.
        long_arguments: some of them take long texts.
        least: a floor of the caller's, such as what an answer that was cut has shown to be needed.
        floors: what tools and a schema ask for at least.
    """
    limit = limits.get(task)
    if limit is None:
        return None
    floor = floors.of(has_tools=has_tools, long_arguments=long_arguments, structured=structured)
    wanted = max(limit, floor) + max(0, thinking)
    return within(max(wanted, least), ceiling, window, input_tokens)


def within(wanted: int, ceiling: int | None, window: int | None, input_tokens: int) -> int | None:
    """`wanted`, or what the model's ceiling and the rest of its window allow, if that is less; None for no room."""
    most = min([wanted, *(n for n in (ceiling, None if window is None else window - input_tokens) if n is not None)])
    return most if most > 0 else None
