"""Dicts read into the neutral view and written back: one row a kind of message, an oddity, a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest

from compactor import HistoryError
from compactor.adapters.openai_chat import DICTS, inspect, pin
from compactor.history.marks import opening, sealed
from compactor.history.message import Kind, Message, Part, message_of
from compactor.history.track import Tracker
from compactor.run.keys import key_for
from compactor.tokens.counter import counter_for
from tests.adapters.openai_chat.dicts import Json
from tests.laws.texts import PNG

KEY = key_for(None, None)
NOTE = sealed(opening(), DICTS.form.seal([], KEY))
"""A note of ours, ahead of everything."""


def read(*dicts: Json) -> list[Message]:
    """The neutral view of these dicts."""
    return DICTS.form.reader(counter_for(None), DICTS.form.seal(dicts, KEY)).read(dicts)


def said(part: Part) -> tuple[Any, ...]:
    """What of a part its row states: kind, text, and the flags that are set."""
    flags = ('protected', 'media', 'signed')
    return part.kind.value, part.text, *(flag for flag in flags if getattr(part, flag))


def calls(*listed: Json, **more: Any) -> Json:
    """A message of an assistant that calls tools."""
    return {'role': 'assistant', 'content': None, 'tool_calls': list(listed), **more}


def call(id: str = 'c1', arguments: Any = '{"n": 1}', name: str = 'read', **more: Any) -> Json:
    """A call of a function."""
    return {'id': id, 'type': 'function', 'function': {'name': name, 'arguments': arguments}, **more}


IMAGE = {'type': 'image_url', 'image_url': {'url': 'https://example.com/a.png', 'detail': 'low'}}
CACHED = {'type': 'text', 'text': 'Long.', 'cache_control': {'type': 'ephemeral'}}
ENCRYPTED = {'type': 'reasoning.encrypted', 'data': 'AAAA'}

READ: dict[str, tuple[Json, list[tuple[Any, ...]]]] = {
    'a system prompt': ({'role': 'system', 'content': 'Be kind.'}, [('system', 'Be kind.', 'protected')]),
    'a developer, in items': (
        {'role': 'developer', 'content': [{'type': 'text', 'text': 'Be'}, {'type': 'text', 'text': 'kind.'}]},
        [('system', 'Be\nkind.', 'protected')],
    ),
    'a prompt with a name': ({'role': 'user', 'name': 'ada', 'content': 'Hi'}, [('user', 'Hi')]),
    'a prompt of nothing': ({'role': 'user', 'content': None}, [('user', '')]),
    'a prompt without content': ({'role': 'user'}, [('user', '')]),
    'an image': ({'role': 'user', 'content': [{'type': 'text', 'text': 'See'}, IMAGE]}, [('user', 'See', 'media')]),
    'an image as a text': (
        {'role': 'user', 'content': [{'type': 'image_url', 'image_url': 'https://example.com/a.png'}]},
        [('user', '', 'media')],
    ),
    'an item nobody knows': (
        {'role': 'user', 'content': [{'type': 'text', 'text': 'See'}, {'type': 'hologram', 'beam': 7}]},
        [('user', 'See', 'media')],
    ),
    'a pin': ({'role': 'user', 'content': pin('Never push.')}, [('user', pin('Never push.'), 'protected')]),
    'a pin beside a text': (
        {'role': 'user', 'content': [{'type': 'text', 'text': 'Go'}, {'type': 'text', 'text': pin('Never push.')}]},
        [('user', 'Go\n' + pin('Never push.'), 'protected')],
    ),
    'a note of ours': ({'role': 'user', 'content': NOTE}, [('mark', NOTE)]),
    'a note in an item': ({'role': 'user', 'content': [{'type': 'text', 'text': NOTE}]}, [('mark', NOTE)]),
    'a note without a seal': ({'role': 'user', 'content': opening()}, [('user', opening())]),
    'a note that a tool wrote': ({'role': 'tool', 'tool_call_id': 'c', 'content': opening()}, [('result', opening())]),
    'a note that an assistant wrote': ({'role': 'assistant', 'content': opening()}, [('text', opening())]),
    'a result': ({'role': 'tool', 'tool_call_id': 'c1', 'content': 'ok'}, [('result', 'ok')]),
    'a result in items': (
        {'role': 'tool', 'tool_call_id': 'c1', 'content': [{'type': 'text', 'text': 'ok'}]},
        [('result', 'ok')],
    ),
    'a result of nothing': ({'role': 'tool', 'tool_call_id': 'c1', 'content': None}, [('result', '')]),
    'a result of a function': ({'role': 'function', 'name': 'read', 'content': 'ok'}, [('result', 'ok')]),
    'an answer': ({'role': 'assistant', 'content': 'Done.'}, [('text', 'Done.')]),
    'an answer in items': (
        {'role': 'assistant', 'content': [{'type': 'text', 'text': 'A'}, {'type': 'refusal', 'refusal': 'No.'}]},
        [('text', 'A'), ('text', 'No.')],
    ),
    'an answer of nothing': ({'role': 'assistant', 'content': ''}, []),
    'a refusal': ({'role': 'assistant', 'content': None, 'refusal': 'No.'}, [('text', 'No.')]),
    'speech': (
        {'role': 'assistant', 'content': None, 'audio': {'id': 'audio_1'}},
        [('opaque', '', 'media')],
    ),
    'a call': (calls(call()), [('call', '{"n": 1}')]),
    'a call with words': (calls(call(), content='I look.'), [('text', 'I look.'), ('call', '{"n": 1}')]),
    'parallel calls': (calls(call('a'), call('b')), [('call', '{"n": 1}'), ('call', '{"n": 1}')]),
    'a call of a custom tool': (
        calls({'id': 'c1', 'type': 'custom', 'custom': {'name': 'shell', 'input': 'ls -l'}}),
        [('call', 'ls -l')],
    ),
    'arguments that are no text': (calls(call(arguments={'n': 1})), [('call', '{"n": 1}', 'signed')]),
    'a call of a kind nobody knows': (
        calls({'id': 'c1', 'type': 'mcp', 'mcp': {'n': 1}}),
        [('call', '{"id": "c1", "type": "mcp", "mcp": {"n": 1}}', 'signed')],
    ),
    'a call without an id': (calls(call(id='')), [('call', '{"n": 1}')]),
    'a call with an index': (calls(call(index=0)), [('call', '{"n": 1}')]),
    'a call with a signature': (
        calls(call(extra_content={'google': {'thought_signature': 's'}})),
        [('call', '{"n": 1}', 'signed')],
    ),
    'a call before there were tools': (
        {'role': 'assistant', 'content': None, 'function_call': {'name': 'read', 'arguments': '{}'}},
        [('call', '{}')],
    ),
    'thinking': (
        {'role': 'assistant', 'content': 'Done.', 'reasoning_content': 'Hm.'},
        [('thinking', 'Hm.'), ('text', 'Done.')],
    ),
    'thinking by its other name': (
        {'role': 'assistant', 'content': 'Done.', 'reasoning': 'Hm.'},
        [('thinking', 'Hm.'), ('text', 'Done.')],
    ),
    'thinking twice, once signed': (
        calls(call(), reasoning='Hm.', reasoning_details=[{'type': 'reasoning.text', 'text': 'Hm.'}, ENCRYPTED]),
        [
            ('thinking', '', 'signed'),
            ('thinking', 'Hm.', 'signed'),
            ('thinking', '', 'signed'),
            ('call', '{"n": 1}'),
        ],
    ),
    'blocks of thinking': (
        calls(call(), thinking_blocks=[{'type': 'thinking', 'thinking': 'Hm.', 'signature': 's'}]),
        [('thinking', 'Hm.', 'signed'), ('call', '{"n": 1}')],
    ),
    'what a client dumps': (
        calls(call(), refusal=None, audio=None, function_call=None, annotations=None, reasoning=None),
        [('call', '{"n": 1}')],
    ),
}


@pytest.mark.parametrize('name', READ)
def test_a_message_is_read(name: str) -> None:
    """Kinds, texts and flags of its parts; written back it is the very dict, to the letter what it was."""
    one, parts = READ[name]
    looked = json.dumps(one)
    [message] = read(one)
    assert [said(part) for part in message.parts] == parts
    assert message.role == ('response' if one['role'] == 'assistant' else 'request')
    assert DICTS.form.write([message])[0] is one
    assert json.dumps(one) == looked


SIZES: dict[str, tuple[Json, Json]] = {
    'items cost what a text costs': (
        {'role': 'user', 'content': [{'type': 'text', 'text': 'Hello there'}]},
        {'role': 'user', 'content': 'Hello there'},
    ),
    'a data URL costs what its image costs': (
        {
            'role': 'user',
            'content': [{'type': 'image_url', 'image_url': {'url': f'data:image/png;base64,{"A" * 400}'}}],
        },
        {'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': 'https://example.com/a.png'}}]},
    ),
    'a dumped field of nothing costs nothing': (
        calls(call(), refusal=None, function_call=None),
        calls(call()),
    ),
    'the same thinking costs once': (
        calls(call(), reasoning='Hm, well.', reasoning_details=[{'text': 'Hm, well.', 'signature': 's'}]),
        calls(call(), reasoning_details=[{'text': 'Hm, well.', 'signature': 's'}]),
    ),
}


@pytest.mark.parametrize('name', SIZES)
def test_what_a_message_costs(name: str) -> None:
    """Two ways to write the same cost the same."""
    one, other = SIZES[name]
    assert read(one)[0].tokens == read(other)[0].tokens


def test_an_unknown_item_is_counted() -> None:
    """What nobody here can read costs its JSON, so that it is never free."""
    [plain, odd] = read(
        {'role': 'user', 'content': [{'type': 'text', 'text': 'See'}]},
        {'role': 'user', 'content': [{'type': 'text', 'text': 'See'}, {'type': 'hologram', 'beam': 'word ' * 100}]},
    )
    assert odd.tokens > plain.tokens + 100


REFUSED: dict[str, tuple[Any, str]] = {
    'no list': ('Hi', 'expected a list of chat-completions dicts, got str'),
    'a dict alone': ({'role': 'user', 'content': 'Hi'}, 'got dict'),
    'an object': ([{'role': 'user', 'content': 'Hi'}, object()], 'item 1 is a object, not a dict'),
    'no role': ([{'content': 'Hi'}], 'item 0 has no role'),
    'another role': ([{'role': 'human', 'content': 'Hi'}], "the role 'human'; there are: system, developer, user"),
    'a role that is no text': ([{'role': ['user'], 'content': 'Hi'}], 'item 0 has the role'),
    'a number for content': ([{'role': 'user', 'content': 7}], r'item 0 \(user\): its content is a int'),
    'an item that is no dict': ([{'role': 'user', 'content': ['Hi']}], 'its content holds a str, not only dicts'),
    'calls that are no list': ([{'role': 'assistant', 'tool_calls': {}}], 'its tool_calls is a dict'),
    'a call that is no dict': ([{'role': 'assistant', 'tool_calls': [object()]}], 'its tool_calls holds a object'),
    'a call that is a text': ([{'role': 'assistant', 'function_call': 'auto'}], 'its function_call is a str'),
}


@pytest.mark.parametrize('name', REFUSED)
def test_what_is_no_history(name: str) -> None:
    """It is refused with its place and what was found there."""
    messages, reason = REFUSED[name]
    with pytest.raises(HistoryError, match=reason):
        inspect(messages)


def test_a_result_is_named_after_its_call() -> None:
    """By id and, where ids repeat, by order; a result that names its tool itself is believed."""
    history = [
        calls(call('a', name='grep'), call('b', name='read')),
        {'role': 'tool', 'tool_call_id': 'b', 'content': '1'},
        {'role': 'tool', 'tool_call_id': 'a', 'content': '2'},
        calls(call('a', name='edit'), call('a', name='run')),
        {'role': 'tool', 'tool_call_id': 'a', 'content': '3'},
        {'role': 'tool', 'tool_call_id': 'a', 'content': '4'},
        {'role': 'tool', 'tool_call_id': 'a', 'content': '5', 'name': 'other'},
        {'role': 'tool', 'tool_call_id': 'nobody', 'content': '6'},
    ]
    results = [part for message in read(*history) for part in message.parts if part.kind is Kind.RESULT]
    assert [part.tool for part in results] == ['read', 'grep', 'edit', 'run', 'other', '']


def test_a_history_that_grows_is_read_as_one_that_is_there() -> None:
    """Followed message by message, the view is that of the whole; a dict that is edited in place is noticed."""
    history = [
        {'role': 'user', 'content': 'Go'},
        calls(call('a', name='grep'), call('b', name='read')),
        {'role': 'tool', 'tool_call_id': 'a', 'content': '1'},
        {'role': 'tool', 'tool_call_id': 'b', 'content': '2'},
    ]
    tracker = Tracker(DICTS.form.reader(counter_for(None)))
    for n in range(len(history)):
        assert tracker.update(history[: n + 1])
    assert list(tracker.messages) == read(*history)
    history[3]['content'] = 'something else'
    assert not tracker.update(history)
    assert tracker.messages[3].parts[0].text == 'something else'


# -- writing -------------------------------------------------------------------------------------------------


def edited(one: Json, *texts: str | None) -> Json:
    """A message some of whose parts have other texts."""
    [message] = read(one)
    parts = tuple(
        part if text is None else part.with_text(text, 1) for part, text in zip(message.parts, texts, strict=True)
    )
    [back] = DICTS.form.write([Message(message.role, parts, one, 1, edited=True)])
    return back


EDITED: dict[str, tuple[Json, tuple[str | None, ...], Json]] = {
    'a result': (
        {'role': 'tool', 'tool_call_id': 'c1', 'content': 'long', 'x': 1},
        ('short',),
        {'role': 'tool', 'tool_call_id': 'c1', 'content': 'short', 'x': 1},
    ),
    'a result in items': (
        {'role': 'tool', 'tool_call_id': 'c1', 'content': [{'type': 'text', 'text': 'a'}, CACHED]},
        ('short',),
        {'role': 'tool', 'tool_call_id': 'c1', 'content': [{**CACHED, 'text': 'short'}]},
    ),
    'a prompt with an image that is cleared': (
        {'role': 'user', 'content': [{'type': 'text', 'text': 'See'}, IMAGE]},
        ('See\n[image https://example.com/a.png, cleared]',),
        {'role': 'user', 'content': [{'type': 'text', 'text': 'See\n[image https://example.com/a.png, cleared]'}]},
    ),
    'arguments': (
        calls(call(index=0), content='I look.'),
        (None, '{}'),
        calls(call(arguments='{}', index=0), content='I look.'),
    ),
    'arguments of a custom tool': (
        calls({'id': 'c1', 'type': 'custom', 'custom': {'name': 'shell', 'input': 'ls -l'}, 'function': None}),
        ('ls',),
        calls({'id': 'c1', 'type': 'custom', 'custom': {'name': 'shell', 'input': 'ls'}, 'function': None}),
    ),
    'arguments before there were tools': (
        {'role': 'assistant', 'content': None, 'function_call': {'name': 'read', 'arguments': '{"n": 1}'}},
        ('{}',),
        {'role': 'assistant', 'content': None, 'function_call': {'name': 'read', 'arguments': '{}'}},
    ),
    'an answer in items': (
        {'role': 'assistant', 'content': [{'type': 'text', 'text': 'long'}, {'type': 'refusal', 'refusal': 'No.'}]},
        ('short', 'no'),
        {'role': 'assistant', 'content': [{'type': 'text', 'text': 'short'}, {'type': 'refusal', 'refusal': 'no'}]},
    ),
}


@pytest.mark.parametrize('name', EDITED)
def test_an_edited_message_is_written(name: str) -> None:
    """The new text stands where the old one stood, everything else is as it was, and the old dict is untouched."""
    one, texts, expected = EDITED[name]
    looked = json.dumps(one)
    assert edited(one, *texts) == expected
    assert json.dumps(one) == looked


def parts_of(*dicts: Json) -> tuple[Part, ...]:
    """All parts of these dicts."""
    return tuple(part for message in read(*dicts) for part in message.parts)


LEGACY = {'role': 'assistant', 'content': None, 'function_call': {'name': 'read', 'arguments': '{"n": 1}'}}
LISTED = {'id': 'function_call', 'type': 'function', 'function': LEGACY['function_call']}

JOINED: dict[str, tuple[tuple[Part, ...], Json]] = {
    'thinking that went': (
        parts_of(calls(call(), reasoning_content='Hm.', x=1))[1:],
        calls(call(), x=1),
    ),
    'words that went': (parts_of(calls(call(), content='I look.'))[1:], calls(call())),
    'a call that went': (
        parts_of(calls(call('a'), call('b'), content='I look.'))[:2],
        calls(call('a'), content='I look.'),
    ),
    'all calls that went': (
        parts_of(calls(call(), content='I look.'))[:1],
        {'role': 'assistant', 'content': 'I look.'},
    ),
    'two messages': (
        parts_of({'role': 'assistant', 'content': 'A', 'x': 1}, calls(call(), content='B', y=2)),
        {
            **calls(call(), content=[{'type': 'text', 'text': 'A'}, {'type': 'text', 'text': 'B'}], x=1, y=2),
        },
    ),
    'thinking of two messages': (
        parts_of(
            {'role': 'assistant', 'content': None, 'reasoning_content': 'A'},
            {'role': 'assistant', 'content': 'Done.', 'reasoning_content': 'B'},
        ),
        {'role': 'assistant', 'content': 'Done.', 'reasoning_content': 'A\n\nB'},
    ),
    'speech of two messages': (
        parts_of(
            {'role': 'assistant', 'audio': {'id': 'a'}},
            {'role': 'assistant', 'audio': {'id': 'b'}},
        ),
        {'role': 'assistant', 'audio': {'id': 'b'}, 'content': ''},
    ),
    'calls without ids of two messages': (parts_of(LEGACY, LEGACY), calls(LISTED, LISTED)),
    'a call without an id beside one with': (parts_of(LEGACY, calls(call())), calls(LISTED, call())),
}


@pytest.mark.parametrize('name', JOINED)
def test_parts_are_written_as_one_message(name: str) -> None:
    """What is left of a response, or of several that came in a row, is one message with all that these hold."""
    parts, expected = JOINED[name]
    assert DICTS.form.write([Message('response', parts, None, 1, edited=True)]) == [expected]


def test_results_of_calls_that_were_listed_have_ids() -> None:
    """Where calls without ids had to be listed, what answers them names the id they were given."""
    answers = [{'role': 'function', 'name': 'read', 'content': text} for text in ('1', '2')]
    joined = Message('response', parts_of(LEGACY, LEGACY), None, 1, edited=True)
    result = {'role': 'tool', 'tool_call_id': 'function_call', 'name': 'read'}
    assert list(DICTS.form.write([joined, *read(*answers), *read(LEGACY, answers[0])])) == [
        calls(LISTED, LISTED),
        {**result, 'content': '1'},
        {**result, 'content': '2'},
        LEGACY,
        answers[0],
    ]


MADE: dict[str, tuple[Part, Json]] = {
    'a note': (Part(Kind.MARK, None, 5, opening()), {'role': 'user', 'content': opening()}),
    'a result in the place of none': (
        Part(Kind.RESULT, None, 5, 'never answered', 'c1', 'read'),
        {'role': 'tool', 'tool_call_id': 'c1', 'content': 'never answered'},
    ),
    'one of a call without an id': (
        Part(Kind.RESULT, None, 5, 'never answered', 'function_call', 'read'),
        {'role': 'function', 'name': 'read', 'content': 'never answered'},
    ),
}


@pytest.mark.parametrize('name', MADE)
def test_what_is_made_here(name: str) -> None:
    """A note, a result in the place of one that never came: a message of its own."""
    part, expected = MADE[name]
    assert DICTS.form.write([message_of('request', (part,))]) == [expected]


def test_a_cache_point_that_moves() -> None:
    """It goes onto the last item, and a text becomes an item for it; where there is one already, none is added."""
    points = ({'type': 'ephemeral'},)
    for one, expected in (
        ({'role': 'user', 'content': 'Hi'}, [{'type': 'text', 'text': 'Hi', 'cache_control': points[0]}]),
        ({'role': 'user', 'content': [CACHED, IMAGE]}, [CACHED, IMAGE]),
    ):
        [message] = read(one)
        part = Part(Kind.USER, message.parts[0].raw, 1, message.parts[0].text, cache_points=points, edited=True)
        [written] = DICTS.form.write([Message('request', (part,), one, 1, edited=True)])
        assert written == {'role': 'user', 'content': expected}


def test_an_image_in_the_text_is_sized_by_its_bytes() -> None:
    """A data URL is an image, not a long text."""
    import base64

    url = f'data:image/png;base64,{base64.b64encode(PNG).decode()}'
    [message] = read({'role': 'user', 'content': [{'type': 'image_url', 'image_url': {'url': url}}]})
    cleared = message.parts[0].without_media
    assert cleared is not None
    assert cleared() == f'[image/png, {len(PNG)} bytes, cleared]'
