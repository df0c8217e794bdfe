"""Histories to measure with: a coding agent's session of any length, deterministic, with hardly a text twice.

The words are those of the recorded session in `fixtures/`: every message is made of passages cut from texts of
its own kind (prompts, prose, arguments, tool outputs) at random places, with the numbers and some words in them
changed. So the mix of prose, code, diffs, logs and JSON, and what it costs to encode, is that of real work, while
97 % of the characters stand in texts that occur once: a memo of texts earns nothing here.
"""

from __future__ import annotations

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelRequestPart,
    ModelResponse,
    ModelResponsePart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.usage import RequestUsage

SESSION = Path(__file__).resolve().parent.parent / 'fixtures' / 'session.json'
SEED = 20_261_120
INSTRUCTIONS = 'You are a careful programmer. Read before you edit, run the tests after every change.'
_START = datetime(2026, 2, 9, 9, tzinfo=UTC)
_WORD = re.compile(r'\d+|[a-z]{5,}')
_SWAPPED = 0.06  # share of the longer words that become another word of the session

# Characters of a tool output: log-normal with this median and spread, as in recorded sessions of coding agents.
RESULT_MEDIAN, RESULT_SPREAD, RESULT_MOST = 320, 1.0, 6_000


def session(messages: int) -> list[ModelMessage]:
    """The first `messages` messages of an endless session; requests and responses alternate."""
    stream = _Author().messages()
    return [next(stream) for _ in range(messages)]


def with_usage(history: list[ModelMessage], provider: str, model: str) -> list[ModelMessage]:
    """The same history as a provider that reports usage leaves it (a token for every three characters)."""
    size = 1_000
    reported: list[ModelMessage] = []
    for message in history:
        grown = characters(message) // 3
        if isinstance(message, ModelResponse):
            usage = RequestUsage(input_tokens=size, output_tokens=grown)
            message = replace(message, usage=usage, provider_name=provider, model_name=model)
        size += grown
        reported.append(message)
    return reported


def dumped(history: list[ModelMessage]) -> bytes:
    """The history as JSON."""
    return ModelMessagesTypeAdapter.dump_json(history)


def loaded(data: bytes) -> list[ModelMessage]:
    """A history fresh from JSON: every message, part and text is a new object."""
    return ModelMessagesTypeAdapter.validate_json(data)


def texts(message: ModelMessage) -> list[str]:
    """The texts that a tokenizer has to read, about as they travel."""
    found: list[str] = []
    for part in message.parts:
        if isinstance(part, ToolCallPart):
            found.append(part.args_as_json_str())
        else:
            content = getattr(part, 'content', '')
            found.append(content if isinstance(content, str) else json.dumps(content, default=str))
    return found


def characters(message: ModelMessage) -> int:
    """Characters of all texts of a message."""
    return sum(map(len, texts(message)))


class _Author:
    """Writes the session; one seed, so always the same one."""

    def __init__(self) -> None:
        self._random = random.Random(SEED)
        self._prose: dict[str, list[str]] = defaultdict(list)
        self._arguments: list[tuple[str, dict[str, object]]] = []
        self._outputs: dict[str, list[str]] = defaultdict(list)
        self._clock = _START
        self._calls = 0
        for message in ModelMessagesTypeAdapter.validate_json(SESSION.read_bytes()):
            for part in message.parts:
                if isinstance(part, ToolCallPart):
                    self._arguments.append((part.tool_name, part.args_as_dict()))
                elif isinstance(part, ToolReturnPart):
                    self._outputs[part.tool_name].append(part.model_response_str())
                elif isinstance(part, UserPromptPart | TextPart | ThinkingPart) and isinstance(part.content, str):
                    self._prose[part.part_kind].append(part.content)
        prose = '\n'.join(self._prose['text'])
        self._words = sorted(set(re.findall(r'[a-z]{5,}', prose)))
        self._sentences = [line for line in prose.splitlines() if 30 < len(line) < 90]

    def messages(self) -> Iterator[ModelMessage]:
        """Exchange after exchange: a prompt, a few to forty steps with one to three calls each, a closing word."""
        for exchange in range(1_000_000):
            run = f'run-{exchange}'
            words = self._passage(self._prose['user-prompt'], 500)
            yield self._request([UserPromptPart(content=words, timestamp=self._tick())], run)
            for _ in range(self._random.randint(4, 40)):
                calls = [self._call() for _ in range(self._random.choice((1, 1, 1, 2, 2, 3)))]
                yield ModelResponse(parts=[*self._thoughts(), *calls], timestamp=self._tick(), run_id=run)
                yield self._request([self._result(call) for call in calls], run)
            closing = TextPart(content=self._passage(self._prose['text'], 600))
            yield ModelResponse(parts=[closing], timestamp=self._tick(), run_id=run)

    def _request(self, parts: list[ModelRequestPart], run: str) -> ModelRequest:
        return ModelRequest(parts=parts, instructions=INSTRUCTIONS, timestamp=self._tick(), run_id=run)

    def _thoughts(self) -> Iterator[ModelResponsePart]:
        if self._random.random() < 0.1:
            yield ThinkingPart(content=self._passage(self._prose['thinking'], 300))
        if self._random.random() < 0.7:
            yield TextPart(content=self._passage(self._prose['text'], 160))

    def _call(self) -> ToolCallPart:
        tool, arguments = self._random.choice(self._arguments)
        changed: dict[str, object] = {'purpose': self._changed(self._random.choice(self._sentences))}
        for name, value in arguments.items():
            changed[name] = self._changed(value) if isinstance(value, str) else value
        self._calls += 1
        return ToolCallPart(tool_name=tool, args=json.dumps(changed), tool_call_id=f'call_{self._calls:08x}')

    def _result(self, call: ToolCallPart) -> ToolReturnPart:
        size = RESULT_MEDIAN * self._random.lognormvariate(0, RESULT_SPREAD)
        content = self._passage(self._outputs[call.tool_name] or self._outputs['read_file'], size)
        return ToolReturnPart(
            tool_name=call.tool_name, content=content, tool_call_id=call.tool_call_id, timestamp=self._tick()
        )

    def _passage(self, pool: list[str], size: float) -> str:
        """Whole lines from random places of `pool`, about `size` characters, their numbers changed."""
        wanted = min(int(size), RESULT_MOST)
        lines: list[str] = []
        while wanted > 0:
            source = self._random.choice(pool).splitlines() or ['']
            for line in source[self._random.randrange(len(source)) :]:
                lines.append(line)
                wanted -= len(line) + 1
                if wanted <= 0:
                    break
        return self._changed('\n'.join(lines))

    def _changed(self, text: str) -> str:
        return _WORD.sub(self._other, text)

    def _other(self, found: re.Match[str]) -> str:
        word = found[0]
        if word.isdigit():
            return str(self._random.randrange(10 ** min(len(word), 9)))
        return self._random.choice(self._words) if self._random.random() < _SWAPPED else word

    def _tick(self) -> datetime:
        self._clock += timedelta(seconds=self._random.randint(1, 20))
        return self._clock
