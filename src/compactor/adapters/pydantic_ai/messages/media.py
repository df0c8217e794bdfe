"""What stands in the content of a prompt or a result beside its text: media, files, cache points."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

from compactor.history.medium import Medium

TEXT, MEDIUM, POINT = 'text', 'medium', 'cache point'
CONTENT: dict[str, str] = {
    'text-content': TEXT,
    'structured-content': TEXT,
    'image-url': MEDIUM,
    'audio-url': MEDIUM,
    'video-url': MEDIUM,
    'document-url': MEDIUM,
    'binary': MEDIUM,
    'uploaded-file': MEDIUM,
    'cache-point': POINT,
}
"""What each kind of item is in the content of a prompt or a result; a plain string is text, and an item of any other
kind is counted as a medium that cannot be cleared."""

_ANY_OF = {'image-url': 'image/*', 'audio-url': 'audio/*', 'video-url': 'video/*'}
"""What an item is taken for that does not say its media type."""


@dataclass(frozen=True, slots=True)
class MediaTokens:
    """Sizes media, which providers count in their own tokens, in the units of the local tokenizer."""

    family: str
    ratio: float

    def of(self, item: Any) -> int:
        """Tokens of one medium."""
        return medium_of(item).tokens(self.family, self.ratio)


def medium_of(item: Any) -> Medium:
    """A medium's type, and its bytes or where it lies."""
    name = _kind(item).removesuffix('-url')
    kind = media_type_of(item) or f'{name}/*'
    data = getattr(item, 'data', None)
    if isinstance(data, bytes):
        return Medium(kind, data)
    place = str(getattr(item, 'url', None) or getattr(item, 'file_id', ''))
    if place[:5].lower() == 'data:' and (held := _in_url(place)) is not None:
        return Medium(kind, held)
    return Medium(kind, None, place, name)


def media_type_of(item: Any) -> str | None:
    """The media type of an item: what it says, else what its kind says; None if neither does."""
    try:
        said = item.media_type
    except (AttributeError, ValueError):  # a URL whose ending tells nothing
        said = None
    return said if isinstance(said, str) and said else _ANY_OF.get(_kind(item))


def _in_url(url: str) -> bytes | None:
    """The bytes in a data URL; None where they cannot be read."""
    head, _, body = url.partition(',')
    try:
        return base64.b64decode(unquote_to_bytes(body)) if head.endswith(';base64') else unquote_to_bytes(body)
    except ValueError:
        return None


def is_medium(item: Any) -> bool:
    """Whether an item is an image, a document or the like, which can be cleared."""
    return CONTENT.get(_kind(item)) is MEDIUM


def is_cache_point(item: Any) -> bool:
    """Whether an item is a marker for the provider's prompt cache."""
    return CONTENT.get(_kind(item)) is POINT


def _kind(item: Any) -> str:
    kind = getattr(item, 'kind', None)
    return kind if isinstance(kind, str) else ''


def text_of(item: Any) -> str | None:
    """The text of an item; None if it has none."""
    if isinstance(item, str):
        return item
    content = getattr(item, 'content', None)
    return content if isinstance(content, str) else None


def texts_of(content: Iterable[Any]) -> str:
    """The text of a prompt's items, as it is read."""
    return '\n'.join(text for item in content if (text := text_of(item)) is not None)


def without_media(content: Iterable[Any]) -> list[Any]:
    """The items of a prompt or result with a stub in the place of each medium."""
    return [medium_of(item).stub if is_medium(item) else item for item in content]
