"""Lives through a recording with a real agent: a `FunctionModel` decides as recorded, tools return what they did."""

from __future__ import annotations

import asyncio
import inspect
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic_ai import Agent, ModelRetry, RunContext, Tool, ToolReturn, UsageLimits
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor.adapters.pydantic_ai.agent.capability import Compactor
from compactor.adapters.pydantic_ai.models import identify
from compactor.adapters.pydantic_ai.played.recording import Recording, Scene, Turn
from compactor.archive.archive import Archive
from compactor.errors import RequestTooLarge
from compactor.policy import Limits, Policy
from compactor.run.requests import Mode
from compactor.telemetry import events
from compactor.tokens.windows import context_window

NEVER = 1_000_000
"""Retries allowed: a recording ends, whatever it holds."""


@dataclass(frozen=True, slots=True)
class Request:
    """One model request as it went through the compactor.

    Attributes:
        number: its place in the recording, from 1.
        tokens_before: its size as the agent made it.
        tokens_after: its size as it was sent (or refused).
        seconds: time spent in the compactor.
        outcome: what was decided, see `compactor.compaction.Outcome`.
        strategies: the strategies that changed it.
        missed: a compaction could not reach its goal.
        refused: it was never sent, because it was over the hard limit and nothing could shrink any more.
    """

    number: int
    tokens_before: int
    tokens_after: int
    seconds: float
    outcome: str
    strategies: tuple[str, ...]
    missed: bool
    refused: bool


@dataclass(frozen=True, slots=True)
class Reduced:
    """One output that was made smaller on its way to the model.

    Attributes:
        tool: the tool's name.
        kind: what it was taken for.
        tokens_before: about how many tokens it had.
        tokens_after: how many it has.
        text: what the model was shown; '' where it was no text.
    """

    tool: str
    kind: str
    tokens_before: int
    tokens_after: int
    text: str


@dataclass(slots=True)
class Playback:
    """Plays a recording once.

    Attributes:
        recording: what is played.
        policy: what the compactor is to keep.
        model: name of the model to play, with its tokens and its window; None for one that nobody knows.
        act: False only measures: no strategy is applied and the history grows as it would without a compactor.
        watch: called with every request.
        pause: seconds to wait after each.
        history: the agent's record at the end of the run.
        archive: what was taken out of it, if an archive was kept.
        reduced: the outputs that were made smaller.
    """

    recording: Recording
    policy: Policy
    model: str | None = None
    act: bool = True
    watch: Callable[[Request], None] | None = None
    pause: float = 0.0
    history: list[ModelMessage] = field(default_factory=list)
    archive: Archive | None = None
    reduced: list[Reduced] = field(default_factory=list)

    @property
    def limits(self) -> Limits:
        """The policy's limits for the model."""
        return self.policy.history.limits(context_window(self.model, self.policy.tokens.windows))

    def run(self) -> list[Request]:
        """The requests that were made, in order."""
        return asyncio.run(_Stage(self).play())


class _Actor(FunctionModel):
    """A `FunctionModel` under the name of the model that is played, so that its provider's rules hold."""

    @property
    def system(self) -> str:
        """The provider's name."""
        return self.played_provider

    played_provider = 'function'


class _Stage:
    """The state of one performance."""

    def __init__(self, playback: Playback) -> None:
        self.playback = playback
        self.requests: list[Request] = []
        self.turns: deque[Turn] = deque()
        self.current: Turn | None = None
        self.played = 0
        self.instructions: str | None = None
        self._before: list[events.Event] = []
        self._cut: list[events.OutputReduced] = []
        self.agent = self._agent()

    async def play(self) -> list[Request]:
        """Plays scene after scene, each on the history that the last one left.

        A run that is refused is lost, as it would be in life: the rest of its scene is skipped, and the next one
        goes on from where the refused one began.
        """
        history: list[ModelMessage] = []
        ahead = 0
        for scene in self.playback.recording.scenes:
            self.turns, self.instructions, self.played = deque(scene.turns), scene.instructions, ahead
            ahead += len(scene.turns)
            try:
                history = await self._run(scene, history)
            except RequestTooLarge:
                continue
        self.playback.history = history
        return self.requests

    async def _run(self, scene: Scene, history: list[ModelMessage]) -> list[ModelMessage]:
        """One run of the agent. It ends where the recorded one did, also where that was interrupted."""
        given = [*history, ModelRequest(parts=list(scene.system))] if scene.system else history
        limits = UsageLimits(request_limit=None)
        async with self.agent.iter(scene.prompt, message_history=given, usage_limits=limits) as run:
            node = run.next_node
            while not Agent.is_end_node(node):
                if Agent.is_model_request_node(node) and not self.turns:
                    # Nobody asked the model any more, so the last results are all that is left of the run.
                    return [*run.all_messages(), node.request]
                node = await run.next(node)
            return run.all_messages()

    def _agent(self) -> Agent[None, str]:
        playback = self.playback
        mode: Mode = 'act' if playback.act else 'observe'
        plug = Compactor[None](playback.policy, mode=mode, persist=True, on_event=self._take_event)
        playback.archive = plug.archive
        # Versions of pydantic-ai that have no capabilities take it as a history processor.
        able = 'capabilities' in inspect.signature(Agent.__init__).parameters
        plugged: dict[str, Any] = {'capabilities': [plug]} if able else {'history_processors': [plug]}
        agent = Agent[None, str](
            self._actor(),
            instructions=lambda: self.instructions or '',
            tools=[self._tool(name) for name in playback.recording.tools],
            retries=NEVER,
            **plugged,
        )
        agent.output_validator(self._go_on)
        return agent

    def _actor(self) -> FunctionModel:
        name = identify(self.playback.model or 'recorded')
        actor = _Actor(self._decide, model_name=name.name)
        actor.played_provider = name.provider or actor.played_provider
        return actor

    def _tool(self, name: str) -> Tool[None]:
        async def answer(context: RunContext[None], /, **_: Any) -> Any:
            assert self.current is not None, 'tools are called by turns'
            recorded = self.current.answers[context.tool_call_id or '']
            if recorded.retry:
                raise ModelRetry(recorded.content)
            if recorded.beside:
                return ToolReturn(return_value=recorded.content, content=list(recorded.beside))
            return recorded.content

        anything = {'type': 'object', 'additionalProperties': True}
        return Tool.from_schema(answer, name, None, anything, takes_ctx=True)

    async def _decide(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if self.playback.pause:
            await asyncio.sleep(self.playback.pause)
        self._show_cut(messages)
        self.current = self.turns.popleft()
        self.played += 1
        # Usage of its own keeps `FunctionModel` from counting the whole history's words at every request.
        return ModelResponse(parts=list(self.current.parts), usage=RequestUsage(input_tokens=1, output_tokens=1))

    async def _go_on(self, text: str) -> str:
        """Where the recording goes on after an answer that calls no tool, the agent has to ask again."""
        if self.turns and self.current is not None:
            raise ModelRetry(self.current.feedback)
        return text

    def _show_cut(self, messages: list[ModelMessage]) -> None:
        """Remembers the outputs that were made smaller for this request as the model is shown them."""
        told, self._cut = self._cut, []
        parts = [part for part in messages[-1].parts if part.part_kind in ('tool-return', 'retry-prompt')]
        for event in told:
            shown = next((p for p in parts if p.tool_name == event.tool and 'left out' in str(p.content)), None)
            if shown is not None:
                parts.remove(shown)
            text = shown.content if shown is not None and isinstance(shown.content, str) else ''
            self.playback.reduced.append(Reduced(event.tool, event.kind, event.tokens_before, event.tokens_after, text))

    def _take_event(self, event: events.Event) -> None:
        """Gathers what is said about a request; `RequestChecked` is the last of it."""
        if isinstance(event, events.OutputReduced):
            self._cut.append(event)
            return
        if not isinstance(event, events.RequestChecked):
            self._before.append(event)
            return
        told, self._before = self._before, []
        over = event.tokens_after >= self.playback.limits.hard
        request = Request(
            number=self.played + 1,
            tokens_before=event.tokens_before,
            tokens_after=event.tokens_after,
            seconds=event.seconds,
            outcome=event.outcome,
            strategies=next((e.strategies for e in told if isinstance(e, events.Compacted)), ()),
            missed=any(isinstance(e, events.TargetMissed) for e in told),
            refused=over and self.playback.act and event.outcome != 'stood_aside',
        )
        self.requests.append(request)
        if self.playback.watch is not None:
            self.playback.watch(request)
