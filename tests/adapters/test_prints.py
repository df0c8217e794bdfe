"""The fingerprint of a record: the same after a merge, a dump and a reload, another after any other change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_ai.messages import (
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.adapters.pydantic_ai.messages.prints import SYNTHESIZED, groups, prints_of
from compactor.adapters.pydantic_ai.messages.writer import merge_requests
from compactor.run.cut import Running, prints_at
from tests.laws.histories import lawful_histories
from tests.laws.writer import EPOCH


def printed(messages: list[ModelMessage]) -> str:
    """The fingerprint of a whole record."""
    found = groups(messages)
    return prints_at(prints_of, found, [len(found)])[len(found)].text


def reloaded(messages: list[ModelMessage]) -> list[ModelMessage]:
    """A record as another process would load it."""
    return ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(messages))


@given(lawful_histories(legacy_retries=False))
def test_it_outlives_a_reload_and_a_merge(messages: list[ModelMessage]) -> None:
    """What a store gives back, and what the framework merges at the next run, is the same record."""
    assert printed(reloaded(messages)) == printed(messages)
    assert printed(merge_requests(messages)) == printed(messages)


@given(lawful_histories(legacy_retries=False), st.data())
def test_it_is_taken_in_any_stretches(messages: list[ModelMessage], data: st.DataObject) -> None:
    """Whoever follows a record while it grows has the fingerprint of the whole in the end."""
    running = Running(groups, prints_of)
    at = 0
    while at < len(messages):
        at = data.draw(st.integers(at + 1, len(messages)))
        running.follow(messages[:at])
    assert running.of(groups(messages)) == printed(messages)
    middle = len(groups(messages)) // 2
    if middle:
        print = prints_at(prints_of, groups(messages), [middle])[middle]
        running.resume(print, sum(map(len, groups(messages)[:middle])))
        running.follow(messages)
        assert running.of(groups(messages)) == printed(messages)


def test_a_changed_record_is_followed_from_its_beginning() -> None:
    """After a restart nothing of the record before is left in it, however long it takes to come by."""
    messages = [*record() * 100]
    running = Running(groups, prints_of)
    running.follow(messages)
    running.restart()
    other = messages[2:]
    for _ in range(3):
        running.follow(other)
        assert running.of(groups(other)) == printed(other) != printed(messages)


def record() -> list[ModelMessage]:
    """A prompt, a call, its result, an answer."""
    return [
        ModelRequest([UserPromptPart('Look.', timestamp=EPOCH)]),
        ModelResponse([TextPart('I look.'), ToolCallPart('look', '{"at": 1}', 'c1')]),
        ModelRequest([ToolReturnPart('look', 'a tree', 'c1', timestamp=EPOCH)]),
        ModelResponse([TextPart('A tree.')]),
    ]


def with_part(at: int, place: int, change: Callable[[Any], Any]) -> list[ModelMessage]:
    """The record with one of its parts changed."""
    messages: list[Any] = list(record())
    parts = list(messages[at].parts)
    parts[place] = change(parts[place])
    messages[at] = replace(messages[at], parts=parts)
    return messages


def endings() -> list[ModelMessage]:
    """The record with the last part of each message alone."""
    messages: list[Any] = list(record())
    return [replace(message, parts=message.parts[-1:]) for message in messages]


CHANGES: dict[str, Callable[[], list[ModelMessage]]] = {
    'a longer prompt': lambda: with_part(0, 0, lambda part: replace(part, content='Look up.')),
    'another time': lambda: with_part(2, 0, lambda part: replace(part, timestamp=EPOCH + timedelta(microseconds=1))),
    'another call': lambda: with_part(1, 1, lambda part: replace(part, tool_call_id='c2')),
    'shorter arguments': lambda: with_part(1, 1, lambda part: replace(part, args='{"at":1}')),
    'another kind': lambda: with_part(1, 0, lambda part: ToolCallPart('look', part.content, '')),
    'fewer parts': endings,
    'fewer messages': lambda: record()[:-1],
    'a deleted middle': lambda: [*record()[:1], *record()[3:]],
    'texts of a list': lambda: with_part(0, 0, lambda part: replace(part, content=['Lo', 'ok.'])),
}


@pytest.mark.parametrize('change', CHANGES)
def test_another_record(change: str) -> None:
    """An edit, a deletion, a branch."""
    assert printed(CHANGES[change]()) != printed(record())


def test_what_the_framework_closes_itself_does_not_count() -> None:
    """A result that it makes up for a call that was never answered comes and goes between two runs."""
    made_up = ToolReturnPart('look', 'never came', 'c9', metadata={SYNTHESIZED: True}, timestamp=EPOCH)
    messages: list[Any] = list(record())
    messages[2] = replace(messages[2], parts=[*messages[2].parts, made_up])
    assert printed(messages) == printed(record())
    assert prints_of([]) == {}
