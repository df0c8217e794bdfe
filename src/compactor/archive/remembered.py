"""Remembers under which keys a run's messages are archived, so that only what is new has to be stored.

A key is believed only while the message is, to the last field, made of the very objects it was made of when it was
stored: what was edited in place since, however deep, is stored again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from operator import is_
from types import NoneType
from typing import Any

from pydantic import BaseModel

ATOMS = frozenset((str, int, float, bool, NoneType, bytes, datetime, date, time, timedelta))
"""Types whose values cannot be edited in place."""
CONTAINERS = (list, tuple, dict, set, frozenset, str, bytes, bytearray, int, float)
"""Built-in types whose subclasses hold more than their fields show."""
LARGEST = 10_000
"""Containers in one message that are looked at: one with more (or one that holds itself) is always stored again."""

_END = object()
"""Closes what one container holds, so that nothing can move from one to the next unseen."""


Mark = list[Any]
"""Every object that a message is made of; see `mark`."""


class Remembered:
    """The keys of the messages that stood in a history after its last compaction."""

    def __init__(self) -> None:
        self._entries: dict[int, tuple[Mark, str]] = {}

    def known(self, messages: Sequence[Any]) -> list[tuple[Mark | None, str | None]]:
        """The key of each message that is still what it was, and the mark of each that was looked at."""
        if not self._entries:
            return [(None, None)] * len(messages)
        return [self._known(message) for message in messages]

    def _known(self, message: Any) -> tuple[Mark | None, str | None]:
        entry = self._entries.get(id(message))
        if entry is None:
            return None, None
        was, key = entry
        now = mark(message)
        same = now is not None and len(now) == len(was) and all(map(is_, now, was))
        return now, key if same else None

    def renew(self, stored: Iterable[tuple[Mark | None, str | None]]) -> None:
        """Forgets what was known and takes these marks with their keys."""
        self._entries = {id(mark[0]): (mark, key) for mark, key in stored if mark is not None and key is not None}


def mark(message: Any) -> Mark | None:
    """The message and every object it is made of, level by level; None where that cannot be told.

    It holds them, so that no address is used again while the mark lives.
    """
    found: Mark = [message]
    containers: list[Any] = [message]
    for container in containers:  # grows on the way
        kind: Any = type(container)
        look = _looker(kind)
        if look is None or len(containers) > LARGEST:
            return None
        inside = look(container)
        found += inside
        found.append(_END)
        containers += [value for value in inside if type(value) not in ATOMS]
    return found


@lru_cache(maxsize=512)
def _looker(kind: type) -> Callable[[Any], Any] | None:
    """What lists the contents of a container of this type; None for a type that may hide something."""
    if kind in (list, tuple):
        return _items
    if kind is dict:
        return _entries
    if issubclass(kind, CONTAINERS) or any(
        vars(base).get('__slots__') for base in kind.__mro__ if base is not BaseModel
    ):
        return None
    if issubclass(kind, BaseModel):
        return _fields_of_model
    return _fields if dataclasses.is_dataclass(kind) else None


def _items(value: Any) -> Any:
    return value


def _entries(value: dict[Any, Any]) -> list[Any]:
    return [*value, *value.values()]


def _fields(value: Any) -> Any:
    return vars(value).values()


def _fields_of_model(value: BaseModel) -> list[Any]:
    return [*vars(value), *vars(value).values(), value.__pydantic_extra__, value.__pydantic_private__]
