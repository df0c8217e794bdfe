"""What providers demand of thinking when a history is rewritten, in one visible table.

Each row says how far it was checked; no live API was called for any of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from compactor.history.message import THINKING, Message, Part
from compactor.history.turns import Exchange, History, Segment, history_of

Check = Literal['documentation', 'documentation, played back by StrictProvider']


@dataclass(frozen=True, slots=True)
class ReasoningRule:
    """How one provider treats thinking in the history.

    Attributes:
        name: the provider's interface.
        provider: pattern of provider names it applies to.
        model: pattern of model names it applies to.
        binds: a signature covers everything before it, so thinking after a rewritten message is refused.
        leads: with thinking on, the last turn of a tool loop must start with its thinking, unedited.
        source: where the rule is documented.
        checked: how far that was checked.
    """

    name: str
    provider: re.Pattern[str]
    model: re.Pattern[str]
    binds: bool
    leads: bool
    source: str
    checked: Check


_ANY = re.compile('')
_CLAUDE = re.compile('claude')
# Anthropic names two models of its fifth generation; what their successors do is not known, so all are taken to bind.
_BOUND = re.compile(r'claude-(?:[a-z]+-)?(?:[5-9]|[1-9]\d)(?!\d)')
_BOUND_SOURCE = 'Anthropic, Preserving thinking: on newer models a signature is also checked against what precedes it'
_CLAUDE_SOURCE = (
    'Anthropic, Extended thinking with tool use: pass the thinking blocks of the current turn back unmodified'
)
_DOCUMENTATION: Check = 'documentation'
_PLAYED: Check = 'documentation, played back by StrictProvider'


def _rule(
    name: str, provider: str, model: re.Pattern[str], demands: str, source: str, checked: Check = _DOCUMENTATION
) -> ReasoningRule:
    return ReasoningRule(name, re.compile(provider), model, 'binds' in demands, 'leads' in demands, source, checked)


RULES: tuple[ReasoningRule, ...] = (
    _rule('Anthropic, bound', 'anthropic', _BOUND, 'binds leads', _BOUND_SOURCE, _PLAYED),
    _rule('Anthropic', 'anthropic', _ANY, 'leads', _CLAUDE_SOURCE, _PLAYED),
    _rule('Bedrock, bound Claude', 'bedrock', _BOUND, 'binds leads', _BOUND_SOURCE),
    _rule('Bedrock, Claude', 'bedrock', _CLAUDE, 'leads', _CLAUDE_SOURCE),
    _rule('Vertex, bound Claude', 'vertex', _BOUND, 'binds leads', _BOUND_SOURCE),
    _rule(
        'Google',
        'google|gemini|vertex',
        _ANY,
        'leads',
        'Google, Thought signatures: those on the calls of the current turn must come back unedited',
    ),
    _rule(
        'OpenAI chat',
        'openai-chat|cerebras|groq|deepseek|mistral|openrouter|together|fireworks|ollama',
        _ANY,
        '',
        'OpenAI, Chat completions: messages hold no reasoning item that could be refused',
        _PLAYED,
    ),
    _rule(
        'OpenAI Responses',  # the framework gives both OpenAI interfaces one provider name: the stricter one counts
        'openai|azure',
        _ANY,
        'leads',
        'OpenAI, Reasoning: a reasoning item must be followed by the item it was produced with',
    ),
)
"""First match wins; for a provider that is not listed see `NO_RULE`."""

NO_RULE = _rule('none', '', _ANY, '', 'no signed thinking is known to travel back')


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
    return any(part.kind is THINKING and part.signed for step in steps for part in step.parts)


def settle(before: Sequence[Message], after: History, rule: ReasoningRule) -> History:
    """The rewritten history with the thinking that the rewrite has made stale taken out.

    Only where signatures bind what precedes them: every thinking part behind the first change goes, and the
    responses it leaves empty go with it (they held no call).
    """
    if not rule.binds:
        return after
    same = _Unchanged(before)
    return history_of(tuple(_settle(exchange, same) for exchange in after.exchanges))


class _Unchanged:
    """Walks a history beside the recorded one until they part ways."""

    def __init__(self, before: Sequence[Message]) -> None:
        self._recorded = iter(part for message in before for part in message.parts)
        self.so_far = True

    def keep(self, part: Part) -> Part | None:
        if self.so_far:
            self.so_far = next(self._recorded, None) is part
        if self.so_far or part.kind is not THINKING:
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
