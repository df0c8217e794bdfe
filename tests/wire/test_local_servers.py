"""Agents against servers that people run themselves: each way of being over the window, told of it and not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from compactor import Compactor, Policy, TokenPolicy
from compactor.adapters.pydantic_ai.served import forget_servers
from compactor.telemetry import events
from compactor.testing import WAYS, Call, Reply, StrictProvider, Turn, Way
from tests.adapters.driver import Log

openai = pytest.importorskip('openai')
WINDOW = 4_096
GOAL = 'Find the bug in these files. GOAL-MARK'
STEPS = 24


def reads(turn: Turn) -> Reply:
    """Reads one file after the other."""
    return Reply(calls=(Call('read', {'path': f'f{turn.number}.py'}),)) if turn.number < STEPS else Reply('done')


async def _run(
    server: StrictProvider, compactor: Compactor[None], name: str = 'my-finetune', streamed: bool = False
) -> Any:
    """One long run against a server."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async with openai.AsyncOpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client:
        model = OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))
        agent = Agent(model, capabilities=[compactor])

        @agent.tool_plain
        def read(path: str) -> str:
            """Read a file."""
            return '\n'.join(
                f'{path} line {i}: value {i * 7919 % 1000}' for i in range(12 + sum(map(ord, path)) * 7 % 23)
            )

        if not streamed:
            return (await agent.run(GOAL)).output
        async with agent.run_stream(GOAL) as stream:
            return await stream.get_output()


def run(server: StrictProvider, compactor: Compactor[None], streamed: bool = False) -> Any:
    """One long run against a server, in a loop of its own."""
    return asyncio.run(_run(server, compactor, streamed=streamed))


def has_goal(body: dict[str, Any]) -> bool:
    """Whether the goal is among the messages of a request."""
    return any('GOAL-MARK' in str(message.get('content')) for message in body['messages'])


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    forget_servers()


@pytest.mark.parametrize('way', WAYS)
def test_a_window_that_the_server_tells_is_kept(way: str) -> None:
    """Asked at the first request: nothing is ever refused or truncated, and the goal is in every request."""
    log = Log()
    with StrictProvider(reads, window=WINDOW, way=way) as server:
        assert run(server, Compactor(on_event=log)) == 'done'
    assert not server.refusals
    assert all(one.kept is None and has_goal(one.body) for one in server.requests)
    assert 'WindowAssumed' not in log.names


@pytest.mark.parametrize('streamed', [False, True], ids=['run', 'stream'])
@pytest.mark.parametrize('way', [name for name, way in WAYS.items() if way.over == 'refuses'])
def test_a_window_that_nobody_tells_is_learned_from_one_refusal(way: str, streamed: bool) -> None:
    """Not told, it is assumed aloud; one refusal names it, the request is sent again, and no other is refused."""
    log = Log()
    with StrictProvider(reads, window=WINDOW, way=WAYS[way].silent()) as server:
        assert run(server, Compactor(on_event=log), streamed=streamed) == 'done'
    assert len(server.refusals) <= 1
    assert len(log.of(events.OverflowRetried)) == len(server.refusals)
    assert [event.window for event in log.of(events.WindowAssumed)] == [128_000]
    assert all(has_goal(one.body) for one in server.requests)


def test_a_server_that_truncates_in_silence_is_found_out() -> None:
    """Its figure stands still: it is no anchor but the window, and the goal is lost at two requests at most."""
    log = Log()
    with StrictProvider(reads, window=WINDOW, way=WAYS['ollama'].silent()) as server:
        assert run(server, Compactor(on_event=log)) == 'done'
    [doubted] = [event for event in log.of(events.UsageDoubted) if event.window]
    assert doubted.window is not None
    assert WINDOW * 0.8 < doubted.window <= WINDOW
    assert sum(one.kept is not None for one in server.requests) <= 3
    assert all(one.kept is None for one in server.requests[-4:])


@pytest.mark.parametrize('reports', ['uncached', 'nothing', 'constant'])
def test_odd_usage_switches_nothing_off(reports: Any) -> None:
    """Whatever is reported, a window that was told is kept, and no smaller one is made up."""
    odd: Way = WAYS['llama.cpp'].reporting(reports)
    log = Log()
    with StrictProvider(reads, window=WINDOW, way=odd) as server:
        assert run(server, Compactor(on_event=log)) == 'done'
    assert not server.refusals
    assert max(one.tokens for one in server.requests) > WINDOW // 5


def test_nobody_is_asked_where_policy_says_so() -> None:
    """`tokens.ask_servers = false`: the window is assumed, and the first refusal teaches it."""
    log = Log()
    compactor: Compactor[None] = Compactor(Policy(tokens=TokenPolicy(ask_servers=False)), on_event=log)
    with StrictProvider(reads, window=WINDOW, way='llama.cpp') as server:
        assert run(server, compactor) == 'done'
    assert len(log.of(events.WindowAssumed)) == 1
    assert len(server.refusals) == 1


@pytest.mark.parametrize('way', [name for name, way in WAYS.items() if way.with_answer])
def test_an_answer_that_may_take_half_of_the_window_fits(way: str) -> None:
    """Servers that count `max_tokens` to the window refuse nothing of a chat whose caller has set it."""
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    async def chat(server: StrictProvider, compactor: Compactor[None]) -> None:
        async with openai.AsyncOpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client:
            model = OpenAIChatModel('my-finetune', provider=OpenAIProvider(openai_client=client))
            agent = Agent(model, capabilities=[compactor], model_settings={'max_tokens': 512})
            history: Any = []
            for turn in range(14):
                prompt = f'Turn {turn}: who signs invoice {turn * 7919} over {turn * 31} euros before Friday?'
                history = (await agent.run(prompt, message_history=history)).all_messages()

    log = Log()
    with StrictProvider(lambda turn: Reply('The head of accounts signs it. ' * 6), window=1_024, way=way) as server:
        asyncio.run(chat(server, Compactor(on_event=log)))
    assert not server.refusals
    assert log.of(events.Compacted)
