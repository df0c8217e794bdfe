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
from functools import partial
from typing import Any, Protocol

from compactor.compaction import ARCHIVE, DIGEST, SUMMARISE, Applied, Compaction, Failure, Outcome, RequestContext
from compactor.digest.phases import between_phases
from compactor.digest.trusted import Trusted
from compactor.history import handles, reasoning, rules
from compactor.history.cache_points import move_cache_points
from compactor.history.changes import first_change
from compactor.history.demands import repairs_demanded
from compactor.history.handles import Deposit, Kept
from compactor.history.marks import shortened
from compactor.history.message import MARK, Message, message_of
from compactor.history.parse import Parsed, Repair
from compactor.history.report import holders
from compactor.history.summaries import released
from compactor.history.turns import History, Segment, history_of
from compactor.history.write import write
from compactor.policy import HistoryPolicy, Limits
from compactor.secrets.redact import redact
from compactor.strategies import STRATEGIES, Question, Room, Strategy
from compactor.strategies.bands import share_for
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
    limits = policy.limits(context.window, context.answer)
    recorded = source.messages
    before = context.estimate(source.tokens)
    aim = limits.goal if target is None else target
    least = aim + 1 if target is not None else limits.trigger
    start = _Outcome(source, context, limits, aim, before, recorded)
    if context.server_state is not None:
        aside = replace(start, before=context.read(recorded, source.tokens))
        if context.reads_from is None or aside.before < limits.hard:
            return aside.unchanged('stood_aside')
    headless = bool(recorded) and recorded[0].role == 'response'
    if before < least and not source.broken and not headless:
        return start.unchanged('below')
    if before < least and not (context.mended or repairs_demanded(context.provider)):
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
    waits = policy.phases and target is None and before < limits.warning and not context.cold
    if waits and not between_phases(parsed.history):
        return start.unchanged('held_back')
    free = context.base_for(aim, parsed.history.tokens) - _reserve(parsed.history, context)
    room = _room(policy, context, free, rule)
    return (yield from _compact(start, parsed.history, policy, room, rule))


def _room(policy: HistoryPolicy, context: RequestContext, tokens: int, rule: reasoning.ReasoningRule) -> Room:
    units = context.counter.in_units()
    return Room(
        tokens=tokens,
        max_exchanges=policy.max_exchanges if policy.exchange_unit == 'prompt' else None,
        count=units.base,
        fit=units.fit,
        fit_end=units.fit_end,
        protect_tools=policy.protect_tools,
        may_clamp_prompts=policy.clamp_prompts,
        frame=context.frame,
        reminders=policy.latest_reminders,
        max_steps=policy.max_exchanges if policy.exchange_unit == 'request' else None,
        secrets=context.secrets,
        trusted=Trusted(policy.instruction_files, policy.instruction_tools, policy.workspace, policy.question_tools),
        band=share_for(tokens) if policy.band is None else policy.band,
        rule=rule,
    )


def _reserve(history: History, context: RequestContext) -> int:
    """Room kept free for the archive's line, and for a mark to hold it where none stands."""
    if not context.archive:
        return 0
    marked = any(part.kind is MARK for part in handles.bare(history, len).rare)
    return handles.LINE_TOKENS + (0 if marked else handles.NOTE_TOKENS + context.frame)


PASSES = 4
"""Times that the strategies are applied in order, where the history is still too large and the last time helped."""


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
    history = released(handles.bare(history, room.count), room, sealed=start.context.reads_from is not None)
    for turn in range(PASSES):
        done = len(applied)
        for name, strategy in _strategies(
            policy, start.context if turn == 0 else replace(start.context, summarising=None)
        ):
            if name == DIGEST and any(one.strategy == SUMMARISE for one in applied):
                continue
            try:
                changed = yield from _ask(strategy, history, room)
                if changed.tokens >= history.tokens:
                    continue  # nothing to do, or a mark would cost more than what it stands for
                changed = move_cache_points(start.mended, _settled(start, changed, room, rule))
                written = write(changed.segments)
                broken = rules.check(start.mended, written, rule)
            except Exception as error:  # noqa: BLE001 - a strategy that fails leaves the request as it was
                failures.append(Failure(name, _told(error, room)))
                continue
            if broken:
                failures.append(Failure(name, f'broke the law of {broken[0].law}: {broken[0].detail}'))
                continue
            now = start.context.estimate(sum(message.tokens for message in written))
            applied.append(Applied(name, size, now))
            history, messages, size = history_of(changed.exchanges), written, now
        if history.tokens <= room.tokens or len(applied) == done or failures:
            break  # else what one strategy did may give another something to do, as the next compaction would find
    if not applied or not start.context.archive:
        return start.compacted(messages, tuple(applied), tuple(failures))
    try:
        by = tuple(dict.fromkeys(one.strategy for one in applied))
        archived = yield from _archived(start, whole, history, room, rule, by)
    except Exception as error:  # noqa: BLE001 - an archive that fails costs the handle, not the request
        failures.append(Failure(ARCHIVE, _told(error, room)))
        archived = messages
    if archived is None:
        return start.compacted(start.mended, (), tuple(failures))
    return start.compacted(archived, tuple(applied), tuple(failures))


def _settled(start: _Outcome, after: History, room: Room, rule: reasoning.ReasoningRule) -> History:
    """The history without the thinking that the rewrite has made stale.

    Where signatures bind what precedes them, that is all behind the mark for the archive's line, which is still to
    come: what then says nothing any more, the strategies are to find now.
    """
    if not (start.context.archive and rule.binds) or any(part.kind is MARK for part in after.parts):
        return reasoning.settle(start.mended, after, rule)
    note = message_of('request', (handles.marked(shortened(), room),))
    noted = history_of(placed(after.exchanges, Segment(note, note.parts)))
    return handles.bare(reasoning.settle(start.mended, noted, rule), room.count)


def _told(error: Exception, room: Room) -> str:
    """An exception in a report; its message may quote what the strategy or the archive was given."""
    said = f'{type(error).__name__}: {error}'
    return said if room.secrets is None else redact(said, room.secrets)


def _strategies(policy: HistoryPolicy, context: RequestContext) -> Iterator[tuple[str, Strategy]]:
    """What to apply, in order; a digest is first tried with a summary, where there is someone to write it."""
    summarising = context.summarising
    for name in policy.strategies:
        if name in (DIGEST, SUMMARISE):
            if summarising is not None:
                yield SUMMARISE, summarising
                summarising = None  # asked for once
            name = DIGEST
        yield name, STRATEGIES[name](policy.keep_steps)


def _archived(
    start: _Outcome, before: History, after: History, room: Room, rule: reasoning.ReasoningRule, by: tuple[str, ...]
) -> Generator[Deposit, Kept, Sequence[Message] | None]:
    """The compacted messages with the archive's handle in their mark; None if that costs more than was freed.

    What the line costs at most decides that: digits take a few tokens more or less, and are others the next time.
    """
    context = start.context
    if not any(part.kind is MARK for part in after.rare):
        note = message_of('request', (handles.marked(shortened(), room),))
        after = history_of(placed(after.exchanges, Segment(note, note.parts)))
    left, parent = handles.standing(before.rare)
    follows = handles.standing(after.rare)[0].steps + 1
    text = handles.line(handles.UNKNOWN, follows, context.recall)
    lined = handles.with_handle(after, text, room.count)
    draft = write(move_cache_points(start.mended, reasoning.settle(start.mended, lined, rule)).segments)
    spare = max(0, handles.LINE_TOKENS - room.count('\n' + text))
    if sum(message.tokens for message in draft) + spare >= sum(message.tokens for message in start.mended):
        return None
    kept = yield Deposit(start.source.messages, draft, before, left.steps, parent, by)
    messages = handles.named(draft, handles.line(kept, follows, context.recall), room.count)
    broken = rules.check(start.mended, messages, rule)
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


Asked = Question | Deposit | Compaction[Message]
"""What a stretch of `fit` ends with."""
Stretch = Callable[[Callable[[], Asked]], Awaitable[Asked]]


async def at_once(work: Callable[[], Asked]) -> Asked:
    """Does the work here."""
    return work()


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
    stretch: Stretch = at_once,
) -> Compaction[Message]:
    """Runs `fit` with a model, or with an archive that has to be waited for.

    Args:
        steps: what `fit` returned.
        answer: asks the model; what it raises is reported as a `Failure` of the strategy that asked.
        keep: see `drive`; what it returns is awaited where it must be.
        stretch: carries out the work between two questions; by default here and now.
    """
    resume: Callable[[], Question | Deposit] = partial(next, steps)
    while True:
        asked = await stretch(partial(_until_asked, resume))
        if isinstance(asked, Compaction):
            return asked
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
            resume = partial(steps.throw, error)
        else:
            resume = partial(steps.send, reply)


def _until_asked(resume: Callable[[], Question | Deposit]) -> Asked:
    try:
        return resume()
    except StopIteration as end:
        result: Compaction[Message] = end.value
        return result
