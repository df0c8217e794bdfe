"""A part as it was found, before it is counted, and what both sides of a conversation are read by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from compactor.adapters.pydantic_ai.messages.media import MediaTokens
from compactor.history.message import Foreign, Kind
from compactor.history.seal import NOBODY, Seal
from compactor.tokens.json_text import as_json


@dataclass(frozen=True, slots=True)
class Reading(MediaTokens):
    """What parts are read with: how media are sized, and the seal by which notes of ours are known."""

    seal: Seal = NOBODY


@dataclass(frozen=True, slots=True)
class Measured:
    """A part that has been described but not yet counted."""

    kind: Kind
    raw: Any
    body: str | Callable[[], str]
    counted: str
    extra: int = 0
    call_id: str = ''
    tool: str = ''
    protected: bool = False
    media: bool = False
    signed: bool = False
    failed: bool = False
    cache_points: tuple[Any, ...] = ()
    closing: str = ''
    retried: bool = False
    without_media: Callable[[], str] | None = None
    states: tuple[tuple[str, ...], ...] = ()
    refers: bool = False
    item: bool = False
    ours: bool = False
    foreign: Foreign = ''
    otherwise: Kind = Kind.USER
    denied: bool = False


class Row(NamedTuple):
    """One kind of part.

    Attributes:
        what: what it mostly is; `describe` may know better of a single part.
        describe: reads it.
        since: the first release looked at that has it.
    """

    what: Kind
    describe: Callable[[Any, Reading], Measured]
    since: str = '1.71'


def keeps_state(part: Any) -> bool:
    """Whether the framework reads this exchange back from the history (tool search, capability loading)."""
    kind, metadata = getattr(part, 'tool_kind', None), getattr(part, 'metadata', None)
    if isinstance(metadata, Mapping) and 'discovered_tools' in metadata:  # how releases without kinds record it
        return True
    return isinstance(kind, str) and '.' not in kind


def opaque_text(part: Any) -> str:
    """Everything in a part that we do not read, as text, so that it is at least counted."""
    content = getattr(part, 'content', None)
    if isinstance(content, str):
        return content
    return (
        as_json({k: v for k, v in vars(part).items() if k not in ('part_kind', 'timestamp')})
        if hasattr(part, '__dict__')
        else str(part)
    )
