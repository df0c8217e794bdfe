"""Station 2: when a history is compacted, to what size, and how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from compactor.digest.trusted import FILES, QUESTIONS
from compactor.policies.station import Count, Positive, Share, Station, share
from compactor.strategies import OTHER_NAMES, STRATEGIES

ASSUMED_WINDOW = 128_000
"""Context window taken for a model whose window nobody knows; override it in `Policy.tokens.windows`."""


SMALL_WINDOW, SMALL_THRESHOLD = 4_000, 0.65
"""Below this many tokens a compaction starts at this share of the window, unless the policy says where: what every
request carries takes so much of it that half of a window fills with each second turn."""


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


def _our_names(strategies: tuple[str, ...]) -> tuple[str, ...]:
    """Strategies by our names, whatever others call them."""
    return tuple(OTHER_NAMES.get(name, name) for name in strategies)


class HistoryPolicy(Station):
    """Station 2: when to compact, to what size, and how.

    Attributes:
        max_input_tokens: what counts as the whole window; None takes the model's context window.
        compaction_threshold: share of `max_input_tokens` at which a compaction starts; the default of 0.5 means 0.65
            where that is under 4,000 tokens.
        hard_limit_threshold: share of `max_input_tokens` at which a request is refused.
        target_input_tokens: a compacted history holds at most this many tokens; None sets no ceiling.
        goal_ratio: share of the trigger that a compaction aims for, well under it so that the next request does
            not compact again; the goal is the lower of this and `target_input_tokens`.
        warning_ratio: share of the hard limit at which a near-limit event is raised.
        max_exchanges: newest exchanges a compaction keeps; None for all.
        exchange_unit: what an exchange is: a 'prompt' of the user and all that follows, or a 'request' and its
            response, so that the number binds within one long prompt too.
        reserve_tokens: tokens kept free for what others add to the request (memory, retrieval); of a model with a small
            window never more than half of the goal.
        strategies: names of strategies, in the order in which they are applied; 'sliding_window', 'summarization' and
            'selective_pruning' are understood too.
        band: share of the target for steps that stay steps beside a digest: the newest whole, before them calls whose
            results are stubs. None takes what was found for the target's size (`strategies/bands.py`), 0 leaves all but
            the newest steps to the digest.
        phases: from the trigger on, wait for the end of an exchange, for an item of the agent's plan that is done, or
            for a provider's prompt cache that has gone cold, as long as the request stays under the warning.
        keep_steps: newest steps (a response and its results) that are not pruned, deduplicated or cleared.
        protect_tools: names of tools whose calls and results are kept whole.
        instruction_files: files that instruct the agent, by their path from the workspace's root (`*` for one folder or
            name): what it read in them outlives a compaction as far as it fits.
        instruction_tools: names of tools whose results instruct the agent, such as one that states a policy.
        question_tools: names of tools that ask a person: the answer is kept with its question, as the user's words are.
        workspace: the root of the workspace as an absolute path. None takes it from what a system prompt or the first
            prompt says (`<cwd>`, "working directory: ..."); where nobody says, only relative paths lie in it.
        clamp_prompts: whether user prompts may be cut when nothing else helps.
        latest_reminders: of system prompts in mid-conversation that say the same but for numbers (such as how many
            steps are left), a compaction keeps the latest alone; those that say the very same go in any case.
        compact_tool: give the agent a tool with which it asks for a compaction at the end of a phase.
        compact_tool_limit: how many times a run may have what it asks for.
    """

    max_input_tokens: Positive | None = None
    compaction_threshold: Share = 0.5
    hard_limit_threshold: Share = 0.8
    target_input_tokens: Positive | None = None
    goal_ratio: Annotated[float, Field(gt=0, lt=1)] = 0.5
    warning_ratio: Share = 0.9
    max_exchanges: Positive | None = None
    exchange_unit: Literal['prompt', 'request'] = 'prompt'
    reserve_tokens: Count = 0
    strategies: Annotated[tuple[str, ...], AfterValidator(_our_names)] = (
        'prune',
        'digest',
        'dedupe',
        'clear',
        'window',
        'clamp',
    )
    band: Annotated[float, Field(ge=0, le=0.8)] | None = None
    phases: bool = False
    keep_steps: Positive = 3
    protect_tools: frozenset[str] = frozenset()
    instruction_files: tuple[str, ...] = FILES
    instruction_tools: frozenset[str] = frozenset()
    question_tools: frozenset[str] = QUESTIONS
    workspace: str | None = None
    clamp_prompts: bool = False
    latest_reminders: bool = False
    compact_tool: bool = False
    compact_tool_limit: Positive = 3

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
        if self.max_input_tokens is not None and (self.target_input_tokens or 0) > self.max_input_tokens:
            raise ValueError(
                f'target_input_tokens ({self.target_input_tokens:,}) is above max_input_tokens'
                f' ({self.max_input_tokens:,}): what is compacted would not fit'
            )
        if self.max_input_tokens is not None:
            limits = self.limits(None)
            if limits.goal <= 0:
                raise ValueError(f'reserve_tokens ({self.reserve_tokens:,}) leaves no room under the goal')
        return self

    def limits(self, window: int | None, answer: int | None = None) -> Limits:
        """The limits for a model with this context window (`ASSUMED_WINDOW` if None).

        Args:
            window: in tokens.
            answer: tokens that the caller lets the answer take, which many servers count to the window: a compaction
                starts early enough to leave them, unless they leave no room for a history.
        """
        whole = window or ASSUMED_WINDOW
        threshold = self.compaction_threshold
        if self.max_input_tokens is not None:
            whole = min(self.max_input_tokens, window) if window else self.max_input_tokens
        if whole < SMALL_WINDOW and threshold == HistoryPolicy.model_fields['compaction_threshold'].default:
            threshold = max(threshold, min(SMALL_THRESHOLD, self.hard_limit_threshold * self.warning_ratio))
        trigger = share(whole, threshold)
        if window is not None and answer is not None and window - answer >= trigger // 2:
            trigger = min(trigger, window - answer)
        goal = share(trigger, self.goal_ratio)
        if self.target_input_tokens is not None:
            goal = min(goal, self.target_input_tokens)
        hard = share(whole, self.hard_limit_threshold)
        reserve = self.reserve_tokens if self.max_input_tokens is not None else min(self.reserve_tokens, goal // 2)
        return Limits(
            whole,
            trigger - reserve,
            goal - reserve,
            share(hard, self.warning_ratio) - reserve,
            hard - reserve,
        )
