"""Width and height of an image, read from the first bytes of a PNG, JPEG, GIF or WebP file.

The bytes come from users and tools: nothing is trusted, nothing is decoded, and nothing here raises.
"""

from __future__ import annotations

from collections.abc import Callable

# JPEG and GIF cannot be larger; a header that claims more is taken for a mistake.
LARGEST_SIDE = 65_535

# A JPEG has a handful of segments before its frame header; a hostile one could have millions.
MOST_SEGMENTS = 1_000

Size = tuple[int, int]


def image_size(data: bytes) -> Size | None:
    """Return (width, height) in pixels, or None if the format is unknown or the header makes no sense."""
    for signature, read in FORMATS:
        if data.startswith(signature):
            size = read(data)
            if size is not None and all(0 < side <= LARGEST_SIDE for side in size):
                return size
    return None


def _png(data: bytes) -> Size | None:
    # Signature (8), length (4), 'IHDR', width, height.
    if data[12:16] != b'IHDR' or len(data) < 24:
        return None
    return int.from_bytes(data[16:20], 'big'), int.from_bytes(data[20:24], 'big')


def _gif(data: bytes) -> Size | None:
    if data[:6] not in (b'GIF87a', b'GIF89a') or len(data) < 10:
        return None
    return int.from_bytes(data[6:8], 'little'), int.from_bytes(data[8:10], 'little')


def _jpeg(data: bytes) -> Size | None:
    """Walk the segments up to the frame header: 0xFF, marker, length, precision, height, width."""
    position = 2
    for _ in range(MOST_SEGMENTS):
        if position + 9 > len(data) or data[position] != 0xFF:
            return None
        marker = data[position + 1]
        if marker == 0xFF:
            # Any number of fill bytes may stand before a marker.
            position += 1
            continue
        # C0 to CF are frame headers, except DHT (C4), JPG (C8) and DAC (CC).
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height = int.from_bytes(data[position + 5 : position + 7], 'big')
            return int.from_bytes(data[position + 7 : position + 9], 'big'), height
        length = int.from_bytes(data[position + 2 : position + 4], 'big')
        if length < 2:
            return None
        position += 2 + length
    return None


def _webp(data: bytes) -> Size | None:
    if data[8:12] != b'WEBP' or len(data) < 30:
        return None
    chunk = data[12:16]
    if chunk == b'VP8X':
        return int.from_bytes(data[24:27], 'little') + 1, int.from_bytes(data[27:30], 'little') + 1
    if chunk == b'VP8L' and data[20] == 0x2F:
        bits = int.from_bytes(data[21:25], 'little')
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b'VP8 ' and data[23:26] == b'\x9d\x01\x2a':
        width, height = int.from_bytes(data[26:28], 'little'), int.from_bytes(data[28:30], 'little')
        # The upper two bits are a scaling hint.
        return width & 0x3FFF, height & 0x3FFF
    return None


FORMATS: tuple[tuple[bytes, Callable[[bytes], Size | None]], ...] = (
    (b'\x89PNG\r\n\x1a\n', _png),
    (b'\xff\xd8', _jpeg),
    (b'GIF8', _gif),
    (b'RIFF', _webp),
)
