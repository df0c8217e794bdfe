"""The root of all events."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events.

    Attributes:
        run_id: the agent run it happened in, if any.
        model: the model the request was for, if known.
    """

    run_id: str | None
    model: str | None
