"""What a backend gave for one prompt, whatever the backend is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class Stored(Protocol):
    """An answer from a cache."""

    @property
    def response(self) -> str:
        """The answer."""
        ...

    @property
    def tokens(self) -> int:
        """What asking again would use."""
        ...


LookUp = Callable[[str], Stored | None]
"""The answer that is stored for what is sent besides the prompt (its hash, '' for nothing); None for none."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, and what it took.

    Attributes:
        response: the answer.
        input_tokens: tokens sent.
        output_tokens: tokens received.
        cost: dollars; None where no price is known.
        saved: tokens of the answer that was not asked for again; None where the backend was asked.
        context: hash of what was sent besides the prompt, '' for nothing.
        keep: whether it may be given again for the same prompt.
    """

    response: Any
    input_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    saved: int | None = None
    context: str = ''
    keep: bool = False
