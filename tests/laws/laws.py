"""The laws of docs/laws.md as the tests hold them: over the framework's own messages, without the library's checker.

A law is a function from a `Run` to the faults it finds; `LAWS` lists them. Nothing here imports `history.rules`,
so that the checker used at run time is itself under test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, takewhile
from typing import Any, TypeVar

from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse

from compactor import Compaction, Policy, compact, counter_for
from compactor.adapters.pydantic_ai.messages.format import FORMAT
from compactor.adapters.pydantic_ai.models import identify
from compactor.compaction import RequestContext, written
from compactor.history.format import Format
from compactor.history.reasoning import rule_for
from compactor.offline import tracked
from compactor.pipeline import drive, fit
from compactor.run.keys import process_key
from compactor.tokens.counter import counter_for as text_counter_for
from compactor.tokens.windows import context_window

M = TypeVar('M')

MODELS = (
    None,
    'openai:gpt-5.2',
    'anthropic:claude-sonnet-4-5',
    'anthropic:claude-opus-4-7',
    'anthropic:claude-opus-5',
    'google:gemini-3-pro',
    'bedrock:us.anthropic.claude-sonnet-4-5-20250929-v1:0',
    'bedrock:us.anthropic.claude-opus-5',
    'google-vertex:claude-opus-5',
    'cerebras:zai-glm-4.7',
)
"""At least one model under each row of `reasoning.RULES`, and models under none."""

STATEFUL = ('tool-search', 'capability-load')
"""`tool_kind` of calls that the framework reads back from the history."""


@dataclass(frozen=True, slots=True)
class Case:
    """How a history is compacted: by `compact`, or by `fit` as the request hook drives it (`sending`)."""

    policy: Policy
    target: int | None
    model: str | None
    sending: bool

    def __call__(self, messages: Sequence[ModelMessage]) -> Compaction[ModelMessage]:
        """The compaction of these messages."""
        if self.sending:
            return before_a_request(self, FORMAT, messages)
        return compact(messages, self.policy, target_tokens=self.target, model=self.model)


def before_a_request(case: Case, form: Format[M], messages: Sequence[M]) -> Compaction[M]:
    """The compaction of messages of any format as the hook of a running agent drives it."""
    name, counter = identify(case.model), text_counter_for(identify(case.model).full)
    context = RequestContext(
        counter=counter,
        overhead=counter.count(form.instructions(messages)),
        window=context_window(name.full, {}),
        provider=name.provider,
        model=name.full,
        sending=True,
        frame=form.frame,
    )
    seal = form.seal(messages, process_key().key)
    steps = fit(tracked(form, messages, counter, seal), case.policy.history, context, target=case.target)
    return written(drive(steps), messages, lambda views: form.write(views, seal))


@dataclass(frozen=True, slots=True)
class Run:
    """One compaction, with how the history looked before it was touched."""

    case: Case
    before: Sequence[ModelMessage]
    looked: str
    result: Compaction[ModelMessage]

    @property
    def after(self) -> Sequence[ModelMessage]:
        """The history to send."""
        return self.result.messages

    @property
    def whole(self) -> bool:
        """Whether the history came without defects."""
        return not self.result.repairs

    @property
    def tried(self) -> bool:
        """Whether strategies were applied, or tried."""
        return self.result.outcome in ('compacted', 'incompressible')


def run(case: Case, messages: Sequence[ModelMessage]) -> Run:
    """One compaction of these messages."""
    looked = repr(messages)
    return Run(case, list(messages), looked, case(messages))


# -- reading the framework's messages ------------------------------------------------------------------------


def parts_of(messages: Sequence[ModelMessage]) -> list[Any]:
    """Every part, in order."""
    return [part for message in messages for part in message.parts]


def is_result(part: Any) -> bool:
    """Whether a request part answers a call: a return, or a retry prompt that names its tool."""
    return part.part_kind == 'tool-return' or (part.part_kind == 'retry-prompt' and part.tool_name is not None)


def is_call(part: Any) -> bool:
    """Whether a response part wants an answer from the client."""
    return bool(part.part_kind == 'tool-call')


def text_of(part: Any) -> str:
    """The words of a user part."""
    content = part.content
    items = [content] if isinstance(content, str) else content
    items = [item for item in items if getattr(item, 'kind', '') != 'cache-point']
    return '\n'.join(item if isinstance(item, str) else str(getattr(item, 'content', '')) for item in items)


def is_note(part: Any) -> bool:
    """Whether a user part is a note of ours."""
    return part.part_kind == 'user-prompt' and text_of(part).startswith('[compactor ')


def words(message: ModelMessage) -> list[Any]:
    """The user parts of a message that a person or a tool wrote."""
    return [part for part in message.parts if part.part_kind == 'user-prompt' and not is_note(part)]


def is_stateful(part: Any) -> bool:
    """Whether the framework reads this call or result back from the history."""
    return getattr(part, 'tool_kind', None) in STATEFUL


def is_bookkeeping(part: Any) -> bool:
    """Whether a request part is the framework's own record, or of a kind nobody here knows."""
    known = ('system-prompt', 'user-prompt', 'speech', 'tool-return', 'retry-prompt', 'retry-feedback', 'compaction')
    return part.part_kind not in known


def is_superseded(part: Any, later: Sequence[Any]) -> bool:
    """Whether later parts say all that a part of the framework's record says."""

    def of(kind: str) -> list[Any]:
        return [p for p in later if p.part_kind == kind]

    match part.part_kind:
        case 'system-prompt':
            return any(p.content == part.content for p in of('system-prompt'))
        case 'tool-availability-delta':
            return set(part.tools_added) <= {name for p in of(part.part_kind) for name in p.tools_added}
        case 'capability-load-delta':
            return set(part.loaded) <= {name for p in of(part.part_kind) for name in p.loaded}
        case 'model-settings-delta':
            same = [p for p in of(part.part_kind) if p.top_level or not part.top_level]
            return set(part.settings) <= {name for p in same for name in p.settings}
        case 'instruction-delta':
            return bool(of('instruction-baseline')) or any(p.id == part.id for p in of(part.part_kind))
        case 'instruction-baseline':
            return bool(of(part.part_kind))
    return False


def instructions(messages: Sequence[ModelMessage]) -> str:
    """What a run would send beside the messages."""
    last = next((m for m in reversed(messages) if isinstance(m, ModelRequest)), None)
    return last.instructions or '' if last else ''


def points(messages: Sequence[ModelMessage]) -> int:
    """How many prompt-cache markers the user parts hold."""
    contents = [p.content for p in parts_of(messages) if p.part_kind == 'user-prompt']
    return sum(getattr(i, 'kind', '') == 'cache-point' for c in contents if not isinstance(c, str) for i in c)


# -- the laws ------------------------------------------------------------------------------------------------


def pairs(run: Run) -> Iterator[str]:
    """Every call is answered once in the requests right behind it, results first; no result stands alone."""
    after = run.after
    starts = [i for i, m in enumerate(after) if isinstance(m, ModelResponse)] + [len(after)]
    first = parts_of(after[: starts[0]])
    if any(map(is_result, first)):
        yield 'a result before the first response'
    for at, end in pairwise(starts):
        asked = Counter(p.tool_call_id for p in parts_of(after[at : at + 1]) if is_call(p))
        follows = parts_of(after[at + 1 : end])
        answered = Counter(p.tool_call_id for p in follows if is_result(p))
        kinds = [is_result(part) for part in follows]
        if kinds != sorted(kinds, reverse=True):
            yield f'response {at}: a result behind other content'
        if answered - asked:
            yield f'response {at}: results for no call: {sorted((answered - asked).elements())}'
        # The last calls of a history may still be answered: where nothing follows them, or between runs.
        open_end = end == len(after) and (not follows or not run.case.sending)
        if asked - answered and not open_end:
            yield f'response {at}: calls without a result: {sorted((asked - answered).elements())}'
    yield from _native_pairs(run)


def _native_pairs(run: Run) -> Iterator[str]:
    def halves(messages: Sequence[ModelMessage]) -> tuple[Counter[str], Counter[str]]:
        found = parts_of(messages)
        return tuple(  # type: ignore[return-value]
            Counter(p.tool_call_id for p in found if p.part_kind == f'builtin-tool-{half}')
            for half in ('call', 'return')
        )

    for call_id, count in (halves(run.after)[0] - halves(run.after)[1]).items():
        if count > (halves(run.before)[0] - halves(run.before)[1])[call_id]:
            yield f'native call {call_id} lost its result'
    for call_id, count in (halves(run.after)[1] - halves(run.after)[0]).items():
        if count > (halves(run.before)[1] - halves(run.before)[0])[call_id]:
            yield f'native result {call_id} lost its call'


def order(run: Run) -> Iterator[str]:
    """Starts with user content, ends with the last request and its words, no empty message, responses alone."""
    before, after = run.before, run.after
    if not after:
        if any(not is_result(part) and str(getattr(part, 'content', '-')).strip() for part in parts_of(before)):
            yield 'nothing is left'
        return
    if not isinstance(after[0], ModelRequest):
        yield 'starts with a response'
    first = next((i for i, m in enumerate(after) if isinstance(m, ModelResponse)), len(after))
    said = ('user-prompt', 'speech', 'retry-prompt', 'retry-feedback', 'compaction')
    opened = parts_of(before[: next((i for i, m in enumerate(before) if isinstance(m, ModelResponse)), len(before))])
    speaks = any(part.part_kind in said for part in parts_of(after[:first]))
    if not speaks and any(p.part_kind in said and not is_result(p) for p in opened):
        yield 'no user content before the first response'
    for i, message in enumerate(after):
        if not message.parts and not (i in (0, len(after) - 1) and any(m is message for m in before)):
            yield f'{i} is empty'
        if i and isinstance(message, ModelResponse) and isinstance(after[i - 1], ModelResponse):
            yield f'{i - 1} and {i} are both responses'
    if not isinstance(before[-1], ModelRequest):
        if run.whole and not isinstance(after[-1], ModelResponse):
            yield 'ends with a request although it ended with a response'
    elif words(before[-1]) or run.whole:
        if not isinstance(after[-1], ModelRequest):
            yield 'ends with a response although it ended with a request'
        elif after[-1].instructions != before[-1].instructions:
            yield 'the instructions of the last request changed'
        elif [text_of(p) for p in words(before[-1])] != [text_of(p) for p in words(after[-1])]:
            yield 'the words of the last request changed'


def protected(run: Run) -> Iterator[str]:
    """System prompts, bookkeeping, the goal, the current prompt and stateful exchanges survive as they are.

    Of bookkeeping the latest survives: what a later part supersedes may go.
    """
    kept = {id(part) for part in parts_of(run.after)}
    for i, message in enumerate(run.before):
        parts: Sequence[Any] = message.parts
        for j, part in enumerate(parts):
            if isinstance(message, ModelRequest) and (part.part_kind == 'system-prompt' or is_bookkeeping(part)):
                later = [*parts[j + 1 :], *parts_of(run.before[i + 1 :])]
                if id(part) not in kept and not is_superseded(part, later):
                    yield f'lost {part.part_kind}'
            elif is_stateful(part) and id(part) not in kept and (run.whole or is_call(part)):
                yield f'lost {part.part_kind} of {part.tool_name}'
    if run.whole:
        said = Counter(text_of(part) for part in parts_of(run.after) if part.part_kind == 'user-prompt')
        clamped = run.case.policy.history.clamp_prompts
        opened = takewhile(lambda message: isinstance(message, ModelRequest), run.before)
        goal = Counter(text_of(part) for message in opened for part in words(message))
        if goal - said and not clamped:
            yield 'lost the goal'
    if points(run.after) > points(run.before):
        yield 'cache points multiplied'


def reasoning(run: Run) -> Iterator[str]:
    """Signed thinking of the current turn stays with its calls, and nothing refers to any that is gone.

    Where it binds what precedes it, none stands behind a change. Thinking that its provider keeps under an id may go,
    with the ids of all that was said with it.
    """
    name = identify(run.case.model)
    rule = rule_for(name.provider, name.full)
    kept, recorded = ({id(part) for part in parts_of(messages)} for messages in (run.after, run.before))
    calls = {id(p): p for p in parts_of(run.before) if is_call(p)}
    signed = [p for p in parts_of(run.before) if p.part_kind == 'thinking' and (p.signature or p.id)]
    for part in parts_of(run.after):
        if part.part_kind == 'thinking' and (part.signature or part.id) and not any(part is p for p in signed):
            yield 'signed thinking was rewritten'
        if is_call(part) and id(part) not in calls and part.provider_details:
            yield 'a signed call was rewritten'
        if part.part_kind in ('text', 'tool-call') and part.id and id(part) not in recorded:
            yield 'what was rewritten kept its id'
    if rule.binds:
        if run.result.changed and run.whole:
            same = _unchanged_parts(run)
            if any(p.part_kind == 'thinking' and (p.signature or p.id) for p in parts_of(run.after)[same:]):
                yield 'bound thinking behind a change'
        return
    turn, gone = set(map(id, _current_turn(run.before))), set(map(id, signed)) - kept
    for message in run.before:
        if gone.isdisjoint(map(id, message.parts)):
            continue
        stays = [part for part in message.parts if id(part) in kept and part.part_kind != 'thinking']
        lost = [part for part in message.parts if part.part_kind == 'thinking' and id(part) in gone]
        if id(message) in turn and any(map(is_call, stays)) and not all(part.id for part in lost):
            yield 'a response kept its calls and lost its thinking'
        if any(getattr(part, 'id', None) for part in stays):
            yield 'a part refers to thinking that is gone'


def _current_turn(messages: Sequence[ModelMessage]) -> list[ModelMessage]:
    """The responses behind the last prompt, results beside a prompt aside: they are answers still."""
    turn: list[ModelMessage] = []
    for i, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            turn.append(message)
        elif words(message) and not any(map(is_result, parts_of(messages[max(0, i - 1) : i + 1]))):
            turn.clear()
    return turn


def _unchanged_parts(run: Run) -> int:
    pair = zip(parts_of(run.before), parts_of(run.after), strict=False)
    return next((i for i, (was, now) in enumerate(pair) if was is not now), len(parts_of(run.after)))


def budget(run: Run) -> Iterator[str]:
    """What is reported is what a fresh count finds; it is within the target, or the parts that hold it are named."""
    result, counter = run.result, counter_for(run.case.model)
    fresh = counter.count_messages(run.after) + counter.count(instructions(run.before))
    if result.tokens_after != fresh:
        yield f'reports {result.tokens_after} tokens, a fresh count finds {fresh}'
    limit = result.target if run.tried else result.limits.hard - 1
    if result.fits != (result.tokens_after <= limit):
        yield f'fits is {result.fits} at {result.tokens_after} of {limit}'
    if bool(result.incompressible) == result.fits and parts_of(run.after):
        yield f'fits is {result.fits}, named are {result.incompressible}'


def identity(run: Run) -> Iterator[str]:
    """A message whose parts are all there is the same object, and what was handed in is as it was."""
    if repr(run.before) != run.looked:
        yield 'the input was changed'
    found = Counter(id(part) for part in parts_of(run.before))
    recorded = {tuple(map(id, m.parts)): m for m in run.before if m.parts and found[id(m.parts[0])] == 1}
    objects = {id(m) for m in run.before}
    for i, message in enumerate(run.after):
        was = recorded.get(tuple(map(id, message.parts)))
        if was is not None and id(message) not in objects:
            yield f'{i} was rebuilt although none of its parts changed'
    unchanged = len(run.before) == len(run.after) and all(a is b for a, b in zip(run.before, run.after, strict=True))
    if run.result.changed == unchanged:
        yield f'changed is {run.result.changed}, the messages are {"the same" if unchanged else "others"}'


def idempotent(run: Run) -> Iterator[str]:
    """Compacting the result in the same way gives the same objects, also when it did not fit."""
    again = run.case(run.after)
    if len(again.messages) != len(run.after):
        yield f'again: {len(run.after)} messages became {len(again.messages)} ({again.applied}, {again.repairs})'
    elif any(a is not b for a, b in zip(again.messages, run.after, strict=True)):
        yield f'again: other objects ({again.applied}, {again.repairs})'
    elif again.changed:
        yield f'again: changed, although nothing differs ({again.applied}, {again.repairs})'


def shrinks(run: Run) -> Iterator[str]:
    """A compaction never grows the history; only repairs may."""
    result = run.result
    if run.whole and result.tokens_after > result.tokens_before:
        yield f'grew from {result.tokens_before} to {result.tokens_after}'
    for applied in result.applied:
        if applied.tokens_after > applied.tokens_before:
            yield f'{applied.strategy} grew from {applied.tokens_before} to {applied.tokens_after}'


def deterministic(run: Run) -> Iterator[str]:
    """The same history gives the same messages, to the letter, and the same account of them."""
    again = run.case(run.before)
    if repr(again.messages) != repr(run.after):
        yield 'other messages at the second time'
    if (again.tokens_after, again.applied, again.repairs) != (
        run.result.tokens_after,
        run.result.applied,
        run.result.repairs,
    ):
        yield 'another account at the second time'


def no_failures(run: Run) -> Iterator[str]:
    """No strategy raises, and none writes what the run-time checker refuses."""
    yield from (f'{failure.strategy}: {failure.reason}' for failure in run.result.failures)


def repairs(run: Run) -> Iterator[str]:
    """What a repair leaves is whole: read again, nothing is left to mend."""
    again = replace(run.case, target=None, policy=GENEROUS)(run.after)
    if again.repairs:
        yield f'mended again: {again.repairs}'
    if run.whole and run.result.outcome in ('below', 'paused', 'held_back') and run.result.changed:
        yield 'changed although there was nothing to do'


GENEROUS = Policy.load(
    environment={}, history={'max_input_tokens': 10**9, 'compaction_threshold': 0.5, 'hard_limit_threshold': 1}
)
"""A policy under which nothing has to be compacted."""

LAWS: dict[str, Callable[[Run], Iterator[str]]] = {
    law.__name__: law
    for law in (
        pairs,
        order,
        protected,
        reasoning,
        budget,
        identity,
        idempotent,
        shrinks,
        deterministic,
        no_failures,
        repairs,
    )
}


def faults(run: Run) -> list[str]:
    """Everything unlawful about a run."""
    return [f'{name}: {fault}' for name, law in LAWS.items() for fault in law(run)]
