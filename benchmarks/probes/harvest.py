"""Probes by program from the part of a recorded session that lies before its newest tokens."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from pydantic_ai.messages import ModelMessage

from compactor.digest.commands import arguments
from compactor.digest.failures import failing, pairs_of
from compactor.digest.files import touched
from compactor.history.message import Kind, Message, Part
from retention.laws import mended, view
from retention.sessions import SOURCES, recorded

from .reading import Probe, squeezed

MOST = 6
"""Probes of one class of one session, the newest."""
_SENTENCE = re.compile(r'(?<=[.!?])\s+(?=[A-Z`"(])|\n+')
_DECIDED = re.compile(r'\b(?:instead of|rather than|turns out|root cause|decided|chose|rejected)\b', re.IGNORECASE)
_NEXT = re.compile(r"^(?:Now |Next,? |Then )?(?:I'll|I will|Let me|I'm going to|I am going to)\b|^Next[:,] ")
_RULE = re.compile(r"\b(?:never|must not|don't|do not|only|always|must)\b", re.IGNORECASE)
_TAGGED = re.compile(r'<([a-z][\w\-]{2,40})>.*?</\1>', re.DOTALL)
_ORDINARY = (40, 300)
"""Characters of a sentence that is asked for."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A session cut before a response.

    Attributes:
        id: which session.
        history: what stands before the cut.
        old: how many of its first messages no window of the target keeps.
    """

    id: str
    history: list[ModelMessage]
    old: int


def cuts(size: int, target: int, limit: int | None) -> Iterator[Cut]:
    """The recorded sessions that reach a size, cut there; at most so many, of the sources in turn."""
    found = 0
    turns = zip_longest(*(recorded(source, least=size) for source in SOURCES))
    for talk in (talk for turn in turns for talk in turn if talk is not None):
        if limit is not None and found >= limit:
            return
        total = 0
        for index, message in enumerate(view(talk.messages)):
            if total >= size and message.role == 'response':
                history = mended(talk.messages[:index])
                yield Cut(f'{talk.source} {talk.id}', history, _old(view(history), target))
                found += 1
                break
            total += message.tokens


def _old(messages: Sequence[Message], target: int) -> int:
    left = target
    for i in range(len(messages) - 1, -1, -1):
        left -= messages[i].tokens
        if left < 0:
            return i + 1
    return 0


def harvest(cut: Cut) -> list[Probe]:
    """Every probe of a session."""
    messages = view(cut.history)
    old = messages[: cut.old]
    found: list[Probe] = [
        *_newest(_rules(old)),
        *_newest(_decisions(old)),
        *_newest(_artifacts(messages, cut.old)),
        *_newest(_outcomes(messages)),
        *_newest(_questions(messages, cut.old)),
        *list(_next(messages))[-2:],
    ]
    return [*found, *_open(messages)]


def _newest(probes: Iterator[Probe]) -> list[Probe]:
    distinct = list(dict.fromkeys(probes))
    return distinct[-MOST:]


def _spoken(messages: Sequence[Message], kind: Kind) -> Iterator[str]:
    for message in messages:
        for part in message.parts:
            if part.kind is kind:
                yield from (s for raw in _SENTENCE.split(part.text) if (s := squeezed(raw)))


def _ordinary(sentence: str) -> bool:
    return _ORDINARY[0] <= len(sentence) <= _ORDINARY[1]


def _rules(messages: Sequence[Message]) -> Iterator[Probe]:
    """Sentences of users that direct; what stands between tags was written by a program, and is asked for apart."""
    for message in messages:
        for part in message.parts:
            if part.kind is not Kind.USER:
                continue
            typed = _TAGGED.sub('\n', part.text)
            for raw in _SENTENCE.split(part.text):
                sentence = squeezed(raw)
                if _ordinary(sentence) and _RULE.search(sentence):
                    yield Probe('rule', f'user, {"recorded" if raw in typed else "pasted"}', sentence=sentence)


def _decisions(messages: Sequence[Message]) -> Iterator[Probe]:
    for sentence in _spoken(messages, Kind.TEXT):
        if _ordinary(sentence) and _DECIDED.search(sentence):
            yield Probe('decision', sentence=sentence)


def _next(messages: Sequence[Message]) -> Iterator[Probe]:
    for sentence in _spoken(messages, Kind.TEXT):
        if 25 <= len(sentence) <= _ORDINARY[1] and _NEXT.search(sentence):
            yield Probe('next', sentence=sentence)


def _artifacts(messages: Sequence[Message], old: int) -> Iterator[Probe]:
    calls = [(i, part) for i, message in enumerate(messages) for part in message.parts if part.kind is Kind.CALL]
    for file in touched(calls).values():
        if file.step < old and file.last != 'read':
            yield Probe('artifact', file=(file.path, file.last))


def _outcomes(messages: Sequence[Message]) -> Iterator[Probe]:
    pairs = [(i, call, result) for i, call, result in _pairs(messages)]
    for failure in failing(pairs).values():
        if failure.lines:
            yield Probe('outcome', exact=(max(failure.lines, key=len)[:160],))


def _pairs(messages: Sequence[Message]) -> Iterator[tuple[int, Part, Part]]:
    at = {id(part): i for i, message in enumerate(messages) for part in message.parts}
    for call, result in pairs_of(part for message in messages for part in message.parts):
        yield at[id(call)], call, result


def _questions(messages: Sequence[Message], old: int) -> Iterator[Probe]:
    """Short answers of users to what the agent had asked last."""
    asked = ''
    for i, message in enumerate(messages):
        for part in message.parts:
            if part.kind is Kind.TEXT:
                sentences = [s for raw in _SENTENCE.split(part.text) if (s := squeezed(raw))]
                asked = sentences[-1] if sentences and sentences[-1].endswith('?') else ''
            elif part.kind is Kind.CALL:
                asked = ''
            elif part.kind is Kind.USER and asked and len(part.text) <= 80 and i < old:
                yield Probe('question', sentence=asked, beside=part.text)
                asked = ''


def _open(messages: Sequence[Message]) -> list[Probe]:
    """What the last list of tasks leaves open."""
    items: dict[str, str] = {}
    numbered: dict[str, str] = {}
    for _, call, _ in _pairs(messages):
        values = arguments(call.text)
        if call.tool in ('TodoWrite', 'update_plan'):
            listed = values.get('todos') or values.get('plan') or []
            listed = json.loads(listed) if isinstance(listed, str) else listed
            items = {one.get('content') or one.get('step'): one.get('status', '') for one in listed}
        elif call.tool == 'TaskCreate':
            numbered[str(len(numbered) + 1)] = str(values.get('subject'))
            items[numbered[str(len(numbered))]] = 'pending'
        elif call.tool == 'TaskUpdate' and (subject := numbered.get(str(values.get('taskId')))):
            items[subject] = str(values.get('status') or items[subject])
    return [Probe('open', exact=(item,)) for item, status in items.items() if item and status not in DONE]


DONE = ('completed', 'deleted', 'cancelled')
