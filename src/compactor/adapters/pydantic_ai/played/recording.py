"""A recorded session as a play: what the user says, what the model decides, what the tools return.

The session is read with the library's own tree, so that any history will do: results are matched with calls by
order of occurrence, what is broken arrives mended.
"""

from __future__ import annotations

import json
from collections import Counter as Tally
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelRequest, TextPart

from compactor.adapters.pydantic_ai import compat
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.errors import HistoryError
from compactor.history.message import Kind, Part
from compactor.history.parse import parse
from compactor.history.turns import Exchange, Segment, Step
from compactor.tokens.counter import Counter, counter_for


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool returns.

    Attributes:
        content: the recorded content, structured or not.
        retry: the model is asked to repeat the call, with `content` as the reason.
        beside: user content that the tool put beside its result.
    """

    content: Any
    retry: bool = False
    beside: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """One model request of the recording.

    Attributes:
        parts: what the model answers; its calls carry ids of ours, as recorded ids repeat.
        answers: what the tools return, by those ids.
        feedback: what makes the agent ask again where the answer calls no tool but the recording goes on.
    """

    parts: tuple[Any, ...]
    answers: Mapping[str, Answer]
    feedback: str = 'Go on.'


@dataclass(frozen=True, slots=True)
class Scene:
    """One exchange, played as one run of the agent.

    Attributes:
        prompt: the user's words.
        system: system prompts that precede them.
        instructions: the instructions the run was recorded with.
        turns: the model's answers, at least one.
    """

    prompt: str | list[Any]
    system: tuple[Any, ...]
    instructions: str | None
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Recording:
    """A session to be played.

    Attributes:
        scenes: its exchanges.
        tools: names of the tools it calls.
        left_out: kinds of parts that a run cannot be made to repeat, with how many there are.
    """

    scenes: tuple[Scene, ...]
    tools: tuple[str, ...]
    left_out: Mapping[str, int]

    @property
    def requests(self) -> int:
        """How many model requests it holds."""
        return sum(len(scene.turns) for scene in self.scenes)


def recording_of(messages: Sequence[ModelMessage]) -> Recording:
    """The play in a history. Raises `HistoryError` if no model answers in it."""
    reader = _Reader()
    for exchange in parse(MessageReader(_uncounted()).read(messages), sending=False).history.exchanges:
        reader.take(exchange)
    if not reader.scenes:
        raise HistoryError('there is nothing to play back: the history holds no response of a model')
    return Recording(tuple(reader.scenes), tuple(reader.tools), dict(reader.left_out))


class _Uncounted(Counter):
    """Finds every text empty: counts are remembered, and the compactor shall meet the session for the first time."""

    def base_many(self, texts: Iterable[str]) -> list[int]:
        """Return 0 for each text."""
        return [0 for _ in texts]


def _uncounted() -> Counter:
    plain = counter_for(None)
    return _Uncounted(plain.model, plain.family, plain.encoding, 1.0, plain.method)


@dataclass(slots=True)
class _Reader:
    scenes: list[Scene] = field(default_factory=list)
    tools: dict[str, None] = field(default_factory=dict)
    left_out: Tally[str] = field(default_factory=Tally)
    instructions: str | None = None
    waiting: list[Segment] = field(default_factory=list)
    turns: int = 0

    def take(self, exchange: Exchange) -> None:
        """Adds an exchange; prompts that nobody answered are said together with the next ones."""
        self.waiting += exchange.prompts
        if not exchange.steps:
            return
        contents: list[Any] = []
        system = []
        for segment in self.waiting:
            self._read_instructions(segment)
            for part in segment.parts:
                if part.kind in (Kind.USER, Kind.MARK):
                    contents += _items(part)
                elif part.kind is Kind.SYSTEM:
                    system.append(part.raw)
                else:
                    self.left_out[part.kind.value] += 1
        self.waiting = []
        prompt = contents[0] if len(contents) == 1 and isinstance(contents[0], str) else contents or ''
        turns = tuple(self._turn(step) for step in exchange.steps)
        self.scenes.append(Scene(prompt, tuple(system), self.instructions, turns))

    def _read_instructions(self, segment: Segment) -> None:
        raw = segment.message.raw
        if isinstance(raw, ModelRequest):
            self.instructions = raw.instructions or self.instructions

    def _turn(self, step: Step) -> Turn:
        self.turns += 1
        spoken = [part for s in step.segments if s.message.role == 'response' for part in s.parts]
        heard = [part for s in step.segments if s.message.role == 'request' for part in s.parts]
        results = [part for part in heard if part.kind is Kind.RESULT]
        parts: list[Any] = []
        answers: dict[str, Answer] = {}
        for part in spoken:
            if part.kind is not Kind.CALL:
                parts.append(part.raw)
                continue
            result = next((r for r in results if r.call_id == part.call_id), None)
            if result is None:
                continue  # the recording ends before an answer came
            results = [r for r in results if r is not result]
            call_id = f'call_{self.turns}_{len(answers) + 1}'
            parts.append(replace(part.raw, tool_call_id=call_id, args=_arguments(part.raw.args)))
            answers[call_id] = _answer(result)
            self.tools[part.tool] = None
        parts = parts or [TextPart('(the recording ends here)')]
        return Turn(tuple(parts), answers, self._notes([p for p in heard if p.kind is not Kind.RESULT], answers))

    def _notes(self, notes: list[Part], answers: dict[str, Answer]) -> str:
        """Finds a place for what follows results: beside one of them, or as the feedback that is returned."""
        host = next((call_id for call_id, answer in answers.items() if not answer.retry), None)
        feedback = ''
        for part in notes:
            if part.kind is Kind.USER and host is not None:
                answers[host] = replace(answers[host], beside=(*answers[host].beside, *_items(part)))
            elif part.kind in (Kind.USER, Kind.FEEDBACK) and not answers:
                content = getattr(part.raw, 'content', None)
                feedback += content if isinstance(content, str) else part.text
            else:
                self.left_out[part.kind.value] += 1
        return feedback or 'Go on.'


def _items(part: Part) -> list[Any]:
    """The content of a user part as a list; a part made by the library is its text."""
    content = part.text if part.raw is None else part.raw.content
    return [content] if isinstance(content, str) else list(content)


def _answer(result: Part) -> Answer:
    raw = result.raw
    if raw is None:
        return Answer(result.text)
    retry = raw.part_kind == 'retry-prompt' or compat.outcome(raw) == 'retried'
    if retry:
        return Answer(raw.content if isinstance(raw.content, str) else result.text, retry=True)
    return Answer(raw.content)


def _arguments(args: Any) -> Any:
    """Arguments that every tool accepts: what is recorded as broken JSON becomes the value of one argument."""
    if not isinstance(args, str) or not args.strip():
        return args
    try:
        broken = not isinstance(json.loads(args), dict)
    except (ValueError, RecursionError):
        broken = True
    return {'arguments': args} if broken else args
