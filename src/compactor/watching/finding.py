"""A search in the archives of a store: which entries hold all words of a question, and where."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from compactor.quoting import spelled
from compactor.secrets.redact import redact
from compactor.store import watched
from compactor.store.engine import Store
from compactor.watching.views import shown

HITS = 30
"""Entries that are shown at most."""
WORDS = 8
"""Words of a question that are looked for."""
LONGEST = 200
"""Characters of a question."""
AROUND = 160
"""Characters that are shown before and after a hit."""
REACH = 8_000
"""Characters before and after it in which secrets are looked for: more than a key has."""


def search(store: Store, question: str) -> dict[str, Any]:
    """Entries of the tenant's archives that hold every word of a question, in any case, the most recently used first.

    Args:
        store: the store, as one tenant sees it.
        question: words; nothing is found for none.
    """
    words = question[:LONGEST].lower().split()[:WORDS]
    if not words:
        return {'question': question, 'hits': []}
    hits = (hit for one in watched.kept(store) if (hit := _hit(one, words)) is not None)
    return {'question': shown(question), 'hits': list(islice(hits, HITS))}


def _hit(one: watched.Kept, words: Sequence[str]) -> dict[str, Any] | None:
    low = one.text.lower()
    places = [low.find(word) for word in words]
    if min(places) < 0:
        return None
    at = min(places)
    # Redacted before it is cut: half a secret is known to nobody, and a secret all the same.
    near = redact(one.text[max(0, at - REACH) : at + REACH])
    found = [place for word in words if (place := near.lower().find(word)) >= 0]
    if not found:
        return None  # it stands in a secret
    middle = min(found, key=lambda place: abs(place - min(at, REACH)))
    return {
        'handle': one.handle,
        'scope': shown(one.scope),
        'at': one.at,
        'characters': len(one.text),
        'excerpt': spelled(near[max(0, middle - AROUND) : middle + AROUND]),
    }
