"""A `Compactor` alone: windows, warnings and refusals of any model, without anything in front of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import Agent, exceptions
from pydantic_ai.models.fallback import FallbackModel

from compactor import Compactor, Policy
from compactor.telemetry import events
from compactor.testing import Failure, RateLimit, RateLimits, Reply, StrictProvider
from tests.adapters.chains import Playing, openai_model
from tests.adapters.driver import WAYS, drive, go


def limited(amount: int, **more: Any) -> Policy:
    """So many requests a minute."""
    limits = [{'model': '*', 'unit': 'requests', 'window': 'minute', 'amount': amount}]
    stations: dict[str, Any] = {'capacity': {'limits': limits, **more}}
    return Policy(**stations)


@pytest.mark.parametrize('way', WAYS)
def test_usage_fills_windows(way: Any) -> None:
    """One warning for each edge, streamed or not; nothing is refused."""
    heard: list[events.Event] = []
    with StrictProvider(lambda turn: Reply('ok')) as server:
        compactor: Compactor[None] = Compactor(limited(5), on_event=heard.append)
        moments = iter(range(1_770_000_000, 1_770_001_000))
        assert compactor._capacity is not None
        compactor._capacity.clock = lambda: float(next(moments))
        agent = Agent(openai_model(server), capabilities=[compactor])
        for _ in range(6):
            drive(way, agent, 'hi')
    warned = [(e.edge, e.used, e.limit_type, e.provider) for e in heard if isinstance(e, events.CapacityWarning)]
    assert warned == [(80.0, 4, 'requests/minute', 'openai'), (95.0, 5, 'requests/minute', 'openai')]


def test_headers_are_heard() -> None:
    """Of successes: what a provider says is left is warned of although no policy names a limit."""
    heard: list[events.Event] = []
    limits = RateLimits((RateLimit('tokens', 'minute', 300),), style='openai', enforce=False)
    with StrictProvider(lambda turn: Reply('ok'), limits=limits) as server:
        agent = Agent(openai_model(server), capabilities=[Compactor(on_event=heard.append)])
        for _ in range(3):
            go(agent.run('a question of some length ' * 20))
    warned = [e for e in heard if isinstance(e, events.CapacityWarning)]
    assert [(e.limit, e.limit_type) for e in warned] == [(300, 'tokens/minute')]


@pytest.mark.parametrize('way', WAYS)
def test_refusals_are_told(way: Any) -> None:
    """Each with the pause that it asks for and how many there have been; the error is the model's own."""
    heard: list[events.Event] = []
    with StrictProvider(lambda turn: Failure(429, headers={'retry-after': '9'})) as server:
        agent = Agent(openai_model(server), capabilities=[Compactor(on_event=heard.append)])
        for _ in range(2):
            with pytest.raises(exceptions.ModelHTTPError):
                drive(way, agent, 'hi')
    told = [(e.cooldown, e.consecutive_429s, e.error_type) for e in heard if isinstance(e, events.RateLimited)]
    assert told == [(9.0, 1, 'rate limit (429)'), (9.0, 2, 'rate limit (429)')]


def test_what_is_no_refusal_is_not_told() -> None:
    """A bad request says nothing of capacity."""
    heard: list[events.Event] = []
    with StrictProvider(lambda turn: Failure(400, message='429 is not meant')) as server:
        agent = Agent(openai_model(server), capabilities=[Compactor(on_event=heard.append)])
        with pytest.raises(exceptions.ModelHTTPError):
            go(agent.run('hi'))
    assert [e for e in heard if isinstance(e, events.RateLimited)] == []


def test_each_model_of_a_fallback_chain_counts_for_itself() -> None:
    """The one that refused is told of, the one that answered is counted."""
    heard: list[events.Event] = []
    with (
        StrictProvider(lambda turn: Failure(503)) as first,
        StrictProvider(lambda turn: Reply('ok')) as second,
    ):
        chain = FallbackModel(openai_model(first, 'gpt-a'), openai_model(second, 'gpt-b'))
        compactor: Compactor[None] = Compactor(limited(1), on_event=heard.append)
        go(Agent(chain, capabilities=[compactor]).run('hi'))
    assert [e.model for e in heard if isinstance(e, events.CapacityWarning)] == ['openai:gpt-b']
    assert [e.model for e in heard if isinstance(e, events.RateLimited)] == ['openai:gpt-a']


def test_refusals_that_an_sdk_hides_are_told() -> None:
    """It tries again by itself, and the run never hears of the 429; whoever watches does."""
    heard: list[events.Event] = []
    with StrictProvider(Playing(Failure(429, headers={'retry-after-ms': '1'}), Reply('ok'))) as server:
        model = openai_model(server, retries=2)
        compactor: Compactor[None] = Compactor(on_event=heard.append)
        assert go(Agent(model, capabilities=[compactor]).run('hi')).output == 'ok'
    assert [(e.model, e.consecutive_429s) for e in heard if isinstance(e, events.RateLimited)] == [('openai:gpt-a', 1)]
    assert compactor._capacity is not None
    assert go(compactor._capacity.standing('openai:gpt-a')).cooldown == 0


def test_it_can_be_switched_off() -> None:
    """Then nothing is counted."""
    heard: list[events.Event] = []
    with StrictProvider(lambda turn: Reply('ok')) as server:
        compactor: Compactor[None] = Compactor(limited(1, enabled=False), on_event=heard.append)
        go(Agent(openai_model(server), capabilities=[compactor]).run('hi'))
    assert [e for e in heard if isinstance(e, events.CapacityWarning)] == []
