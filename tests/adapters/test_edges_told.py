"""Every crossing of 80 and 95 % is told before the next request to that model, at any speed, and at a run's end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from compactor import CapacityExhausted, CapacityModel, Compactor, Policy, Store
from compactor.capacity.windows import Taking
from compactor.run.walls import Capacity
from compactor.telemetry import events
from tests.adapters.chains import Time
from tests.adapters.driver import go

LIMIT = {'model': '*', 'unit': 'input_tokens', 'window': 'minute', 'amount': 10_000}


def told(**more: Any) -> Policy:
    """Ten thousand input tokens a minute."""
    stations: dict[str, Any] = {'capacity': {'limits': [LIMIT], **more}}
    return Policy(**stations)


def taking(tokens: int) -> FunctionModel:
    """A model whose every answer takes so many input tokens."""

    def answer(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        return ModelResponse(parts=[TextPart('ok')], usage=RequestUsage(input_tokens=tokens))

    return FunctionModel(answer, model_name='m')


class Played:
    """An agent whose requests come as fast as the clock says, and the warnings after each."""

    def __init__(self, tokens: int, chain: bool, store: Store | None = None, step: float = 0.05) -> None:
        self.time, self.heard, self.step = Time(), list[events.Event](), step
        model: Any = taking(tokens)
        compactor: Compactor[None] = Compactor(told(), store=store, archive=None, on_event=self.heard.append)
        self.capacity = compactor._capacity
        if chain:
            model = CapacityModel(
                model, policy=told(max_wait=0), store=store, clock=self.time, sleep=self.time.sleep, chance=lambda: 0.0
            )
            self.capacity = model._capacity
        assert self.capacity is not None
        self.capacity.clock = self.time
        self.agent = Agent(model, capabilities=[compactor])

    def warnings(self) -> list[tuple[float, float]]:
        """(edge, share) of each so far, in percent."""
        return [(event.edge, event.pct) for event in self.heard if isinstance(event, events.CapacityWarning)]

    def after_each(self, requests: int) -> list[list[tuple[float, float]]]:
        """What was told by the time that each request had its answer; it ends where a chain has no room."""
        found = []
        for _ in range(requests):
            self.time.now += self.step
            before = len(self.warnings())
            try:
                go(self.agent.run('hi'))
            except CapacityExhausted:
                break
            found.append(self.warnings()[before:])
        return found


@pytest.fixture(params=['memory', 'store'])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Both kinds of books."""
    if request.param == 'memory':
        yield None
    else:
        with Store.open(tmp_path / 'store.db') as opened:
            yield opened


@pytest.mark.parametrize('chain', [False, True], ids=['compactor', 'chain'])
def test_requests_of_ten_percent_that_come_fast(store: Store | None, chain: bool) -> None:
    """Thirty in a second and a half: at 80 % and at 100 %, each as soon as it is so."""
    found = Played(1_000, chain, store).after_each(30)
    assert {number: one for number, one in enumerate(found, 1) if one} == {8: [(80.0, 80.0)], 10: [(95.0, 100.0)]}
    assert len(found) == (10 if chain else 30)


@pytest.mark.parametrize('chain', [False, True], ids=['compactor', 'chain'])
def test_requests_of_nearly_half(store: Store | None, chain: bool) -> None:
    """The second goes past 80 %, the third past all there is; a chain is told before it refuses the third."""
    found = Played(4_500, chain, store).after_each(4)
    assert found[:2] == [[], [(80.0, 90.0)]]
    assert chain or found[2:] == [[(95.0, 135.0)], []]


def test_requests_at_once(store: Store | None) -> None:
    """Of those in flight together every crossing is told as well."""
    played = Played(1_000, False, store)

    async def together() -> None:
        await asyncio.gather(*(played.agent.run('hi') for _ in range(9)))

    go(together())
    assert [edge for edge, _ in played.warnings()] == [80.0]
    go(together())
    assert [edge for edge, _ in played.warnings()] == [80.0, 95.0]


def test_a_request_that_was_given_up_is_told_before_the_next() -> None:
    """It counts as all that was set aside, and its end waits for nothing: the next request says so first."""

    async def stream(messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        yield 'a'
        await asyncio.sleep(0)
        yield 'b'

    heard: list[events.Event] = []
    limit = {'model': '*', 'unit': 'tokens', 'window': 'hour', 'amount': 1_000}
    stations: dict[str, Any] = {'capacity': {'limits': [limit], 'reserve_output': 850, 'max_wait': 0}}
    model = CapacityModel(
        FunctionModel(stream_function=stream, model_name='m'), policy=Policy(**stations), on_event=heard.append
    )

    async def left() -> None:
        async with Agent(model).run_stream('hi') as streamed:
            async for _ in streamed.stream_text(delta=True, debounce_by=None):
                break

    go(left())
    with pytest.raises(CapacityExhausted):
        go(left())
    assert [event.edge for event in heard if isinstance(event, events.CapacityWarning)] == [80.0]


@pytest.mark.parametrize('chain', [False, True], ids=['compactor', 'chain'])
def test_what_others_took_is_told_at_a_runs_end(tmp_path: Path, chain: bool) -> None:
    """Two share a store: one takes little, and hears at the end of its run that the other has taken the rest."""
    with Store.open(tmp_path / 'store.db') as opened:
        quiet, busy = Played(100, chain, opened), Played(8_500, chain, opened)
        quiet.after_each(1)
        busy.time.now = quiet.time.now
        busy.after_each(1)
        assert quiet.warnings() == []
        quiet.step = 0.01
        quiet.after_each(1)
        assert [edge for edge, _ in quiet.warnings()] == [80.0]


def test_a_store_is_asked_no_more_than_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred requests of a thousandth in a moment, one look at first, and one when the run is over."""
    looks: list[str] = []
    look = Capacity._look

    async def counted(self: Capacity, model: str, run_id: str | None) -> None:
        looks.append(model)
        await look(self, model, run_id)

    monkeypatch.setattr(Capacity, '_look', counted)
    with Store.open(tmp_path / 'store.db') as opened:
        capacity = Played(10, False, opened).capacity
        assert capacity is not None

        async def requests() -> None:
            for _ in range(100):
                await capacity.answered('m', Taking(input_tokens=10), 0.0)
            await capacity.ended(None)
            await capacity.ended(None)

        go(requests())
    assert looks == ['m', 'm']
