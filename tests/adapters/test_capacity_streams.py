"""Streams of a chain: they go on elsewhere until the first event has been handed out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.exceptions import AgentRunError, ModelHTTPError
from pydantic_ai.messages import ModelMessage
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import CapacityModel, Policy
from compactor.telemetry import events
from tests.adapters.driver import go

Stream = Callable[[list[ModelMessage], AgentInfo], AsyncIterator[str]]


def saying(*pieces: str | Exception) -> FunctionModel:
    """A model that streams pieces, and raises where one is an error."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece

    return FunctionModel(stream_function=stream, model_name=f'says {len(pieces)}')


def refused() -> ModelHTTPError:
    """A rate limit."""
    return ModelHTTPError(429, 'm')


async def streamed(model: Any) -> list[str]:
    """The pieces of an answer, as they come."""
    async with Agent(model).run_stream('hi') as stream:
        return [piece async for piece in stream.stream_text(delta=True, debounce_by=None)]


def test_an_error_before_the_first_event_goes_to_the_next() -> None:
    """Nothing has been handed out, so nobody notices."""
    heard: list[events.Event] = []
    model = CapacityModel(saying(refused()), saying('from ', 'b'), on_event=heard.append)
    assert ''.join(go(streamed(model))) == 'from b'
    assert [event.error_type for event in heard if isinstance(event, events.RateLimited)] == ['rate limit (429)']


def test_an_error_after_the_first_event_is_the_callers() -> None:
    """What was handed out cannot be taken back; the model pauses all the same."""
    heard: list[events.Event] = []
    model = CapacityModel(saying('one ', 'two ', refused()), saying('from b'), on_event=heard.append)
    with pytest.raises(ModelHTTPError):
        go(streamed(model))
    assert ''.join(go(streamed(model))) == 'from b'
    assert [event.consecutive_429s for event in heard if isinstance(event, events.RateLimited)] == [1]


def test_a_stream_is_handed_over_piece_by_piece() -> None:
    """The first piece is waited for, the others are not."""
    assert go(streamed(CapacityModel(saying('a', 'b', 'c'), saying('d')))) == ['a', 'b', 'c']


def test_a_stream_without_events_is_an_answer_too() -> None:
    """What the framework makes of an empty one is its own affair, as without a chain."""
    with pytest.raises((ValueError, AgentRunError)) as alone:
        go(streamed(saying()))
    with pytest.raises(type(alone.value)):
        go(streamed(CapacityModel(saying(), saying('b'))))


def test_a_stream_that_is_left_counts_as_it_was_reserved() -> None:
    """Nobody knows what it took."""
    limits: dict[str, Any] = {
        'limits': [{'model': '*', 'unit': 'tokens', 'window': 'hour', 'amount': 10_000}],
        'reserve_output': 700,
    }
    stations: dict[str, Any] = {'capacity': limits}
    model = CapacityModel(saying('a', 'b', 'c'), policy=Policy(**stations))

    async def left() -> None:
        async with Agent(model).run_stream('hi') as stream:
            async for _ in stream.stream_text(delta=True, debounce_by=None):
                break

    go(left())
    (standing,) = go(model.standing())
    assert standing.windows[0].taken >= 700
    assert standing.windows[0].reserved == 0
