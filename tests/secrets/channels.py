"""Every channel by which a secret comes to an agent, by every copy that is made of it: what is found where.

One agent lives with a secret of its own in each channel. Afterwards all that was written, told and sent is looked
through for them, and for halves of them.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pydantic_ai import Agent, ModelRetry
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelResponse,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturn,
)
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.tools import Tool

from compactor import (
    Compactor,
    HistoryPolicy,
    MemoryArchive,
    OutputsPolicy,
    Policy,
    RequestTooLarge,
    Store,
    compact,
    inspect,
)
from compactor.adapters.pydantic_ai.cache.cached import CachedModel
from compactor.policy import TelemetryPolicy
from tests.secrets.samples import made

CHANNELS = (
    'result',
    'key of a result',
    'beside a result',
    'retry of a tool',
    'failure of a tool',
    'argument',
    'key of an argument',
    'argument as JSON',
    'name of a tool',
    'first prompt',
    'later prompt',
    'text of the agent',
    'thinking',
    'instructions',
    'system prompt',
    'error of the provider',
    'failure of a sink',
)
COPIES = (
    'archive in memory',
    'archive in a store',
    'response cache',
    'ledger',
    'cuts',
    'rest of the store',
    'prompts of the summariser',
    'digests',
    'events',
    'spans',
    'logs',
    'errors',
    'reports',
)
"""What is ours; of the record and the wire the policy says what is redacted: results, and what stands beside them."""
TOKENS = {channel: 'gh' + 'p_' + made(36, seed=channel) for channel in CHANNELS}
STEPS = 24
WORDS = 'and then it went on with a line that says little and is only here to fill the window '
POLICY = Policy(
    history=HistoryPolicy(max_input_tokens=16_000, strategies=('digest', 'clamp')),
    outputs=OutputsPolicy(tools={'*': 400}),
    telemetry=TelemetryPolicy(content=True),
)


@dataclass
class Lived:
    """What one agent has left behind: texts by copy, and what was recorded and sent."""

    copies: dict[str, list[str]] = field(default_factory=lambda: {copy: [] for copy in COPIES})
    record: str = ''
    wire: str = ''

    def table(self) -> dict[str, dict[str, int]]:
        """How often each channel's secret, or half of it, is found in each copy, in the record and on the wire."""
        texts: Mapping[str, Iterable[str]] = {**self.copies, 'record': [self.record], 'wire': [self.wire]}
        return {
            channel: {name: sum(shows(text, token) for text in found) for name, found in texts.items()}
            for channel, token in TOKENS.items()
        }


def shows(text: str, token: str) -> bool:
    """Whether a text holds a secret, or enough of it to try the rest."""
    return token[:24] in text or token[-24:] in text


class Model:
    """Calls a tool in each step, speaking all the while, and keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.step = 0
        self.failing = False

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.sent.append(_dumped(messages) + (info.instructions or ''))
        if self.failing:
            raise ModelHTTPError(401, 'm', {'error': {'message': f'bad key {TOKENS["error of the provider"]}'}})
        self.step += 1
        n = self.step
        if n % (STEPS // 2) == 0:
            return ModelResponse(parts=[TextPart(f'Part {n} is done.')], finish_reason='stop')
        named = json.dumps({'n': n, 'x': TOKENS['argument as JSON']})
        plain = {'command': f'curl -u me:{TOKENS["argument"]} https://h/{n}', TOKENS['key of an argument']: n}
        return ModelResponse(
            parts=[
                ThinkingPart(f'I remember {TOKENS["thinking"]} in step {n}.'),
                TextPart(f'In step {n} I use {TOKENS["text of the agent"]}.'),
                ToolCallPart('run', plain, tool_call_id=f'a{n}'),
                ToolCallPart(f'get_{TOKENS["name of a tool"]}', named, tool_call_id=f'b{n}'),
            ]
        )


def _dumped(messages: list[ModelMessage]) -> str:
    return ModelMessagesTypeAdapter.dump_json(messages).decode()


def run(**arguments: Any) -> Any:
    """A tool: a result, a key in it, words beside it, and now and then a refusal."""
    n = sum(value for value in arguments.values() if isinstance(value, int))
    if n % 5 == 3:
        raise ModelRetry(f'try again with {TOKENS["retry of a tool"]} in step {n}')
    rows = {'said': f'{n} {TOKENS["result"]} {WORDS * 24}', TOKENS['key of a result']: n}
    return ToolReturn(return_value=rows, content=f'beside {n}: {TOKENS["beside a result"]} {WORDS * 6}')


def get(**arguments: Any) -> str:
    """A tool with a secret in its name."""
    return f'{arguments["n"]} {TOKENS["result"]} {WORDS * 40}'


def fail(**arguments: Any) -> str:
    """A tool that ends the run."""
    raise RuntimeError(f'cannot reach it with {TOKENS["failure of a tool"]}')


def tools(*more: Any) -> list[Any]:
    """The agent's tools, which take whatever they are called with."""
    schema = {'type': 'object', 'additionalProperties': True}
    named = {'run': run, f'get_{TOKENS["name of a tool"]}': get}
    return [
        Tool.from_schema(function, name, 'Does it.', schema)
        for name, function in (*named.items(), *((one.__name__, one) for one in more))
    ]


async def _live(folder: Path, tracers: TracerProvider, found: Lived) -> None:
    model, asked = Model(), list[str]()

    def summarise(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        asked.append(_dumped(messages) + (info.instructions or ''))
        return ModelResponse(parts=[TextPart('Goal: upload it\nNext step: go on')])

    store = Store.open(folder / 's.db')
    told: list[Any] = []

    def hear(event: Any) -> None:
        told.append(event)
        raise RuntimeError(f'no room for it at {TOKENS["failure of a sink"]}')

    compactor: Compactor[None] = Compactor(
        POLICY, summariser=FunctionModel(summarise), store=store, on_event=hear, logfire=tracers
    )
    agent: Agent[None, str] = Agent(
        CachedModel(FunctionModel(model), store=store, tool_calls=True, on_event=told.append),
        instructions=f'Never say {TOKENS["instructions"]}.',
        system_prompt=f'You know {TOKENS["system prompt"]}.',
        tools=tools(fail),
        capabilities=[compactor],
        retries=99,
    )
    history: list[ModelMessage] = []
    for prompt in ('first prompt', 'later prompt'):
        result = await agent.run(f'Upload it with {TOKENS[prompt]}.', message_history=history)
        history = result.all_messages()
    model.failing = True
    for broken in (agent, Agent(FunctionModel(_calls_fail), tools=tools(fail), capabilities=[compactor])):
        with suppress(ModelHTTPError, RuntimeError):
            await broken.run('Go on.', message_history=history)
    tiny = Policy(history=HistoryPolicy(max_input_tokens=60, target_input_tokens=30, clamp_prompts=False))
    try:
        await Agent(FunctionModel(model), capabilities=[Compactor(tiny, on_event=told.append)]).run(
            f'Upload it with {TOKENS["first prompt"]} {WORDS * 20}', message_history=history
        )
    except RequestTooLarge as error:
        found.copies['errors'] += [str(error), repr(error), repr(error.parts)]
    await compactor.aclose()
    store.close()
    memory = MemoryArchive()
    small = compact(history, target_tokens=2_000, archive=memory)
    found.copies['archive in memory'] += [zlib.decompress(data).decode() for data in memory._entries.values()]
    found.copies['digests'] += [part.text for one in small.view for part in one.parts if part.kind == 'mark']
    found.copies['reports'] += [repr(inspect(history)), repr(small.failures), repr(small.incompressible)]
    found.copies['reports'].append(repr(small.report))
    found.copies['prompts of the summariser'] += asked
    found.copies['events'] += [repr(event) for event in told]
    found.record, found.wire = _dumped(history), '\n'.join(model.sent)
    assert asked, 'nothing was summarised'


def _calls_fail(messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
    return ModelResponse(parts=[ToolCallPart('fail', {})])


def lived(folder: Path) -> Lived:
    """Lets the agent live, and gathers what it has left behind."""
    found = Lived()
    exporter, tracers, logged = InMemorySpanExporter(), TracerProvider(), io.StringIO()
    tracers.add_span_processor(SimpleSpanProcessor(exporter))
    handler, logger = logging.StreamHandler(logged), logging.getLogger('compactor')
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    try:
        asyncio.run(_live(folder, tracers, found))
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    found.copies['logs'].append(logged.getvalue())
    found.copies['spans'] += [span.to_json() for span in exporter.get_finished_spans()]
    for copy, texts in stored(folder / 's.db').items():
        found.copies[copy] += texts
    return found


TABLES = {
    'compactor_archive': 'archive in a store',
    'compactor_responses': 'response cache',
    'compactor_entries': 'ledger',
    'compactor_hours': 'ledger',
    'compactor_cuts': 'cuts',
}


def stored(path: Path) -> dict[str, list[str]]:
    """Every row of every table, unpacked, by what it is a copy for; and the file's own bytes."""
    found: dict[str, list[str]] = {}
    with closing(sqlite3.connect(path)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for name in names:
            rows = connection.execute(f'SELECT * FROM "{name}"').fetchall()
            found.setdefault(TABLES.get(name, 'rest of the store'), []).extend(map(_row, rows))
    found.setdefault('rest of the store', []).append(path.read_bytes().decode('latin-1'))
    return found


def _row(row: tuple[Any, ...]) -> str:
    return '\n'.join(_unpacked(value) if isinstance(value, bytes) else str(value) for value in row)


def _unpacked(data: bytes) -> str:
    try:
        return zlib.decompress(data).decode('utf-8', 'replace')
    except zlib.error:
        return data.decode('utf-8', 'replace')
