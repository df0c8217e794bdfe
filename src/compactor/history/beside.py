"""Whose words stand beside a tool's result: a person's, who steers a run while it is on, or the tool's own.

A framework sends both as user content of one request, and nothing in them tells the two apart. A tool's own hook sees
what the tool put there; what is remembered of it by call decides. Where nobody has seen it, the words count as the
tool's in every question of trust and as a person's in every question of loss.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable

from compactor.history.message import By


class Beside:
    """What the tools of one run put beside their results, as their hooks saw it."""

    def __init__(self) -> None:
        self._seen: dict[str, frozenset[bytes] | None] = {}

    def saw(self, call_id: str, texts: Iterable[str] | None) -> None:
        """Takes note of the texts beside the result of a call; None where there may be others than can be seen."""
        before = self._seen.get(call_id, frozenset())
        unknown = texts is None or before is None
        self._seen[call_id] = None if unknown else (before or frozenset()).union(map(_print, texts or ()))

    def by(self, call_ids: Collection[str], text: str) -> By:
        """Who put a text beside the results of these calls."""
        found = [self._seen.get(call_id) for call_id in call_ids]
        print = _print(text)
        if any(prints and print in prints for prints in found):
            return 'tool'
        return 'person' if found and all(prints is not None and not prints for prints in found) else ''


def _print(text: str) -> bytes:
    return hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=16).digest()
