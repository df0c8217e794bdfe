"""Prompts that say nearly the same, by the cosine of vectors that somebody else makes; only where asked for."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

Embed = Callable[[str], Awaitable[Sequence[float]]]
"""A text's vector; those of all texts have one length."""

CONTEXTS, PROMPTS = 256, 256
"""Contexts that are remembered, and prompts of each."""


class Similar:
    """Remembers, in this process, the vectors of prompts by the context in which they were said.

    Args:
        embed: makes the vectors.
        least: cosine from which two prompts are taken for the same.
    """

    def __init__(self, embed: Embed, least: float) -> None:
        self._embed = embed
        self._least = least
        self._seen: OrderedDict[str, OrderedDict[str, list[float]]] = OrderedDict()

    async def key(self, key: str, context: str, prompt: str) -> str:
        """The key of the most similar prompt said in this context before, or this one's own."""
        known = self._seen.setdefault(context, OrderedDict())
        self._seen.move_to_end(context)
        while len(self._seen) > CONTEXTS:
            self._seen.popitem(last=False)
        if key in known or not prompt:
            return key
        vector = _unit(await self._embed(prompt))
        best, most = key, self._least
        for other, theirs in known.items():
            cosine = sum(a * b for a, b in zip(vector, theirs, strict=False))
            if cosine >= most:
                best, most = other, cosine
        if best == key:
            known[key] = vector
            while len(known) > PROMPTS:
                known.popitem(last=False)
        return best


def _unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(x * x for x in vector)) or 1.0
    return [x / length for x in vector]
