"""The way of a request through a `Compactor`: followed, measured, brought within its budget, reported, or refused.

What to do with a history is decided by `pipeline.fit`; the effects around it are carried out here.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Literal, NamedTuple, cast

from compactor import errors
from compactor.archive.archive import Archive, blocks
from compactor.archive.restoring import handle_in
from compactor.capacity.overflow import TooLong
from compactor.compaction import DIGEST, SUMMARISE, Compaction, RequestContext, rewritten, written
from compactor.history.handles import Deposit, Kept
from compactor.history.message import Message
from compactor.history.seal import Key, Scope, Seal
from compactor.history.track import Tracker, frozen
from compactor.ledger.reacquired import summed
from compactor.outputs.own import OutputKind
from compactor.pipeline import Steps, at_once, drive, drive_async, fit
from compactor.policy import ASSUMED_WINDOW, Policy, share
from compactor.run.archiving import Archiving
from compactor.run.by_part import context_of
from compactor.run.circuit import Clock
from compactor.run.clock import monotonic, replayed
from compactor.run.context import request_context
from compactor.run.counted import Counted, read_lines, take_in
from compactor.run.cut import Cut, Running, sealed
from compactor.run.cuts import Cuts
from compactor.run.format import RunFormat
from compactor.run.keyring import Keyring
from compactor.run.last_sent import SentBefore
from compactor.run.learned import Learned
from compactor.run.model_name import ModelName
from compactor.run.outputs import Outputs
from compactor.run.overhead import overhead_units
from compactor.run.own_part import in_own_part
from compactor.run.reacquiring import Reacquiring
from compactor.run.reporting import Reporter
from compactor.run.run import Run
from compactor.run.slices import read_in_slices
from compactor.run.state import RunState
from compactor.run.summaries import Asking, Summariser
from compactor.run.weight import are_heavy
from compactor.run.within import enclosing
from compactor.run.worker import FEW, LIGHT, apart, leave
from compactor.strategies import Question, Summarise
from compactor.telemetry import events

log = logging.getLogger('compactor')

Mode = Literal['act', 'observe']
Records = Literal['nothing', 'compactions', 'everything']
"""How far a run's own record follows what is sent: not at all; where a compaction rewrites it; or, where a framework
records what it is handed, in everything."""
Keep = Callable[[Deposit], Kept | Awaitable[Kept]]
"""Archives a deposit."""

CHARACTERS = 3
"""Of a token, about and at least in most texts."""
FOCUS = 300
"""Characters of what a model asks to keep most of, at most."""
DIGESTS = frozenset((DIGEST, SUMMARISE))
"""Strategies that read lines ahead of a compaction."""
RECALL_FROM = 2_000
"""Tokens of a trigger from which on the tool `recall` is offered: its definition has about 210."""
SENT_AGAIN = 2
"""Times that a request is made smaller and sent again after its provider has refused it as too long."""
AHEAD = 0.8
"""Share of the trigger from which a summary may be written ahead."""


HOW_TO_SET = (
    'set history.max_input_tokens, or the window in tokens.windows by the name of the model; `compactor doctor MODEL`'
    ' says what is known of it'
)
"""What to do about a window that nobody knows."""
UNCOUNTED_OVER = 'tokens that only the provider counts'
"""Why a hard limit is not held."""
IN_THE_CLEAR = "archive.secrets = 'keep': what leaves histories is stored with its secrets, and nothing encrypts it"
"""What is logged of such a policy."""
NO_SUMMARY_HERE = "this run is carried out in a durable workflow, in which only the agent's own model can be asked"
"""Why a summariser is left out."""


class Processed(NamedTuple):
    """What becomes of one request's history: what is sent, and what is recorded instead; None leaves the record."""

    sent: list[Any]
    record: list[Any] | None


@dataclass(frozen=True, slots=True)
class Made:
    """What follows from a compaction for a request.

    Attributes:
        compaction: in the framework's messages.
        sent: what is sent.
        base: what the next request works on.
        record: what is recorded instead of what stands there; None leaves the record.
        handle: the archive's handle in what is sent.
        seal: by which notes of ours in `base` are known.
        is_cut: what is sent is a cut form of the record.
        cut: that form; None where it cannot be brought back.
        tracker: the tracker of `base`, where that is not what was followed.
    """

    compaction: Compaction[Any]
    sent: list[Any]
    base: list[Any]
    record: list[Any] | None
    handle: str | None
    seal: Seal
    is_cut: bool = False
    cut: Cut | None = None
    tracker: Tracker | None = None


class Requests:
    """Takes the requests of one `Compactor` through the pipeline; see there for what the arguments mean.

    Args:
        policy: every number.
        mode: whether to act or only to observe.
        archive: keeps what is taken out; None keeps nothing.
        summariser: writes summaries; None for digests without.
        format: the framework's messages.
        cuts: remembers what was sent.
        learned: what is known of models.
        reporter: hears of everything.
        clock: seconds, for the pauses of a failing archive.
        too_large: raised for a request that is over the hard limit and cannot shrink.
        reducers: kinds of output of the application's own.
        keys: the key of the notes in histories.
        tenant: whose the runs are.
        booked: requests are written down, with what they are made of.
    """

    def __init__(
        self,
        policy: Policy,
        mode: Mode,
        archive: Archive | None,
        summariser: Summariser | None,
        format: RunFormat,
        cuts: Cuts,
        learned: Learned,
        reporter: Reporter,
        clock: Clock,
        too_large: type[errors.RequestTooLarge] = errors.RequestTooLarge,
        reducers: Sequence[OutputKind] = (),
        tenant: str | None = None,
        *,
        keys: Keyring,
        booked: bool = False,
    ) -> None:
        self.policy = policy
        self._booked = booked
        self.keys = keys
        self._owner: Scope = ('tenant', tenant) if tenant else ()
        self.mode: Mode = mode
        self.summariser = summariser
        self.secrets = policy.outputs.patterns()
        if mode == 'act' and self.secrets is not None:
            self.secrets.read_tables()
        kept = policy.archive.redacts(self.secrets)
        if policy.archive.secrets == 'keep' and archive is not None and blocks(archive):
            log.warning('%s', IN_THE_CLEAR)
        self.archiving = Archiving(archive, format.dump, reporter.emit, clock, secrets=kept)
        self.outputs = Outputs(policy, mode == 'act', self.archiving, learned, reporter, format, reducers, tenant or '')
        self.cuts = cuts
        self._format = format
        self._learned = learned
        self._before = SentBefore()
        self._reacquiring = Reacquiring()
        self._reporter = reporter
        self._too_large = too_large

    async def process(self, run: Run, state: RunState, records: Records) -> Processed:
        """What to send for one request of a run, and what to record.

        Args:
            run: the request.
            state: what is known of the run.
            records: how far the run's own record follows what is sent.

        Raises:
            RequestTooLarge: it is over the hard limit, and nothing helps.
        """
        began = monotonic()
        messages, name = run.messages, run.name
        if (outer := enclosing()) is not None and self.outputs.tenant in ('', outer.tenant):
            outer.saw(self.archiving.of(run.conversation).archive)
        counter = self._learned.counter(name)
        counted = state.counted_in(counter)
        if state.handled is not None and state.handled[0] == run.step and _same(state.handled[1], messages):
            return Processed(messages, None)
        known = counted.started
        conversation = None if replayed() else run.conversation  # a workflow finds only what it brings along
        beside = overhead_units(run.instructions, run.tools, counted.tool_tokens, counter)
        if not counted.tracker.messages:
            counted.resume(self._before.find(conversation, name.full), beside, counter)
        key = await self.keys.key(run.id, name.full)
        state.seal = self._format.seal(messages, key, self._owner, run.conversation)
        state.record_seal = state.seal
        followed = messages if self.mode == 'observe' else await self._followed(run, state, counted)
        working = self.outputs.widened(state, await self.outputs.settled(run, state, followed))
        if working is not messages:
            state.seal = self._format.seal(working, key, self._owner, run.conversation)
        if replayed() and not known:
            reader = state.reader(self._learned.counter(name), state.beside, state.sealed)
            await read_in_slices(reader, working, self.secrets)
        await self._follow(name, counted, working)
        self._got_again(run, state, counted)
        self._reporter.foreign(run.id, name.full, counted.tracker.foreign, state.told_foreign)
        context = self._context(run, state, counted)
        self._told_of_usage(run, counted)
        if self.policy.history.max_input_tokens is None and self._learned.assumes(name):
            self._reporter.emit(events.WindowAssumed(run.id, name.full, ASSUMED_WINDOW, HOW_TO_SET))
        target = max(1, self.policy.history.limits(context.window, context.answer).goal) if state.asked else None
        focus, state.asked, state.focus = state.focus or None, False, ''
        heavy = self._is_heavy(counted, context, target)
        try:
            fitted = await self._fitted(run, state, counted, context, target, focus, heavy)
            tracker = counted.tracker if heavy else None
            make = partial(self._made, run, state, key, fitted, working, followed, records, tracker, counted.printed)
            printing = (working is not followed or not known) and records == 'nothing' and len(messages) > FEW
            made = await apart(make) if heavy or printing else make()
            if fitted.applied and state.gone is not None:
                take = partial(state.gone.take, counted.tracker.messages, fitted.view)
                await apart(take) if heavy else take()
        except asyncio.CancelledError:
            state.abandon()
            raise
        compaction, state.seal = made.compaction, made.seal
        self._reporter.report(run.id, counted, compaction, len(working), monotonic() - began)
        if self.mode == 'observe':
            counted.sent_as_is()
            self._before.keep(conversation, name.full, counted.last_sent(beside))
            state.handled = (run.step, messages)
            return Processed(messages, None)
        self._refuse_if_too_large(run.id, name, compaction)
        state.settle(compaction, made.handle if compaction.changed else None)
        record = made.record
        counted.settle(compaction, made.base, messages if record is None else record, made.tracker)
        if self._booked:
            state.context = context_of(state.by_part, counted, compaction, run.instructions, counter)
        if state.gone is not None:
            state.gone.seen = len(counted.tracker.messages)
        if made.is_cut:
            counted.cut = state.cut = made.cut
            if made.cut is not None:
                self.cuts.remember(run, made.cut)
            if compaction.applied and not known and followed is messages and self._format.was_answered(messages):
                self._reporter.emit(events.CutForgotten(run.id, name.full, compaction.tokens_before))
        if not DIGESTS.isdisjoint(self.policy.history.strategies):
            self._index_ahead(counted, compaction)
            self._write_ahead(run, counted, compaction)
        self._before.keep(conversation, name.full, counted.last_sent(beside))
        state.handled = (run.step, made.sent)
        return Processed(made.sent, record)

    async def _follow(self, name: ModelName, counted: Counted, working: list[Any]) -> None:
        """Takes in the history of a request, and what the last answer told of how its model counts."""
        calibration = await take_in(counted, working, self._learned.calibrations.get(name))
        self._learned.calibrate(name, calibration, vouched=counted.observed is not None)

    def _got_again(self, run: Run, state: RunState, counted: Counted) -> None:
        """Tells what of a history's new messages a compaction had taken, and has it written down with the request."""
        if state.gone is None:
            state.gone = self._reacquiring.of(None if replayed() else run.conversation, run.id)
        counter = self._learned.counter(run.name)
        for one, result in state.gone.again(counted.tracker.messages):
            booked = replace(one, tokens=counter.scale(result.tokens))
            state.reacquired[:] = summed([*state.reacquired, booked])
            told = (booked.tool, booked.way, booked.tokens)
            self._reporter.emit(events.Reacquired(run.id, run.name.full, *told))

    def _is_heavy(self, counted: Counted, context: RequestContext, target: int | None) -> bool:
        """Whether a history is about to be rewritten, or mended, that is too long for the event loop."""
        tracker = counted.tracker
        if len(tracker.messages) <= FEW and tracker.tokens * CHARACTERS <= LIGHT:
            return False
        over = context.estimate(tracker.tokens) >= self.policy.history.limits(context.window, context.answer).trigger
        return over or target is not None or tracker.broken

    def _made(
        self,
        run: Run,
        state: RunState,
        key: Key,
        fitted: Compaction[Message],
        working: list[Any],
        followed: list[Any],
        records: Records,
        tracker: Tracker | None,
        printed: Running | None,
    ) -> Made:
        """What follows from a compaction, before any of it is put into effect; with a tracker, the next one too."""
        messages = run.messages
        if records != 'nothing':
            fitted = in_own_part(fitted, run.id)
        seal = state.seal
        compaction = written(fitted, working, lambda views: self._format.write(views, seal))
        after = seal
        if compaction.changed:  # what is written has the seal of what it begins with
            after = self._format.seal(compaction.messages, key, self._owner, run.conversation)
        handle = handle_in(compaction.view) if compaction.changed else state.handle
        if self.mode == 'observe':
            return Made(compaction, messages, working, None, handle, after)
        sent = messages if working is messages and not compaction.changed else list(compaction.messages)
        base = sent if records == 'everything' else rewritten(compaction, working)
        record = base if records == 'everything' or (records == 'compactions' and compaction.applied) else None
        is_cut = record is None and bool(compaction.applied or working is not followed)
        if records == 'nothing' and printed is not None:
            printed.follow(messages)
        cut = self.cuts.of(messages, base, handle, printed or self.cuts.running()) if is_cut else None
        following = None
        if tracker is not None and base is not working:
            reader = state.reader(self._learned.counter(run.name), state.beside, lambda: after)
            following = tracker.followed(base, reader=reader)[0]
        return Made(compaction, sent, base, record, handle, after, is_cut, cut, following)

    def _told_of_usage(self, run: Run, counted: Counted) -> None:
        """Tells, once a run of each kind, of a figure that is not believed, and of tokens that cannot be counted."""
        finding, counted.finding = counted.finding, None
        if finding is None:
            return
        told: events.Event
        figures = (run.id, run.name.full, finding.figure.tokens, finding.counted)
        if finding.why:
            told = events.UsageDoubted(*figures, finding.why, finding.window)
        else:
            told = events.UncountedTokens(*figures)
        key = (type(told), finding.window)
        if key not in counted.told:
            counted.told.add(key)
            self._reporter.emit(told)

    async def _followed(self, run: Run, state: RunState, counted: Counted) -> list[Any]:
        """The history to work on: as it was cut before, in this run, by its record, or by the store."""
        working = counted.working(run.messages)
        if working is not None:
            return working
        if counted.printed is None:
            counted.printed = self.cuts.running()
        else:
            counted.printed.restart()
        if counted.cut is not None:
            again = self.cuts.applied(counted.cut, run.messages)
            if again is not None:
                return again
        found = await self.cuts.find(run, counted.printed, state.record_seal)
        if found is None:
            return run.messages
        counted.cut, working = found
        state.handle = counted.cut.handle
        return working

    async def answered(self, run: Run, state: RunState, response: Any) -> Any:
        """Notes with the answer to a request how its history was cut, so that the next run sends the same."""
        cut, state.cut = state.cut, None
        if cut is None:
            return response
        await self.cuts.keep(run, cut)
        return self._format.note(response, sealed(cut, state.record_seal))

    async def _fitted(
        self,
        run: Run,
        state: RunState,
        counted: Counted,
        context: RequestContext,
        target: int | None,
        focus: str | None,
        heavy: bool,
    ) -> Compaction[Message]:
        """The history of a run within its budget, with a summary where there is someone to write it."""
        keep = self.archiving.of(run.conversation).keeping(run.id, context.model, state.archived, heavy)
        summariser = None if replayed() else self.summariser
        if summariser is None or self.mode != 'act':
            if self.summariser is not None and self.mode == 'act':
                self._reporter.emit_once(events.SummaryFailed(run.id, self.summariser.name, NO_SUMMARY_HERE))
            return await self._driven(fit(counted.tracker, self.policy.history, context, target=target), keep, heavy)
        await summariser.look()
        asking = Asking(summariser, run.id, run.usage, prepared=counted.ahead if focus is None else None)
        context = replace(context, summarising=summariser.strategy(focus))
        steps = fit(counted.tracker, self.policy.history, context, target=target)
        compaction = await asking.compaction(steps, keep, apart if heavy else at_once)
        if compaction.applied:
            counted.drop_ahead()
        return compaction

    async def _driven(self, steps: Steps, keep: Keep | None, heavy: bool) -> Compaction[Message]:
        """The pipeline's result without a model; an archive that blocks is waited for, and so is heavy work."""
        if heavy or self.archiving.here.blocking:
            return await drive_async(steps, _nobody, keep, apart if heavy else at_once)
        return drive(steps, cast('Callable[[Deposit], Kept] | None', keep))

    def _index_ahead(self, counted: Counted, compaction: Compaction[Any]) -> None:
        """Has some lines read that a digest will need: beside the event loop, if there are many."""
        parts = counted.ahead_of(compaction)
        if sum(len(part.text) for part in parts) > LIGHT and not replayed():
            leave(partial(read_lines, parts, self.secrets))
        else:
            read_lines(parts, self.secrets)

    def _write_ahead(self, run: Run, counted: Counted, compaction: Compaction[Any]) -> None:
        """Starts the next compaction's summary in the background, if the policy says so and the trigger is near."""
        summariser, limits = self.summariser, compaction.limits
        if summariser is None or not self.policy.summary.ahead or replayed() or counted.ahead is not None:
            return
        if not run.tools.told:
            return  # where no request tells of its tools there are no hooks, and nobody says when the run ends
        if compaction.outcome != 'below' or compaction.tokens_after < share(limits.trigger, AHEAD):
            return
        context = replace(compaction.context, archive=False, summarising=summariser.strategy())
        steps = fit(frozen(counted.tracker), self.policy.history, context, target=max(1, limits.goal))
        asking = Asking(summariser, run.id, run.usage, ahead=True)
        stretch = apart if counted.tracker.tokens * CHARACTERS > LIGHT else at_once
        counted.ahead = asyncio.get_running_loop().create_task(asking.prepare(steps, stretch))

    def _context(self, run: Run, state: RunState, counted: Counted) -> RequestContext:
        return replace(
            request_context(
                self._learned,
                run.name,
                counted,
                run.instructions,
                run.tools,
                run.kept_by_provider,
                run.goes_on_from,
                self._format.frame,
            ),
            answer=run.max_tokens,
            mended=counted.cut is not None,
            retry_at=counted.retry_at,
            archive=self.archiving.ready and self.mode == 'act',
            recall=self.policy.archive.recall_tool
            and run.tools.more
            and not state.name_taken
            and self.affords_recall(run.name),
            secrets=self.secrets,
        )

    def affords_recall(self, name: ModelName) -> bool:
        """Whether a model's window has room for the definition of the tool `recall`, which all requests then carry."""
        return self.policy.history.limits(self._learned.window(name)).trigger >= RECALL_FROM

    def asked(self, run: Run, state: RunState, focus: str) -> str:
        """What becomes of a model's wish that its conversation be compacted: done at its next request, or why not.

        Args:
            run: the run.
            state: what is known of it.
            focus: what the model says it will still need most.
        """
        history = self.policy.history
        goal = max(1, history.limits(self._learned.window(run.name)).goal)
        refusal = ''
        if state.asked:
            refusal = 'It will be compacted before your next turn: you have asked for that already.'
        elif state.used <= goal:
            refusal = (
                f'Nothing to do: the conversation has about {state.used:,} tokens, and a compaction brings it to'
                f' {goal:,}. Ask again when it has grown.'
            )
        elif len(state.asked_at) >= history.compact_tool_limit:
            refusal = (
                f'Not done: {len(state.asked_at)} compactions in one run are the most that may be asked for. It is'
                ' compacted anyway when it must be.'
            )
        self._reporter.emit(events.CompactionAsked(run.id, run.name.full, state.used, goal, not refusal))
        if refusal:
            return refusal
        state.asked, state.focus = True, ' '.join(focus.split())[:FOCUS]
        state.asked_at.append(run.step)
        kept = f' Most room is given to: {state.focus}.' if state.focus and self.summariser is not None else ''
        sizes = f'from about {state.used:,} tokens to {goal:,}'
        return f'The conversation will be compacted before your next turn, {sizes}.{kept}'

    async def after_overflow(self, run: Run, state: RunState, refusal: TooLong) -> list[Any] | None:
        """A smaller history for a request that the provider refused as too long.

        It is sized by the window that the refusal names, else it is half of what was refused. None if there is none,
        and for the third refusal of a request.
        """
        if self.mode != 'act':
            return None
        if state.refused_at != run.step:
            state.refused_at, state.refusals, state.resent = run.step, 0, 0
        if state.refusals >= SENT_AGAIN:
            return None
        state.refusals += 1
        counted = state.counted_in(self._learned.counter(run.name))
        await take_in(counted, run.messages, None)
        context = self._context(run, state, counted)
        before = context.estimate(counted.tracker.tokens)
        refused = min(before, state.resent) if state.resent else before
        window = refusal.within(refused)
        self._learned.learn_window(run.name, window)
        goal = refused // 2
        if refusal.window is not None and state.refusals == 1:
            goal = min(goal, self.policy.history.limits(window).goal)
        target = max(1, goal)
        heavy = self._is_heavy(counted, context, target)
        keep = self.archiving.of(run.conversation).keeping(run.id, run.name.full, state.archived, heavy)
        steps = fit(counted.tracker, self.policy.history, context, target=target)
        try:
            fitted = await self._driven(steps, keep, heavy)
        except asyncio.CancelledError:
            if heavy:
                state.abandon()
            raise
        seal = state.seal
        make = partial(written, fitted, run.messages, lambda views: self._format.write(views, seal))
        compaction = await apart(make) if heavy else make()
        if not compaction.changed or compaction.tokens_after >= refused:
            return None
        self._before.keep(run.conversation, run.name.full, None)  # its answer is to something else
        state.resent = compaction.tokens_after
        state.handle = handle_in(compaction.view)
        self._reporter.emit(events.OverflowRetried(run.id, run.name.full, refused, compaction.tokens_after))
        return list(compaction.messages)

    def seal_of(self, messages: Sequence[Any], conversation: str | None) -> Seal:
        """The seal of a history, as far as the key is known without asking anybody."""
        return self._format.seal(messages, self.keys.known, self._owner, conversation)

    def _refuse_if_too_large(self, run_id: str | None, name: ModelName, compaction: Compaction[Any]) -> None:
        limit = compaction.limits.hard
        if compaction.outcome == 'stood_aside' or compaction.tokens_after < limit:
            return
        if compaction.tokens_after - compaction.context.uncounted < limit:
            # Only what a provider reports beyond our count is over it: whether that is too much, the provider knows.
            size, model = compaction.tokens_after, name.full
            self._reporter.emit_once(events.LimitNotHeld(run_id, model, size, limit, UNCOUNTED_OVER))
            return
        self._reporter.emit(events.RequestRefused(run_id, name.full, compaction.tokens_after, limit))
        held = [str(holder) for holder in compaction.incompressible]
        if compaction.context.overhead >= limit // 4:
            held.insert(0, f'instructions and tool definitions ({compaction.context.overhead:,} tokens)')
        raise self._too_large(compaction.tokens_after, limit, held)

    async def between_runs(
        self,
        messages: Sequence[Any],
        conversation: str | None,
        name: ModelName,
        start: Callable[[bool, Summarise | None, Seal], Steps],
        focus: str | None = None,
    ) -> Compaction[Any]:
        """A history compacted between runs, with the summariser.

        Args:
            messages: the history.
            conversation: the id of its conversation, if it has one.
            name: the model that will go on with it.
            start: the pipeline over it; told whether there is an archive, what takes the place of the digest, and the
                seal of the history.
            focus: what the summary shall give most room to.
        """
        began = monotonic()
        summariser = self.summariser if self.mode == 'act' else None
        heavy = are_heavy(messages)
        stretch = apart if heavy else at_once
        seal = self._format.seal(messages, await self.keys.key(None, name.full), self._owner, conversation)
        summarising = summariser.strategy(focus) if summariser is not None else None
        begin = partial(start, self.archiving.ready, summarising, seal)
        steps = await apart(begin) if heavy else begin()
        keep = self.archiving.of(conversation).keeping(None, name.full, heavy=heavy)
        if summariser is None:
            driven = self._driven(steps, keep, heavy)
        else:
            driven = Asking(summariser).compaction(steps, keep, stretch)
        compaction = written(await driven, messages, lambda views: self._format.write(views, seal))
        self._reporter.compacted(None, compaction, len(messages), monotonic() - began, request=False)
        return compaction


async def _nobody(question: Question) -> str:
    raise RuntimeError('no model is at hand to answer')


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return a is b or (len(a) == len(b) and all(x is y for x, y in zip(a, b, strict=True)))
