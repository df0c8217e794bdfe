"""What the responses in a history took of a model's windows: for history processors, which see no response come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import Any

from pydantic_ai.messages import ModelResponse

from compactor.adapters.pydantic_ai import compat
from compactor.bounded import Bounded

RESPONSES = 4_096
"""Responses that are remembered as counted; a history is read back to the newest of them."""
OLDEST = 86_400.0
"""Seconds of the longest window that a history is read back for: a day."""

Key = tuple[datetime, str | None, int, int]


class Spent:
    """Tells each response once; safe to share between threads.

    Args:
        own: leave out the responses of runs that nobody has followed here: others may have counted them.
    """

    def __init__(self, own: bool) -> None:
        self._own = own
        self._counted: Bounded[Key, None] = Bounded(RESPONSES)
        self._runs: Bounded[str, None] = Bounded(RESPONSES)
        self._lock = Lock()

    def counted(self, response: ModelResponse) -> None:
        """Takes note of a response that was counted when it came."""
        with self._lock:
            self._counted[_key(response)] = None

    def fresh(self, messages: Sequence[Any], run: str | None, now: float) -> list[tuple[ModelResponse, float]]:
        """The responses of a history that were not told before, the oldest first, and when each came."""
        with self._lock:
            if run:
                self._runs[run] = None
            found = list(self._back(messages, now))
            for response, _ in found:
                self._counted[_key(response)] = None
        return [(response, at) for response, at in reversed(found) if self._counts(response)]

    def _back(self, messages: Sequence[Any], now: float) -> Iterator[tuple[ModelResponse, float]]:
        """From the newest back to one that was told, or is too old to count."""
        for message in reversed(messages):
            if isinstance(message, ModelResponse):
                at = _utc(message.timestamp).timestamp()
                if _key(message) in self._counted or now - at > OLDEST:
                    return
                yield message, min(at, now)

    def _counts(self, response: ModelResponse) -> bool:
        return not self._own or (compat.run_id(response) or '') in self._runs


def _key(response: ModelResponse) -> Key:
    usage = response.usage
    return _utc(response.timestamp), response.model_name, usage.input_tokens, usage.output_tokens


def _utc(at: datetime) -> datetime:
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
