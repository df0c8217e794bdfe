"""What providers demand of thinking when a history is rewritten, in one visible table.

All rows were checked against the providers' documentation and the framework's wire code only; no live API was
called. `compactor.testing.StrictProvider` plays the Anthropic rows back as refusals.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from compactor.history.message import Kind, Message, Part
from compactor.history.turns import Exchange, History, Segment


@dataclass(frozen=True, slots=True)
class ReasoningRule:
    """How one provider treats thinking in the history.

    Attributes:
        name: the provider's interface.
        provider: pattern of provider names it applies to.
        model: pattern of model names it applies to.
        binds: a signature covers everything before it, so thinking after a rewritten message is refused.
        leads: with thinking on, the last turn of a tool loop must start with its thinking, unedited.
        ids: reasoning items and the items after them refer to each other by id: where one goes, both ids go.
        source: where the rule is documented.
    """

    name: str
    provider: re.Pattern[str]
    model: re.Pattern[str]
    binds: bool
    leads: bool
    ids: bool
    source: str


_ANY = re.compile('')
_CLAUDE = re.compile(r'claude')
_BOUND = re.compile(r'claude-(?:[a-z]+-(?:4-[7-9]|[5-9])|[a-z]+-\d\d)')
_BOUND_SOURCE = 'Anthropic, Extended thinking: signatures of newer models cover system, tools and every earlier message'
_CLAUDE_SOURCE = 'Anthropic, Extended thinking, "Preserving thinking blocks" during tool use'

RULES: tuple[ReasoningRule, ...] = (
    ReasoningRule('Anthropic, bound', re.compile('anthropic'), _BOUND, True, True, False, _BOUND_SOURCE),
    ReasoningRule('Anthropic', re.compile('anthropic'), _ANY, False, True, False, _CLAUDE_SOURCE),
    ReasoningRule('Bedrock, bound Claude', re.compile('bedrock'), _BOUND, True, True, False, _BOUND_SOURCE),
    ReasoningRule('Bedrock, Claude', re.compile('bedrock'), _CLAUDE, False, True, False, _CLAUDE_SOURCE),
    ReasoningRule('Vertex, bound Claude', re.compile('google-vertex|vertex'), _BOUND, True, True, False, _BOUND_SOURCE),
    ReasoningRule(
        'Google',
        re.compile('google|gemini|vertex'),
        _ANY,
        False,
        True,
        False,
        'Google, Thought signatures: those on the calls of the current turn must come back unedited',
    ),
    ReasoningRule(
        'OpenAI Responses',
        re.compile('openai|azure'),
        _ANY,
        False,
        True,
        True,
        'OpenAI, Reasoning: a reasoning item must be followed by the item it was produced with',
    ),
)
"""First match wins. OpenAI chat and others send no thinking back that could be refused: `NO_RULE`."""

NO_RULE = ReasoningRule('none', _ANY, _ANY, False, False, False, 'no signed thinking travels back')


def rule_for(provider: str | None, model: str | None) -> ReasoningRule:
    """The rule for a provider and model name; `NO_RULE` when neither is known."""
    if not provider:
        return NO_RULE
    found = (r for r in RULES if r.provider.search(provider.lower()) and r.model.search((model or '').lower()))
    return next(found, NO_RULE)


def has_thinking(history: History) -> bool:
    """Whether the current tool turn (the steps of the last exchange) holds signed thinking."""
    if not history.exchanges:
        return False
    steps = history.exchanges[-1].steps
    return any(part.kind is Kind.THINKING and part.signed for step in steps for part in step.parts)


def settle(before: Sequence[Message], after: History, rule: ReasoningRule) -> History:
    """The rewritten history with the thinking that the rewrite has made stale taken out.

    Only where signatures bind what precedes them: every thinking part behind the first change goes, and the
    responses it leaves empty go with it (they held no call).
    """
    if not rule.binds:
        return after
    same = _Unchanged(before)
    return replace(after, exchanges=tuple(_settle(exchange, same) for exchange in after.exchanges))


class _Unchanged:
    """Walks a history beside the recorded one until they part ways."""

    def __init__(self, before: Sequence[Message]) -> None:
        self._recorded = iter(part for message in before for part in message.parts)
        self.so_far = True

    def keep(self, part: Part) -> Part | None:
        if self.so_far:
            self.so_far = next(self._recorded, None) is part
        if self.so_far or part.kind is not Kind.THINKING:
            return part
        return None


def _settle(exchange: Exchange, same: _Unchanged) -> Exchange:
    def settled(segments: tuple[Segment, ...]) -> tuple[Segment, ...]:
        return tuple(s for segment in segments if (s := segment.map(same.keep)) is not None)

    prompts = settled(exchange.prompts)
    steps = tuple(
        replace(step, segments=segments, tokens=sum(s.tokens for s in segments))
        for step in exchange.steps
        if (segments := settled(step.segments))
    )
    return Exchange(prompts, steps)
