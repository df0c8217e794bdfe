"""Station 1: what tools may return."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from compactor.outputs.budget import FAMILIES, Budgets
from compactor.outputs.hint import Family
from compactor.outputs.level import Narrowing
from compactor.outputs.redact import HIGH_CONFIDENCE, Secrets
from compactor.policies.station import Positive, Share, Station, share

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
        stderr_share: share of a call's budget that its error stream may take, where the result has it apart.
        per_step: tokens of all results of one step together; None for 35 % of the size at which the history is
            compacted.
        per_run: tokens of all outputs of a run together; None for no limit. What comes after still gets `floor`.
        tighten_from: share of the trigger from which budgets shrink.
        tightest: what share of a budget is left where the history reaches the trigger.
        floor: tokens that an output gets however full history and run are.
        redact: replace secrets by `[REDACTED-...]`, also in outputs that fit.
        secrets: more patterns by name, over those of `outputs.redact.HIGH_CONFIDENCE`.
        archive: keep the whole output, redacted, in the archive, so that `recall` gives it back.
    """

    enabled: bool = True
    budgets: Mapping[Family, Positive] = Field(default_factory=dict)
    tools: Mapping[str, Positive] = Field(default_factory=dict)
    narrowing: Narrowing = Narrowing.SMART_SUMMARY
    stderr_share: Share = 0.5
    per_step: Positive | None = None
    per_run: Positive | None = None
    tighten_from: Share = 0.75
    tightest: Share = 0.4
    floor: Annotated[int, Field(ge=16)] = 256
    redact: bool = True
    secrets: Mapping[str, str] = Field(default_factory=dict)
    archive: bool = True

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
        )

    def step_tokens(self, trigger: int) -> int:
        """Tokens that the results of one step may have together."""
        return self.per_step if self.per_step is not None else share(trigger, STEP_SHARE)

    def patterns(self) -> Secrets | None:
        """What is redacted; None for nothing."""
        return None if not self.redact else HIGH_CONFIDENCE.with_patterns(self.secrets)
