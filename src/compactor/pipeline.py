"""START HERE: the way of a history through the stations, as one pure generator with many drivers.

`fit` takes a history, a policy and a `RequestContext`, yields the questions of strategies that need a model, and
ends with a `Compaction`:

    measure ─► below the trigger? as it is ─► strategies in order ─► cache points, thinking ─► laws ─► re-count

Nothing here does I/O, reads a clock or changes what it is given. Archive, events and the refusal of what is over
the hard limit are effects of the drivers (`adapters`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from compactor.compaction import ARCHIVE, DIGEST, SUMMARISE, Applied, Compaction, Failure, Outcome, RequestContext
from compactor.history import handles, reasoning, rules
from compactor.history.cache_points import move_cache_points
from compactor.history.changes import first_change
from compactor.history.handles import Deposit, Kept
from compactor.history.marks import shortened
from compactor.history.message import MARK, Message, Part, message_of
from compactor.history.parse import Parsed, Repair
from compactor.history.report import holders
from compactor.history.turns import History, Segment, history_of
from compactor.history.write import write
from compactor.policy import HistoryPolicy, Limits
from compactor.strategies import STRATEGIES, Question, Room, Strategy
from compactor.strategies.window import placed

Steps = Generator[Question | Deposit, Any, Compaction[Message]]
"""`fit` on its way: it asks, the driver answers (see `fit`)."""


class Source(Protocol):
    """A history as it is read: `history.track.Tracker`, or anything that looks like it."""

    @property
    def messages(self) -> Sequence[Message]:
        """The recorded messages."""
        ...

    @property
    def tokens(self) -> int:
        """Their size in the units of the local tokenizer."""
        ...

    @property
    def broken(self) -> bool:
        """Whether they need mending."""
        ...

    def snapshot(self, sending: bool = True) -> Parsed:
        """The tree."""
        ...


def fit(source: Source, policy: HistoryPolicy, context: RequestContext, *, target: int | None = None) -> Steps:
    """Brings a history within its budget.

    Args:
        source: the history.
        policy: when to compact and how.
        context: the request it is for.
        target: compact to this size, whatever the policy's trigger and goal say.

    Yields: a `Question` for what a strategy wants from a model, answered with its text (see `Question`); where
    `context.archive` is set, a `Deposit` before anything leaves the history, answered with what was `Kept`. An
    exception thrown in instead of an answer is reported as a `Failure`.

    Returns (as the generator's value): a `Compaction` over neutral messages.
    """
    limits = policy.limits(context.window)
    recorded = source.messages
    before = context.estimate(source.tokens)
    aim = limits.goal if target is None else target
    least = aim + 1 if target is not None else limits.trigger
    start = _Outcome(source, context, limits, aim, before, recorded)
    if context.server_state is not None:
        return start.unchanged('stood_aside')
    headless = bool(recorded) and recorded[0].role == 'response'
    if before < least and not source.broken and not headless:
        return start.unchanged('below')
    parsed = source.snapshot(context.sending)
    rule = reasoning.rule_for(context.provider, context.model)
    if parsed.repairs:
        parsed = replace(parsed, history=reasoning.settle(recorded, parsed.history, rule))
        start = replace(start, mended=write(parsed.history.segments), repairs=parsed.repairs)
        before = context.estimate(sum(message.tokens for message in start.mended))
    if before < least:
        return start.unchanged('below')
    if context.retry_at is not None and before < min(context.retry_at, limits.hard) and target is None:
        return start.unchanged('paused')
    if rule.binds and target is None and before < limits.hard and reasoning.has_thinking(parsed.history):
        return start.unchanged('held_back')
    room = _room(policy, context, context.base_for(aim, parsed.history.tokens) - _reserve(parsed.history, context))
    return (yield from _compact(start, parsed.history, policy, room, rule))


def _room(policy: HistoryPolicy, context: RequestContext, tokens: int) -> Room:
    units = context.counter.in_units()
    return Room(
        tokens=tokens,
        max_exchanges=policy.max_exchanges,
        count=units.base,
        fit=units.fit,
        fit_end=units.fit_end,
        protect_tools=policy.protect_tools,
        may_clamp_prompts=policy.clamp_prompts,
    )


def _reserve(history: History, context: RequestContext) -> int:
    """Room kept free for the archive's line, and for a mark to hold it where none stands."""
    if not context.archive:
        return 0
    marked = any(part.kind is MARK for part in handles.bare(history, len).parts)
    return handles.LINE_TOKENS + (0 if marked else handles.NOTE_TOKENS)


def _compact(
    start: _Outcome, history: History, policy: HistoryPolicy, room: Room, rule: reasoning.ReasoningRule
) -> Steps:
    """Applies the policy's strategies in order; each result must be lawful or the strategy is left out.

    A handle that stood in the history goes with any change: what is taken out now would not be found there.
    """
    whole = history
    messages: Sequence[Message] = start.mended
    applied: list[Applied] = []
    failures: list[Failure] = []
    size = start.context.estimate(history.tokens)
    history = handles.bare(history, room.count)
    for name, strategy in _strategies(policy, start.context):
        if name == DIGEST and applied and applied[-1].strategy == SUMMARISE:
            continue
        try:
            changed = yield from _ask(strategy, history, room)
            if changed.tokens >= history.tokens:
                continue  # nothing to do, or a mark would cost more than what it stands for
            changed = move_cache_points(start.mended, reasoning.settle(start.mended, changed, rule))
            written = write(changed.segments)
            broken = rules.check(start.mended, written, rule)
        except Exception as error:  # noqa: BLE001 - a strategy that fails leaves the request as it was
            failures.append(Failure(name, f'{type(error).__name__}: {error}'))
            continue
        if broken:
            failures.append(Failure(name, f'broke the law of {broken[0].law}: {broken[0].detail}'))
            continue
        now = start.context.estimate(sum(message.tokens for message in written))
        applied.append(Applied(name, size, now))
        history, messages, size = history_of(changed.exchanges), written, now
    if not applied or not start.context.archive:
        return start.compacted(messages, tuple(applied), tuple(failures))
    try:
        archived = yield from _archived(start, whole, history, room, rule)
    except Exception as error:  # noqa: BLE001 - an archive that fails costs the handle, not the request
        failures.append(Failure(ARCHIVE, f'{type(error).__name__}: {error}'))
        archived = messages
    if archived is None:
        return start.compacted(start.mended, (), tuple(failures))
    return start.compacted(archived, tuple(applied), tuple(failures))


def _strategies(policy: HistoryPolicy, context: RequestContext) -> Iterator[tuple[str, Strategy]]:
    """What to apply, in order; a digest is first tried with a summary, where there is someone to write it."""
    for name in policy.strategies:
        if name == DIGEST and context.summarising is not None:
            yield SUMMARISE, context.summarising
        yield name, STRATEGIES[name](policy.keep_steps)


def _archived(
    start: _Outcome, before: History, after: History, room: Room, rule: reasoning.ReasoningRule
) -> Generator[Deposit, Kept, Sequence[Message] | None]:
    """The compacted messages with the archive's handle in their mark; None if that costs more than was freed."""
    context = start.context
    if not any(part.kind is MARK for part in after.parts):
        text = shortened()
        note = message_of('request', (Part(MARK, None, room.count(text), text),))
        after = history_of(placed(after.exchanges, Segment(note, note.parts)))
    left, parent = handles.standing(before.parts)
    follows = handles.standing(after.parts)[0].steps + 1
    text = handles.line(handles.UNKNOWN, follows, context.recall)
    lined = handles.with_handle(after, text, room.count)
    draft = write(move_cache_points(start.mended, reasoning.settle(start.mended, lined, rule)).segments)
    kept = yield Deposit(start.source.messages, draft, before, left.steps, parent)
    messages = handles.named(draft, handles.line(kept, follows, context.recall), room.count)
    broken = rules.check(start.mended, messages, rule)
    if sum(message.tokens for message in messages) >= sum(message.tokens for message in start.mended):
        return None
    if broken:
        raise ValueError(f'its mark broke the law of {broken[0].law}: {broken[0].detail}')
    return messages


def _ask(strategy: Strategy, history: History, room: Room) -> Generator[Question, Any, History]:
    """Runs a strategy; one that is a generator hands its questions to the driver."""
    result = strategy.apply(history, room)
    return (yield from result) if isinstance(result, Generator) else result


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What is known before the strategies, and how results are made from it."""

    source: Source
    context: RequestContext
    limits: Limits
    aim: int
    before: int
    mended: Sequence[Message]
    repairs: tuple[Repair, ...] = ()

    def unchanged(self, outcome: Outcome) -> Compaction[Message]:
        """No strategy was applied; repairs may have been made."""
        size = self.context.estimate(sum(m.tokens for m in self.mended)) if self.repairs else self.before
        return self._result(outcome, self.mended, size, size < self.limits.hard, (), ())

    def compacted(
        self, messages: Sequence[Message], applied: tuple[Applied, ...], failures: tuple[Failure, ...]
    ) -> Compaction[Message]:
        """Strategies were applied, or tried."""
        size = self.context.estimate(sum(message.tokens for message in messages))
        outcome: Outcome = 'compacted' if applied else 'incompressible'
        return self._result(outcome, messages, size, size <= self.aim, applied, failures)

    def _result(
        self,
        outcome: Outcome,
        messages: Sequence[Message],
        size: int,
        fits: bool,
        applied: tuple[Applied, ...],
        failures: tuple[Failure, ...],
    ) -> Compaction[Message]:
        return Compaction(
            messages=messages,
            changed=bool(applied or self.repairs),
            tokens_before=self.before,
            tokens_after=size,
            target=self.aim,
            fits=fits,
            incompressible=() if fits else holders(messages, self.context.counter.scale, 5),
            repairs=self.repairs,
            applied=applied,
            failures=failures,
            outcome=outcome,
            limits=self.limits,
            kept_prefix=first_change(self.source.messages, messages) if applied or self.repairs else len(messages),
            context=self.context,
            before=self.mended,
            view=messages,
        )


def drive(steps: Steps, keep: Callable[[Deposit], Kept] | None = None) -> Compaction[Message]:
    """Runs `fit` without a model: a strategy that asks one is skipped as failed.

    Args:
        steps: what `fit` returned.
        keep: archives a deposit; needed where `RequestContext.archive` is set. What it raises is reported as a
            `Failure` of the archive.
    """
    try:
        asked = next(steps)
        while True:
            try:
                if not isinstance(asked, Deposit) or keep is None:
                    raise RuntimeError('no model is at hand to answer, and no archive to keep')
                kept = keep(asked)
            except Exception as error:  # noqa: BLE001 - `fit` decides what to do without an answer
                asked = steps.throw(error)
            else:
                asked = steps.send(kept)
    except StopIteration as end:
        result: Compaction[Message] = end.value
        return result


async def drive_async(
    steps: Steps,
    answer: Callable[[Question], Awaitable[str | Sequence[str]]],
    keep: Callable[[Deposit], Kept | Awaitable[Kept]] | None = None,
) -> Compaction[Message]:
    """Runs `fit` with a model, or with an archive that has to be waited for.

    Args:
        steps: what `fit` returned.
        answer: asks the model; what it raises is reported as a `Failure` of the strategy that asked.
        keep: see `drive`; what it returns is awaited where it must be.
    """
    try:
        asked = next(steps)
        while True:
            try:
                if isinstance(asked, Deposit):
                    if keep is None:
                        raise RuntimeError('no archive is at hand to keep')
                    reply: Any = keep(asked)
                    if isinstance(reply, Awaitable):
                        reply = await reply
                else:
                    reply = await answer(asked)
            except Exception as error:  # noqa: BLE001 - `fit` decides what to do without an answer
                asked = steps.throw(error)
            else:
                asked = steps.send(reply)
    except StopIteration as end:
        result: Compaction[Message] = end.value
        return result
