"""What providers demand of thinking when a history is rewritten, in one visible table.

Each row says how far it was checked; no live API was called for any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import is_
from typing import Literal

from compactor.history.message import CALL, TEXT, THINKING, Kind, Message, Part
from compactor.history.sent import current_turn
from compactor.history.turns import Edit, History, Segment, Step, step_of

Check = Literal['documentation', 'documentation, played back by StrictProvider']


@dataclass(frozen=True, slots=True)
class ReasoningRule:
    """How one provider treats thinking in the history.

    Attributes:
        name: the provider's interface.
        provider: pattern of provider names it applies to.
        model: pattern of model names it applies to.
        binds: a signature covers everything before it, so thinking after a rewritten message is refused.
        leads: the calls of the current tool turn must come back with the thinking that led to them; that of earlier
            turns may go. Whatever comes back must be as it was. Thinking that is kept as an item (`Part.item`) may go
            with the ids of all that was said with it.
        signs: calls carry signatures of their own; those of the current tool turn must come back as they were.
        refers: what a response says or calls carries ids that refer to the thinking before it and is refused without.
        source: where the rule is documented.
        checked: how far that was checked.
    """

    name: str
    provider: re.Pattern[str]
    model: re.Pattern[str]
    binds: bool
    leads: bool
    signs: bool
    refers: bool
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
    binds, leads, signs, refers = (word in demands.split() for word in ('binds', 'leads', 'signs', 'refers'))
    return ReasoningRule(name, re.compile(provider), model, binds, leads, signs, refers, source, checked)


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
        'leads signs',
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
        'leads refers',
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

    Thinking that its provider keeps as an item of its own goes where anything else of its response was changed: the
    provider would look for the items that follow it. Where signatures bind what precedes them, every thinking part
    behind the first change goes. Responses that are left empty, or blank, go too (they held no call).
    """
    after = after.map_steps(_untied)
    if not rule.binds:
        return after
    same = _Unchanged(before)
    return after.map(lambda _, prompt: prompt.only(same.keep), lambda _, step: _thinned(step, same.keep))


def _untied(_: int, step: Step) -> Step | None:
    """The step; a response of it that is not as it was recorded has no ids by which its provider would look it up."""
    torn = {id(part) for segment in step.segments if _is_torn(segment) for part in segment.parts}
    return _thinned(step, lambda part: _loose(part) if id(part) in torn else part) if torn else step


def _thinned(step: Step, edit: Edit) -> Step | None:
    """What `Step.only` leaves, without responses that say nothing now: read again, they would be mended away."""
    thinner = step.only(edit)
    if thinner is None or thinner is step:
        return thinner
    segments = tuple(segment for segment in thinner.segments if not _is_blank(segment))
    return thinner if len(segments) == len(thinner.segments) else step_of(segments) if segments else None


def _is_blank(segment: Segment) -> bool:
    return segment.message.role == 'response' and all(
        part.kind is TEXT and not part.text.strip() for part in segment.parts
    )


def _is_torn(segment: Segment) -> bool:
    recorded = segment.message.parts
    if segment.message.role == 'request' or segment.parts is recorded:
        return False
    return len(segment.parts) != len(recorded) or not all(map(is_, segment.parts, recorded))


def _loose(part: Part) -> Part | None:
    if part.kind is THINKING and part.item:
        return None
    return replace(part, refers=False) if part.refers else part


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


Fault = tuple[int, str]
"""Which message of what will be sent, or -1 for the whole, and what is wrong with it."""

Kept = Mapping[int, Sequence[tuple[int, Part]]]
"""Where a part of a response is now, by the identity of its `raw`: indexes of messages, each with the part there."""


def faults(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Fault]:
    """What a provider would refuse about the thinking in `after`, made from `before`; see `ReasoningRule`."""
    if rule.binds:
        yield from _bound(before, after)
        return
    if not (rule.leads or rule.signs or rule.refers):
        return
    kept = _kept(after)
    turn = current_turn(before)
    yield from _torn(before, after)
    if rule.leads:
        lost = sum(_apart(response, kept) for response in turn)
        if lost:
            yield -1, f'{lost} responses kept their calls but lost their thinking'
        yield from _rewritten(before, THINKING, kept)
    if rule.signs:
        yield from _rewritten(turn, CALL, kept)
    if rule.refers:
        yield from _bereft(before, kept)


def _kept(after: Sequence[Message]) -> Kept:
    kept: dict[int, list[tuple[int, Part]]] = {}
    for i, message in enumerate(after):
        for part in message.parts if message.role == 'response' else ():
            kept.setdefault(id(part.raw), []).append((i, part))
    return kept


def _bound(before: Sequence[Message], after: Sequence[Message]) -> Iterator[Fault]:
    recorded = iter(part for message in before for part in message.parts)
    unchanged = True
    for i, message in enumerate(after):
        for part in message.parts:
            unchanged = unchanged and next(recorded, None) is part
            if not unchanged and part.kind is THINKING and part.signed:
                yield (i, 'bound thinking behind a change')


def _apart(response: Message, kept: Kept) -> bool:
    """Whether a call of a response is where some of its signed thinking is not."""
    thought = [
        _places(part, kept) for part in response.parts if part.kind is THINKING and part.signed and not part.item
    ]
    called = [_places(part, kept) for part in response.parts if part.kind is CALL]
    return any(places and not all(places & others for others in thought) for places in called)


def _torn(before: Sequence[Message], after: Sequence[Message]) -> Iterator[Fault]:
    """Thinking that its provider keeps as an item, in a response that is not as it was."""
    torn = [(i, m) for i, m in enumerate(after) if m.role == 'response' and m.edited]
    torn = [(i, m) for i, m in torn if any(part.kind is THINKING and part.item for part in m.parts)]
    recorded = {id(message.raw): message for message in before} if torn else {}
    for i, message in torn:
        was = recorded.get(id(message.raw))
        if was is not None and {id(part) for part in was.parts} - {id(part) for part in message.parts}:
            yield i, 'thinking that is kept as an item stands beside a changed one'


def _now(part: Part, kept: Kept) -> Sequence[tuple[int, Part]]:
    return kept.get(id(part.raw), ())


def _places(part: Part, kept: Kept) -> set[int]:
    return {i for i, _ in _now(part, kept)}


def _rewritten(responses: Iterable[Message], kind: Kind, kept: Kept) -> Iterator[Fault]:
    """Signed parts of a kind that are there, but not as they were."""
    for part in (part for message in responses for part in message.parts if part.kind is kind and part.signed):
        for i, now in _now(part, kept):
            if now is not part and not (now.signed and now.text == part.text):
                yield (i, f'a signed {kind.value} part was rewritten')


def _bereft(before: Sequence[Message], kept: Kept) -> Iterator[Fault]:
    """Parts that still refer to the thinking before them, although some of that is gone."""
    for message in before:
        thought: list[Part] = []
        said = False
        for part in message.parts if message.role == 'response' else ():
            if part.kind is THINKING:
                thought = [part] if said else [*thought, part]
            elif any(one.signed and id(one.raw) not in kept for one in thought):
                yield from ((i, 'an id refers to thinking that is gone') for i, now in _now(part, kept) if now.refers)
            said = part.kind is not THINKING
