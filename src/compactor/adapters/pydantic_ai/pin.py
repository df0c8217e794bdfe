"""`pin`: content that survives every compaction to the letter."""

from __future__ import annotations

from compactor.history.marks import pinned


def pin(text: str) -> str:
    """User content that no compaction removes, shortens or moves out of its place in the order.

        agent.run(['Fix the build.', pin('Never touch the production database.')])

    It is plain text with a header that says so, hence recognised after a reload, a merge and in every version of
    the framework. Edited, it is a prompt like any other. In a list of contents all of the list is kept. Pinned
    content counts against every budget: pin what is short.

    Args:
        text: what must stay; the model reads it as `[compactor ........] Pinned: ...`.
    """
    return pinned(text)
