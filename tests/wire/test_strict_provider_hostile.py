"""Whatever is sent, the strict provider answers as an API would: no traceback, no hang."""

import http.client
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.testing import Api, Reply, StrictProvider

PATHS: dict[Api, str] = {'openai': '/v1/chat/completions', 'anthropic': '/v1/messages'}


def provider() -> StrictProvider:
    """A provider whose model says ok."""
    return StrictProvider(lambda turn: Reply('ok', thinking='hm'), window=1_000, count=len, bound_thinking=True)


WORDS = st.sampled_from(
    [
        'role', 'content', 'type', 'text', 'id', 'tool_calls', 'tool_call_id', 'tool_use_id', 'function',
        'name', 'arguments', 'input', 'thinking', 'signature', 'data', 'user', 'assistant', 'tool', 'system',
        'tool_use', 'tool_result', 'redacted_thinking', 'image', 'cache_control', 'custom', 'a', '', '\ud800',
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=25,
)
BLOCK = st.dictionaries(WORDS, JSON, max_size=5) | st.fixed_dictionaries(
    {'type': st.sampled_from(['text', 'tool_use', 'tool_result', 'thinking', 'redacted_thinking'])},
    optional={
        'text': WORDS,
        'id': WORDS,
        'tool_use_id': WORDS,
        'name': WORDS,
        'input': JSON,
        'content': JSON,
        'thinking': WORDS,
        'signature': WORDS,
        'data': WORDS,
    },
)
CALL = JSON | st.fixed_dictionaries(
    {'id': WORDS, 'function': st.fixed_dictionaries({'name': WORDS, 'arguments': WORDS})}
)
MESSAGE = JSON | st.fixed_dictionaries(
    {'role': st.sampled_from(['user', 'assistant', 'tool', 'system'])},
    optional={
        'content': JSON | st.lists(BLOCK, max_size=4) | WORDS,
        'tool_calls': JSON | st.lists(CALL, max_size=3),
        'tool_call_id': WORDS,
    },
)
BODY = st.fixed_dictionaries(
    {'model': WORDS, 'max_tokens': st.just(64), 'messages': JSON | st.lists(MESSAGE, max_size=6)},
    optional={
        'system': JSON,
        'tools': JSON,
        'thinking': JSON,
        'stream': st.booleans(),
        'stream_options': JSON,
    },
)


@pytest.mark.parametrize('api', list(PATHS))
@given(body=BODY | JSON)
def test_any_json_is_answered_or_refused(api: Api, body: Any) -> None:
    """Any JSON earns a 200 or a 400 with an error in it, never an exception inside the server."""
    server = provider()
    answer = server.answer(api, json.dumps(body).encode())
    assert answer.status in {200, 400}
    assert (answer.status == 400) == (len(server.refusals) == 1)
    if answer.status == 400:
        assert json.loads(answer.content)['error']['message']


@pytest.mark.parametrize('api', list(PATHS))
@pytest.mark.parametrize(
    'raw',
    [b'', b'{', b'[]', b'null', b'\xff\xfe', b'[' * 100_000, b'{"a":' * 600 + b'1' + b'}' * 600],
    ids=['empty', 'cut', 'list', 'null', 'binary', 'deep', 'deep object'],
)
def test_a_malformed_body_is_a_bad_request(api: Api, raw: bytes) -> None:
    """What is no JSON object is refused over the wire, and the connection lives on."""
    with provider() as server:
        host = server.anthropic_url.removeprefix('http://')
        connection = http.client.HTTPConnection(host, timeout=10)
        try:
            for _ in range(2):
                connection.request('POST', PATHS[api], raw)
                response = connection.getresponse()
                assert response.status == 400
                assert json.loads(response.read())['error']['message']
        finally:
            connection.close()
    assert len(server.refusals) == 2


def test_an_unknown_path_is_not_found() -> None:
    """Only the two endpoints are spoken."""
    with provider() as server:
        connection = http.client.HTTPConnection(server.anthropic_url.removeprefix('http://'), timeout=10)
        try:
            connection.request('POST', '/v1/responses', b'{}')
            assert connection.getresponse().status == 404
        finally:
            connection.close()
    assert server.requests == []
