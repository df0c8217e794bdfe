"""One model of a chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from compactor.run.model_name import ModelName


@dataclass(frozen=True, slots=True)
class Link:
    """One model of a chain.

    Attributes:
        model: it.
        name: provider and name.
        label: what its windows and pauses are kept under; no other model of the chain has it.
    """

    model: Any
    name: ModelName
    label: str
