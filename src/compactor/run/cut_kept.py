"""A cut as a store may keep it: without secrets, or not at all.

What was sent is sent again byte by byte, so nothing may be redacted in it; where a secret stands in a message that was
rewritten (a prompt that shares its request with a result, say), the cut is noted with the record alone, which is the
user's own. Instructions travel beside messages, so what stands of them in old ones is not sent and can go.
"""

from __future__ import annotations

import json
from dataclasses import replace

from compactor.archive.bare import bare_message
from compactor.run.cut import Cut, Piece
from compactor.secrets.redact import Secrets

BESIDE = 'instructions'
"""The field of a request that holds what travels beside it."""


def storable(cut: Cut, secrets: Secrets | None) -> Cut | None:
    """The cut without secrets in its instructions; None where one stands in what was sent."""
    pieces: list[Piece] = []
    for piece in cut.pieces:
        kept = _without(piece, secrets) if isinstance(piece, str) else piece
        if kept is None:
            return None
        pieces.append(kept)
    return replace(cut, pieces=tuple(pieces))


def _without(piece: str, secrets: Secrets | None) -> str | None:
    if _is_bare(piece, secrets):
        return piece
    messages = json.loads(piece)
    for message in messages:
        if message.get(BESIDE) is not None:
            message[BESIDE] = None
    bare = json.dumps(messages, ensure_ascii=False, separators=(',', ':'))
    return bare if _is_bare(bare, secrets) else None


def _is_bare(piece: str, secrets: Secrets | None) -> bool:
    data = piece.encode('utf-8', 'surrogatepass')
    return bare_message(data, secrets) is data
