"""An image, a recording, a document: what it costs, and what a stub says where it stood."""

from __future__ import annotations

import binascii
import math
import re
from dataclasses import dataclass

from compactor.history.stubs import cleared_medium
from compactor.tokens.media import media_tokens

LONGEST_PLACE = 200
"""Characters of a URL that stand in for the medium behind it; a data URL can be megabytes."""

_DATA_URL = re.compile(r'data:([\w.+-]+/[\w.+-]+)[^,]{0,200}?;base64,')


@dataclass(frozen=True, slots=True)
class Medium:
    """One medium.

    Attributes:
        type: its MIME type; 'image/*' where only the kind is known, '*/*' where nothing is. A kind that is no MIME type
            is sized like a document ('uploaded-file/*').
        data: its bytes; None if they are elsewhere.
        place: where it is, or what it is called.
        name: what a stub calls it; '' for what its type says.
    """

    type: str
    data: bytes | None = None
    place: str = ''
    name: str = ''

    @classmethod
    def of(cls, type: str, place: str) -> Medium:
        """The medium behind a URL, a data URL, bare base64 (of a type that is known) or a file's name."""
        url = _DATA_URL.match(place)
        exact = url is not None or not type.endswith('/*')
        try:
            data = binascii.a2b_base64(place[url.end() :] if url else place) if exact else None
        except ValueError:
            data = None
        return cls(url[1] if url else type, data, '' if data is not None else place)

    def tokens(self, family: str, ratio: float) -> int:
        """Its size in the units of the local tokenizer, of which `ratio` make one of the family's own tokens."""
        return math.ceil(media_tokens(self.type, self.data, family) / ratio)

    @property
    def stub(self) -> str:
        """What stands in its place once it is cleared."""
        if self.data is None:
            place = ''.join(self.place[: 2 * LONGEST_PLACE].split())
            place = place if len(place) <= LONGEST_PLACE else place[:LONGEST_PLACE] + '…'
            name = self.name or self.type.partition('/')[0].replace('*', 'file')
            return cleared_medium(f'{name.replace("-", " ")} {place}')
        size = len(self.data)
        return cleared_medium(f'{self.type}, {size:,} bytes' if size < 1_000 else f'{self.type}, {size // 1_000:,} KB')
