"""One request on its way through a chain of models: who is asked, what is waited for, when it is over.

A model that pauses or has no room is passed over before anything is sent; after a refusal the next one is asked at
once. Only where no model of the chain can be asked does the request wait.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai.exceptions import ModelAPIError
from pydantic_ai.messages import ModelMessage
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from compactor import errors
from compactor.adapters.pydantic_ai.capacity import Admission, Capacity, taken_of
from compactor.adapters.pydantic_ai.fitting import Fitted, Fitting
from compactor.adapters.pydantic_ai.heard import Heard
from compactor.adapters.pydantic_ai.models import ModelName
from compactor.adapters.pydantic_ai.overflow import window_from
from compactor.adapters.pydantic_ai.refusals import failure_of, headers_of, readings_of
from compactor.adapters.pydantic_ai.reporting import Reporter, listener
from compactor.capacity.headers import readings
from compactor.capacity.windows import NO_TAKING, Taking
from compactor.policies.capacity import CapacityPolicy
from compactor.routing.failover import Action
from compactor.telemetry import events

CALM = 10.0
"""Seconds without a request that went elsewhere after which the model of first choice counts as back."""
LOOKS_AHEAD = 86_400.0
"""Seconds for which it is worth saying when a model may be asked again."""
NEVER = float('-inf')
"""When a request was sent that was not: its answer came from a cache, and says nothing about the model."""
SHORTEST = 0.25
"""Seconds that a request waits at least: others may take the room that it waits for."""
APART = 0.5
"""Seconds by which chance sets those apart that wait for the same room, so that they do not all ask at once."""


class CapacityExhausted(errors.CapacityExhausted, ModelAPIError):
    """`compactor.CapacityExhausted`, as an error of a model too, so that a chain around this one goes on."""

    def __init__(self, models: Sequence[str], retry_after: float | None, waited: float = 0.0, chain: str = '') -> None:
        ModelAPIError.__init__(self, chain, errors.exhausted(models, retry_after, waited))
        self.models = tuple(models)
        self.retry_after = retry_after
        self._waited = waited

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), (self.models, self.retry_after, self._waited, self.model_name)


@dataclass(frozen=True, slots=True)
class Link:
    """One model of a chain.

    Attributes:
        model: it.
        lane: sends requests to it as the framework does to the models of a chain of its own.
        name: provider and name.
        label: what its windows and pauses are kept under; no other model of the chain has it.
    """

    model: Any
    lane: Any
    name: ModelName
    label: str


@dataclass(slots=True)
class Attempt:
    """A request that may be sent to a model now."""

    link: Link
    fitted: Fitted
    admission: Admission
    sent_at: float


@dataclass(slots=True)
class Spell:
    """A while in which others answer for a model: since when, until when at least, who, and how many requests."""

    since: float
    last: float
    to: str
    diverted: int = 0


@dataclass(slots=True)
class Chain:
    """What the requests of a chain share.

    Attributes:
        policy: waits and reserves.
        capacity: windows and pauses.
        fitting: fits histories to models.
        reporter: hears of everything.
        sleep: waits for so many seconds of the clock.
        title: what the chain is called in errors.
        workload: what it is for, '' if nobody told.
        spells: by the model of first choice.
    """

    policy: CapacityPolicy
    capacity: Capacity
    fitting: Fitting
    reporter: Reporter
    sleep: Callable[[float], Awaitable[object]]
    title: str
    workload: str = ''
    spells: dict[str, Spell] = field(default_factory=dict)


class _Nobody(Exception):
    """No model can be asked now; `seconds` until one may be, None for not within the bound."""

    def __init__(self, seconds: float | None, lines: list[str]) -> None:
        super().__init__()
        self.seconds = seconds
        self.lines = lines


class Journey:
    """One request.

    Args:
        chain: what it shares with others.
        order: the models that may answer, the best first.
        made_for: the label of the model that its history was made for.
        messages: its history.
        settings: its settings.
        parameters: its parameters.
        run: the id of its run, if it has one.
    """

    def __init__(
        self,
        chain: Chain,
        order: Sequence[Link],
        made_for: str,
        messages: list[ModelMessage],
        settings: Any,
        parameters: Any,
        run: str | None,
    ) -> None:
        self.order = list(order)
        self._chain = chain
        self._made_for = made_for
        self._request = (messages, settings, parameters)
        self._run = run
        self._fitted: dict[str, Fitted] = {}
        self._refitted: set[str] = set()
        self._too_long: set[str] = set()
        self._waited = 0.0
        self._asked = 0
        self._failed: tuple[Link, str, Exception] | None = None
        self._triggered: str | None = None

    # -- before it is sent --------------------------------------------------------------------------------------

    async def next(self) -> Attempt:
        """The next model to ask, with room set aside for the request.

        Raises:
            CapacityExhausted: no model can be asked within the policy's longest wait.
            StoreError: the store is away, and policy says 'closed'.
        """
        try:
            return await self._anybody()
        except _Nobody as nobody:
            return await self._waited_for(nobody)

    async def _waited_for(self, nobody: _Nobody) -> Attempt:
        """The next model to ask, where none could be: waits for the first that can."""
        longest, first = self._chain.policy.max_wait, [nobody]
        jitter = self._chain.capacity.chance

        async def anybody() -> Attempt:
            if first:
                raise first.pop()
            return await self._anybody()

        waiting = AsyncRetrying(
            retry=retry_if_exception_type(_Nobody),
            wait=lambda state: max(_nobody(state).seconds or 0.0, SHORTEST) + APART * jitter(),
            stop=lambda state: (seconds := _nobody(state).seconds) is None or self._waited + seconds > longest,
            sleep=self._wait,
            reraise=True,
        )
        try:
            return await waiting(anybody)
        except _Nobody as nobody:
            if self._failed is not None and (len(self.order) == 1 or not nobody.lines):
                error = self._failed[2]
                raise error from error.__cause__
            seconds, waited, title = nobody.seconds, self._waited, self._chain.title
            cause = self._failed[2] if self._failed is not None else None
            raise CapacityExhausted(nobody.lines, seconds, waited, title) from cause

    async def _anybody(self) -> Attempt:
        share = self._chain.policy.failover_share
        reasons: dict[str, Admission] = {}
        for all_of_it in (True,) if share >= 1 else (False, True):
            for link in self.order:
                if link.label not in self._too_long:
                    admission = await self._admitted(link, all_of_it)
                    if admission.reservation is not None:
                        return self._started(link, admission, reasons)
                    reasons[link.label] = admission
        raise await self._why(reasons)

    async def _admitted(self, link: Link, all_of_it: bool) -> Admission:
        """Whether a model may be asked; the one of first choice is waited for a little, if policy says so."""
        capacity, pace = self._chain.capacity, self._chain.policy.pace
        while True:
            taking = self._sized(link)[1]
            admission = await capacity.admit(link.label, taking, self._run, all_of_it=all_of_it)
            bound = pace - self._waited
            if admission.reservation is not None or link is not self.order[0] or bound <= 0:
                return admission
            if admission.reason == 'cooldown':
                return admission
            seconds = await capacity.wait(link.label, taking, bound, self._run)
            if seconds is None:
                return admission
            await self._wait(max(seconds, SHORTEST) + APART * capacity.chance())

    def _sized(self, link: Link) -> tuple[Fitted, Taking]:
        """The request as a model can take it, and what it may take of the model's windows."""
        fitted = self._fitted.get(link.label)
        if fitted is None:
            fitted = self._fitted[link.label] = self._fit(link)
        own = getattr(link.model, 'settings', None) or {}
        told = (fitted.settings or {}).get('max_tokens') or own.get('max_tokens')
        output = told or self._chain.policy.reserve_output
        # What nobody knows must not keep a request out for good: not a guess, and not a `max_tokens` that a provider
        # would let pass, as most answers are shorter. What a user has limited is another matter.
        most = self._chain.capacity.most_output(link.label, fitted.tokens, stated=not told)
        return fitted, Taking(fitted.tokens, output if most is None else min(output, most))

    def _fit(self, link: Link, *, refused: bool = False) -> Fitted:
        late = link.label != self._made_for
        return self._chain.fitting.fitted(self._run, link.name, *self._request, late=late, refused=refused)

    async def _why(self, reasons: dict[str, Admission]) -> _Nobody:
        """Why nobody can be asked, and when somebody can."""
        soonest: float | None = None
        lines = []
        for link in self.order:
            if link.label in self._too_long:
                lines.append(f'{link.label} (the request is too long)')
                continue
            taking = self._sized(link)[1]
            seconds = await self._chain.capacity.wait(link.label, taking, LOOKS_AHEAD, self._run)
            if seconds is not None and (soonest is None or seconds < soonest):
                soonest = seconds
            told = reasons.get(link.label)
            left = f', {told.wait:,.0f} s left' if told is not None and told.wait else ''
            lines.append(f'{link.label} ({told.reason if told is not None else "no room"}{left})')
        return _Nobody(soonest, lines)

    async def _wait(self, seconds: float) -> None:
        reason = 'no model can be asked' if self._asked or len(self.order) == 1 else 'no room'
        self._chain.reporter.emit(events.Paced(self._run, self._made_for, seconds, reason))
        self._waited += seconds
        await self._chain.sleep(seconds)

    def _started(self, link: Link, admission: Admission, reasons: dict[str, Admission]) -> Attempt:
        self._asked += 1
        for label, other in self._fitted.items():  # measured, and passed over
            if label != link.label and other.state is not None:
                other.state.not_answered()
        now = self._chain.capacity.clock()
        if link is not self.order[0]:
            told = reasons.get(self.order[0].label)
            self._diverted(link, told.reason if told is not None else '', now)
        return Attempt(link, self._fitted[link.label], admission, now)

    def _diverted(self, link: Link, reason: str, now: float) -> None:
        """Another model is asked than the first: told at every error, and once for a while of any other reason."""
        first, spells = self.order[0].label, self._chain.spells
        spell = spells.get(first)
        known = spell is not None and spell.to == link.label
        if spell is None:
            spell = spells[first] = Spell(now, now, link.label)
        spell.last, spell.to, spell.diverted = now, link.label, spell.diverted + 1
        if self._failed is not None:
            failed, reason, _ = self._failed
            first = failed.label
        elif known:
            return
        self._triggered = first
        figures = (first, reason or 'the request is too long', self._chain.workload, self._asked, self._waited)
        self._chain.reporter.emit(events.FailoverTriggered(self._run, link.label, *figures))

    # -- after it was sent --------------------------------------------------------------------------------------

    async def goes_on(self, attempt: Attempt, error: Exception, heard: Heard) -> bool:
        """Takes in an error; whether another attempt is worth while, or the error is the request's."""
        link, capacity = attempt.link, self._chain.capacity
        self._learn(link, error, heard)
        if attempt.fitted.state is not None:
            attempt.fitted.state.not_answered()
        failure = failure_of(error, capacity.clock())
        told = (attempt.sent_at, self._run, attempt.admission, self._chain.workload)
        decision = await capacity.refused(link.label, failure, *told)
        if decision.action is Action.RAISE:
            return False
        self._failed = (link, decision.reason, error)
        if decision.action is Action.SHORTEN and not self._shortened(link, attempt, error):
            return False
        heard_by = listener()
        if heard_by is not None:
            heard_by.on_attempt(link.name, error, capacity.clock() - attempt.sent_at)
        return True

    def _shortened(self, link: Link, attempt: Attempt, error: Exception) -> bool:
        """Makes a request shorter that a model has called too long, once; whether there is somebody left to ask."""
        window = window_from(error)
        if window is not None:
            self._chain.fitting.learn_window(link.name, window)
        before = attempt.fitted.tokens
        if link.label not in self._refitted:
            self._refitted.add(link.label)
            shorter = self._fit(link, refused=True)
            if shorter.shortened and shorter.tokens < before:
                self._fitted[link.label] = shorter
                self._chain.reporter.emit(events.OverflowRetried(self._run, link.label, before, shorter.tokens))
                return True
        self._too_long.add(link.label)
        return any(other.label not in self._too_long for other in self.order)

    def abandoned(self, attempt: Attempt) -> None:
        """Takes in that whoever asked is not there any more; waits for nothing."""
        if attempt.fitted.state is not None:
            attempt.fitted.state.not_answered()
        self._chain.capacity.abandoned(attempt.admission)

    async def answered(self, attempt: Attempt, response: Any, heard: Heard, *, whole: bool = True) -> None:
        """Takes in an answer; of one that was not read to its end, what was set aside counts as taken."""
        link, chain = attempt.link, self._chain
        chain.capacity.learn(link.label, link.name.provider, heard.responses)
        reserved = attempt.admission.reservation
        taken, sent_at = taken_of(response, link.name.provider), attempt.sent_at
        if taken is NO_TAKING:
            sent_at = NEVER
        elif reserved is not None and (not whole or not response.usage.input_tokens):
            taken = reserved.taking
        if attempt.fitted.shortened and attempt.fitted.state is not None:
            attempt.fitted.state.observed = None
        await chain.capacity.answered(link.label, taken, sent_at, self._run, attempt.admission, heard.sent_at)
        now, first = chain.capacity.clock(), self.order[0].label
        if self._triggered is not None:
            figures = (self._triggered, chain.workload, self._asked)
            chain.reporter.emit(events.FailoverSucceeded(self._run, link.label, *figures))
            self._triggered = None
        spell = chain.spells.get(first)
        if link.label == first and spell is not None and now - spell.last >= CALM:
            chain.spells.pop(first, None)  # another thread may have been quicker
            chain.reporter.emit(events.Recovered(self._run, first, chain.workload, now - spell.since, spell.diverted))

    async def broken(self, attempt: Attempt, error: Exception, heard: Heard) -> None:
        """Takes in the error of a stream of which something has been handed out: nobody else is asked."""
        link, capacity = attempt.link, self._chain.capacity
        self._learn(link, error, heard)
        failure = failure_of(error, capacity.clock())
        told = (attempt.sent_at, self._run, attempt.admission, self._chain.workload)
        await capacity.refused(link.label, failure, *told, begun=True)

    def _learn(self, link: Link, error: Exception, heard: Heard) -> None:
        capacity = self._chain.capacity
        capacity.learn(link.label, link.name.provider, heard.responses)
        if not heard.responses:  # a client that cannot be listened to
            found = readings(headers_of(error), capacity.clock(), link.name.provider)
            capacity.learn_readings(link.label, found)
        capacity.learn_readings(link.label, readings_of(error))


def _nobody(state: RetryCallState) -> _Nobody:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, _Nobody)
    return error
