"""Summarisers with small windows: asked within what is known, taught by refusals, in no more slots than there are."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from compactor import Compactor, Policy, SummaryPolicy
from compactor.adapters.pydantic_ai.agent.summariser import SAFE, UNKNOWN_WINDOW
from compactor.adapters.pydantic_ai.served import forget_servers
from compactor.capacity.served import served
from compactor.run.slots import Slots
from compactor.telemetry.events import SummaryFailed, SummaryWritten
from compactor.testing import WAYS, Reply, StrictProvider, Turn, Way
from tests.adapters.driver import NO_ARCHIVE, Log, Script, as_capability, reading_agent, rounds, small

openai = pytest.importorskip('openai')
STORY = 'Goal: read every file\nDecisions: one by one\nNext step: read on'
LLAMA = WAYS['llama.cpp']


@pytest.fixture(autouse=True)
def _forgotten() -> None:
    forget_servers()


def policy(**summary: Any) -> Policy:
    """Every compaction of these runs has a summary, and nothing is waited for."""
    terms = SummaryPolicy(attempts=1, ahead=False, **summary)
    plain = small(strategies=('exchanges', 'digest', 'clamp'))
    return plain.model_copy(update={'archive': NO_ARCHIVE, 'summary': terms})


def lived(server: StrictProvider, runs: int = 1, steps: int = 14, **summary: Any) -> Log:
    """Runs at the same time of one `Compactor`, whose summariser is a model of this server."""
    log = Log()

    async def live() -> None:
        async with openai.AsyncOpenAI(base_url=server.openai_url, api_key='test', max_retries=0) as client:
            small_model = OpenAIChatModel('model', provider=OpenAIProvider(openai_client=client))
            compactor: Compactor[None] = Compactor(policy(**summary), summariser=small_model, on_event=log)
            agents: list[Agent[None, str]] = [
                reading_agent(Script(rounds(steps)), **as_capability(compactor)) for _ in range(runs)
            ]
            await asyncio.gather(*(agent.run('Read all files.') for agent in agents))

    asyncio.run(live())
    return log


def sizes(server: StrictProvider) -> list[int]:
    """By prompt, its tokens with those of the answer that it asked for."""
    asked = [one.body.get('max_completion_tokens') or one.body.get('max_tokens') for one in server.requests]
    assert all(isinstance(most, int) for most in asked)
    return [one.tokens + int(str(most)) for one, most in zip(server.requests, asked, strict=True)]


def with_slots(slots: int | None, says: int | None = None) -> Way:
    """llama.cpp's server with so many slots, None where it says nothing of them; `says`: the window that it tells."""

    def props(model: str, window: int) -> dict[str, Any]:
        return {
            'default_generation_settings': {'n_ctx': says or window},
            **({} if slots is None else {'total_slots': slots}),
        }

    return replace(LLAMA, tells={**LLAMA.tells, '/props': props})


@pytest.mark.parametrize('window', [1_024, 2_048])
def test_a_window_that_the_server_tells_is_kept(window: int) -> None:
    """Prompt and answer fit from the first one on, and something is written."""
    with StrictProvider(lambda turn: Reply(STORY), window=window, way=LLAMA) as server:
        log = lived(server)
    assert not server.refusals
    assert max(sizes(server)) <= window
    assert log.of(SummaryWritten)
    assert not log.of(SummaryFailed)


def test_a_window_that_has_no_room_for_a_record_costs_no_request() -> None:
    """The prompt's own words take 256 tokens and more: nobody is asked, and that is said."""
    with StrictProvider(lambda turn: Reply(STORY), window=256, way=LLAMA) as server:
        log = lived(server)
    assert not server.requests
    assert 'has no room for a record' in log.of(SummaryFailed)[0].reason


def test_a_refusal_teaches() -> None:
    """Nobody tells the window: what is asked first is small, and after one refusal it is smaller."""
    with StrictProvider(lambda turn: Reply(STORY), window=1_024, way=LLAMA.silent()) as server:
        log = lived(server, circuit_failures=9)
    assert 1_024 < max(sizes(server)) <= UNKNOWN_WINDOW * SAFE
    assert len(server.refusals) == len(log.of(SummaryFailed)) == 1
    assert max(sizes(server)[1:]) <= 1_024
    assert log.of(SummaryWritten)


def test_a_refusal_without_a_figure_teaches_too() -> None:
    """Each one takes a quarter off, until something fits."""
    mute = replace(
        LLAMA.silent(), words=lambda tokens, answer, window: {'error': 'input length exceeds context length'}
    )
    with StrictProvider(lambda turn: Reply(STORY), window=1_500, way=mute) as server:
        log = lived(server, steps=24, circuit_failures=9)
    refused = [size for one, size in zip(server.requests, sizes(server), strict=True) if one.refusal]
    assert refused == sorted(refused, reverse=True)
    assert all(later <= 0.75 * earlier for earlier, later in pairwise(refused))
    assert log.of(SummaryWritten)


def test_a_refusal_counts_more_than_what_the_server_tells() -> None:
    """A server that tells more than it takes is asked by what it takes: one refusal, and no other."""
    boasts = with_slots(1, 8_192)
    with StrictProvider(lambda turn: Reply(STORY), window=1_024, way=boasts) as server:
        log = lived(server, circuit_failures=9)
    assert len(server.refusals) == 1
    assert len(log.of(SummaryWritten)) >= 2


class Busy:
    """A server's model that notes how many of its requests overlap: the first ones wait for another to come.

    Args:
        patience: seconds that they wait at most.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.most = self.now = 0
        self._lock = threading.Lock()
        self._other = threading.Event()

    def __call__(self, turn: Turn) -> Reply:
        with self._lock:
            self.now += 1
            self.most = max(self.most, self.now)
            if self.now > 1:
                self._other.set()
        self._other.wait(self.patience)
        with self._lock:
            self.now -= 1
        return Reply(STORY)


def test_no_more_at_once_than_the_server_has_slots() -> None:
    """A record in pieces, and two runs at the same time: one request after the other where there is one slot."""
    busy = Busy(0.05)
    with StrictProvider(busy, window=1_024, way=with_slots(1)) as server:
        lived(server, runs=2, steps=8)
    assert len(server.requests) > 3
    assert busy.most == 1


def test_as_many_at_once_as_there_are_where_nobody_tells_of_slots() -> None:
    """The pieces of a record go at the same time."""
    busy = Busy(10)
    with StrictProvider(busy, window=1_024, way=with_slots(None)) as server:
        lived(server, steps=8)
    assert busy.most > 1


@pytest.mark.parametrize(('most', 'seen'), [(1, 1), (2, 2), (None, 5)])
def test_slots(most: int | None, seen: int) -> None:
    """As many as there are at once, in one loop and in the next."""
    slots = Slots(most)

    async def overlap() -> int:
        now = highest = 0

        async def work() -> None:
            nonlocal now, highest
            async with slots.one():
                now += 1
                highest = max(highest, now)
                await asyncio.sleep(0)
                now -= 1

        await asyncio.gather(*(work() for _ in range(5)))
        return highest

    assert [asyncio.run(overlap()), asyncio.run(overlap())] == [seen, seen]


def test_slots_that_change() -> None:
    """Told late, they count from then on."""
    slots = Slots(1)

    async def twice() -> None:
        async with slots.one():
            slots.most = 2
            async with slots.one():
                return

    asyncio.run(asyncio.wait_for(twice(), 5))


@pytest.mark.parametrize('slots', [0, -1, True, 'many', 10_001, None])
def test_slots_that_are_none(slots: object) -> None:
    """What a server says of its slots is believed only if it can be."""
    found = served({'/props': {'default_generation_settings': {'n_ctx': 4_096}, 'total_slots': slots}}, 'model')
    assert found is not None
    assert (found.window, found.slots) == (4_096, None)


@pytest.mark.parametrize(
    ('who', 'answer'),
    [
        ('a loop', 'The agent reads the file and then the next file. ' * 20),
        ('the same line', '\n'.join(['Goal: read every file'] * 20)),
        ('nothing', '...'),
    ],
)
def test_babble_costs_the_summary_and_nothing_else(who: str, answer: str) -> None:
    """The plain digest stands, and why is told."""
    with StrictProvider(lambda turn: Reply(answer), window=2_048, way=LLAMA) as server:
        log = lived(server)
    assert server.requests
    assert not log.of(SummaryWritten)
    assert log.of(SummaryFailed)


def test_the_prompt_written_back_costs_the_summary_and_nothing_else() -> None:
    """A model that echoes what it was asked has summed up nothing."""
    with StrictProvider(lambda turn: Reply(turn.body['messages'][-1]['content']), window=2_048, way=LLAMA) as server:
        log = lived(server)
    assert server.requests
    assert not log.of(SummaryWritten)
    assert log.of(SummaryFailed)
