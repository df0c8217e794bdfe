"""Texts that were read in a wrong encoding: UTF-16 with and without a mark, bytes of latin-1, zeros between letters.

A command of Windows writes UTF-16; read as UTF-8 or latin-1 it has a zero beside every letter. `sound` gives the text
that was meant where that can be told, and drops the zeros where it cannot.
"""

from __future__ import annotations

import codecs
import re

SAMPLE = 4_000
"""Characters or bytes that are looked at."""
ZEROS = 0.2
"""Share of zeros from which on a text is one of two bytes a letter."""
SIDE = 0.4
"""Share of zeros on one side of the pairs, at least; on the other a quarter of that, at most."""
SHORTEST = 6
"""Bytes of a text of two bytes a letter, at least."""
BINARY = 0.1
"""Share of control characters from which on bytes are no text."""

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, 'utf-8-sig'),
    (codecs.BOM_UTF32_LE, 'utf-32'),
    (codecs.BOM_UTF32_BE, 'utf-32'),
    (codecs.BOM_UTF16_LE, 'utf-16'),
    (codecs.BOM_UTF16_BE, 'utf-16'),
)
"""What a text of which encoding begins with."""
_SPOILT = ('\ufffd\ufffd', '\xff\xfe', '\xfe\xff', '\ufeff', '\ufffe')
"""How the mark of UTF-16 looks where it was read as something else."""


def sound(text: str) -> str:
    """The text that was meant by one that was read in a wrong encoding; most are as they are."""
    if '\x00' in text:
        text = _without_zeros(text)
    if not text.isascii() and _KEPT.search(text) is not None:
        text = text.translate(_ESCAPED)
    return text.removeprefix('\ufeff')


def misread(text: str) -> bool:
    """Whether a text is one of two bytes a letter that was read as one byte a letter: it has a zero beside each."""
    return '\x00' in text and text[:SAMPLE].count('\x00') >= min(SAMPLE, len(text)) * ZEROS


_KEPT = re.compile('[\udc80-\udcff]')
_ESCAPED = {0xDC00 + code: code for code in range(0x80, 0x100)}
"""Bytes that a lenient reader kept as lone surrogates: in latin-1 they are letters."""


def _without_zeros(text: str) -> str:
    """The text of one with zeros: read as it was written where its letters still are single bytes."""
    if not misread(text):
        return text.replace('\x00', '')
    head = text[:SAMPLE]
    try:
        kept = _KEPT.search(head) is not None
        meant = decoded(text.encode('utf-8', 'surrogateescape') if kept else text.encode('latin-1'))
    except UnicodeEncodeError:
        meant = None
    if meant is not None and '\x00' not in meant:
        return meant
    for mark in _SPOILT:
        text = text.removeprefix(mark)
    return text.replace('\x00', '')


def decoded(data: bytes) -> str | None:
    """The text in bytes, whichever of the usual encodings they are in; None where they are no text."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return data.decode(name, 'replace')
    head = data[:SAMPLE]
    if head.count(0) >= len(head) * ZEROS:
        name = _wide(head)
        if name:
            text = data[: len(data) // 2 * 2].decode(name, 'replace')
            return text if text.count('\ufffd') <= len(text) * BINARY and _is_legible(text) else None
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        return text if _is_legible(text) else None
    controls = sum(code < 32 and code not in (8, 9, 10, 12, 13, 27) for code in head)
    letters = sum(32 <= code < 127 or code in (9, 10, 13) for code in head)
    if controls > len(head) * BINARY / 4 or letters < len(head) * 0.7:
        return None
    return data.decode('cp1252', 'replace').replace('\ufffd', '')


def _is_legible(text: str) -> bool:
    """Whether a text is not mostly control characters, as numbers are that were read as letters."""
    head = text[:SAMPLE]
    return sum(letter < ' ' and letter not in '\b\t\n\f\r\x1b' for letter in head) <= len(head) * BINARY


def _wide(head: bytes) -> str:
    """Which encoding of two bytes a letter bytes are in, by the side on which the zeros are; '' for none."""
    odd, even = head[1::2], head[0::2]
    shares = odd.count(0) / max(1, len(odd)), even.count(0) / max(1, len(even))
    if len(head) < SHORTEST or max(shares) < SIDE or min(shares) > SIDE / 4:
        return ''
    return 'utf-16-le' if shares[0] > shares[1] else 'utf-16-be'
