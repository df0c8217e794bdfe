"""`CachedModel`: the same request is asked once; whatever the store does, the agent gets its answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic_ai import Agent
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, TextPart, ToolCallPart, UserPromptPart
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.models.function import AgentInfo, FunctionModel

from compactor import ConfigError
from compactor.adapters.pydantic_ai.cache.cached import CachedModel
from compactor.store.engine import Store
from compactor.telemetry.events import CacheHit, StoreUnavailable
from tests.adapters.driver import Log, by_run, by_stream, drive, go, new_agent


class Asked:
    """A model that counts how often it is asked, and how."""

    def __init__(self, answer: str = 'Paris.', pause: float = 0.0, fail: int = 0, calls: str = '') -> None:
        self.times = 0
        self.answer = answer
        self.pause = pause
        self.fail = fail
        self.calls = calls

    @property
    def model(self) -> FunctionModel:
        """The model."""
        return FunctionModel(self._request, stream_function=self._stream)

    async def _request(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.times += 1
        if self.pause:
            await asyncio.sleep(self.pause)
        if self.times <= self.fail:
            raise RuntimeError('the model is away')
        spoken = any(part.part_kind == 'tool-return' for message in messages[-1:] for part in message.parts)
        if self.calls and not spoken:
            return ModelResponse(parts=[ToolCallPart(self.calls, {})], finish_reason='tool_call')
        return ModelResponse(parts=[TextPart(self.answer)], finish_reason='stop')

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[str]:
        self.times += 1
        for word in self.answer.split(' '):
            yield f'{word} '


def cached(asked: Asked, **arguments: Any) -> CachedModel:
    """The model behind a cache, by default one of its own in this process."""
    return CachedModel(asked.model, **arguments)


def test_the_second_time_nobody_is_asked() -> None:
    """The answer is the same, and its usage is nothing."""
    asked, log = Asked(), Log()
    agent = new_agent(cached(asked, on_event=log))
    first = drive(by_run, agent, 'What is the capital of France?')
    second = drive(by_run, agent, 'What is the capital of France?')
    assert (first.output, second.output) == ('Paris.', 'Paris.')
    assert asked.times == 1
    [hit] = log.of(CacheHit)
    assert hit.tokens_saved > 0
    last = second.all_messages()[-1]
    assert (last.usage.input_tokens, last.usage.output_tokens) == (0, 0)


@pytest.mark.parametrize(
    ('prompt', 'arguments'),
    [
        ('What is the capital of Italy?', {}),
        ('What is the capital of France? ', {}),
        ('What is the capital of France?', {'model_settings': {'temperature': 0.5}}),
        ('What is the capital of France?', {'message_history': [ModelRequest(parts=[UserPromptPart('Hello.')])]}),
    ],
    ids=['prompt', 'space', 'settings', 'history'],
)
def test_whatever_the_provider_would_see_makes_another_request(prompt: str, arguments: dict[str, Any]) -> None:
    """Prompt, settings and history are part of the question."""
    asked = Asked()
    agent = new_agent(cached(asked))
    drive(by_run, agent, 'What is the capital of France?')
    drive(by_run, agent, prompt, **arguments)
    assert asked.times == 2


def test_instructions_and_tools_make_another_request() -> None:
    """One cache may serve many agents."""
    asked = Asked()
    model = cached(asked)
    drive(by_run, new_agent(model), 'Go.')
    drive(by_run, new_agent(model, instructions='Be brief.'), 'Go.')
    with_tool = new_agent(model)

    @with_tool.tool_plain
    def look() -> str:
        return 'nothing'

    drive(by_run, with_tool, 'Go.')
    assert asked.times == 3


def test_streams_are_stored_and_replayed() -> None:
    """A streamed answer is had again, streamed or not."""
    asked = Asked('one two three')
    agent = new_agent(cached(asked))
    first = drive(by_stream, agent, 'Count.')

    async def again() -> tuple[str, list[str]]:
        async with agent.run_stream('Count.') as streamed:
            texts = [text async for text in streamed.stream_text(debounce_by=None)]
            return await streamed.get_output(), texts

    output, texts = go(again())
    assert output == 'one two three '
    assert texts[-1] == 'one two three '
    assert first is not None
    # Where a stream does not tell that it was read to its end, only a reason for its end does.
    assert asked.times == (1 if hasattr(StreamedResponse, '_finished') else 2)


def test_an_answer_is_streamed_that_was_not_asked_for_as_a_stream() -> None:
    """The stored answer's parts come as events."""
    asked = Asked('one two three')
    agent = new_agent(cached(asked))
    drive(by_run, agent, 'Count.')

    async def streamed() -> list[str]:
        async with agent.run_stream('Count.') as stream:
            return [text async for text in stream.stream_text(debounce_by=None)]

    assert go(streamed())[-1] == 'one two three'
    assert asked.times == 1


def test_fifty_at_once_ask_once() -> None:
    """Identical requests in flight wait for the first."""
    asked = Asked(pause=0.05)
    agent = new_agent(cached(asked))

    async def all_at_once() -> list[Any]:
        return list(await asyncio.gather(*(agent.run('Go.') for _ in range(50))))

    results = go(all_at_once())
    assert {result.output for result in results} == {'Paris.'}
    assert asked.times == 1


def test_a_failure_is_not_stored_and_not_shared() -> None:
    """The one who asked is told; who waited asks for itself."""
    asked = Asked(pause=0.05, fail=1)
    agent = new_agent(cached(asked))

    async def all_at_once() -> list[Any]:
        return list(await asyncio.gather(*(agent.run('Go.') for _ in range(10)), return_exceptions=True))

    results = go(all_at_once())
    assert sum(isinstance(result, RuntimeError) for result in results) == 1
    assert asked.times == 2
    assert drive(by_run, agent, 'Go.').output == 'Paris.'
    assert asked.times == 2


def test_who_waits_survives_the_cancellation_of_the_first() -> None:
    """A request that is cancelled leaves the others their answer."""
    asked = Asked(pause=0.05)
    agent = new_agent(cached(asked))

    async def first_is_cancelled() -> Any:
        first = asyncio.create_task(agent.run('Go.'))
        await asyncio.sleep(0.02)
        second = asyncio.create_task(agent.run('Go.'))
        await asyncio.sleep(0.01)
        first.cancel()
        return await second

    assert go(first_is_cancelled()).output == 'Paris.'


def test_calls_of_tools_are_asked_for_again() -> None:
    """Unless told so: a tool may do something again. Final answers as a tool's arguments do nothing."""
    for tool_calls, times in ((False, 3), (True, 2), (('look',), 2), (('other',), 3)):
        asked = Asked(calls='look')
        agent = new_agent(cached(asked, tool_calls=tool_calls))

        @agent.tool_plain
        def look() -> str:
            return 'nothing'

        drive(by_run, agent, 'Go.')
        drive(by_run, agent, 'Go.')
        assert asked.times == times


def test_structured_output_is_stored() -> None:
    """The arguments of an output tool are an answer like any other."""

    class City(BaseModel):
        name: str

    class Typed(Asked):
        async def _request(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
            self.times += 1
            return ModelResponse(parts=[ToolCallPart(info.output_tools[0].name, {'name': 'Paris'})])

    asked = Typed()
    agent: Agent[None, City] = new_agent(cached(asked), output_type=City)
    assert drive(by_run, agent, 'Go.').output == City(name='Paris')
    assert drive(by_run, agent, 'Go.').output == City(name='Paris')
    assert asked.times == 1


def test_between_processes(tmp_path: Path) -> None:
    """A store on disk answers the next program."""
    url = f'sqlite:///{tmp_path / "store.db"}'
    first, second = Asked(), Asked()
    with Store.open(url) as store:
        drive(by_run, new_agent(cached(first, store=store)), 'Go.')
    with Store.open(url) as store:
        assert drive(by_run, new_agent(cached(second, store=store)), 'Go.').output == 'Paris.'
    assert (first.times, second.times) == (1, 0)


def test_an_answer_grows_old(tmp_path: Path) -> None:
    """After its time the model is asked again."""
    now = [1_000.0]
    asked = Asked()
    with Store(tmp_path / 'store.db', clock=lambda: now[0]) as store:
        agent = new_agent(cached(asked, store=store, ttl=60))
        drive(by_run, agent, 'Go.')
        now[0] += 59
        drive(by_run, agent, 'Go.')
        assert asked.times == 1
        now[0] += 2
        drive(by_run, agent, 'Go.')
    assert asked.times == 2


def test_a_store_that_is_away(tmp_path: Path) -> None:
    """The agent gets its answers, an event says why they were not cached, and the cache comes back with the store."""
    asked, log = Asked(), Log()
    path = tmp_path / 'store.db'
    path.mkdir()
    with Store(path) as store:
        agent = new_agent(cached(asked, store=store, on_event=log))
        assert drive(by_run, agent, 'Go.').output == 'Paris.'
        assert {event.part for event in log.of(StoreUnavailable)} == {'cache'}
        path.rmdir()
        drive(by_run, agent, 'Go.')
        drive(by_run, agent, 'Go.')
    assert asked.times == 2


def test_an_answer_that_cannot_be_read_is_asked_for_again(tmp_path: Path) -> None:
    """What another version, or nobody knows who, has stored is forgotten."""
    asked = Asked()
    with Store(tmp_path / 'store.db') as store:
        model = cached(asked, store=store)
        agent = new_agent(model)
        drive(by_run, agent, 'Go.')
        key = asyncio.run(model._key([], None, ModelRequestParameters()))
        assert key is not None
        model.cache.set(key, b'{"no": "answer"}', model='m')
        assert go(model.request([], None, ModelRequestParameters())).parts
        assert asked.times == 2


def test_nearly_the_same_prompt_with_an_embedder() -> None:
    """Off unless asked for; then only within the same context."""

    async def embed(text: str) -> Sequence[float]:
        words = text.lower().strip('?.! ').split()
        return [float(words.count(word)) for word in ('capital', 'france', 'italy', 'population')]

    asked = Asked()
    agent = new_agent(cached(asked, embed=embed))
    drive(by_run, agent, 'What is the capital of France?')
    drive(by_run, agent, 'Tell me the capital of France!')
    assert asked.times == 1
    drive(by_run, agent, 'Tell me the capital of Italy!')
    assert asked.times == 2
    drive(by_run, agent, 'Tell me the capital of France!', model_settings={'temperature': 0.1})
    assert asked.times == 3


def test_the_direct_interface(tmp_path: Path) -> None:
    """`get`, `set`, `clear_old`, `invalidate`, `get_stats`."""
    now = [0.0]
    with Store(tmp_path / 'store.db', clock=lambda: now[0]) as store:
        cache = cached(Asked(), store=store).cache
        cache.set('a', b'1', model='gpt', prompt='list all_files', tokens=10)
        cache.set('b', b'2', model='glm', prompt='list 100% of files', tokens=5)
        answer = cache.get('a')
        assert answer is not None
        assert (answer.data, answer.hits, answer.tokens) == (b'1', 1, 10)
        assert cache.get('c') is None
        assert cache.get_stats() == {
            'total_entries': 2,
            'total_hits': 1,
            'total_tokens_saved': 10,
            'by_model': {'glm': {'entries': 1, 'hits': 0}, 'gpt': {'entries': 1, 'hits': 1}},
        }
        assert cache.invalidate('list all_*') == 1
        assert cache.invalidate('*100%*') == 1
        cache.set('d', b'4', model='gpt')
        now[0] = 7_200
        assert cache.clear_old(max_age_hours=1) == 1
        assert cache.get_stats()['total_entries'] == 0


def test_the_bound(tmp_path: Path) -> None:
    """The least recently used go first, and what is larger than the bound is not stored."""
    import random

    noise = random.Random(0)
    with Store(tmp_path / 'store.db') as store:
        cache = cached(Asked(), store=store, max_bytes=20_000).cache
        for i in range(40):
            cache.set(f'key {i}', noise.randbytes(1_000), model='m')
            cache.get('key 0')
        cache.set('large', noise.randbytes(30_000), model='m')
        assert cache.get('large') is None
        assert cache.get('key 0') is not None
        assert cache.get_stats()['total_entries'] <= 20


def test_bad_numbers() -> None:
    """They are refused when the model is made."""
    with pytest.raises(ConfigError):
        cached(Asked(), ttl=0)
    with pytest.raises(ConfigError):
        cached(Asked(), store='mysql://x')
