"""Chains of real models over loopback providers, with a clock that only waiting moves."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider

from compactor import CapacityModel, Policy
from compactor.telemetry.events import Event
from compactor.testing import Api, Failure, Reply, StrictProvider, Turn

START = 1_770_000_000.0
CLOSED = {'connection': 'close'}
"""Tests run in an event loop each, and a connection must not outlive the loop that it was opened in."""

Say = Callable[[Turn], Reply | Failure]


def openai_model(server: StrictProvider, name: str = 'gpt-a', retries: int = 0) -> Model:
    """OpenAI's real SDK, pointed at a provider."""
    client = openai.AsyncOpenAI(base_url=server.openai_url, api_key='test', max_retries=retries, default_headers=CLOSED)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def anthropic_model(server: StrictProvider, name: str = 'claude-a') -> Model:
    """Anthropic's real SDK, pointed at a provider."""
    client = anthropic.AsyncAnthropic(
        base_url=server.anthropic_url, api_key='test', max_retries=0, default_headers=CLOSED
    )
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


MODELS: dict[Api, Callable[[StrictProvider, str], Model]] = {'openai': openai_model, 'anthropic': anthropic_model}


@dataclass
class Time:
    """A clock; waiting moves it, and is written down."""

    now: float = START
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        """Seconds since 1970."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Waits no time at all."""
        self.waits.append(seconds)
        self.now += seconds


class Playing:
    """A provider's part: what it answers next, a line each; the last one again and again."""

    def __init__(self, *lines: Reply | Failure) -> None:
        self.lines = list(lines)
        self.asked = 0

    def __call__(self, turn: Turn) -> Reply | Failure:
        """The next line."""
        self.asked += 1
        return self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]


@dataclass
class Links:
    """A chain of two, what they were asked, and what was told."""

    model: CapacityModel
    first: StrictProvider
    second: StrictProvider
    time: Time
    events: list[Event]

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def asked(self) -> tuple[int, int]:
        """How many requests each provider has seen."""
        return len(self.first.requests), len(self.second.requests)


@contextmanager
def chain(
    first: Say,
    second: Say = lambda turn: Reply('from b'),
    *,
    api: Api = 'openai',
    policy: Policy | None = None,
    windows: tuple[int | None, int | None] = (None, None),
    names: tuple[str, str] = ('model-a', 'model-b'),
    **more: Any,
) -> Iterator[Links]:
    """A `CapacityModel` over two providers."""
    time, events = more.pop('time', None) or Time(), list[Event]()
    limits = more.pop('limits', None)
    with StrictProvider(first, windows[0], limits=limits) as a, StrictProvider(second, windows[1]) as b:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # of SDKs newer than the framework
            models = MODELS[api](a, names[0]), MODELS[api](b, names[1])
        model = CapacityModel(
            *models,
            policy=policy or Policy(),
            on_event=more.pop('on_event', events.append),
            clock=time,
            sleep=time.sleep,
            chance=lambda: 0.0,
            **more,
        )
        yield Links(model, a, b, time, events)
