"""The laws of a history, checked: at run time after every compaction, and in the tests.

Each law is one function from (before, after) to violations, listed in `LAWS`. `before` is what was handed in after
its repair on the way in, `after` what will be sent.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from compactor.history.bookkeeping import Share, superseded_in
from compactor.history.message import (
    CALL,
    FEEDBACK,
    MARK,
    NATIVE_CALL,
    NATIVE_RESULT,
    RESULT,
    SUMMARY,
    THINKING,
    USER,
    Message,
    Part,
)
from compactor.history.reasoning import NO_RULE, ReasoningRule, faults
from compactor.history.sent import prompts, turns

Law = Literal['pairs', 'order', 'protected', 'reasoning', 'identity', 'shrinks']


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken law: which, where (index of the message in `after`, -1 for the whole) and what."""

    law: Law
    at: int
    detail: str


def check(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule = NO_RULE) -> list[Violation]:
    """Every violation of the laws in `after`, made from `before`; empty when it is lawful."""
    return [violation for law in LAWS for violation in law(before, after, rule)]


def pairs(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """Every kept call has its result and every result its call, next to each other, results first."""
    for at, response, follows in turns(after):
        waiting: dict[str, deque[Part]] = {}
        for part in response.parts if response else ():
            if part.kind is CALL:
                waiting.setdefault(part.call_id, deque()).append(part)
        other = False
        for i, part in follows:
            if part.kind is not RESULT:
                other = True
            elif not waiting.get(part.call_id):
                yield Violation('pairs', i, f'result of {part.tool} answers no call before it')
            else:
                waiting[part.call_id].popleft()
                if other:
                    yield Violation('pairs', i, f'result of {part.tool} stands behind other content')
        left = [part for queue in waiting.values() for part in queue]
        if left and not _unfinished(after, at):
            yield Violation('pairs', at, f'{len(left)} calls without a result, the first of {left[0].tool}')
    yield from _native_pairs(before, after)


def _unfinished(after: Sequence[Message], at: int) -> bool:
    """Whether the response is the last one and no prompt follows it: answers may still come."""
    run = after[at].run_id
    return all(message.role == 'request' and not any(prompts(message, run)) for message in after[at + 1 :])


def _native_pairs(before: Sequence[Message], after: Sequence[Message]) -> Iterator[Violation]:
    def balance(messages: Sequence[Message]) -> Counter[str]:
        count: Counter[str] = Counter()
        for message in messages:
            for part in message.parts:
                if part.kind is NATIVE_CALL:
                    count[part.call_id] += 1
                elif part.kind is NATIVE_RESULT:
                    count[part.call_id] -= 1
        return count

    has = balance(after)
    had = balance(before) if has else has
    for call_id, difference in has.items():
        if difference and difference != had[call_id]:
            yield Violation('pairs', -1, f'native call {call_id} was separated from its result')


def order(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """Starts with a request of a user, ends as it did, no empty message, no two responses in a row."""
    if not after:
        if before:
            yield Violation('order', -1, 'nothing is left')
        return
    if after[0].role != 'request':
        yield Violation('order', 0, 'starts with a response')
    if not _speaks(after) and _speaks(before):
        yield Violation('order', 0, 'no user content before the first response')
    if before and before[-1].role != after[-1].role and not (rule.binds and _only_thought(before[-1])):
        yield Violation('order', len(after) - 1, f'ends with a {after[-1].role}, not a {before[-1].role}')
    for i, message in enumerate(after):
        if not message.parts and not _empty_as_recorded(before, after, i):
            yield Violation('order', i, 'empty message')
        if i and message.role == after[i - 1].role == 'response':
            yield Violation('order', i, 'two responses in a row')
    if before and before[-1].role == 'request':
        words = [part for part in after[-1].parts if part.kind is USER]
        had = [part for part in before[-1].parts if part.kind is USER]
        if [p.text for p in words] != [p.text for p in had]:
            yield Violation('order', len(after) - 1, 'user content of the last request changed')


def _only_thought(message: Message) -> bool:
    """Whether a response holds nothing but thinking, as one does at which a run has failed."""
    return message.role == 'response' and all(part.kind is THINKING for part in message.parts)


def _speaks(messages: Sequence[Message]) -> bool:
    for message in messages:
        if message.role == 'response':
            return False
        if any(part.kind in (USER, MARK, FEEDBACK, SUMMARY) for part in message.parts):
            return True
    return False


def _empty_as_recorded(before: Sequence[Message], after: Sequence[Message], at: int) -> bool:
    """An empty request may open a history (a run on instructions alone) or end it (a run resumed)."""
    return after[at].role == 'request' and at in (0, len(after) - 1) and any(m is after[at] for m in before)


def protected(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """Protected parts that no later one supersedes, the goal and the current prompt survive with their text.

    Cache points do not multiply.
    """
    must_stay = _protected(before)
    if any(part.states for part in must_stay):
        gone = superseded_in([Share(message.role, message.parts) for message in before])
        must_stay = [part for part in must_stay if id(part) not in gone]
    must_stay += [*_goal(before), *_current(before)]
    sought = {id(part.raw) for part in must_stay}
    kept = {id(part.raw): part for message in after for part in message.parts if id(part.raw) in sought}
    for part in must_stay:
        found = kept.get(id(part.raw))
        if part.raw is not None and found is None:
            yield Violation('protected', -1, f'{part.kind.value} part lost: {part.text[:60]!r}')
        elif found is not None and part.protected and found.text != part.text:
            yield Violation('protected', -1, f'{part.kind.value} part changed: {part.text[:60]!r}')
    if _cache_points(after) > _cache_points(before):
        yield Violation('protected', -1, 'cache points multiplied')


def _protected(messages: Sequence[Message]) -> list[Part]:
    return [part for message in messages if not message.plain for part in message.parts if part.protected]


def _goal(messages: Sequence[Message]) -> Iterable[Part]:
    """The first prompt: what a person wrote before the first response that follows."""
    parts: list[Part] = []
    run: str | None = None
    for message in messages:
        if message.role == 'response':
            if parts:
                break
            run = message.run_id
            continue
        for part in prompts(message, run):
            if part.kind is USER:
                parts.append(part)
            elif parts:
                return parts
    return parts


def _current(messages: Sequence[Message]) -> Iterable[Part]:
    """The user parts of the last request."""
    last = messages[-1] if messages else None
    return [part for part in last.parts if part.kind is USER] if last and last.role == 'request' else []


def _cache_points(messages: Sequence[Message]) -> int:
    return sum(len(part.cache_points) for message in messages for part in message.parts if part.cache_points)


def reasoning(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """Thinking of the current tool turn stays with its calls, as it was; that of earlier turns may go.

    Where it goes, what refers to it goes too; where signatures bind what precedes them, none follows a change.
    """
    for at, detail in faults(before, after, rule):
        yield Violation('reasoning', at, detail)


def identity(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """A message with the recorded parts is the recorded object."""
    kept = set(map(id, before))
    others = [(i, message) for i, message in enumerate(after) if id(message) not in kept and message.raw is not None]
    sought = {id(message.raw) for _, message in others}
    recorded = {id(message.raw): message for message in before if id(message.raw) in sought and not message.edited}
    for i, message in others:
        was = recorded.get(id(message.raw))
        if was is not None and was.parts == message.parts:
            yield Violation('identity', i, 'an unchanged message was rebuilt')


def shrinks(before: Sequence[Message], after: Sequence[Message], rule: ReasoningRule) -> Iterator[Violation]:
    """The history did not grow."""
    had, has = sum(m.tokens for m in before), sum(m.tokens for m in after)
    if has > had:
        yield Violation('shrinks', -1, f'grew from {had} to {has} tokens')


LAWS: tuple[Callable[[Sequence[Message], Sequence[Message], ReasoningRule], Iterator[Violation]], ...] = (
    pairs,
    order,
    protected,
    reasoning,
    identity,
    shrinks,
)
