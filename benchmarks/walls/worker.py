"""A process that sends requests at its own times, whatever becomes of those before, and writes down what does."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from multiprocessing.connection import Connection
from typing import Any

import anthropic
import openai
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.settings import ModelSettings

from compactor.errors import CompactorError
from compactor.testing import Api

from .clock import Clock
from .controls import CONTROLS, Given
from .providers import Addresses
from .scenarios import SHAPES, Shape

NAMES: Mapping[str, str] = {'openai': 'gpt-4o', 'anthropic': 'claude-sonnet-4-5'}
"""The model of each wire."""
WARM = '-warm-up'
"""What stands after it until the clock begins."""
WARM_UPS = 3
"""Requests to warm up with, to each model."""


@dataclass(frozen=True, slots=True)
class Work:
    """What a worker does. Moments are in seconds since 1970, as they are played.

    Attributes:
        control: How it asks, by its name.
        number: Which worker it is, from 0.
        workers: How many there are.
        seed: Of the whole row.
        per_minute: Requests that all workers send in a minute.
        start: When it begins.
        measured: From when on its requests count.
        end: When it sends no more.
        deadline: Seconds after which an answer is late; after twice as many the request is given up.
        addresses: Where the providers are.
        wire: The primary's; the fallback has the other.
        limits: The providers' limits, for those who are told.
        store: What processes may share.
        scale: Played seconds in a real one.
        bursty: Whether they come wholly at random, so that there are clusters and gaps.
    """

    control: str
    number: int
    workers: int
    seed: int
    per_minute: float
    start: float
    measured: float
    end: float
    deadline: float
    addresses: Addresses
    wire: Api
    limits: Sequence[Mapping[str, Any]]
    store: str
    scale: float
    bursty: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of a worker's requests that count.

    Attributes:
        sent: How many there were.
        took: Seconds until each answer, from the moment the request was due.
        lost: What was raised in place of an answer, by its name, and how often.
        late: Answers after the deadline.
        by_fallback: Answers of the fallback.
        lag: Seconds by which requests were sent later than they were due: a sign of a machine with too much to do.
        events: What the control told, by the name of the event.
    """

    sent: int = 0
    took: list[float] = field(default_factory=list)
    lost: Counter[str] = field(default_factory=Counter)
    late: int = 0
    by_fallback: int = 0
    lag: list[float] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)


def work(given: Work, pipe: Connection) -> None:
    """Warms up, says so, receives when the clock begins, sends its requests, and sends what became of them."""
    pipe.send(asyncio.run(_worked(given, pipe)))


async def _worked(given: Work, pipe: Connection) -> Outcome:
    clock, outcome = Clock(given.start, given.scale), Outcome()
    other: Api = 'anthropic' if given.wire == 'openai' else 'openai'

    def told(event: object) -> None:
        outcome.events[type(event).__name__] += 1

    models = _model(given.wire, given.addresses.primary), _model(other, given.addresses.fallback)
    tools = Given(given.limits, given.store, given.deadline, clock, clock.sleep, told, given.seed + given.number)
    agent = Agent(CONTROLS[given.control](*models, tools))
    await _warm_up(given, replace(tools, on_event=lambda event: None), other)
    pipe.send(None)
    clock.begun = await asyncio.to_thread(pipe.recv)
    async with asyncio.TaskGroup() as group:
        for number, at in moments(given):
            await clock.until(at)
            group.create_task(_one(agent, SHAPES[number % len(SHAPES)], at, given, clock, outcome))
    return outcome


async def _warm_up(given: Work, tools: Given, other: Api) -> None:
    """Asks what has no limits, over either wire, under names that nothing else counts.

    Imports, the first use of an SDK and the making of a store take as long as minutes that are played.
    """
    unlimited = given.addresses.unlimited
    models = [_model(wire, unlimited.of(wire), WARM) for wire in (given.wire, other)]
    for first, second in (models, models[::-1]):
        agent = Agent(CONTROLS[given.control](first, second, tools))
        for shape in SHAPES[:WARM_UPS]:
            await _ask(agent, shape)


def moments(given: Work) -> Iterator[tuple[int, float]]:
    """When this worker's requests are due, with their numbers among those of all.

    Workers take turns, so that the traffic is the same for any number of them. One request is due in each span of equal
    length, at a random moment of it; or, if bursty, all come at random.
    """
    chance = random.Random(given.seed)
    span = 60 / given.per_minute
    at = given.start
    for number in count():
        at = at + chance.expovariate(1 / span) if given.bursty else given.start + span * (number + chance.random())
        if at >= given.end:
            return
        if number % given.workers == given.number:
            yield number, at


async def _one(agent: Agent, shape: Shape, at: float, given: Work, clock: Clock, outcome: Outcome) -> None:
    lag = clock() - at
    error, answered_by = '', ''
    try:
        async with asyncio.timeout((2 * given.deadline - lag) / clock.scale):
            answered_by = await _ask(agent, shape)
    except (AgentRunError, BaseExceptionGroup, CompactorError, TimeoutError) as raised:
        error = type(raised).__name__ + str(getattr(raised, 'status_code', ''))
    if at < given.measured:
        return
    took = clock() - at
    outcome.sent += 1
    outcome.lag.append(lag)
    if error:
        outcome.lost[error] += 1
        return
    outcome.took.append(took)
    outcome.late += took > given.deadline
    outcome.by_fallback += answered_by != NAMES[given.wire]


async def _ask(agent: Agent, shape: Shape) -> str:
    """Which model answered."""
    result = await agent.run('word ' * shape.words, model_settings=ModelSettings(max_tokens=shape.max_tokens))
    return str(getattr(result.all_messages()[-1], 'model_name', ''))


def _model(wire: Api, url: str, suffix: str = '') -> Model:
    if wire == 'openai':
        client = openai.AsyncOpenAI(base_url=url, api_key='test', max_retries=0)
        return OpenAIChatModel(NAMES[wire] + suffix, provider=OpenAIProvider(openai_client=client))
    other = anthropic.AsyncAnthropic(base_url=url, api_key='test', max_retries=0)
    return AnthropicModel(NAMES[wire] + suffix, provider=AnthropicProvider(anthropic_client=other))
