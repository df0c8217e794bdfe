"""Texts that were read in a wrong encoding."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor import output_budget, shrink
from compactor.outputs.clean import clean
from compactor.outputs.encodings import decoded, sound
from compactor.outputs.level import Level
from tests.outputs.texts import any_text

TEXT = 'Build started\r\nERROR: cannot reach féed\r\n日本 done\r\n'
SECRET = 'ghp_x7Kd9Qm2Zt4Rv8Lp1Wn6Yb3Hc5Jf0SgTaUeo'
SHOWN = 'Build started\nERROR: cannot reach féed\n日本 done'


@pytest.mark.parametrize('encoding', ['utf-8', 'utf-8-sig', 'utf-16', 'utf-16-le', 'utf-16-be', 'utf-32'])
def test_bytes(encoding: str) -> None:
    """Of each encoding, with a mark and without one."""
    text = decoded(TEXT.encode(encoding))
    assert text is not None
    assert clean(text) == SHOWN


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be'])
@pytest.mark.parametrize('reading', [('latin-1', 'strict'), ('utf-8', 'surrogateescape')])
def test_texts_that_were_misread_without_loss(encoding: str, reading: tuple[str, str]) -> None:
    """Two bytes a letter, read as one: the text that was meant."""
    assert clean(TEXT.encode(encoding).decode(*reading)) == SHOWN


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be'])
def test_texts_that_were_misread_with_loss(encoding: str) -> None:
    """What is ASCII is there again; nothing becomes empty."""
    shrunk = shrink(TEXT.encode(encoding).decode('utf-8', 'replace'), 500)
    assert 'ERROR: cannot reach f' in shrunk.text
    assert shrunk.level is Level.FULL


def test_latin_1() -> None:
    """Bytes above ASCII are letters, whether somebody kept them as surrogates or not."""
    assert decoded('café fermé\n'.encode('latin-1')) == 'café fermé\n'
    assert sound('caf\udce9') == 'café'


@pytest.mark.parametrize(
    'data', [b'\x89PNG\r\n\x1a\n' + bytes(range(256)) * 4, b'\x00\x01' * 5_000, b'\x01\x02\x03' * 500, bytes(9_000)]
)
def test_bytes_that_are_no_text(data: bytes) -> None:
    """Pictures and programs stay what they are, and so do numbers that could be read as letters nobody can see."""
    assert decoded(data) is None


def test_bytes_over_their_budget() -> None:
    """They are made smaller as the text that they hold."""
    data = ('Build started\r\nERROR: cannot reach feed\r\n' * 40).encode('utf-16')
    smaller: Any = output_budget(max_tokens=100)(lambda: data)()
    assert 'ERROR: cannot reach feed' in smaller


@pytest.mark.parametrize('end', ['\r\0\nok', '\r \nok', '\rok'])
def test_what_tells_of_trouble_is_not_overwritten(end: str) -> None:
    """A zero or a blank behind a carriage return overwrites nothing, and an alarm survives what does."""
    assert shrink(f'ERROR: device full{end}', 500).text == 'ERROR: device full\nok'


@given(any_text | st.text(alphabet='ab\r\x00\x1b[K \n', max_size=60))
def test_nothing_to_be_seen_becomes_empty(text: str) -> None:
    """A text with a letter or a digit in it has one afterwards, unless an escape sequence held it."""
    seen = [c for c in text if c.isalnum()]
    if seen and '\x1b' not in text and '\x08' not in text:
        assert any(c.isalnum() for c in clean(text))


@pytest.mark.parametrize(
    ('output', 'shown'),
    [
        (TEXT.encode('utf-16-le').decode('latin-1'), TEXT),
        (f'{TEXT}token {SECRET}'.encode('utf-16-le').decode('latin-1'), TEXT),
        (f'a{chr(0)}b{" c" * 20}', f'a{chr(0)}b{" c" * 20}'),
    ],
    ids=['misread', 'with a secret', 'a stray zero'],
)
def test_what_fits_is_put_right_too(output: str, shown: str) -> None:
    """A misread result within its budget is the text that was meant, its secrets found; a stray zero is left alone."""

    @output_budget(max_tokens=500)
    def tool() -> str:
        return output

    assert tool().startswith(shown)
    assert SECRET[4:] not in tool()
