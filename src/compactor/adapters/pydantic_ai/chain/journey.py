"""One request on its way through a chain of models: who is asked, what is waited for, when it is over.

A model that pauses or has no room is passed over before anything is sent; after a refusal the next one is asked at
once. Only where no model of the chain can be asked does the request wait.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from compactor.adapters.pydantic_ai.answers import answer_of
from compactor.adapters.pydantic_ai.chain.chain import Attempt, CapacityExhausted, Chain
from compactor.adapters.pydantic_ai.chain.fitting import Fitted
from compactor.adapters.pydantic_ai.chain.link import Link
from compactor.adapters.pydantic_ai.compactions import going_on
from compactor.adapters.pydantic_ai.heard import Heard
from compactor.adapters.pydantic_ai.overflow import window_from
from compactor.adapters.pydantic_ai.refusals import failure_of, headers_of, readings_of
from compactor.capacity.headers import readings
from compactor.capacity.windows import NO_TAKING, Taking
from compactor.routing.failover import PROVIDERS, Action, Failure
from compactor.run.reporting import listener
from compactor.run.walls import Admission
from compactor.telemetry import events

REFITTED = 2
"""Times that a request is made shorter for a model that has called it too long."""
LOOKS_AHEAD = 86_400.0
"""Seconds for which it is worth saying when a model may be asked again."""
NEVER = float('-inf')
"""When a request was sent that was not: its answer came from a cache, and says nothing about the model."""
SHORTEST = 0.25
"""Seconds that a request waits at least: others may take the room that it waits for."""
APART = 0.5
"""Seconds by which chance sets those apart that wait for the same room, so that they do not all ask at once."""


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
        resumes: a model goes on with what it has begun; if it cannot, the request is begun anew.
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
        *,
        resumes: bool = False,
    ) -> None:
        self.order = list(order)
        self.resumes = resumes
        self._chain = chain
        self._made_for = made_for
        self._request = (messages, settings, parameters)
        self._run = run
        self._fitted: dict[str, Fitted] = {}
        self._refitted: Counter[str] = Counter()
        self._out: dict[str, tuple[str, Exception | None]] = {}
        self._hopeless = False
        self._waited = 0.0
        self._asked = 0
        self._failed: tuple[Link, str, Exception] | None = None
        self._triggered: str | None = None

    @property
    def title(self) -> str:
        """What the chain is called."""
        return self._chain.title

    @property
    def clock(self) -> Callable[[], float]:
        """Seconds since 1970."""
        return self._chain.capacity.clock

    @property
    def judges_answers(self) -> bool:
        """Whether whoever made the chain looks at answers too."""
        return self._chain.answers_too

    @property
    def is_over(self) -> bool:
        """Whether no model may be asked any more."""
        return len(self._out) == len(self.order)

    @property
    def has_others(self) -> bool:
        """Whether another model may be asked than the one that is asked now."""
        return len(self.order) - len(self._out) > 1

    # -- before it is sent --------------------------------------------------------------------------------------

    async def next(self) -> Attempt:
        """The next model to ask, with room set aside for the request.

        Raises:
            CapacityExhausted: no model can be asked within the policy's longest wait.
            StoreError: the store is away, and policy says 'closed'.
            Exception: a model's own error, where no other model can be asked.
        """
        try:
            return await self._anybody()
        except _Nobody as nobody:
            return await self._waited_for(nobody)

    async def _waited_for(self, nobody: _Nobody) -> Attempt:
        """The next model to ask, where none could be: waits for the first that can."""
        longest = 0.0 if self._hopeless or self._chain.somebody_else() else self._chain.policy.max_wait
        first = [nobody]
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
            error = self._own_error()
            if error is not None:
                raise error from error.__cause__
            seconds, waited, title = nobody.seconds, self._waited, self._chain.title
            cause = self._failed[2] if self._failed is not None else None
            raise CapacityExhausted(nobody.lines, seconds, waited, title) from cause

    def _own_error(self) -> Exception | None:
        """The error of a model that says all there is to say: nobody else could be asked, or all were, in vain."""
        if self.is_over:
            return next((self._out[link.label][1] for link in self.order), None)
        if self._failed is not None and (self._hopeless or len(self.order) == 1):
            return self._failed[2]
        return None

    async def _anybody(self) -> Attempt:
        share = self._chain.policy.failover_share
        reasons: dict[str, Admission] = {}
        for all_of_it in (True,) if share >= 1 else (False, True):
            for link in self.order:
                if link.label not in self._out:
                    admission = await self._admitted(link, all_of_it)
                    if admission.reservation is not None:
                        return self._started(link, admission, reasons)
                    reasons[link.label] = admission
        raise await self._why(reasons)

    async def _admitted(self, link: Link, all_of_it: bool) -> Admission:
        """Whether a model may be asked; the one of first choice is waited for a little, if policy says so."""
        capacity, pace = self._chain.capacity, self._chain.policy.pace
        while True:
            taking = (await self._sized(link))[1]
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

    async def _sized(self, link: Link) -> tuple[Fitted, Taking]:
        """The request as a model can take it, and what it may take of the model's windows."""
        fitted = self._fitted.get(link.label)
        if fitted is None:
            fitted = self._fitted[link.label] = await self._fit(link)
        own = getattr(link.model, 'settings', None) or {}
        told = (fitted.settings or {}).get('max_tokens') or own.get('max_tokens')
        output = told or self._chain.policy.reserve_output
        # What nobody knows must not keep a request out for good: not a guess, and not a `max_tokens` that a provider
        # would let pass, as most answers are shorter. What a user has limited is another matter.
        most = self._chain.capacity.most_output(link.label, fitted.tokens, stated=not told)
        return fitted, Taking(fitted.tokens, output if most is None else min(output, most))

    async def _fit(self, link: Link, *, refused: bool = False) -> Fitted:
        late = link.label != self._made_for
        goes_on_from = going_on(link.model, self._run)
        return await self._chain.fitting.fitted(
            self._run, link.name, *self._request, late=late, refused=refused, goes_on_from=goes_on_from
        )

    async def _why(self, reasons: dict[str, Admission]) -> _Nobody:
        """Why nobody can be asked, and when somebody can."""
        soonest: float | None = None
        lines = []
        for link in self.order:
            if link.label in self._out:
                lines.append(f'{link.label} ({self._out[link.label][0]})')
                continue
            taking = (await self._sized(link))[1]
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
        first = self.order[0].label
        known = self._chain.spells.diverted(first, link.label, now)
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
        """Takes in an error; whether another attempt is worth while, or it is the error to raise."""
        link, capacity = attempt.link, self._chain.capacity
        self._learn(link, error, heard)
        if attempt.fitted.state is not None:
            attempt.fitted.state.not_answered()
        failure = failure_of(error, capacity.clock())
        told = (attempt.sent_at, self._run, attempt.admission, self._chain.workload)
        decision = await capacity.refused(link.label, failure, *told)
        action = await self._action(decision.action, error)
        if action is Action.RAISE:
            return False
        self._failed = (link, decision.reason, error)
        self._hopeless = action is Action.ELSEWHERE and _of_the_request(failure)
        if action is Action.ELSEWHERE:
            self._out[link.label] = decision.reason, error
        elif action is Action.SHORTEN and not await self._shortened(link, attempt, error):
            self._out[link.label] = 'the request is too long', error
        if not self.resumes and self.is_over and self._own_error() is error:
            return False
        heard_by = listener()
        if heard_by is not None:
            heard_by.on_attempt(link.name, error, capacity.clock() - attempt.sent_at)
        return True

    async def _action(self, action: Action, error: Exception) -> Action:
        """What to do about an error, where whoever made the chain has said which errors go on."""
        judge = self._chain.judge
        if judge is None or action is Action.SHORTEN:
            return action
        if not await judge(error):
            return Action.RAISE
        return Action.ELSEWHERE if action is Action.RAISE else action

    async def takes(self, attempt: Attempt, response: Any) -> bool:
        """Whether whoever made the chain takes an answer; else its model is not asked again with this request."""
        judge = self._chain.judge
        if judge is None or not await judge(response):
            return True
        self._out[attempt.link.label] = 'its answer was not taken', None
        return False

    async def _shortened(self, link: Link, attempt: Attempt, error: Exception) -> bool:
        """Makes a request shorter that a model has called too long, twice at most; whether it may be asked again."""
        window = window_from(error)
        if window is not None:
            self._chain.fitting.learn_window(link.name, window)
        before = attempt.fitted.tokens
        if self._refitted[link.label] >= REFITTED:
            return False
        self._refitted[link.label] += 1
        shorter = await self._fit(link, refused=True)
        if not shorter.shortened or shorter.tokens >= before:
            return False
        self._fitted[link.label] = shorter
        self._chain.reporter.emit(events.OverflowRetried(self._run, link.label, before, shorter.tokens))
        return True

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
        taken, sent_at = answer_of(link.model, response).taken, attempt.sent_at
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
        spell = chain.spells.over(first, now) if link.label == first else None
        if spell is not None:
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
        capacity.learn_readings(link.label, readings_of(error, capacity.clock()))


def _of_the_request(failure: Failure) -> bool:
    """Whether an error says that something is wrong with the request, and not with who was asked."""
    return failure.kind == 'status' and failure.status not in PROVIDERS


def _nobody(state: RetryCallState) -> _Nobody:
    error = state.outcome.exception() if state.outcome is not None else None
    assert isinstance(error, _Nobody)
    return error
