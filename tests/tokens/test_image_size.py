"""Image headers: sizes of well-formed files, None for everything else."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compactor.tokens.image_size import FORMATS, LARGEST_SIDE, image_size


def png(width: int, height: int) -> bytes:
    """The head of a PNG file."""
    return b'\x89PNG\r\n\x1a\n' + struct.pack('>I4sII5B', 13, b'IHDR', width, height, 8, 6, 0, 0, 0)


def gif(width: int, height: int) -> bytes:
    """The head of a GIF file."""
    return b'GIF89a' + struct.pack('<HHBBB', width, height, 0, 0, 0)


def jpeg(width: int, height: int) -> bytes:
    """A JPEG up to its frame header, with an application segment and fill bytes before it."""
    return (
        b'\xff\xd8\xff\xe0'
        + struct.pack('>H', 16)
        + b'JFIF\0'
        + bytes(9)
        + b'\xff\xff\xff\xc0'
        + struct.pack('>HBHHB', 17, 8, height, width, 3)
        + bytes(9)
    )


def webp(chunk: bytes, body: bytes) -> bytes:
    """A WebP file with one chunk."""
    return b'RIFF' + struct.pack('<I', 12 + len(body)) + b'WEBP' + chunk + struct.pack('<I', len(body)) + body


def lossy(width: int, height: int) -> bytes:
    """A lossy WebP."""
    return webp(b'VP8 ', b'\0\0\0\x9d\x01\x2a' + struct.pack('<HH', width | 0x4000, height))


def lossless(width: int, height: int) -> bytes:
    """A lossless WebP."""
    return webp(b'VP8L', b'\x2f' + struct.pack('<I', (width - 1) | (height - 1) << 14) + bytes(5))


def extended(width: int, height: int) -> bytes:
    """An extended WebP."""
    return webp(b'VP8X', bytes(4) + (width - 1).to_bytes(3, 'little') + (height - 1).to_bytes(3, 'little'))


@pytest.mark.parametrize('make', [png, gif, jpeg, lossy, lossless, extended])
def test_reads_the_size(make: Callable[[int, int], bytes]) -> None:
    """Width and height come out as they went in, for every format."""
    assert image_size(make(1_920, 1_081)) == (1_920, 1_081)


@pytest.mark.parametrize('make', [png, gif, jpeg, lossy, lossless, extended])
def test_truncated(make: Callable[[int, int], bytes]) -> None:
    """A file cut anywhere gives its size or None."""
    whole = make(640, 480)
    assert {image_size(whole[:end]) for end in range(len(whole))} <= {None, (640, 480)}


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'text',
        png(0, 10),
        png(10, LARGEST_SIDE + 1),
        gif(0, 0),
        b'\xff\xd8' + b'\xff\xe0\x00\x02' * 2_000 + b'\xff\xc0',
        b'\xff\xd8' + b'\xff' * 100_000,
        b'\xff\xd8\xff\xe0\x00\x00' + bytes(100),
        b'RIFF\0\0\0\0WAVEfmt ' + bytes(30),
    ],
)
def test_nonsense_is_none(data: bytes) -> None:
    """Other formats, impossible sizes and endless headers have no size."""
    assert image_size(data) is None


@given(st.sampled_from([signature for signature, _ in FORMATS]), st.binary(max_size=100))
def test_any_bytes(signature: bytes, rest: bytes) -> None:
    """No bytes raise; a size is positive and bounded."""
    size = image_size(signature + rest)
    assert size is None or all(0 < side <= LARGEST_SIDE for side in size)
