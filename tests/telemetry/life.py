"""A day of an agent in fast motion: routed, compacted, warned, refused, failed over, answered from the cache.

The agent, its tools, its models' chain, the compactor, the ledger and Logfire are real; scripted are the clock, what
the models decide, and when one of them refuses. `Life()` goes as it should; each argument plants one fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import FinishReason, ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.usage import RequestUsage

from compactor import CachedModel, CapacityModel, Compactor, HistoryPolicy, LedgerPolicy, Policy, Store, TaskPolicy
from compactor.capacity.limits import Limit
from compactor.capacity.units import Unit
from compactor.policy import ArchivePolicy, CapacityPolicy, OutputsPolicy, SummaryPolicy
from compactor.request.task import Task
from compactor.run.reporting import Reporter
from compactor.telemetry import events
from tests.adapters.driver import call, new_agent, say, shape

GLM, KIMI = 'cerebras:zai-glm-4.7', 'moonshotai:kimi-k2.5'
AGENT = 'auth-agent'
"""A name that Logfire scrubs wherever it is a value."""
START = 1_770_000_000.0
TAKES = 3.0
"""Seconds of one answer."""


@dataclass
class Clock:
    """Seconds since 1970, which pass only when somebody says so."""

    now: float = START

    def __call__(self) -> float:
        """The time."""
        return self.now

    def nanoseconds(self) -> int:
        """The time as records have it."""
        return int(self.now * 1e9)

    async def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.now += seconds


class Named(FunctionModel):
    """A scripted model under the name of a real one."""

    def __init__(self, full: str, answer: Any) -> None:
        provider, _, name = full.partition(':')
        super().__init__(answer, model_name=name)
        self._provider_name = provider

    @property
    def system(self) -> str:
        """Its provider."""
        return self._provider_name


class Routed(WrapperModel):
    """Tells to which model each request goes, as a router does."""

    def __init__(self, wrapped: Any, workload: str, to: str) -> None:
        super().__init__(wrapped)
        self._decision = (to, AGENT, workload, KIMI, 'the workload has a chain of its own')
        self._reporter = Reporter(None, False)

    async def request(self, *arguments: Any, **more: Any) -> ModelResponse:
        """The answer, after the decision has been told."""
        self._reporter.emit(events.WorkloadRouted(None, *self._decision))
        return await super().request(*arguments, **more)


@dataclass
class Life:
    """What happens.

    Attributes:
        routed_to: where requests of the workload 'coding' are said to go.
        limit: tokens a minute of the first model that policy knows of; None if it knows none.
        requests: the same for requests.
        alone: the first model has nobody to take over.
        refuses: at which of its requests the first model refuses.
        summary: words of each answer of the summariser.
        rounds: rounds of tool calls of a run, each some 700 tokens.
        cut: answers end at their limit.
        whole: outputs of tools stay as they are.
        on_event: hears of everything too.
    """

    routed_to: str = GLM
    limit: int | None = 28_000
    requests: int | None = None
    alone: bool = False
    refuses: Sequence[int] = (15,)
    summary: int = 40
    rounds: int = 9
    cut: bool = False
    whole: bool = False
    on_event: Any = None
    clock: Clock = field(default_factory=Clock)
    seen: list[Any] = field(default_factory=list)
    _asked: int = 0
    _answers: int = 0

    def policy(self) -> Policy:
        """Small figures, so that a few rounds show everything."""
        amounts: dict[Unit, int | None] = {'tokens': self.limit, 'requests': self.requests}
        limits = [Limit('cerebras:*', unit, 'minute', amount) for unit, amount in amounts.items() if amount]
        return Policy(
            history=HistoryPolicy(max_input_tokens=10_000, compaction_threshold=0.4, warning_ratio=0.3),
            outputs=OutputsPolicy(enabled=not self.whole, tools={'read': 300}, redact=False),
            tasks=TaskPolicy(max_output_by_task={Task.CODE_GENERATION: 400, Task.EXPLANATION: 150}, ask_again=False),
            capacity=CapacityPolicy(limits=tuple(limits), edges=(0.5, 0.8, 0.95)),
            archive=ArchivePolicy(enabled=False),
            summary=SummaryPolicy(max_tokens=2_000),
            ledger=LedgerPolicy(prices={'*': {'input': Decimal(1), 'output': Decimal(4)}}),
        )

    def live(self) -> None:
        """Two runs of the agent, and one of another that asks the same twice."""
        asyncio.run(self._live())

    async def _live(self) -> None:
        policy = self.policy()
        store = Store.open('sqlite://', clock=self.clock)
        models = [Named(GLM, self._glm), *([] if self.alone else [Named(KIMI, self._kimi)])]
        chain = CapacityModel(
            *models, policy=policy, workload='coding', clock=self.clock,
            sleep=self.clock.sleep, chance=lambda: 0.0, on_event=self.on_event,
        )  # fmt: skip
        told: dict[str, Any] = {'on_event': self.on_event, 'clock': self.clock}
        compactor: Compactor[None] = Compactor(
            policy, store=store, summariser=FunctionModel(self._sum_up, model_name='gpt-4o-mini'), **told
        )
        agent = new_agent(Routed(chain, 'coding', self.routed_to), name=AGENT, capabilities=[compactor])
        agent.tool_plain(read)
        first = await agent.run('Implement the parser for the import files.')
        await agent.run('Explain how it works.', message_history=first.all_messages())
        cached = CachedModel(Named(KIMI, self._kimi), store=store, on_event=self.on_event)
        twice = new_agent(cached, name='asks-twice', capabilities=[Compactor(policy, store=store, **told)])
        await twice.run('What is a parser?')
        await twice.run('What is a parser?')
        store.close()

    # -- the models ---------------------------------------------------------------------------------------------

    async def _glm(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self._asked += 1
        if self._asked in self.refuses:
            raise ModelHTTPError(429, 'zai-glm-4.7', {'message': 'Too many tokens, my password is hunter2'})
        return self._answer(messages, info, 'cerebras')

    async def _kimi(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return self._answer(messages, info, 'moonshotai')

    def _answer(self, messages: list[ModelMessage], info: AgentInfo, provider: str) -> ModelResponse:
        self.clock.now += TAKES
        self.seen.append(shape(messages))
        self._answers += 1
        reason: FinishReason
        if 'read' in {tool.name for tool in info.function_tools} and self._answers % self.rounds:
            response, reason = call(self._answers), 'tool_call'
        elif self.cut:
            limit = (info.model_settings or {}).get('max_tokens') or 100
            usage = RequestUsage(input_tokens=100, output_tokens=limit)
            response, reason = ModelResponse(parts=[TextPart('It works like')], usage=usage), 'length'
        else:
            response, reason = say('That is how it works.'), 'stop'
        return replace(response, provider_name=provider, finish_reason=reason)

    def _sum_up(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.clock.now += TAKES
        return say(
            'Goal: the parser\nDecisions: one file after the other\nNext step: read on\n' + 'word ' * self.summary
        )


def read(n: int) -> str:
    """Reads a file."""
    return f'file {n}\n' + '\n'.join(f'{n}.{line} a line of code that says {line * n}' for line in range(60))
