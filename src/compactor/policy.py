"""Every number a user can set: one frozen model per station, and where its values come from.

Order of precedence: argument > environment (`COMPACTOR_<STATION>_<FIELD>`) > file (TOML) > preset (TOML).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from compactor import sources
from compactor.archive.archive import MAX_BYTES
from compactor.archive.recall import MAX_TOKENS
from compactor.errors import ConfigError
from compactor.ledger.budget import Budget
from compactor.outputs.budget import FAMILIES, Budgets
from compactor.outputs.hint import Family
from compactor.outputs.level import Narrowing
from compactor.outputs.redact import HIGH_CONFIDENCE, Secrets
from compactor.request.task import BUILT_IN, Patterns, Task
from compactor.strategies import STRATEGIES

ASSUMED_WINDOW = 128_000
"""Context window taken for a model whose window nobody knows; override it in `Policy.tokens.windows`."""

Share = Annotated[float, Field(gt=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(gt=0)]


class _Station(BaseModel):
    """A frozen station; a bad value is a `ConfigError` that names the field and what it takes."""

    model_config = ConfigDict(extra='forbid', frozen=True, validate_default=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_explain(type(self), error)) from None


@dataclass(frozen=True, slots=True)
class Limits:
    """The policy's limits for one model, in tokens; integers, so that nothing hangs on rounding.

    Attributes:
        max_input: what counts as the whole window.
        trigger: a request of at least this size is compacted.
        goal: what a compaction brings it to.
        warning: a request of at least this size raises a near-limit event.
        hard: a request of at least this size is refused.
    """

    max_input: int
    trigger: int
    goal: int
    warning: int
    hard: int


class HistoryPolicy(_Station):
    """Station 2: when to compact, to what size, and how.

    Attributes:
        max_input_tokens: what counts as the whole window; None takes the model's context window.
        compaction_threshold: share of `max_input_tokens` at which a compaction starts.
        hard_limit_threshold: share of `max_input_tokens` at which a request is refused.
        target_input_tokens: a compacted history holds at most this many tokens; None sets no ceiling.
        goal_ratio: share of the trigger that a compaction aims for, well under it so that the next request does
            not compact again; the goal is the lower of this and `target_input_tokens`.
        warning_ratio: share of the hard limit at which a near-limit event is raised.
        max_exchanges: newest exchanges (a user's prompt and all that follows) a compaction keeps; None for all.
        reserve_tokens: tokens kept free for what others add to the request (memory, retrieval).
        strategies: names of strategies, in the order in which they are applied.
        keep_steps: newest steps (a response and its results) that are not pruned, deduplicated or cleared.
        protect_tools: names of tools whose calls and results are kept whole.
        clamp_prompts: whether user prompts may be cut when nothing else helps.
        compact_tool: give the agent a tool with which it asks for a compaction at the end of a phase.
    """

    max_input_tokens: Positive | None = None
    compaction_threshold: Share = 0.5
    hard_limit_threshold: Share = 0.8
    target_input_tokens: Positive | None = None
    goal_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    warning_ratio: Share = 0.9
    max_exchanges: Positive | None = None
    reserve_tokens: Count = 0
    strategies: tuple[str, ...] = ('prune', 'digest', 'dedupe', 'clear', 'window', 'clamp')
    keep_steps: Positive = 3
    protect_tools: frozenset[str] = frozenset()
    clamp_prompts: bool = False
    compact_tool: bool = False

    @model_validator(mode='after')
    def _consistent(self) -> Self:
        if self.compaction_threshold >= self.hard_limit_threshold:
            raise ValueError(
                f'compaction_threshold ({self.compaction_threshold}) must be below hard_limit_threshold'
                f' ({self.hard_limit_threshold}): a request has to be compacted before it is refused'
            )
        unknown = [name for name in self.strategies if name not in STRATEGIES]
        if unknown:
            raise ValueError(f'unknown strategy {unknown[0]!r}; there are: {", ".join(STRATEGIES)}')
        if self.max_input_tokens is not None:
            limits = self.limits(None)
            if limits.goal <= 0:
                raise ValueError(f'reserve_tokens ({self.reserve_tokens:,}) leaves no room under the goal')
        return self

    def limits(self, window: int | None) -> Limits:
        """The limits for a model with this context window (`ASSUMED_WINDOW` if None)."""
        whole = window or ASSUMED_WINDOW
        if self.max_input_tokens is not None:
            whole = min(self.max_input_tokens, window) if window else self.max_input_tokens
        trigger = share(whole, self.compaction_threshold)
        goal = share(trigger, self.goal_ratio)
        if self.target_input_tokens is not None:
            goal = min(goal, self.target_input_tokens)
        hard = share(whole, self.hard_limit_threshold)
        reserve = self.reserve_tokens
        return Limits(
            whole,
            trigger - reserve,
            goal - reserve,
            share(hard, self.warning_ratio) - reserve,
            hard - reserve,
        )


class OutputsPolicy(_Station):
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


STEP_SHARE = 0.35
"""Share of the trigger that the results of one step may take together where a policy says nothing."""


class TaskPolicy(_Station):
    """Station 3: what a response may cost. What the caller has set always wins.

    Attributes:
        default_max_output: `max_tokens` of a request whose caller set none; None leaves it to the provider.
        max_output_by_task: `max_tokens` by task (`request.task.Task`), raised where tools, a schema or thinking need
            more; a task that is not listed takes `default_max_output`. Empty: requests are not looked at.
        patterns: phrases by task by which it is recognised, over those of `request.patterns`.
        ceilings: most tokens of one answer by model name (`*` matches any text), over the built-in table.
        ask_again: an answer that a limit of this policy has cut is asked for once more, with twice the room.
    """

    default_max_output: Positive | None = None
    max_output_by_task: Mapping[Task, Positive] = Field(default_factory=dict)
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


class ArchivePolicy(_Station):
    """Where a `Compactor` keeps what it takes out of histories.

    Attributes:
        enabled: keep it; without an archive what is taken out is gone, and nothing can be restored or recalled.
        max_bytes: compressed bytes that the default archive, in memory, holds at most.
        recall_tool: give the agent the tool `recall`, which reads the archive; capability mode only.
        recall_tokens: tokens of one answer of that tool at most.
    """

    enabled: bool = True
    max_bytes: Positive = MAX_BYTES
    recall_tool: bool = True
    recall_tokens: Annotated[int, Field(ge=200)] = MAX_TOKENS


class SummaryPolicy(_Station):
    """What a `Compactor` with a summariser may spend on the summary of one compaction.

    Attributes:
        max_prompt_tokens: tokens of one prompt at most; a longer record is summed up in pieces. The summariser's
            window may set a lower bound.
        max_tokens: tokens of one answer at most; the thinking of a model that thinks counts.
        timeout: seconds that a request waits for its summary at most, all questions and retries together.
        attempts: attempts at one question, where the error may pass (429, 5xx, connection, time-out).
        circuit_failures: summaries that fail in a row before the summariser is left alone for a while.
        circuit_pause: how long, in seconds.
        ahead: write the summary in the background when a request comes within 80 % of the trigger, so that the
            compaction need not wait; capability mode only.
    """

    max_prompt_tokens: Annotated[int, Field(ge=2_000)] = 24_000
    max_tokens: Annotated[int, Field(ge=100)] = 800
    timeout: Annotated[float, Field(gt=0)] = 20.0
    attempts: Positive = 3
    circuit_failures: Positive = 3
    circuit_pause: Annotated[float, Field(ge=0)] = 300.0
    ahead: bool = False


class LedgerPolicy(_Station):
    """Station 5: what is recorded of each request, and what may be spent; needs `Compactor(store=...)`.

    Attributes:
        enabled: record every model request.
        budgets: limits of tokens, requests or money by period, agent and model (`ledger.budget.Budget`). A request that
            would exceed one is refused with `BudgetExceeded` before it is sent.
        prices: dollars per million tokens by model, such as `{'my-*': {'input': 1, 'output': 4}}`, over those of
            `genai-prices`.
        on_store_error: 'open': where the store is away, requests are sent, and not counted. 'closed': they are refused
            with `StoreError`, if there are budgets.
        reserve_output: tokens that are set aside for an answer whose request sets no `max_tokens`.
    """

    enabled: bool = True
    budgets: tuple[Budget, ...] = ()
    prices: Mapping[str, Mapping[str, Decimal]] = Field(default_factory=dict)
    on_store_error: Literal['open', 'closed'] = 'open'
    reserve_output: Positive = 4_000


class TokenPolicy(_Station):
    """How requests are measured.

    Attributes:
        windows: context windows in tokens by model name (`*` matches any text), over the built-in table.
        calibrate: correct estimates by the usage that providers report.
    """

    windows: Mapping[str, Positive] = Field(default_factory=dict)
    calibrate: bool = True


class Policy(_Station):
    """All stations. Every field may be left out."""

    history: HistoryPolicy = Field(default_factory=HistoryPolicy)
    outputs: OutputsPolicy = Field(default_factory=OutputsPolicy)
    tasks: TaskPolicy = Field(default_factory=TaskPolicy)
    archive: ArchivePolicy = Field(default_factory=ArchivePolicy)
    tokens: TokenPolicy = Field(default_factory=TokenPolicy)
    summary: SummaryPolicy = Field(default_factory=SummaryPolicy)
    ledger: LedgerPolicy = Field(default_factory=LedgerPolicy)

    @classmethod
    def preset(cls, name: str) -> Policy:
        """A policy that comes with the library, unchanged; `ConfigError` lists the names if there is no such."""
        return cls(**sources.preset(name))

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        preset: str | None = None,
        environment: Mapping[str, str] | None = None,
        **stations: Mapping[str, Any],
    ) -> Policy:
        """A policy from all its sources, each over the next: `stations` > environment > file > preset.

        Args:
            path: a TOML file with a table per station (default: `COMPACTOR_CONFIG`, if set); its top-level key
                `preset` names the preset below it.
            preset: the preset to start from (default: the file's, then `COMPACTOR_PRESET`, then `default`).
            environment: where to look for `COMPACTOR_*` (default: the process's environment).
            **stations: values by station, such as `history={'max_exchanges': 4}`.

        Raises:
            ConfigError: unreadable file, unknown key, bad value; the message names source and remedy.
        """
        variables = os.environ if environment is None else environment
        path = path or variables.get('COMPACTOR_CONFIG') or None
        file = sources.from_toml(Path(path)) if path else {}
        named = file.pop('preset', None)
        values = sources.preset(preset or named or variables.get('COMPACTOR_PRESET') or 'default')
        models: dict[str, Any] = {name: field.annotation for name, field in cls.model_fields.items()}
        for layer in (file, sources.from_environment(variables, models), stations):
            values = sources.over(values, layer)
        return cls(**values)


@lru_cache(maxsize=256)  # exact fractions cost 4 us each, and every request asks for four
def share(whole: int, part: float) -> int:
    """`part` of `whole`, rounded down exactly: 0.3 of 50,000 is 15,000, whatever binary fractions make of 0.3."""
    fraction = Fraction(str(part))
    return whole * fraction.numerator // fraction.denominator


def _explain(model: type[BaseModel], error: ValidationError) -> str:
    """One line a problem: the field, what is wrong, and for an unknown field which ones exist."""
    lines = []
    for problem in error.errors():
        where = '.'.join(str(key) for key in problem['loc'])
        what = problem['msg'].removeprefix('Value error, ')
        if problem['type'] == 'extra_forbidden':
            what = f'unknown key; there are: {", ".join(model.model_fields)}'
        elif problem['type'] != 'value_error':
            what = f'{what}, got {problem["input"]!r}'
        lines.append(f'{where}: {what}' if where else what)
    return '; '.join(lines)
