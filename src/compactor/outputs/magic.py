"""What bytes are, by the first of them."""

from __future__ import annotations

import base64
import binascii

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b'\x89PNG', 'PNG image'),
    (b'\xff\xd8\xff', 'JPEG image'),
    (b'GIF8', 'GIF image'),
    (b'BM', 'BMP image'),
    (b'%PDF', 'PDF document'),
    (b'PK\x03\x04', 'ZIP archive'),
    (b'\x1f\x8b', 'gzip data'),
    (b'BZh', 'bzip2 data'),
    (b'\xfd7zXZ', 'xz data'),
    (b'\x28\xb5\x2f\xfd', 'zstd data'),
    (b'\x7fELF', 'ELF program'),
    (b'MZ', 'Windows program'),
    (b'\xcf\xfa\xed\xfe', 'Mach-O program'),
    (b'\xca\xfe\xba\xbe', 'Java class'),
    (b'\x00asm', 'WebAssembly module'),
    (b'SQLite format 3', 'SQLite database'),
    (b'wOF', 'WOFF font'),
    (b'ID3', 'MP3 audio'),
    (b'OggS', 'Ogg media'),
    (b'RIFF', 'RIFF media'),
    (b'{"', 'JSON'),
    (b'-----BEGIN', 'PEM text'),
)
_IN_TEXT: tuple[tuple[str, str], ...] = (
    ('PNG', 'PNG image'),
    ('JFIF', 'JPEG image'),
    ('Exif', 'JPEG image'),
    ('GIF8', 'GIF image'),
    ('%PDF', 'PDF document'),
    ('PK', 'ZIP archive'),
    ('ELF', 'ELF program'),
    ('SQLite format 3', 'SQLite database'),
    ('wOF', 'WOFF font'),
    ('OggS', 'Ogg media'),
    ('RIFF', 'RIFF media'),
)


def of_bytes(first: bytes) -> str | None:
    """The type of data that begins like this; None if it is not known."""
    return next((name for magic, name in _MAGIC if first.startswith(magic)), None)


def of_base64(text: str) -> str | None:
    """The type of data whose base64 begins like this."""
    try:
        return of_bytes(base64.b64decode(text[:64], altchars=b'-_' if '-' in text[:64] or '_' in text[:64] else None))
    except (binascii.Error, ValueError):
        return None


def of_broken(text: str) -> str | None:
    """The type of data that was read as if it were text, by what is legible at its beginning."""
    head = text[:24]
    return next((name for magic, name in _IN_TEXT if magic in head), None)


def amount(size: int) -> str:
    """A number of bytes in words: '512 bytes', '41 KB', '3.2 MB'."""
    if size < 1_000:
        return f'{size} bytes'
    return f'{size / 1_000:,.0f} KB' if size < 1_000_000 else f'{size / 1_000_000:,.1f} MB'
