"""Compactions by a provider, from which it goes on: of what stands before one it is sent, or reads, nothing."""

from __future__ import annotations

from collections.abc import Callable

from compactor.history.message import Message
from compactor.history.track import Tracker

A_COMPACTION = 'a message holds a compaction by the provider'
"""Why a history is the provider's where a message says so."""
GoesOnFrom = Callable[[Message], bool]
"""Whether the model about to answer takes up the compaction in a message, and reads nothing of what stands before."""


def never(message: Message) -> bool:
    """Nobody goes on from any compaction."""
    return False


def read_from(tracker: Tracker, goes_on_from: GoesOnFrom) -> int | None:
    """Index of the newest compaction that the model goes on from; None if there is none."""
    messages = tracker.messages
    return next((i for i in reversed(tracker.compactions) if goes_on_from(messages[i])), None)
