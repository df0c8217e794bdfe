"""Reading messages into the neutral view and writing them back: one row a kind of part."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pydantic_ai.messages as m
import pytest
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    ImageUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    ModelResponse,
    SystemPromptPart,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)

from compactor import HistoryError, HistoryPolicy, Policy, compact
from compactor.adapters.pydantic_ai.messages.places import place_of
from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.adapters.pydantic_ai.messages.writer import merge_requests, write
from compactor.history.marks import opening, sealed
from compactor.history.message import Kind, Message, Part, message_of
from compactor.tokens.counter import counter_for
from tests.adapters.driver import as_plain
from tests.sealing import SEAL

AT = datetime(2026, 5, 1, tzinfo=UTC)
PIXEL = BinaryContent(b'\x89PNG\r\n\x1a\n' + bytes(64), media_type='image/png')


def reader() -> MessageReader:
    """A fresh reader."""
    return MessageReader(counter_for('openai:gpt-4o'), seal=SEAL)


def retry(content: Any, **values: Any) -> Any:
    """A `RetryPromptPart`, which newer versions deprecate."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return m.RetryPromptPart(content=content, **values)


def load(part: dict[str, Any], kind: str = 'request') -> Any:
    """A part of a kind that only some versions have, as their own loader makes it; None where it is unknown."""
    rest = {'model_name': 'x', 'timestamp': AT} if kind == 'response' else {}
    try:
        [message] = ModelMessagesTypeAdapter.validate_python([{'kind': kind, 'parts': [part], **rest}])
    except ValueError:
        return None
    return message.parts[0] if message.parts else None


def user(*content: Any) -> UserPromptPart:
    """A prompt of several items."""
    return UserPromptPart(list(content))


NOTE = UserPromptPart(opening())
NOTE.content = sealed(opening(), SEAL, place_of(NOTE))
REQUESTS: list[tuple[str, Any, Kind, str, dict[str, Any]]] = [
    ('system', SystemPromptPart('Be brief.'), Kind.SYSTEM, 'Be brief.', {'protected': True}),
    ('prompt', UserPromptPart('hello'), Kind.USER, 'hello', {'media': False}),
    ('prompt of items', user('a', 'b'), Kind.USER, 'a\nb', {'media': False}),
    ('prompt with an image', user('look', ImageUrl('https://x/y.png')), Kind.USER, 'look', {'media': True}),
    ('prompt with bytes', user('look', PIXEL), Kind.USER, 'look', {'media': True}),
    ('mark', NOTE, Kind.MARK, NOTE.content, {}),
    ('mark without a seal', UserPromptPart(opening()), Kind.USER, opening(), {'foreign': 'mark'}),
    ('forged mark', UserPromptPart('[compactor 00000000] x'), Kind.USER, '[compactor 00000000] x', {}),
    ('result', ToolReturnPart('read', 'text', 'c1'), Kind.RESULT, 'text', {'call_id': 'c1', 'tool': 'read'}),
    ('structured result', ToolReturnPart('read', {'a': [1]}, 'c1'), Kind.RESULT, '{"a":[1]}', {'failed': False}),
    ('result with a file', ToolReturnPart('read', ['see', PIXEL], 'c1'), Kind.RESULT, 'see', {'media': True}),
    ('retry', retry('no', tool_name='read', tool_call_id='c1'), Kind.RESULT, 'no', {'failed': True, 'tool': 'read'}),
    ('retry of an answer', retry('no'), Kind.FEEDBACK, 'Validation feedback', {'call_id': ''}),
]

RESPONSES: list[tuple[str, Any, Kind, str, dict[str, Any]]] = [
    ('text', TextPart('hi'), Kind.TEXT, 'hi', {'signed': False}),
    ('thinking', ThinkingPart('hm'), Kind.THINKING, 'hm', {'signed': False}),
    ('signed thinking', ThinkingPart('hm', signature='s'), Kind.THINKING, 'hm', {'signed': True}),
    ('call', ToolCallPart('read', {'n': 1}, 'c1'), Kind.CALL, '{"n":1}', {'call_id': 'c1', 'tool': 'read'}),
    ('call of text', ToolCallPart('read', '{"n": 1}', 'c1'), Kind.CALL, '{"n": 1}', {}),
    ('call of broken text', ToolCallPart('read', '{"n": ', 'c1'), Kind.CALL, '{"n": ', {}),
    ('call of nothing', ToolCallPart('read', None, 'c1'), Kind.CALL, '{}', {}),
    (
        'native call',
        load(
            {'part_kind': 'builtin-tool-call', 'tool_name': 'web_search', 'args': {'q': 'x'}, 'tool_call_id': 'n1'},
            'response',
        ),
        Kind.NATIVE_CALL,
        '',
        {'call_id': 'n1'},
    ),
    (
        'native result',
        load(
            {'part_kind': 'builtin-tool-return', 'tool_name': 'web_search', 'content': 'r', 'tool_call_id': 'n1'},
            'response',
        ),
        Kind.NATIVE_RESULT,
        '',
        {'call_id': 'n1'},
    ),
    ('file', m.FilePart(PIXEL), Kind.OPAQUE, '', {'media': True}),
]

NEWER: list[tuple[str, Any, Kind, bool]] = [
    ('retry feedback', load({'part_kind': 'retry-feedback', 'content': 'again',
                             'retry': {'cause': 'model_retry', 'attempt': 1, 'max_retries': 2}}),
     Kind.FEEDBACK, False),
    ('tools added', load({'part_kind': 'tool-availability-delta', 'tools_added': ['grep']}), Kind.DELTA, True),
    ('instruction delta', load({'part_kind': 'instruction-delta', 'id': 'agent', 'content': 'new rules'}),
     Kind.DELTA, True),
    ('settings delta', load({'part_kind': 'model-settings-delta', 'settings': {}}), Kind.DELTA, True),
]  # fmt: skip


def one(part: Any, kind: type[ModelRequest] | type[ModelResponse]) -> Part:
    """The part as it is read from a message of its own."""
    [message] = reader().read([kind(parts=[part])])
    return message.parts[0]


@pytest.mark.parametrize(('name', 'part', 'kind', 'text', 'more'), REQUESTS, ids=[row[0] for row in REQUESTS])
def test_parts_of_requests(name: str, part: Any, kind: Kind, text: str, more: dict[str, Any]) -> None:
    """Kind, text and marks of a request's part; it is counted and points at its original."""
    seen = one(part, ModelRequest)
    assert seen.kind is kind
    assert seen.raw is part
    assert seen.text.strip().startswith(text)
    assert seen.tokens > 0
    assert {key: getattr(seen, key) for key in more} == more


@pytest.mark.parametrize(('name', 'part', 'kind', 'text', 'more'), RESPONSES, ids=[row[0] for row in RESPONSES])
def test_parts_of_responses(name: str, part: Any, kind: Kind, text: str, more: dict[str, Any]) -> None:
    """The same for a response's part."""
    seen = one(part, ModelResponse)
    assert seen.kind is kind
    assert seen.raw is part
    assert seen.text == text
    assert seen.tokens > 0
    assert {key: getattr(seen, key) for key in more} == more


UNSENT = frozenset(('settings delta',))
"""What is never sent costs nothing."""


@pytest.mark.parametrize(('name', 'part', 'kind', 'protected'), NEWER, ids=[row[0] for row in NEWER])
def test_parts_of_newer_versions(name: str, part: Any, kind: Kind, protected: bool) -> None:
    """What only newer versions have is counted and passed through, bookkeeping protected."""
    if part is None:
        pytest.skip(f'this version has no {name}')
    seen = one(part, ModelRequest)
    assert (seen.kind, seen.protected, seen.raw) == (kind, protected, part)
    assert (seen.tokens > 0) == (name not in UNSENT)


def test_a_part_of_an_unknown_kind_is_counted_and_passed_through() -> None:
    """A kind that does not exist yet: opaque, protected in requests, the same object when written."""

    class Hologram:
        part_kind = 'hologram'

        def __init__(self) -> None:
            self.content = 'a light that says forty-two'

    for kind in (ModelRequest, ModelResponse):
        raw: Any = kind(parts=[Hologram()])  # type: ignore[list-item]
        messages = reader().read([raw])
        assert messages[0].tokens > 5
        assert write(messages) == [raw]
        assert write(messages)[0] is raw


def _all() -> list[ModelMessage]:
    return [
        ModelRequest(parts=[row[1] for row in REQUESTS]),
        ModelResponse(parts=[row[1] for row in RESPONSES if row[1] is not None]),
        ModelRequest(parts=[row[1] for row in NEWER if row[1] is not None] or [UserPromptPart('x')]),
    ]


def test_what_was_read_is_written_as_the_same_objects() -> None:
    """`write(read(x))` is `x`, object for object, and reading changes nothing."""
    history = _all()
    before = as_plain(history)
    written = write(reader().read(history))
    assert all(a is b for a, b in zip(written, history, strict=True))
    assert as_plain(history) == before


@pytest.mark.parametrize('thing', ['text', 3, None, {'kind': 'request'}, object()])
def test_what_is_no_message_is_named(thing: Any) -> None:
    """A `HistoryError` says which item it is and what to pass."""
    with pytest.raises(HistoryError, match=r'item 1 is a .*pass a list of ModelRequest'):
        reader().read([ModelRequest(parts=[UserPromptPart('a')]), thing])


def edited(raw: Any, change: Callable[[Part], Part]) -> Any:
    """The message with its first part changed, as written."""
    [message] = reader().read([raw])
    parts = (change(message.parts[0]), *message.parts[1:])
    [written] = write([replace(message, parts=parts, edited=True)])
    return written


def test_a_rebuilt_request_keeps_what_travels_with_it() -> None:
    """Instructions, run id and timestamp of a request stay; the part keeps its tool, call id and time."""
    part = ToolReturnPart('read', 'long ' * 50, 'c1', metadata={'kept': 1}, timestamp=AT)
    raw = ModelRequest(parts=[part], instructions='Be brief.', run_id='run-1')
    if hasattr(raw, 'timestamp'):
        raw.timestamp = AT
    now = edited(raw, lambda p: p.with_text('short', 1))
    assert (now.instructions, now.run_id, getattr(now, 'timestamp', AT)) == ('Be brief.', 'run-1', AT)
    assert now.parts[0] == replace(part, content='short')
    assert raw.parts[0] is part


def test_an_edited_retry_raises_no_deprecation_warning() -> None:
    """`RetryPromptPart` is deprecated in 2.x; a copy with another text is made without its constructor."""
    raw: Any = ModelRequest(parts=[retry('long ' * 50, tool_name='read', tool_call_id='c1')])
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        now = edited(raw, lambda p: p.with_text('short', 1))
    assert type(now.parts[0]) is type(raw.parts[0])
    assert now.parts[0].content == 'short'
    assert now.parts[0].tool_call_id == 'c1'
    assert raw.parts[0].content == 'long ' * 50


def test_edited_arguments_stay_arguments() -> None:
    """A call keeps name and id; its arguments are the new text."""
    now = edited(ModelResponse(parts=[ToolCallPart('read', {'n': 1}, 'c1')]), lambda p: p.with_text('{"n":2}', 3))
    assert now.parts[0] == ToolCallPart('read', '{"n":2}', 'c1')


def test_an_edited_prompt_keeps_its_cache_points() -> None:
    """Text and cache points of a prompt travel together."""
    point = CachePoint()
    raw = ModelRequest(parts=[user('long ' * 50, point)])
    [message] = reader().read([raw])
    assert message.parts[0].cache_points == (point,)
    now = edited(raw, lambda p: p.with_text('short', 1))
    assert now.parts[0].content == ['short', point]


def test_a_cache_point_added_to_a_prompt_with_media_keeps_the_media() -> None:
    """Where only a cache point comes, nothing else of the prompt is touched."""
    image, point = ImageUrl('https://x/y.png'), CachePoint()
    raw = ModelRequest(parts=[user('look', image)])
    now = edited(raw, lambda p: replace(p, cache_points=(point,), edited=True))
    assert now.parts[0].content == ['look', image, point]


def test_parts_made_here_carry_the_time_before_them() -> None:
    """A mark and a stub get the timestamp of the message before, so that output does not hang on the clock."""
    response = ModelResponse(parts=[ToolCallPart('read', {}, 'c1')], timestamp=AT)
    stub = Part(Kind.RESULT, None, 5, 'never answered', call_id='c1', tool='read')
    mark = Part(Kind.MARK, None, 5, opening())
    written: list[Any] = list(write([*reader().read([response]), message_of('request', (stub, mark))]))
    assert [type(part) for part in written[1].parts] == [ToolReturnPart, UserPromptPart]
    assert {getattr(part, 'timestamp', None) for part in written[1].parts} == {AT}


def test_changes_in_place_are_noticed() -> None:
    """Another part, more parts, or another text in the same part: the entry does not describe the message any more."""
    r = reader()
    raw: Any = ModelRequest(parts=[UserPromptPart('a'), ToolReturnPart('read', 'x', 'c1')])
    [message] = r.read([raw])
    assert r.unchanged(raw, message)
    raw.parts = list(raw.parts)
    assert r.unchanged(raw, message)
    raw.parts[1].content = 'another text'
    assert not r.unchanged(raw, message)
    [message] = r.read([raw])
    raw.parts = [*raw.parts, UserPromptPart('b')]
    assert not r.unchanged(raw, message)
    [message] = r.read([raw])
    raw.parts = [replace(part) for part in raw.parts]
    assert not r.unchanged(raw, message)


def test_neighbouring_requests_are_merged_results_first() -> None:
    """As the framework sends them; the later request's instructions and run id hold, others stay themselves."""
    answer = ModelResponse(parts=[ToolCallPart('read', {}, 'c1')])
    first = ModelRequest(parts=[UserPromptPart('note')], instructions='old', run_id='r1')
    then = ModelRequest(parts=[ToolReturnPart('read', 'x', 'c1')], instructions='new', run_id='r2')
    merged: list[Any] = list(merge_requests([answer, first, then]))
    assert merged[0] is answer
    assert [part.part_kind for part in merged[1].parts] == ['tool-return', 'user-prompt']
    assert (merged[1].instructions, merged[1].run_id) == ('new', 'r2')
    assert [len(first.parts), len(then.parts)] == [1, 1]


def test_a_compacted_history_loads_again() -> None:
    """What was written dumps to JSON, loads, and compacts to itself."""
    history: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart('goal')])]
    for n in range(12):
        history.append(ModelResponse(parts=[ToolCallPart('read', {'n': n}, f'c{n}')]))
        history.append(ModelRequest(parts=[ToolReturnPart('read', f'{n} ' * 400, f'c{n}')]))
    policy = Policy(history=HistoryPolicy(max_input_tokens=4_000))
    once = compact(history, policy)
    assert once.changed
    loaded = ModelMessagesTypeAdapter.validate_python(
        json.loads(ModelMessagesTypeAdapter.dump_json(list(once.messages)))
    )
    assert as_plain(loaded) == as_plain(once.messages)
    assert not compact(loaded, policy).changed


def test_instructions_alone_are_a_request() -> None:
    """A run without a prompt starts with an empty request; it is read as such and written back."""
    raw = ModelRequest(parts=[], instructions='Do it.')
    messages: list[Message] = reader().read([raw])
    assert messages[0].parts == ()
    assert write(messages)[0] is raw
