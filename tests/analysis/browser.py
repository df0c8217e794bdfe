"""A real browser, where one is installed: what it makes of the report, as a picture, a page of text or a PDF."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import pytest

NAMES = ('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable')
FOUND = next((path for path in map(shutil.which, NAMES) if path), None)
needs_browser = pytest.mark.skipif(FOUND is None, reason=f'no browser found: {", ".join(NAMES)}')


def browse(folder: Path, page: Path, *options: str) -> str:
    """Opens a page from disk without a network; what the browser prints on stdout."""
    assert FOUND is not None
    fixed = ('--headless=new', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run')
    offline = ('--host-resolver-rules=MAP * ~NOTFOUND', '--disable-background-networking', '--disable-sync')
    # Time of its own, so that timers and transitions end however slow the machine is.
    command = [FOUND, *fixed, *offline, '--virtual-time-budget=4000', f'--user-data-dir={folder / "profile"}', *options]
    done = subprocess.run(
        [*command, page.as_uri()], cwd=folder, check=True, capture_output=True, text=True, encoding='utf-8', timeout=300
    )
    return done.stdout


def scripted(folder: Path, page: Path) -> str:
    """The document after its scripts have run."""
    return browse(folder, page, '--dump-dom')


def picture(folder: Path, page: Path, name: str, width: int, height: int, *options: str) -> list[list[tuple[int, ...]]]:
    """Rows of pixels of a screenshot, which stays in the folder."""
    browse(folder, page, f'--screenshot={folder / name}', f'--window-size={width},{height}', *options)
    return pixels((folder / name).read_bytes())


def printed(folder: Path, page: Path) -> bytes:
    """The page as PDF."""
    browse(folder, page, f'--print-to-pdf={folder / "print.pdf"}', '--no-pdf-header-footer')
    return (folder / 'print.pdf').read_bytes()


def pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    return len(re.findall(rb'/Type\s*/Page\b', pdf))


def pixels(png: bytes) -> list[list[tuple[int, ...]]]:
    """The pixels of a PNG of 8 bits a channel, without a library."""
    assert png[:8] == b'\x89PNG\r\n\x1a\n'
    at, packed, header = 8, b'', b''
    while at < len(png):
        (length,) = struct.unpack('>I', png[at : at + 4])
        kind, body = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        header = body if kind == b'IHDR' else header
        packed += body if kind == b'IDAT' else b''
        at += 12 + length
    width, height, depth, colour = struct.unpack('>IIBB', header[:10])
    assert depth == 8
    size = {2: 3, 6: 4}[colour]
    raw, rows, before = zlib.decompress(packed), [], bytes(width * size)
    for y in range(height):
        line = raw[y * (width * size + 1) : (y + 1) * (width * size + 1)]
        before = _unfiltered(line[0], bytearray(line[1:]), before, size)
        rows.append([tuple(before[x : x + 3]) for x in range(0, len(before), size)])
    return rows


def _unfiltered(kind: int, line: bytearray, above: bytes, size: int) -> bytes:
    for i in range(len(line)):
        left, up = line[i - size] if i >= size else 0, above[i]
        corner = above[i - size] if i >= size else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + up) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda one: abs(guess - one))
            line[i] = (line[i] + nearest) & 255
    return bytes(line)
