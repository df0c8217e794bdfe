"""Asks a model for the summaries of a `Compactor`: a nested agent with retries, a time-out and a circuit breaker.

Whatever goes wrong ends in an exception that the pipeline reports, and the digest goes on without a summary. A run
never fails for want of one, and never waits longer than `SummaryPolicy.timeout`.
"""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai import Agent
from pydantic_ai.exceptions import ModelAPIError, ModelHTTPError
from pydantic_ai.usage import RunUsage

from compactor.adapters.pydantic_ai.circuit import Circuit, Clock, within
from compactor.adapters.pydantic_ai.models import identify
from compactor.compaction import SUMMARISE, Compaction
from compactor.digest import document
from compactor.history.message import Kind, Message
from compactor.pipeline import Steps, drive_async
from compactor.policy import SummaryPolicy
from compactor.strategies import Question, Summarise
from compactor.telemetry import events
from compactor.tokens.counter import counter_for
from compactor.tokens.windows import context_window

RETRIED = frozenset((408, 409, 425, 429))
"""HTTP errors below 500 that may pass."""
WAIT = 0.25
"""Seconds before the second attempt at most; doubled for each one after, up to `LONGEST_WAIT`."""
LONGEST_WAIT = 5.0
SAFE = 0.9
"""Share of the summariser's window that a prompt and its answer may take, because most counts are estimates."""


class SummaryUnavailable(Exception):
    """The summariser is left alone for a while; the text says why."""


class Summariser:
    """One model that writes the summaries of one `Compactor`.

    Args:
        model: a pydantic-ai model or its name; nothing is looked up before the first question.
        policy: what a summary may cost.
        windows: see `TokenPolicy.windows`.
        emit: receives the events.
        clock: seconds, for the circuit breaker.
    """

    def __init__(
        self,
        model: Any,
        policy: SummaryPolicy,
        windows: Mapping[str, int],
        emit: Callable[[events.Event], None],
        clock: Clock = time.monotonic,
    ) -> None:
        self.policy = policy
        self.emit = emit
        self.name = identify(model).full
        self.circuit = Circuit(policy.circuit_failures, policy.circuit_pause, clock)
        self._model = model
        self._windows = windows
        self._strategy: Summarise | None = None
        self._agent: Agent[None, str] | None = None

    def strategy(self, focus: str | None = None) -> Summarise:
        """What takes the place of the digest."""
        if self._strategy is None:
            window = context_window(self.name, self._windows)
            most = self.policy.max_prompt_tokens
            if window is not None:
                most = min(most, int(window * SAFE) - self.policy.max_tokens)
            self._strategy = Summarise(most, self.policy.max_tokens, counter_for(self.name))
        strategy = self._strategy
        return strategy if focus is None else dataclasses.replace(strategy, focus=focus)

    async def ask(self, prompt: str, max_tokens: int, spent: RunUsage) -> str:
        """The answer to one prompt, after as many attempts as the policy allows; `spent` takes what they cost."""
        from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, wait_random_exponential

        if self._agent is None:
            self._agent = Agent(self._model, name='compactor_summariser', retries=0, defer_model_check=True)
        agent = self._agent

        async def attempt() -> str:
            usage = RunUsage()
            try:
                result = await agent.run(prompt, usage=usage, model_settings={'max_tokens': max_tokens})
            finally:
                spent.incr(usage)
            return result.output

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.policy.attempts),
            wait=wait_random_exponential(multiplier=WAIT, max=LONGEST_WAIT),
            retry=retry_if_exception(may_pass),
            reraise=True,
        )
        answer: str = await retrying(attempt)
        return answer


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may succeed: rate limits, errors of the server, connections, time-outs."""
    if isinstance(error, ModelHTTPError):
        return error.status_code >= 500 or error.status_code in RETRIED
    return isinstance(error, ModelAPIError | OSError)  # `TimeoutError` and `ConnectionError` are `OSError`s


@dataclass(frozen=True, slots=True)
class Prepared:
    """A summary that was written ahead, and the first message of every step it tells of."""

    text: str
    covers: Sequence[Message]

    def serves(self, covers: Sequence[Message]) -> bool:
        """Whether it tells of the oldest of these steps, up to the newest it knows, without a gap."""
        known = {id(message) for message in self.covers}
        last = next((i for i in range(len(covers) - 1, -1, -1) if covers[i] is self.covers[-1]), None)
        return last is not None and all(id(message) in known for message in covers[: last + 1])


@dataclass(slots=True)
class Asking:
    """Answers the questions of one compaction.

    Attributes:
        summariser: who is asked.
        run_id: the run it is for, if any.
        bill: usage of that run, to which the tokens are added; its count of requests is that of its own model.
        ahead: nobody waits for the summary.
        prepared: the task that wrote one ahead, if there is one.
    """

    summariser: Summariser
    run_id: str | None = None
    bill: RunUsage | None = None
    ahead: bool = False
    prepared: asyncio.Task[Prepared | None] | None = None
    _began: float | None = None
    _covers: tuple[Message, ...] = ()
    _asked: bool = False
    _paused: bool = False
    _spent: RunUsage = field(default_factory=RunUsage)

    async def compaction(self, steps: Steps, keep: Any = None) -> Compaction[Message]:
        """Drives the pipeline, and tells what became of the summary."""
        try:
            compaction = await drive_async(steps, self.answer, keep)
        finally:
            self._charge()
        self._tell(compaction)
        return compaction

    async def prepare(self, steps: Steps) -> Prepared | None:
        """The summary of a compaction that is not carried out; None if there is none."""
        text = summary_in(await self.compaction(steps))
        return Prepared(text, self._covers) if text and self._covers else None

    async def answer(self, question: Question) -> str | Sequence[str]:
        """The model's answer, or the summary that was prepared.

        Raises:
            SummaryUnavailable: the circuit is open.
            TimeoutError: the policy's time is over.
        """
        self._asked, self._covers = True, question.covers
        summariser = self.summariser
        if self._began is None:
            self._began = time.perf_counter()
            ready = await self._prepared()
            if ready is not None and ready.serves(question.covers):
                return ready.text
            if (wait := summariser.circuit.wait) > 0:
                self._paused = True
                raise SummaryUnavailable(f'left alone for another {wait:.0f} s after failures in a row')
            self._emit(events.SummaryStarted, prompts=1 + len(question.beside), ahead=self.ahead)
        left = summariser.policy.timeout - (time.perf_counter() - self._began)
        prompts = (question.prompt, *question.beside)
        try:
            answers = await within(left, self._answers(prompts, question.max_tokens))
        except TimeoutError as error:
            raise TimeoutError(str(error) or f'no summary within {summariser.policy.timeout:g} s') from error
        return answers if question.beside else answers[0]

    async def _prepared(self) -> Prepared | None:
        """What was written ahead; what is still being written is waited for, as it began before another could."""
        task = self.prepared
        if task is None:
            return None
        running = not task.done()
        await asyncio.wait({task}, timeout=self.summariser.policy.timeout)
        ready = task.result() if task.done() and not task.cancelled() and task.exception() is None else None
        if running and ready is None:
            self._paused = True  # that it failed was counted where it was asked for
            raise SummaryUnavailable('the summary that was being written ahead failed')
        return ready

    async def _answers(self, prompts: Sequence[str], max_tokens: int) -> list[str]:
        ask, spent = self.summariser.ask, self._spent
        tasks = [asyncio.ensure_future(ask(prompt, max_tokens, spent)) for prompt in prompts]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def _charge(self) -> None:
        if self.bill is not None:
            tokens = copy.copy(self._spent)
            tokens.requests = tokens.tool_calls = 0
            self.bill.incr(tokens)

    def _tell(self, compaction: Compaction[Message]) -> None:
        failure = next((f for f in compaction.failures if f.strategy == SUMMARISE), None)
        circuit = self.summariser.circuit
        if failure is not None:
            if not self._paused:
                circuit.failed()
            self._emit(events.SummaryFailed, reason=failure.reason)
            return
        if not self._asked or self._began is None:
            return
        circuit.succeeded()
        text = summary_in(compaction) if any(a.strategy == SUMMARISE for a in compaction.applied) else ''
        if not text:
            self._emit(events.SummaryFailed, reason='the digest would not have been smaller than what it stands for')
            return
        self._emit(
            events.SummaryWritten,
            tokens=compaction.context.counter.count(text),
            seconds=time.perf_counter() - self._began,
            requests=self._spent.requests,
            input_tokens=self._spent.input_tokens,
            output_tokens=self._spent.output_tokens,
            ahead=self.ahead,
        )

    def _emit(self, kind: Callable[..., events.Event], **values: Any) -> None:
        self.summariser.emit(kind(self.run_id, self.summariser.name, **values))


def summary_in(compaction: Compaction[Any]) -> str:
    """The summary in a compacted history's digest; '' if there is none."""
    marks = [part.text for message in compaction.view for part in message.parts if part.kind is Kind.MARK]
    return next((found.summary for text in reversed(marks) if (found := document.read(text)) is not None), '')
