"""Tokens of images, audio, video and documents, estimated from their kind, their size and who reads them.

All figures are the provider's own tokens; no text factor applies. They are estimates throughout: providers
rescale, tile and sample as they see fit, and the detail level a request asks for is not looked at. Reported
usage corrects them, as it does for text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from compactor.tokens.image_size import Size, image_size

# A picture whose size is unknown, as behind a URL: the example in OpenAI's guide.
DEFAULT_SIZE: Size = (1024, 1024)

# Assumptions of ours, for what the bytes do not say: MP3 at 128 kbit/s, video at 2 Mbit/s, a minute where
# there are no bytes at all, 50 kB a page where the pages of a document cannot be counted, 3 kB of text a page.
AUDIO_BYTES_PER_SECOND = 16_000
VIDEO_BYTES_PER_SECOND = 250_000
DEFAULT_SECONDS = 60
BYTES_PER_PAGE = 50_000
DEFAULT_PAGES = 5
TEXT_BYTES_PER_PAGE = 3_000

# Text sent as a file: prose has 4.6 bytes a token in o200k, logs 2.3 (measured).
TEXT_BYTES_PER_TOKEN = 3

TEXT_TYPES = ('text/', 'application/json', 'application/xml', 'application/yaml', 'application/x-yaml')

_PDF_PAGE = re.compile(rb'/Type\s{0,4}/Page(?![a-zA-Z])')


@dataclass(frozen=True, slots=True)
class MediaRates:
    """What a provider makes of media: a formula for images, tokens per page and per second for the rest."""

    image: Callable[[Size], int]
    page: int
    audio_second: int
    video_second: int


def tiles_of_512(size: Size) -> int:
    """OpenAI's "Images and vision", high detail: 85 tokens and 170 for each tile of 512 pixels.

    The image is first scaled down to fit a square of 2,048 and then so that its shorter side is at most 768.
    """
    width, height = _scaled(size, 2_048 / max(size))
    width, height = _scaled((width, height), 768 / min(width, height))
    return 85 + 170 * ceil(width / 512) * ceil(height / 512)


def area(size: Size) -> int:
    """Anthropic's "Vision": width * height / 750 with the longer side scaled to 1,568; 1,600 at most."""
    width, height = _scaled(size, 1_568 / max(size))
    return min(1_600, ceil(width * height / 750))


def large_area(size: Size) -> int:
    """The same from Claude 4.7, which sees up to 3.75 megapixels (its announcement): 5,000 at most."""
    return min(5_000, ceil(size[0] * size[1] / 750))


def tiles_of_768(size: Size) -> int:
    """Google's "Understand and count tokens": 258 up to 384 pixels a side, else 258 a tile of 768 pixels.

    Larger images are scaled down to 3,072 pixels a side, hence 16 tiles at most.
    """
    if max(size) <= 384:
        return 258
    width, height = _scaled(size, 3_072 / max(size))
    return 258 * ceil(width / 768) * ceil(height / 768)


# Pages: Anthropic's "PDF support" says 1,500 to 3,000 tokens of text a page, and each page is an image as
# well; Google counts 258 a page; the middle of Anthropic's range stands in where nothing is documented.
# Seconds: Google 32 of audio and 263 of video; OpenAI one token per 100 ms of audio ("Realtime costs").
# Families that take no audio or video get Google's figures, which errs on the side of too many.
OPENAI = MediaRates(tiles_of_512, page=2_250, audio_second=10, video_second=263)
GOOGLE = MediaRates(tiles_of_768, page=258, audio_second=32, video_second=263)
RATES: dict[str, MediaRates] = {
    'openai': OPENAI,
    'claude': MediaRates(area, page=3_000, audio_second=32, video_second=263),
    'claude-4.7': MediaRates(large_area, page=3_000, audio_second=32, video_second=263),
    'gemini': GOOGLE,
    'gemma': GOOGLE,
}
# Qwen's models take one token per 28 x 28 pixels, nearly Anthropic's formula; so it serves the rest.
OTHERS = MediaRates(area, page=2_250, audio_second=32, video_second=263)


def media_tokens(media_type: str | None, data: bytes | None, family: str) -> int:
    """Return the estimated tokens of one media item.

    Args:
        media_type: a MIME type such as 'image/png'; None or '' if unknown.
        data: the bytes, or None if they are elsewhere (a URL, an uploaded file).
        family: `Counter.family`.
    """
    rates = RATES.get(family, OTHERS)
    kind = (media_type or '').strip().lower()
    size = image_size(data) if data else None
    if kind.startswith('image/') or size is not None:
        return rates.image(size or DEFAULT_SIZE)
    if kind.startswith('audio/'):
        return ceil(_seconds(data, AUDIO_BYTES_PER_SECOND) * rates.audio_second)
    if kind.startswith('video/'):
        return ceil(_seconds(data, VIDEO_BYTES_PER_SECOND) * rates.video_second)
    if kind.startswith(TEXT_TYPES):
        length = len(data) if data is not None else DEFAULT_PAGES * TEXT_BYTES_PER_PAGE
        return ceil(length / TEXT_BYTES_PER_TOKEN)
    return _pages(data) * rates.page


def _scaled(size: Size, factor: float) -> Size:
    """Scale down by `factor`, to at least one pixel; a factor above 1 changes nothing."""
    if factor >= 1:
        return size
    return max(1, round(size[0] * factor)), max(1, round(size[1] * factor))


def _seconds(data: bytes | None, bytes_per_second: int) -> float:
    if data is None:
        return DEFAULT_SECONDS
    # A WAV file says how many bytes a second has; a figure outside of what sound cards do is not believed.
    if data[:4] == b'RIFF' and data[8:16] == b'WAVEfmt ':
        stated = int.from_bytes(data[28:32], 'little')
        if 4_000 <= stated <= 2_000_000:
            bytes_per_second = stated
    return len(data) / bytes_per_second


def _pages(data: bytes | None) -> int:
    if data is None:
        return DEFAULT_PAGES
    # Pages of newer PDF files may lie inside compressed streams, where they cannot be seen.
    seen = sum(1 for _ in _PDF_PAGE.finditer(data)) if data.startswith(b'%PDF') else 0
    return seen or max(1, ceil(len(data) / BYTES_PER_PAGE))
