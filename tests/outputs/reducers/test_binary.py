"""Bytes become a note of type and size; the text around them stays."""

from __future__ import annotations

import base64
import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compactor.outputs.reducers.binary import reduce_binary
from tests.outputs.shapes import HANDLE, HOSTILE, TEXTS, allowance, within

IMAGE = base64.b64encode(b'\x89PNG\r\n\x1a\n' + random.Random(3).randbytes(30_000)).decode()
NOTE = f'[bytes left out; recall {HANDLE}]'


@pytest.mark.parametrize(
    ('text', 'shown'),
    [
        (f'before\ndata:image/png;base64,{IMAGE}\nafter', 'before\n[image/png, base64, about 30 KB]\nafter'),
        (f'key: {IMAGE}', 'key: [PNG image, base64, about 30 KB]'),
        (
            'head\n' + '\n'.join(IMAGE[i : i + 76] for i in range(0, len(IMAGE), 76)) + '\ntail',
            'head\n[PNG image, base64, about 30 KB]\ntail',
        ),
        (
            '\n'.join(f'{i:08x}: 2550 4446 2d31 2e37 0a25 e2e3 cfd3 0a31  %PDF-1.7.%.....1' for i in range(400)),
            '[PDF document, hex dump of 400 lines]',
        ),
        ('\ufffdPNG\ufffd\ufffdx\ufffd\n' * 500 + 'done', '[PNG image, misread as text, about 4 KB]\ndone'),
    ],
    ids=['data url', 'one line', 'wrapped', 'hex dump', 'misread'],
)
def test_what_a_model_reads(text: str, shown: str) -> None:
    """Each form of bytes is one note of what it is and how large; every other line is there."""
    assert reduce_binary(text, allowance(100)) == f'{shown}\n{NOTE}'


def test_json_around_bytes_stays_json() -> None:
    """A document that carries an image still parses, also where it has to be shortened besides."""
    text = json.dumps({'name': 'logo.png', 'data': IMAGE, 'log': ['a line of a log'] * 300})
    result = reduce_binary(text, allowance(100))
    assert json.loads(result or '')['data'] == '[PNG image, base64, about 30 KB]'


@pytest.mark.parametrize(
    'text', ['plain words\n' * 300, '/usr/lib/' + 'directory/' * 40, '-' * 500, 'x = "é\ufffd"' + 'a b ' * 90]
)
def test_what_is_no_bytes_is_left_to_others(text: str) -> None:
    """Text, long paths, rules and single unreadable characters are no bytes."""
    assert reduce_binary(text, allowance(50)) is None


@given(text=TEXTS, tokens=st.integers(16, 200))
@settings(max_examples=150, deadline=None)
def test_within_the_allowance_whatever_comes(text: str, tokens: int) -> None:
    """Any text gives a result within the allowance, or None."""
    room = allowance(tokens, 'ab')
    result = reduce_binary(text, room)
    assert result is None or room.holds(result)


@pytest.mark.parametrize('name', sorted(HOSTILE))
def test_hostile_texts(name: str) -> None:
    """Texts made to be slow are survived."""
    room = allowance(300)
    assert within(reduce_binary(HOSTILE[name], room), HOSTILE[name], room)
