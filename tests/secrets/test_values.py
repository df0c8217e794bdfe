"""Secrets out of values of any shape, and what of them is left alone."""

from __future__ import annotations

import json
from collections import OrderedDict, namedtuple
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic_ai.messages import (
    BinaryContent,
    DocumentUrl,
    ImageUrl,
    ModelRequest,
    ModelResponse,
    ToolCallPart,
    ToolReturn,
    ToolReturnPart,
    UserPromptPart,
)

from compactor.outputs.redact import redacted as as_sent
from compactor.secrets.redact import HIGH_CONFIDENCE, MARK, Secrets
from compactor.secrets.values import DEEPEST, redacted
from tests.secrets.samples import bodies, key_lines, made

TOKEN = 'gh' + 'p_' + made(36)
SIGNED = (
    'https://b.s3.amazonaws.com/plot.png?X-Amz-Credential=AK' + 'IAIOSFODNN7EXAMPLF%2F2026&X-Amz-Signature=' + made(64)
)
Pair = namedtuple('Pair', 'first second')


class Ran(BaseModel):
    """What a shell says."""

    stdout: str
    parts: list[Any] = []


@dataclass(frozen=True)
class Page:
    """A page, frozen, with state that is not made from outside."""

    text: str
    size: int = field(init=False, default=7)


HOLDING: list[Any] = [
    TOKEN,
    [TOKEN],
    (1, TOKEN),
    {TOKEN},
    frozenset([TOKEN]),
    {'a': {'b': [TOKEN]}},
    {TOKEN: 1},
    {('a', TOKEN): 1},
    OrderedDict(a=TOKEN),
    Pair(1, TOKEN),
    Ran(stdout=TOKEN),
    Ran(stdout='', parts=[{'x': Page(TOKEN)}]),
    Page(TOKEN),
    json.dumps({'a': json.dumps({'b': TOKEN})}),
    json.dumps({'a': TOKEN}).replace('g', '\\u0067', 1).replace('h', '\\u0068', 1),
    ModelRequest(parts=[UserPromptPart([TOKEN, ImageUrl(SIGNED)])]),
    ModelResponse(parts=[ToolCallPart('run', {'command': f'curl -H "Authorization: token {TOKEN}"'})]),
    ModelResponse(parts=[ToolCallPart(f'run_{TOKEN}', json.dumps({'x': TOKEN}))]),
    ModelRequest(parts=[ToolReturnPart('run', {'rows': [TOKEN]}, tool_call_id='c')]),
    ToolReturn(return_value=[TOKEN], content=['see', TOKEN]),
]


@pytest.mark.parametrize('value', HOLDING, ids=lambda value: type(value).__name__)
def test_a_secret_goes_wherever_it_stands(value: Any) -> None:
    """Keys, values, names of tools, arguments as text; the type stays, and what was handed in is not changed."""
    before = repr(value)
    bare = redacted(value)
    assert TOKEN not in repr(bare)
    assert MARK.search(repr(bare))
    assert type(bare) is type(value)
    assert repr(value) == before
    assert redacted(bare) == bare


@pytest.mark.parametrize(
    'value',
    [
        {'password': 'Sup3rS3cret!x'},
        {'config': {'api_key': made(32, seed='telling')}},
        {'headers': {'Authorization': 'Basic dXNlcjpodW50ZXIyaHVudGVyMg=='}},
        {'tokens': [made(32, seed='telling')]},
        Ran(stdout='', parts=[{'client_secret': made(32, seed='telling')}]),
        [{'name': 'DB_PASSWORD', 'value': made(32, seed='telling')}],
        {'kind': 'Secret', 'metadata': {'name': 'x'}, 'data': {'user': 'YWRtaW5pc3RyYXRvcg=='}},
        {'data': {'user': 'YWRtaW5pc3RyYXRvcg=='}, 'kind': 'Secret'},
    ],
    ids=repr,
)
def test_a_key_tells_what_its_value_is(value: Any) -> None:
    """As the same line of a file would."""
    assert MARK.search(repr(redacted(value)))


@pytest.mark.parametrize('cut', [slice(None), slice(None, 9), slice(9, None), slice(3, -3)])
def test_a_list_may_hold_the_lines_of_a_key(cut: slice) -> None:
    """What a program reads line by line is one text."""
    lines = key_lines()[cut]
    for value in (lines, {'lines': lines}, [{'line': line} for line in lines]):
        shown = json.dumps(redacted(value))
        assert not [line for line in bodies(lines) if line in shown]


UNTOUCHED: list[Any] = [
    ImageUrl(SIGNED),
    ['chart', ImageUrl(SIGNED)],
    DocumentUrl(SIGNED),
    BinaryContent(data=TOKEN.encode(), media_type='text/plain'),
    ToolReturn(return_value='ok', content=['see', ImageUrl(SIGNED)], metadata={'url': SIGNED, 'key': TOKEN}),
    {'type': 'image_url', 'image_url': {'url': SIGNED}},
    {'type': 'image', 'source': {'type': 'base64', 'data': TOKEN}},
    TOKEN.encode(),
    [1, None, 2.5, object()],
    {'next_page_token': made(32)},
]


@pytest.mark.parametrize('value', UNTOUCHED, ids=lambda value: type(value).__name__)
def test_what_is_no_text_for_a_model_is_the_very_object(value: Any) -> None:
    """Media and their links, bytes, metadata: a link that is signed would be broken, an image spoilt."""
    assert redacted(value) is value
    assert as_sent(value, HIGH_CONFIDENCE) is value


def test_beside_a_medium_texts_are_read() -> None:
    """A block of a file that holds text is no medium because it says so."""
    block = {'type': 'file', 'name': 'a.env', 'content': f'X={TOKEN}'}
    assert TOKEN not in repr(redacted(block))
    mixed = {'type': 'image_url', 'image_url': {'url': SIGNED}, 'title': TOKEN}
    assert redacted(mixed)['image_url'] == {'url': SIGNED}
    assert TOKEN not in redacted(mixed)['title']


def test_what_is_nested_without_end_ends() -> None:
    """A value in itself is left; what lies deeper than is looked through is withheld, not shown."""
    round_about: list[Any] = [TOKEN]
    round_about.append(round_about)
    assert TOKEN not in redacted(round_about)[0]
    deep: Any = TOKEN
    for _ in range(DEEPEST + 50):
        deep = [deep]
    assert TOKEN not in repr(redacted(deep))


def test_state_beside_the_fields_stays() -> None:
    """A copy of a frozen dataclass has all that its original has."""
    page = Page(TOKEN)
    object.__setattr__(page, 'size', 9)
    assert redacted(page).size == 9


def test_nothing_is_a_secret_where_policy_says_so() -> None:
    """Without `Secrets` the value is handed back; patterns of users count like ours."""
    value = {'a': [TOKEN]}
    assert redacted(value, None) is value
    assert redacted({'badge': 'nr 123456'}, Secrets({'badge': r'\d{6}'})) != {'badge': 'nr 123456'}


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=20) | st.just(TOKEN),
        lambda inner: (
            st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.just(TOKEN), inner, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_only_secrets_change(value: Any) -> None:
    """JSON-like data without a secret is the same object; with one, nothing but that is another."""
    bare = redacted(value)
    assert TOKEN not in json.dumps(bare)
    assert (bare is value) == (TOKEN not in json.dumps(value))
    assert redacted(bare) == bare
