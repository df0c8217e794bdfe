"""The root of all events."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, TypeVar

from compactor.quoting import spelled
from compactor.secrets.redact import redact

E = TypeVar('E', bound='Event')
SHORTEST = 10
"""Characters of the shortest text that can hold a secret."""


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events. What its texts quote of others, such as an error's message, has no secret in it.

    Attributes:
        run_id: the agent run it happened in, if any.
        model: the model the request was for, if known.
    """

    run_id: str | None
    model: str | None

    def __post_init__(self) -> None:
        kind: Any = type(self)
        for name in _telling(kind):
            said = getattr(self, name)
            bare = _bare(said)
            if bare is not said:
                object.__setattr__(self, name, bare)


@cache
def _telling(kind: Any) -> tuple[str, ...]:
    """The fields of an event that may hold texts."""
    return tuple(one.name for one in fields(kind) if one.name not in ('run_id', 'model'))


def _bare(said: Any) -> Any:
    if isinstance(said, str):
        return redact(said) if len(said) >= SHORTEST else said
    if isinstance(said, tuple) and said:
        items = tuple(map(_bare, said))
        return said if all(a is b for a, b in zip(items, said, strict=True)) else items
    return said


def readable(event: E) -> E:
    """The event with everything spelled out in its texts that cannot be seen, or could pass for a line end."""
    changed: dict[str, Any] = {}
    for one in fields(event):
        value = getattr(event, one.name)
        if isinstance(value, str):
            if not value.isprintable() and (said := spelled(value)) != value:
                changed[one.name] = said
        elif isinstance(value, tuple) and any(isinstance(item, str) and not item.isprintable() for item in value):
            changed[one.name] = tuple(spelled(item) if isinstance(item, str) else item for item in value)
    return replace(event, **changed) if changed else event
