"""What the rooms of a run ask of a framework's messages beside what every format gives (`history.format`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compactor.history.beside import Beside
from compactor.history.format import Format
from compactor.history.seal import Seal
from compactor.history.track import Reader
from compactor.secrets.redact import Secrets
from compactor.tokens.counter import Counter

Place = tuple[int, int]
"""A part of a history: which message, and which part of it."""


@dataclass(frozen=True, slots=True)
class Result:
    """A tool's result in a history.

    Attributes:
        place: where it stands.
        tool: the tool's name.
        call_id: of the call that it answers.
        content: what it holds.
        arguments: gives what the tool was called with; parsed when asked for.
        retry: it is the framework's word for what was wrong, in the place of a result.
    """

    place: Place
    tool: str
    call_id: str
    content: Any
    arguments: Callable[[], Mapping[str, Any]]
    retry: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """User content that stands beside the results of one request: a tool's, or a person's.

    Attributes:
        place: where it stands.
        call_ids: of the calls that are answered there.
        content: what it holds.
        text: what of it is text.
    """

    place: Place
    call_ids: Sequence[str]
    content: Any
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFormat(Format[Any]):
    """A format of messages that an agent's rooms can work on while it runs.

    Attributes:
        reader_beside: makes a reader that is told what tools have put beside their results, and asks for the seal
            whenever it reads.
        groups: a history with neighbouring messages of one speaker together.
        prints_of: what tells such groups from others; see `run.cut.Columns`.
        note: puts something of ours into a response's metadata, beside what others put there; returns the response.
        noted: what stands there; None if nothing does.
        was_answered: whether a model has answered in a history.
        last_prompt: the last thing a person has written in a history, and whether the agent has answered since.
        newest_results: the results since a history's last response.
        newest_words: what stands beside those, but for the prompt of a next run.
        with_results: a history with other contents at some places.
        without_secrets: a message without secrets in what its prompts, texts and calls say; the same object where it
            has none, or where nothing in it may change.
    """

    reader_beside: Callable[[Counter, Beside, Callable[[], Seal]], Reader]
    groups: Callable[[Sequence[Any]], Sequence[Sequence[Any]]]
    prints_of: Callable[[Sequence[Sequence[Any]]], Mapping[str, bytes]]
    note: Callable[[Any, Mapping[str, Any]], Any]
    noted: Callable[[Any], Any]
    was_answered: Callable[[Sequence[Any]], bool]
    last_prompt: Callable[[Sequence[Any]], tuple[str, bool]]
    newest_results: Callable[[Sequence[Any]], Iterable[Result]]
    newest_words: Callable[[Sequence[Any]], Iterable[Words]]
    with_results: Callable[[Sequence[Any], Mapping[Place, Any]], list[Any]]
    without_secrets: Callable[[Any, Secrets], Any]
