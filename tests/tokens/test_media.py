"""Media: the examples of the providers' documentation, defaults, and bounds."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.tokens.image_size import Size
from compactor.tokens.media import RATES, area, large_area, media_tokens, tiles_of_512, tiles_of_768

FAMILIES = [*RATES, 'llama-3', 'unknown', '']
SIDES = st.integers(1, 65_535)


@pytest.mark.parametrize(
    ('formula', 'size', 'tokens'),
    [
        # OpenAI's guide.
        (tiles_of_512, (1_024, 1_024), 765),
        (tiles_of_512, (2_048, 4_096), 1_105),
        (tiles_of_512, (512, 512), 255),
        # Anthropic's table.
        (area, (200, 200), 54),
        (area, (1_000, 1_000), 1_334),
        (area, (1_092, 1_092), 1_590),
        (area, (4_000, 4_000), 1_600),
        (large_area, (1_000, 1_000), 1_334),
        (large_area, (4_000, 4_000), 5_000),
        # Google's guide.
        (tiles_of_768, (384, 384), 258),
        (tiles_of_768, (385, 100), 258),
        (tiles_of_768, (1_000, 700), 516),
        (tiles_of_768, (9_000, 9_000), 4_128),
    ],
)
def test_images(formula: Callable[[Size], int], size: Size, tokens: int) -> None:
    """Examples of the documentation, and what the formulas make of large images."""
    assert formula(size) == tokens


def png(width: int, height: int) -> bytes:
    """The head of a PNG file."""
    return b'\x89PNG\r\n\x1a\n' + struct.pack('>I4sII', 13, b'IHDR', width, height)


def wav(seconds: int) -> bytes:
    """A WAV file of 8,000 bytes a second."""
    return b'RIFF\0\0\0\0WAVEfmt ' + struct.pack('<IHHIIHH', 16, 1, 1, 8_000, 8_000, 1, 8) + bytes(8_000 * seconds)


@pytest.mark.parametrize(
    ('media_type', 'data', 'family', 'tokens'),
    [
        ('image/png', png(512, 512), 'openai', 255),
        ('image/png', None, 'openai', 765),
        ('image/jpeg', b'not an image', 'openai', 765),
        ('IMAGE/PNG', png(1_000, 1_000), 'claude', 1_334),
        (None, png(384, 384), 'gemini', 258),
        ('application/octet-stream', png(384, 384), 'gemini', 258),
        ('audio/wav', wav(10), 'gemini', 321),
        ('audio/mpeg', bytes(160_000), 'openai', 100),
        ('audio/mpeg', None, 'gemini', 1_920),
        ('video/mp4', None, 'gemini', 15_780),
        ('video/mp4', bytes(250_000), 'gemini', 263),
        ('application/pdf', b'%PDF-1.7 ' + b'/Type /Page\n' * 3 + b'/Type /Pages', 'gemini', 774),
        ('application/pdf', bytes(100_000), 'claude', 6_000),
        ('application/pdf', None, 'claude', 15_000),
        ('text/csv', b'a,b\n' * 300, 'openai', 400),
        ('text/csv', b'', 'openai', 0),
        (None, None, 'unknown', 11_250),
    ],
)
def test_items(media_type: str | None, data: bytes | None, family: str, tokens: int) -> None:
    """Kind, size and family together, with the documented default where the size is unknown."""
    assert media_tokens(media_type, data, family) == tokens


@given(SIDES, SIDES, st.sampled_from(FAMILIES))
def test_images_are_bounded(width: int, height: int, family: str) -> None:
    """However large its header says an image is, it costs between 1 and 5,000 tokens."""
    assert 1 <= media_tokens('image/png', png(width, height), family) <= 5_000


@given(st.one_of(st.none(), st.text(max_size=20)), st.one_of(st.none(), st.binary(max_size=100)))
def test_anything(media_type: str | None, data: bytes | None) -> None:
    """Nothing raises, nothing is negative."""
    for family in FAMILIES:
        assert media_tokens(media_type, data, family) >= 0
