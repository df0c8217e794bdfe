"""How many tokens an output may have: by tool, else by family of tools, tighter when the history is nearly full."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from compactor.outputs.allowance import LEAST
from compactor.outputs.hint import Family
from compactor.outputs.values import Streams

FAMILIES: Mapping[Family, int] = {
    Family.SHELL: 8_000,
    Family.TEST_RUNNER: 4_000,
    Family.FILE_READ: 10_000,
    Family.SEARCH: 4_000,
    Family.LISTING: 2_500,
    Family.DIFF: 6_000,
    Family.HTTP: 6_000,
    Family.SQL: 4_000,
    Family.SUB_AGENT: 6_000,
    Family.OTHER: 8_000,
}
"""Tokens of one output where a policy says nothing, for windows of 128,000 tokens and more.

Seeded from limits that coding agents have shipped with: shell 40,000 characters with the error stream at half of it, a
file 3,000 tokens in an agent with a window of 50,000, a diff and a log 120 to 200 lines. Smaller windows are served by
`LARGEST`, and by the presets.
"""

LARGEST = 0.2
"""Share of the size at which a history is compacted that one output may take, whatever the table says."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """The table of a policy.

    Attributes:
        families: tokens by family; what is missing is taken from `FAMILIES`.
        tools: tokens by the tool's name, before the family's; `*` matches any text, the first match counts.
        stderr: share of a call's budget that its error stream may take, where the result has one.
        stdout_tokens: tokens of a result's output stream by the tool's name, within its budget; `*` matches any text.
        stderr_tokens: tokens of its error stream.
        tighten_from: from this share of the trigger on, budgets shrink ...
        tightest: ... down to this share of themselves where the history reaches the trigger.
        run: tokens of all outputs of a run together; None for no limit.
        floor: tokens that an output gets however full history and run are.
    """

    families: Mapping[Family, int] = field(default_factory=dict)
    tools: Mapping[str, int] = field(default_factory=dict)
    stderr: float = 0.5
    tighten_from: float = 0.75
    tightest: float = 0.4
    run: int | None = None
    floor: int = 256
    stdout_tokens: Mapping[str, int] = field(default_factory=dict)
    stderr_tokens: Mapping[str, int] = field(default_factory=dict)

    def streams(self, tool: str) -> Streams:
        """The limits of a tool's streams alone."""
        return Streams(_named(self.stdout_tokens, tool), _named(self.stderr_tokens, tool))

    def of_call(self, tool: str, family: Family, *, trigger: int, used: int, spent: int) -> int:
        """Tokens that one output may have.

        Args:
            tool: the tool's name.
            family: what it was recognised as.
            trigger: tokens at which the history is compacted.
            used: tokens that the history has now.
            spent: tokens of the run's outputs so far.
        """
        named = _named(self.tools, tool)
        tokens = named if named is not None else self.families.get(family, FAMILIES[family])
        if trigger > 0:
            tokens = round(min(tokens, trigger * LARGEST) * self._tightened(used / trigger))
        if self.run is not None:
            tokens = min(tokens, self.run - spent)
        return max(tokens, LEAST, min(self.floor, named or self.floor))

    def _tightened(self, full: float) -> float:
        if full <= self.tighten_from:
            return 1.0
        if full >= 1:
            return self.tightest
        return 1 - (1 - self.tightest) * (full - self.tighten_from) / (1 - self.tighten_from)


def _named(table: Mapping[str, int], tool: str) -> int | None:
    """The number of the first name that a tool's fits."""
    return next((tokens for name, tokens in table.items() if fnmatchcase(tool, name)), None)
