"""Lives one scripted agent through every way a version offers to plug a `Compactor` in and to run an agent.

What a version offers is found out by looking (`MODES`, `WAYS`), never by its number. The agent is real, its tools
are real and called in parallel; only the model's decisions are scripted.
"""

from __future__ import annotations

import asyncio
import json
import warnings
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pydantic_ai.capabilities as capabilities
from pydantic_ai import Agent
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    RetryPromptPart,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
)
from pydantic_ai.models.function import AgentInfo, DeltaToolCall, FunctionModel

from compactor import HistoryPolicy, Policy
from compactor.policy import ArchivePolicy, OutputsPolicy
from compactor.telemetry.events import Event, RequestChecked
from tests.sealing import unsealed

T = TypeVar('T')

ProcessHistory: Any = getattr(capabilities, 'ProcessHistory', None) or vars(capabilities)['HistoryProcessor']
"""The capability around a history processor, under either of its names."""

INSTRUCTIONS = 'You are a careful engineer. Read before you write.'


def as_capability(plug: Any) -> dict[str, Any]:
    """`capabilities=[Compactor(...)]`."""
    return {'capabilities': [plug]}


def as_process_history(plug: Any) -> dict[str, Any]:
    """`capabilities=[ProcessHistory(Compactor(...))]`."""
    return {'capabilities': [ProcessHistory(plug)]}


def as_history_processor(plug: Any) -> dict[str, Any]:
    """`history_processors=[Compactor(...)]`, 1.x only."""
    return {'history_processors': [plug]}


Mode = Callable[[Any], dict[str, Any]]


def new_agent(model: Any, **arguments: Any) -> Agent[None, Any]:
    """An agent; that `history_processors=` is deprecated in late 1.x is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings('ignore', message='.*history_processors.*')
        return Agent(model, **arguments)


def _takes_history_processors() -> bool:
    try:
        new_agent(None, history_processors=[])
    except TypeError:
        return False
    return True


PROCESSOR_MODES: tuple[Mode, ...] = (
    (as_process_history, as_history_processor) if _takes_history_processors() else (as_process_history,)
)
MODES: tuple[Mode, ...] = (as_capability, *PROCESSOR_MODES)
"""Every way of plugging in that the installed version has."""


def go(work: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine in an event loop of its own."""
    kept: list[T] = []

    async def keep() -> None:
        # Not returned: `asyncio.run` prints its task, result included, which takes seconds for a long history.
        kept.append(await work)

    asyncio.run(keep())
    return kept[0]


def run_sync(agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """`Agent.run_sync` on an event loop that is closed afterwards."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return agent.run_sync(prompt, **arguments)
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        asyncio.set_event_loop(None)


async def by_run(agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """`Agent.run`."""
    return await agent.run(prompt, **arguments)


async def by_stream(agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """`Agent.run_stream`, read to its end."""
    async with agent.run_stream(prompt, **arguments) as streamed:
        await streamed.get_output()
    return streamed


async def by_iter(agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """`Agent.iter`, node by node."""
    async with agent.iter(prompt, **arguments) as run:
        async for _ in run:
            pass
    return run.result


def by_run_sync(agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """`Agent.run_sync`."""
    return run_sync(agent, prompt, **arguments)


Way = Callable[..., Any]
WAYS: tuple[Way, ...] = (by_run, by_run_sync, by_stream, by_iter)
"""Every way of running an agent."""


def drive(way: Way, agent: Agent[None, Any], prompt: Any, **arguments: Any) -> Any:
    """Runs an agent in one of `WAYS` and returns its result."""
    result = way(agent, prompt, **arguments)
    return go(result) if asyncio.iscoroutine(result) else result


Shape = tuple[Any, ...]


def shape(messages: Sequence[ModelMessage]) -> list[Shape]:
    """What a model sees of a history: roles, parts and texts; ids, timestamps, seals and run bookkeeping aside."""
    return [
        (
            message.kind,
            *((part.part_kind, getattr(part, 'tool_name', None), _text(part)) for part in message.parts),
        )
        for message in messages
    ]


def _text(part: Any) -> str:
    if isinstance(part, ToolCallPart):
        return part.args_as_json_str()
    return unsealed(str(getattr(part, 'content', '')))


def texts(messages: Sequence[ModelMessage]) -> list[str]:
    """All texts of user prompts and of summaries in requests, in order."""
    return [
        part.content
        for message in messages
        for part in message.parts
        if isinstance(message, ModelRequest)
        and part.part_kind in ('user-prompt', 'compaction')
        and isinstance(part.content, str)
    ]


def faults(messages: Sequence[ModelMessage]) -> list[str]:
    """Every rule of the providers that a request breaks; written independently of `compactor.history.rules`."""
    found: list[str] = []
    open_calls: deque[str] = deque()
    spoken = False
    for i, message in enumerate(messages):
        if not message.parts:
            found.append(f'{i}: empty message')
        if isinstance(message, ModelResponse):
            if not spoken:
                found.append(f'{i}: a response before any user content')
            if i and isinstance(messages[i - 1], ModelResponse):
                found.append(f'{i}: two responses in a row')
            if open_calls:
                found.append(f'{i}: unanswered calls {list(open_calls)}')
            open_calls = deque(part.tool_call_id for part in message.parts if isinstance(part, ToolCallPart))
            continue
        for part in message.parts:
            if isinstance(part, ToolReturnPart) or (isinstance(part, RetryPromptPart) and part.tool_name):
                if part.tool_call_id in open_calls:
                    open_calls.remove(part.tool_call_id)
                else:
                    found.append(f'{i}: result {part.tool_call_id} answers no call')
            else:
                if open_calls:
                    found.append(f'{i}: {part.part_kind} stands before the results')
                spoken = spoken or part.part_kind in ('user-prompt', 'speech', 'compaction')
    if open_calls:
        found.append(f'end: unanswered calls {list(open_calls)}')
    if messages and not isinstance(messages[-1], ModelRequest):
        found.append('ends with a response')
    return found


class Demanding(FunctionModel):
    """A model that takes only what providers take: it is no stand-in, as far as anybody can see."""

    @property
    def system(self) -> str:
        """The provider's name."""
        return 'scripted'


Decision = Callable[[int, list[ModelMessage], AgentInfo], ModelResponse]
"""From the number of the request (1, 2, ...), its history and settings to what the model answers."""


@dataclass
class Script:
    """A model that answers by a script and remembers every request.

    Attributes:
        decide: what it answers.
        seen: the history of each request, as a list of its own.
        infos: settings and tools of each request.
        demanding: whether histories with defects are mended for it.
    """

    decide: Decision
    seen: list[list[ModelMessage]] = field(default_factory=list)
    infos: list[AgentInfo] = field(default_factory=list)
    demanding: bool = False

    @property
    def model(self) -> FunctionModel:
        """The model; streamed answers come in two halves."""
        kind = Demanding if self.demanding else FunctionModel
        return kind(self._answer, stream_function=self._stream)

    @property
    def shapes(self) -> list[list[Shape]]:
        """Each request as the model saw it."""
        return [shape(messages) for messages in self.seen]

    @property
    def max_tokens(self) -> set[Any]:
        """Every `max_tokens` that requests were sent with."""
        return {(info.model_settings or {}).get('max_tokens') for info in self.infos}

    def _answer(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.seen.append(list(messages))
        self.infos.append(info)
        return self.decide(len(self.seen), messages, info)

    async def _stream(self, messages: list[ModelMessage], info: AgentInfo) -> AsyncIterator[Any]:
        for i, part in enumerate(self._answer(messages, info).parts):
            if isinstance(part, TextPart):
                half = len(part.content) // 2
                yield part.content[:half]
                yield part.content[half:]
            elif isinstance(part, ToolCallPart):
                arguments = part.args_as_json_str()
                yield {i: DeltaToolCall(part.tool_name, arguments, tool_call_id=part.tool_call_id)}


def say(text: str) -> ModelResponse:
    """A final answer."""
    return ModelResponse(parts=[TextPart(text)])


def call(*numbers: int, tool: str = 'read') -> ModelResponse:
    """Parallel calls of a tool, one a number."""
    return ModelResponse(parts=[ToolCallPart(tool, {'n': n}, tool_call_id=f'call-{n}') for n in numbers])


def rounds(each: int, parallel: bool = True) -> Decision:
    """`each` - 1 rounds of tool calls, then a final answer, over and over."""

    def decide(k: int, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        if k % each == 0:
            return say(f'Done after {k} requests.')
        return call(2 * k, 2 * k + 1) if parallel else call(k)

    return decide


SENTENCE = 'a line of source code that was read from the file and says little that is worth keeping'
WORDS = SENTENCE.split()


def output(n: int, words: int) -> str:
    """What `read` returns: about `words` tokens that differ from call to call."""
    return f'file {n}:\n' + ' '.join(WORDS[(n + i) % len(WORDS)] for i in range(words))


def reading_agent(script: Script, *, words: int = 450, **arguments: Any) -> Agent[None, Any]:
    """The agent: brief instructions and one tool that reads."""
    agent = new_agent(script.model, instructions=INSTRUCTIONS, **arguments)

    @agent.tool_plain
    def read(n: int) -> str:
        return output(n, words)

    return agent


@dataclass
class Log:
    """Receives events."""

    events: list[Event] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        """Takes one."""
        self.events.append(event)

    def of(self, kind: type[Event]) -> list[Any]:
        """The events of one kind, in order."""
        return [event for event in self.events if type(event) is kind]

    @property
    def sizes(self) -> list[int]:
        """Tokens of each request as it was sent."""
        return [event.tokens_after for event in self.of(RequestChecked)]

    @property
    def names(self) -> list[str]:
        """The kinds of all events, in order."""
        return [type(event).__name__ for event in self.events]

    @property
    def told(self) -> list[str]:
        """All events as lines of text, without run ids, model names and seconds."""
        return [line for event in self.events for line in _lines(event)]


def _lines(event: Event) -> list[str]:
    hidden = ('run_id', 'model', 'seconds')
    fields = [name for kind in reversed(type(event).__mro__) for name in vars(kind).get('__annotations__', ())]
    return [
        type(event).__name__,
        *(f'  {name}: {getattr(event, name)!r}' for name in fields if name not in hidden),
    ]


NO_ARCHIVE = ArchivePolicy(enabled=False)
WHOLE = OutputsPolicy(enabled=False)
"""Nothing is kept, so no handle and no tool comes in."""


def cerebras(reserve: int = 0) -> Policy:
    """The preset without an archive, with so many tokens reserved."""
    policy = Policy.preset('cerebras')
    history = policy.history.model_copy(update={'reserve_tokens': reserve})
    return policy.model_copy(update={'history': history, 'archive': NO_ARCHIVE})


def small(**values: Any) -> Policy:
    """Trigger 4,000, goal 2,000, hard limit 8,000 of a window of 10,000, so that few rounds show what happens.

    Without an archive: its handles are made up anew for each conversation, and its tool is for capabilities only.
    Outputs stay whole, so that only the history is at work.
    """
    numbers: dict[str, Any] = {
        'max_input_tokens': 10_000,
        'compaction_threshold': 0.4,
        'hard_limit_threshold': 0.8,
        'goal_ratio': 0.5,
        **values,
    }
    return Policy(history=HistoryPolicy(**numbers), archive=NO_ARCHIVE, outputs=WHOLE)


def session(way: Way, agent: Agent[None, Any], prompts: Sequence[Any], **arguments: Any) -> list[Any]:
    """One run a prompt, each handing its whole record on to the next; returns the results."""
    results: list[Any] = []
    for prompt in prompts:
        history = results[-1].all_messages() if results else None
        results.append(drive(way, agent, prompt, message_history=history, **arguments))
    return results


def as_plain(messages: Sequence[ModelMessage]) -> Any:
    """A history as plain JSON values, to compare deeply."""
    from pydantic_ai.messages import ModelMessagesTypeAdapter

    return json.loads(ModelMessagesTypeAdapter.dump_json(list(messages)))
