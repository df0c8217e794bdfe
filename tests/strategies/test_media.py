"""Clear: old images and other media become a stub of type and size; the words beside them stay."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot
from pydantic_ai.messages import (
    BinaryContent,
    CachePoint,
    DocumentUrl,
    ImageUrl,
    ModelMessage,
    ModelMessagesTypeAdapter,
    ModelRequest,
    UserPromptPart,
)

from compactor.adapters.pydantic_ai.messages.reader import MessageReader
from compactor.history.message import Kind
from compactor.history.parse import parse
from compactor.strategies import Clear
from tests.notation import COUNTER, room
from tests.strategies.recorded import EPOCH, applied, ask, did, session

STEP = Clear(keep_steps=1)
PICTURE = BinaryContent(bytes(48_000), media_type='image/png')
POINT = CachePoint()


def prompts(messages: list[ModelMessage]) -> list[Any]:
    """The contents of user prompts."""
    return [p.content for m in messages for p in m.parts if isinstance(p, UserPromptPart)]


def asked(content: Any) -> list[ModelMessage]:
    """An exchange in the middle of a session: the goal before it, a step behind it."""
    return [*did('bash', 'ok', command='ls'), ask(content), *did('bash', 'ok', command='pwd')]


def test_an_old_prompt_keeps_its_words_and_cache_points() -> None:
    """Each medium becomes a stub in its place; texts and markers are the same objects."""
    text = 'Here is what the page looks like.'
    messages = session(asked([text, PICTURE, 'The button is cut off.', POINT, 'Why?']))
    after = applied(STEP, messages)
    assert prompts(after)[1] == [text, '[image/png, 48 KB, cleared]', 'The button is cut off.', POINT, 'Why?']
    assert prompts(messages)[1][1] is PICTURE


MEDIA: list[tuple[Any, str]] = [
    (PICTURE, snapshot('[image/png, 48 KB, cleared]')),
    (
        BinaryContent(b'%PDF' + bytes(200), media_type='application/pdf'),
        snapshot('[application/pdf, 204 bytes, cleared]'),
    ),
    (BinaryContent(bytes(3_000_000), media_type='audio/wav'), snapshot('[audio/wav, 3,000 KB, cleared]')),
    (ImageUrl('https://example.com/page.png'), snapshot('[image https://example.com/page.png, cleared]')),
]


@pytest.mark.parametrize(('medium', 'stub'), MEDIA)
def test_a_stub_tells_type_and_size_or_place(medium: Any, stub: str) -> None:
    """A URL stays, so that it can be opened again."""
    assert prompts(applied(STEP, session(asked(['Look:', medium]))))[1] == ['Look:', stub]


@pytest.mark.parametrize(
    ('url', 'stub'),
    [
        ('data:image/png;base64,' + 'A' * 9_000, '[image/png, 6 KB, cleared]'),
        ('data:text/plain,' + 'A' * 900, '[text/plain, 900 bytes, cleared]'),
        ('data:image/png;base64,' + 'A' * 9_001, '[image data:image/png;base64,' + 'A' * 178 + '…, cleared]'),
    ],
)
def test_a_data_url_says_what_it_holds(url: str, stub: str) -> None:
    """Its address is its content: it is told like bytes, and cut where it cannot be read."""
    item: Any = ImageUrl(url) if 'image' in url else DocumentUrl(url)
    assert prompts(applied(STEP, session(asked([item]))))[1][0] == stub


def test_results_keep_their_words_while_that_is_enough() -> None:
    """Media first; the result as a whole only if there is still too much."""
    messages = session(did('shot', ['The page at 12:00', PICTURE, {'width': 800}], url='/'))
    size = parse(MessageReader(COUNTER).read(messages)).history.tokens
    content = [
        p.content for m in applied(STEP, messages, room(size - 100)) for p in m.parts if p.part_kind == 'tool-return'
    ]
    assert content == snapshot(
        [
            """\
The page at 12:00
[image/png, 48 KB, cleared]
{"width": 800}\
"""
        ]
    )


def test_what_a_tool_put_beside_its_result() -> None:
    """pydantic-ai 1.x sends files of a tool as a user part of the same request."""
    first, second = did('shot', 'See file.', url='/')
    beside = UserPromptPart(['This is file 1:', PICTURE], timestamp=EPOCH)
    messages = session([first, ModelRequest(parts=[*second.parts, beside], timestamp=EPOCH)], asked('Go on.'))
    assert prompts(applied(STEP, messages))[1] == ['This is file 1:', '[image/png, 48 KB, cleared]']


def test_goal_current_prompt_and_newest_steps_keep_theirs() -> None:
    """What the agent works on is left as it is."""
    step = did('shot', ['Now', PICTURE], url='/')
    messages = [ask(['Build this:', PICTURE]), *did('bash', 'ok', command='ls'), ask(['And this?', PICTURE]), *step]
    assert all(a is b for a, b in zip(applied(STEP, messages), messages, strict=True))


def test_protected_tools_keep_theirs() -> None:
    """`protect_tools` covers files too."""
    messages = session(did('shot', ['Now', PICTURE], url='/'), did('bash', 'ok', command='ls'))
    tree = parse(MessageReader(COUNTER).read(messages)).history
    assert STEP.apply(tree, room(1, protect='shot')) is tree


def test_what_is_written_loads_again() -> None:
    """A dump of the result is read as the same tokens and is no medium any more."""
    messages = session(asked(['Look:', PICTURE, POINT]), did('shot', ['Now', PICTURE], url='/'))
    after = applied(STEP, messages)
    loaded = ModelMessagesTypeAdapter.validate_json(ModelMessagesTypeAdapter.dump_json(after))
    parts = [p for m in MessageReader(COUNTER).read(loaded) for p in m.parts]
    assert not any(p.media for p in parts)
    assert sum(len(p.cache_points) for p in parts if p.kind is Kind.USER) == 1
