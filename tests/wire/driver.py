"""Lets an agent live through many rounds of parallel tool calls against the strict provider.

How refusals are counted. A refused request kills a run, and what is left of the run is not comparable between
ways of keeping a history: a run that dies early meets few requests. So a refused round is counted and then
played again, by an agent without any processing, from the history as it stood before the agent's own
processing touched it: what a user does who repairs the session by hand and carries on. The next round is the
agent's own again. Every contender thus faces the same rounds, a round is refused once at most, and
`completed + len(refusals) == rounds + 1` (the final answer is one request more), unless the repair was
refused too, as when the untouched history is over the window: then the session ends there, and `completed`
falls short.
"""

import asyncio
import functools
import random
from collections.abc import AsyncIterable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anthropic
import openai
import pytest
from pydantic_ai import Agent, Tool, UsageLimits
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from compactor.testing import Api, Call, Recorded, Reply, StrictProvider, Turn

AgentFactory: TypeAlias = Callable[[Model, Sequence[Tool[None]]], 'Agent[None, str]']
"""Builds the agent under test from a model and the driver's tools, with what keeps its history."""

PROMPT = 'Find out why the nightly import drops rows, fix it and prove it with a test.'
INSTRUCTIONS = 'You are a careful engineer. Read before you write, and run the tests.'


@dataclass(frozen=True)
class Lived:
    """What became of a session.

    Attributes:
        completed: Rounds whose request was accepted as the agent sent it.
        refusals: The refused requests, one a round at most.
        largest: The largest request the agent sent, in tokens, refused ones included.
        requests: All requests of the agent, in order; those of the repairs are left out.
        output: The final text, or None if the session was beyond repair.
    """

    completed: int
    refusals: list[Recorded]
    largest: int
    requests: list[Recorded]
    output: str | None


def live(
    agent_factory: AgentFactory,
    provider: Api,
    rounds: int,
    *,
    window: int | None = None,
    count: Callable[[str], int] | None = None,
    thinking: bool = False,
    bound_thinking: bool = False,
    streamed: bool = False,
    model_name: str | None = None,
) -> Lived:
    """Run a session of `rounds` rounds of two or three parallel calls each, then a final answer.

    Args:
        agent_factory: Builds the agent; called once, inside the event loop.
        provider: The wire: the real SDK for it is pointed at a `StrictProvider`.
        rounds: Rounds of tool calls; the final answer takes one request more.
        window: The provider's input window in tokens.
        count: The provider's counter; four characters a token if None.
        thinking: See `StrictProvider`; the model then thinks before every call.
        bound_thinking: See `StrictProvider`.
        streamed: Whether requests are streamed.
        model_name: The model's name; a current one of the provider if None.
    """
    script = _Script(rounds, thinking or bound_thinking)
    with StrictProvider(
        script, window, count or _four_characters, thinking=thinking, bound_thinking=bound_thinking
    ) as server:
        return asyncio.run(_Session(server, provider, model_name, rounds, streamed).run(agent_factory))


def requires(provider: Api) -> None:
    """Skip the test where this pydantic-ai cannot speak to the provider through the installed SDK at all."""
    if provider == 'anthropic' and not _speaks_anthropic():
        pytest.skip('this pydantic-ai cannot build messages with the installed Anthropic SDK')


@functools.cache
def _speaks_anthropic() -> bool:
    # Versions before 2.6x construct a type that Anthropic's SDK 2 made a union: they fail before any request.
    try:
        live(lambda model, tools: Agent(model, tools=tools), 'anthropic', 1)
    except TypeError as error:
        if 'Cannot instantiate typing.Union' in str(error):
            return False
        raise
    return True


@dataclass(frozen=True)
class _Script:
    """The model's part: the same calls in round n, whoever asks."""

    rounds: int
    thinks: bool

    def __call__(self, turn: Turn) -> Reply:
        if turn.number > self.rounds:
            return Reply('The import skipped rows with a trailing comma; fixed and covered by a test.')
        number = turn.number
        calls = [
            Call('read_file', {'path': f'importer/stage_{number % 17}.py', 'start': number * 40}),
            Call('search', {'pattern': f'row_{number % 23}'}),
            Call('run_tests', {'target': f'tests/test_stage_{number % 11}.py'}),
        ]
        thought = f'Round {number}: compare the stage with its test.' if self.thinks else None
        said = f'Looking at stage {number % 17}.' if number % 5 == 0 else ''
        return Reply(said, tuple(calls[: 2 + number % 2]), thought)


@dataclass
class _Session:
    server: StrictProvider
    provider: Api
    model_name: str | None
    rounds: int
    streamed: bool
    repairs: list[Recorded] = field(default_factory=list)

    async def run(self, agent_factory: AgentFactory) -> Lived:
        if self.provider == 'openai':
            async with openai.AsyncOpenAI(base_url=self.server.openai_url, api_key='test', max_retries=0) as client:
                model: Model = OpenAIChatModel(
                    self.model_name or 'gpt-4o', provider=OpenAIProvider(openai_client=client)
                )
                output = await self._live(agent_factory(model, TOOLS), Agent(model, tools=TOOLS))
        else:
            async with anthropic.AsyncAnthropic(
                base_url=self.server.anthropic_url, api_key='test', max_retries=0
            ) as other:
                model = AnthropicModel(
                    self.model_name or 'claude-opus-5',
                    provider=AnthropicProvider(anthropic_client=other),
                )
                output = await self._live(agent_factory(model, TOOLS), Agent(model, tools=TOOLS))
        own = [one for one in self.server.requests if not any(one is repair for repair in self.repairs)]
        refused = [one for one in own if one.refusal]
        return Lived(
            completed=len(own) - len(refused),
            refusals=refused,
            largest=max(one.tokens for one in own),
            requests=own,
            output=output,
        )

    async def _live(self, agent: Agent[None, str], plain: Agent[None, str]) -> str | None:
        history: list[ModelMessage] = []
        prompt: str | None = PROMPT
        while True:
            history, output, refused = await self._until_refused(agent, prompt, history, None)
            if not refused:
                return output
            known = len(self.server.requests)
            history, output, beyond_repair = await self._until_refused(plain, None, history, 1)
            self.repairs.extend(self.server.requests[known:])
            if beyond_repair or output is not None:
                return output
            prompt = None

    async def _until_refused(
        self, agent: Agent[None, str], prompt: str | None, history: list[ModelMessage], limit: int | None
    ) -> tuple[list[ModelMessage], str | None, bool]:
        """Run until the end, a refusal or `limit` requests: the unprocessed history, output, refused."""
        made = 0
        async with agent.iter(
            prompt,
            message_history=history,
            instructions=INSTRUCTIONS,
            usage_limits=UsageLimits(request_limit=None),
        ) as run:
            node: Any = run.next_node
            while not Agent.is_end_node(node):
                if Agent.is_model_request_node(node):
                    before = [*run.all_messages(), node.request] if node.request.parts else run.all_messages()
                    if made == limit:
                        return before, None, False
                    made += 1
                    try:
                        if self.streamed:
                            await _drained(node.stream(run.ctx))
                        node = await run.next(node)
                    except ModelHTTPError as error:
                        if error.status_code != 400:
                            raise
                        return before, None, True
                else:
                    node = await run.next(node)
            assert run.result is not None
            return run.all_messages(), run.result.output, False


async def _drained(stream: AbstractAsyncContextManager[AsyncIterable[object]]) -> None:
    async with stream as events:
        async for _ in events:
            pass


def _four_characters(text: str) -> int:
    return (len(text) + 3) // 4


def read_file(path: str, start: int) -> str:
    """Read a part of a file.

    Args:
        path: The file.
        start: The first line.
    """
    dice = random.Random(f'{path}{start}')
    lines = [
        f'{start + offset:5}  {"    " * dice.randint(0, 3)}{dice.choice(_CODE)}'
        for offset in range(dice.randint(40, 110))
    ]
    return '\n'.join(lines)


def search(pattern: str) -> str:
    """Search the project.

    Args:
        pattern: What to look for.
    """
    dice = random.Random(pattern)
    return '\n'.join(
        f'importer/stage_{dice.randint(0, 16)}.py:{dice.randint(1, 900)}: {dice.choice(_CODE)}  # {pattern}'
        for _ in range(dice.randint(20, 60))
    )


def run_tests(target: str) -> str:
    """Run tests.

    Args:
        target: The test file.
    """
    dice = random.Random(target)
    passed = dice.randint(15, 50)
    lines = [f'{target}::test_case_{number} PASSED [{number * 2:3}%]' for number in range(passed)]
    return '\n'.join([*lines, f'E   assert {dice.randint(1, 99)} == 100', f'1 failed, {passed} passed'])


_CODE = (
    'rows = [parse(line) for line in source if line.strip()]',
    'if not row or row[-1] == "":',
    'raise ImportFailed(f"stage {stage}: {len(row)} columns, {expected} expected")',
    'log.debug("kept %d of %d rows", len(kept), len(rows))',
    'for index, cell in enumerate(row):',
    'return Batch(kept, rejected=rejected, checksum=digest(kept))',
    'self._pending.pop(key, None)',
)

TOOLS: tuple[Tool[None], ...] = (Tool(read_file), Tool(search), Tool(run_tests))
