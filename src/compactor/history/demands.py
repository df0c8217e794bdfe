"""What those who answer demand of a history that nothing else changes.

Providers refuse a history with a call that nobody answered or a result that answers nothing, so it is repaired on its
way to them, whatever its size. A framework's own stand-ins for a model take anything: they are sent what was recorded.
"""

from __future__ import annotations

STAND_INS = frozenset(('function', 'test'))
"""Providers that are none: pydantic-ai's `FunctionModel` and `TestModel`."""


def repairs_demanded(provider: str | None) -> bool:
    """Whether a provider may refuse a history with defects; one that nobody knows may."""
    return provider not in STAND_INS
