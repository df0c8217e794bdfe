"""Station 1: what tools may return."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, Literal

from pydantic import Field, field_validator

from compactor.outputs.budget import FAMILIES, Budgets
from compactor.outputs.hint import Family
from compactor.outputs.level import Narrowing
from compactor.patterns import pattern
from compactor.policies.station import Positive, Share, Station, share
from compactor.secrets.redact import HIGH_CONFIDENCE, Secrets

STEP_SHARE = 0.35
"""Share of the trigger that the results of one step may take together where a policy says nothing."""


class OutputsPolicy(Station):
    """Station 1: what tools may return.

    Attributes:
        enabled: make outputs smaller; redaction has a switch of its own.
        budgets: tokens of one output by family of tools (`outputs.hint.Family`), over the built-in table
            (`outputs.budget.FAMILIES`). No output takes more than a fifth of the trigger.
        tools: tokens of one output by the tool's name (`*` matches any text), before its family's.
        narrowing: how an output over its budget is made smaller: 'smart_summary', 'heads_tails' or 'error_only'.
        squeeze: names of tools (`*` matches any text) whose results no reducer may touch: they are made smaller only as
            far as nothing is lost (`compactor.squeeze`), and no budget holds for them.
        stderr_share: share of a call's budget that its error stream may take, where the result has it apart.
        stdout: tokens of the output stream of a result that has its streams apart, by the tool's name (`*` matches any
            text), within the call's budget.
        stderr: tokens of its error stream.
        head_lines: lines of the beginning that 'heads_tails' keeps; None for as many as fit.
        tail_lines: lines of the end that it keeps.
        per_step: tokens of all results of one step together; None for 35 % of the size at which the history is
            compacted.
        per_run: tokens of all outputs of a run together; None for no limit. What comes after still gets `floor`.
        tighten_from: share of the trigger from which budgets shrink.
        tightest: what share of a budget is left where the history reaches the trigger.
        floor: tokens that an output gets however full history and run are.
        redact: replace secrets by `[REDACTED-...]`, also in outputs that fit.
        redact_sent: what is redacted before it is sent: 'results' of tools and what stands beside them; 'everything',
            in all of a conversation: prompts, the agent's text and unsigned thinking, and the arguments of calls too.
            Copies hold no secret either way.
        secrets: more patterns by name, over those of `secrets.redact.HIGH_CONFIDENCE`; see `compactor.patterns`.
        archive: keep the whole output, redacted, in the archive, so that `recall` gives it back.
    """

    enabled: bool = True
    budgets: Mapping[Family, Positive] = Field(default_factory=dict)
    tools: Mapping[str, Positive] = Field(default_factory=dict)
    narrowing: Narrowing = Narrowing.SMART_SUMMARY
    squeeze: tuple[str, ...] = ()
    stderr_share: Share = 0.5
    stdout: Mapping[str, Positive] = Field(default_factory=dict)
    stderr: Mapping[str, Positive] = Field(default_factory=dict)
    head_lines: Positive | None = None
    tail_lines: Positive | None = None
    per_step: Positive | None = None
    per_run: Positive | None = None
    tighten_from: Share = 0.75
    tightest: Share = 0.4
    floor: Annotated[int, Field(ge=16)] = 256
    redact: bool = True
    redact_sent: Literal['results', 'everything'] = 'results'
    secrets: Mapping[str, str] = Field(default_factory=dict)
    archive: bool = True

    @field_validator('secrets')
    @classmethod
    def _readable(cls, secrets: Mapping[str, str]) -> Mapping[str, str]:
        for source in secrets.values():
            pattern(source)
        return secrets

    def table(self) -> Budgets:
        """The budgets as the station reads them."""
        return Budgets(
            {**FAMILIES, **self.budgets},
            self.tools,
            self.stderr_share,
            self.tighten_from,
            self.tightest,
            self.per_run,
            self.floor,
            self.stdout,
            self.stderr,
        )

    def squeezes(self, tool: str) -> bool:
        """Whether a tool's results are made smaller only as far as nothing is lost."""
        return self.enabled and any(fnmatchcase(tool, name) for name in self.squeeze)

    def step_tokens(self, trigger: int) -> int:
        """Tokens that the results of one step may have together."""
        return self.per_step if self.per_step is not None else share(trigger, STEP_SHARE)

    def patterns(self) -> Secrets | None:
        """What is redacted; None for nothing."""
        return None if not self.redact else HIGH_CONFIDENCE.with_patterns(self.secrets)
