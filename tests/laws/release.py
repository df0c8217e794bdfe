"""What the installed release of pydantic-ai has; what it has not is found out by name, never by its version."""

from __future__ import annotations

import dataclasses
import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_ai import messages as pai


def known(name: str) -> Any:
    """The class of that name in `pydantic_ai.messages`, or None where this release has none."""
    return getattr(pai, name, None)


@cache
def _field_names(cls: type) -> frozenset[str]:
    return frozenset(f.name for f in dataclasses.fields(cls) if f.init)


def make(cls: Any, **values: Any) -> Any:
    """An instance of a message class from those of the values that it has fields for."""
    names = _field_names(cls)
    return cls(**{name: value for name, value in values.items() if name in names})


def _outcome_known(outcome: str) -> bool:
    return any(f.name == 'outcome' and f"'{outcome}'" in str(f.type) for f in dataclasses.fields(pai.ToolReturnPart))


# The Builtin names warn where the Native ones exist, so they are asked for only when those are missing.
NativeCall: Any = known('NativeToolCallPart') or known('BuiltinToolCallPart')
NativeReturn: Any = known('NativeToolReturnPart') or known('BuiltinToolReturnPart')
RETRIED = _outcome_known('retried')
OUTCOMES = tuple(o for o in ('failed', 'denied', 'interrupted') if _outcome_known(o)) or ('success',)
REQUEST_COMPACTION = 'CompactionPart' in str(pai.ModelRequestPart)
# Releases up to 2.0 want a description in every match, later ones none.
MATCH_FIELDS = tuple(getattr(known('ToolSearchMatch'), '__annotations__', {'name': str}))


def legacy_retry(content: Any, **values: Any) -> Any:
    """A `RetryPromptPart`; from 2.60 on the class is deprecated and warns when it is constructed."""
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        return pai.RetryPromptPart(content, **values)


@dataclass
class SpeechX:
    """A part of a kind that no release knows, as a newer one might write."""

    content: str
    part_kind: str = 'speech-x'


class Row(BaseModel):
    """A tool's structured result."""

    order_id: int
    status: str
    items: list[str] = []
