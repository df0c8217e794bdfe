"""How heavy a value is to read, about, without reading it: what decides whether it is read in the event loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from compactor.run.worker import FEW, LIGHT

NODE = 10
"""Characters that an object counts as beside its texts: what holds others takes time to walk through too."""


def is_heavy(value: Any) -> bool:
    """Whether the texts in a value, however nested, are more than may be read in the event loop; no further looked."""
    total = 0
    waiting = [value]
    while waiting:
        one = waiting.pop()
        total += NODE
        if isinstance(one, str | bytes | bytearray):
            total += len(one)
        elif isinstance(one, Mapping):
            total += NODE * len(one)
            waiting += list(one.values())[:LIGHT]
        elif isinstance(one, list | tuple | set | frozenset):
            total += NODE * len(one)
            waiting += list(one)[:LIGHT]
        elif isinstance(getattr(one, '__dict__', None), dict) and not isinstance(one, type):
            waiting += vars(one).values()
        if total > LIGHT:
            return True
    return False


def are_heavy(messages: Sequence[Any]) -> bool:
    """Whether some messages are too many, or too long, to be read in the event loop."""
    return len(messages) > FEW or is_heavy(messages)
