"""What the tools are called that an agent gets with a `Compactor`."""

from __future__ import annotations

RECALL = 'recall'
"""Gives back what was left out."""
COMPACT = 'compact_history'
"""Asks for a compaction."""
OURS = frozenset((RECALL, COMPACT))
