"""Summaries on a request's way: asked for, written ahead, waited for no longer than policy says.

Whatever goes wrong ends in an exception that the pipeline reports, and the digest goes on without a summary. A run
never fails for want of one, and never waits longer than `SummaryPolicy.timeout`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from compactor.compaction import SUMMARISE, Compaction
from compactor.digest import document
from compactor.history.message import Kind, Message
from compactor.pipeline import Steps, Stretch, at_once, drive_async
from compactor.policies.summary import SummaryPolicy
from compactor.run.answer import Answer
from compactor.run.circuit import Circuit, within
from compactor.run.clock import monotonic
from compactor.run.slots import Slots
from compactor.strategies import Question, Summarise
from compactor.telemetry import events


class SummaryUnavailable(Exception):
    """The summariser is left alone for a while; the text says why."""


class Summariser(Protocol):
    """A model that writes summaries; adapters have one for their framework.

    Attributes:
        policy: what a summary may cost.
        name: who it is, as 'provider:name'.
        circuit: how it has done lately.
        emit: receives the events.
        slots: requests that its server works on at once, whichever runs they are for.
        on_paid: told of what was paid, whatever became of it: the run, the bill, the seconds it took.
    """

    policy: SummaryPolicy
    name: str | None
    circuit: Circuit
    emit: Callable[[events.Event], None]
    slots: Slots
    on_paid: Callable[[str | None, Answer, float], None] | None

    def strategy(self, focus: str | None = None) -> Summarise:
        """What takes the place of the digest."""
        ...

    async def look(self) -> None:
        """Learns what its server tells of its window, before `strategy` is asked for; raises nothing."""
        ...

    def nothing_spent(self) -> Any:
        """A usage of nothing, for `ask` to add to."""
        ...

    async def ask(self, prompt: str, max_tokens: int, spent: Any) -> str:
        """The answer to one prompt; `spent` takes what it cost."""
        ...

    def paid(self, spent: Any) -> Answer:
        """What was spent, as it stands in a ledger."""
        ...

    def charge(self, bill: Any, spent: Any) -> None:
        """Adds the tokens of what was spent to a run's usage; its count of requests is that of its own model."""
        ...


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
        bill: usage of that run, to which the tokens are added.
        ahead: nobody waits for the summary.
        prepared: the task that wrote one ahead, if there is one.
    """

    summariser: Summariser
    run_id: str | None = None
    bill: Any = None
    ahead: bool = False
    prepared: asyncio.Task[Prepared | None] | None = None
    _began: float | None = None
    _covers: tuple[Message, ...] = ()
    _asked: bool = False
    _paused: bool = False
    _spent: Any = None

    def __post_init__(self) -> None:
        self._spent = self.summariser.nothing_spent()

    async def compaction(self, steps: Steps, keep: Any = None, stretch: Stretch = at_once) -> Compaction[Message]:
        """Drives the pipeline (see `drive_async`), and tells what became of the summary."""
        try:
            compaction = await drive_async(steps, self.answer, keep, stretch)
        finally:
            self._charge()
        self._tell(compaction)
        return compaction

    async def prepare(self, steps: Steps, stretch: Stretch = at_once) -> Prepared | None:
        """The summary of a compaction that is not carried out; None if there is none."""
        text = summary_in(await self.compaction(steps, stretch=stretch))
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
            self._began = monotonic()
            ready = await self._prepared()
            if ready is not None and ready.serves(question.covers):
                return ready.text
            if (wait := summariser.circuit.wait) > 0:
                self._paused = True
                raise SummaryUnavailable(f'left alone for another {wait:.0f} s after failures in a row')
            self._emit(events.SummaryStarted, prompts=1 + len(question.beside), ahead=self.ahead)
        left = summariser.policy.timeout - (monotonic() - self._began)
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
        ask, spent, slots = self.summariser.ask, self._spent, self.summariser.slots

        async def one(prompt: str) -> str:
            async with slots.one():
                return await ask(prompt, max_tokens, spent)

        tasks = [asyncio.ensure_future(one(prompt)) for prompt in prompts]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    def _charge(self) -> None:
        if self.bill is not None:
            self.summariser.charge(self.bill, self._spent)
        hear = self.summariser.on_paid
        if hear is not None and self._began is not None:
            answer = self.summariser.paid(self._spent)
            if answer.input_tokens or answer.output_tokens:
                hear(self.run_id, answer, monotonic() - self._began)

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
            seconds=monotonic() - self._began,
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
